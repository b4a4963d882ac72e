"""How long a launch will take, learnt from those that were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from advisor.measure import sampling
from advisor.measure.records import Job

_START_S, _WARM_S, _REFERENCE_SHARE = 6.0, 1.0, 1.5
_FORWARDS_AROUND, _LEAST_SAMPLES = 12, 10
_FORWARDS_UNTIMED = 7
_THROUGHPUT_S, _THROUGHPUT_LEAST = 2.0, 5
_UNKNOWN_FORWARD_S, _UNKNOWN_UNIT_MS = 0.5, 1.0
_ENGINE_S, _ENGINE_LOAD_S, _COMPILE_S = 180.0, 20.0, 60.0


def build_s(job: Job) -> float:
    """What the runtime makes of a model before it runs: compiled in every launch; an engine in the first, which the others load."""
    if job.runtime == "tensorrt":
        return _ENGINE_S if job.replicate == 0 else _ENGINE_LOAD_S
    return _COMPILE_S if job.runtime == "pytorch-compile" else 0.0


def longest_s(job: Job, forward_s: float | None) -> float:
    """The most a launch takes whose forwards take what was predicted: the warm-up never settles and no moment is quiet.

    0 where nothing waits for quiet moments: on an accelerator, and where nothing is timed.
    """
    if job.compute_unit != "cpu" or not job.timed:
        return 0.0
    t = forward_s or _UNKNOWN_FORWARD_S
    warm = sampling.warm_most_s(job.budget_s, compiles=job.runtime == "pytorch-compile")
    timed = sampling.patient_s(job.budget_s, t * 1e3, job.quiet_ms or _UNKNOWN_UNIT_MS)
    flow = sampling.throughput_s(t * 1e3) if job.with_throughput else 0.0
    return _START_S + build_s(job) + warm + _FORWARDS_AROUND * t + timed + flow


@dataclass(slots=True)
class CostModel:
    """Seconds per launch from the predicted forward, scaled by what launches really took: waiting for quiet moments is learnt so."""

    ratios: list[float] = field(default_factory=list)

    def seconds(self, job: Job, forward_s: float | None) -> float:
        """Expected wall time of a launch."""
        return self._nominal(job, forward_s) * (median(self.ratios[-12:]) if self.ratios else 1.0)

    def learn(self, job: Job, forward_s: float | None, took_s: float) -> None:
        """Take a finished launch into account."""
        self.ratios.append(took_s / self._nominal(job, forward_s))

    def _nominal(self, job: Job, forward_s: float | None) -> float:
        t = _UNKNOWN_FORWARD_S if forward_s is None else forward_s
        if not job.timed:
            return _START_S + build_s(job) + _FORWARDS_UNTIMED * t
        timed = max(job.budget_s, _LEAST_SAMPLES * t) * _REFERENCE_SHARE
        flow = max(_THROUGHPUT_S, _THROUGHPUT_LEAST * t) if job.with_throughput else 0.0
        return _START_S + build_s(job) + _WARM_S + _FORWARDS_AROUND * t + timed + flow


def fitted_budget_s(available_s: float, launches: Sequence[Job], forwards_s: Sequence[float]) -> float:
    """Seconds of timed forwards per launch so that all launches fit: between 1 and 10. `forwards_s` are one for each launch."""
    around = sum(_START_S + build_s(job) + _WARM_S for job in launches) + _FORWARDS_AROUND * sum(forwards_s)
    each = (available_s - around) / max(len(launches), 1) / _REFERENCE_SHARE
    return min(10.0, max(1.0, each))
