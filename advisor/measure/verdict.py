"""The checks of one launch: rules that find the cases of records.cases.

The verdict is the worst effect of all that was found; every reason is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.measure import stats
from advisor.measure.analysis import QUIET, Analysis
from advisor.measure.records import Job
from advisor.measure.sampling import QUIET_UP_TO
from advisor.records.cases import CASES, DEGRADE, INFO, REJECT, Case

ACCEPTED, DEGRADED, REJECTED = "accepted", "degraded", "rejected"
_NOISY_UP_TO, _HOPELESS = 1.10, 2.0
_RUN_DELAY, _STEAL, _PRESSURE, _CPU_OVER_WALL = 0.02, 0.01, 5.0, 0.95
_DRIFT, _DRIFT_P, _MOVED, _JUMPED = 0.02, 0.01, 0.05, 0.10
_AGREE = 0.10
_SUBNORMAL = 0.01
_CLOCK_STEP_MS, _SUSPENDED_S = 50.0, 0.05
_MAJOR_FAULTS = 10
"""Pages read from disk while timing: a handful does not move a median, swapping brings thousands."""
_LOW_N_EFF, _ENOUGH = 25, 50


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a number is worth."""

    verdict: str
    codes: tuple[str, ...]

    def reasons(self) -> tuple[str, ...]:
        """Sentences of what degrades or rejects, with the advice."""
        return tuple(_said(CASES[code]) for code in self.codes if CASES[code].effect != INFO)


def _said(case: Case) -> str:
    return f"{case.sentence}; {case.advice}" if case.advice else case.sentence


def judged(codes: Iterable[str]) -> Verdict:
    """The worst effect of the codes, which keep their order, each once."""
    kept = tuple(dict.fromkeys(codes))
    effects = {CASES[code].effect for code in kept}
    worst = REJECTED if REJECT in effects else DEGRADED if DEGRADE in effects else ACCEPTED
    return Verdict(worst, kept)


def judge(job: Job, result: Mapping[str, Any], found: Analysis | None, telemetry: Sequence[str], cores: int) -> Verdict:
    """All checks of one launch. `telemetry` are codes that the accelerator's samples gave; `cores` those one may use."""
    if not job.timed and result.get("status") == "ok":
        return judged(["memory-only", *_content(result)])
    if found is None:
        return judged(["not-finished"])
    return judged(
        [
            *_machine(job, found, cores),
            *_precision(found, result),
            *_gauges(job, result["gauges"], found),
            *_content(result),
            *telemetry,
        ]
    )


def _machine(job: Job, found: Analysis, cores: int) -> list[str]:
    """What the reference kernel says (section `Noise` of docs/measurement.md)."""
    slow = found.slowdown
    if slow is None:
        return []
    codes = _moved(abs(found.reference_moved or 0.0))
    if found.headline == QUIET:
        return ["quiet-moments", *codes]
    if slow > _HOPELESS:
        return ["contended"]
    if slow > _NOISY_UP_TO and job.compute_unit == "cpu":  # threads of the host say nothing of a GPU's load
        if job.threads >= cores:
            return ["contended-all-cores"]
        return ["corrected"] if job.threads > 1 or _cpu_agrees(found) else ["uncorrectable"]
    return [*codes, "noisy"] if slow > QUIET_UP_TO else codes


def _moved(share: float) -> list[str]:
    return ["reference-jumped"] if share > _JUMPED else ["reference-moved"] if share > _MOVED else []


def _cpu_agrees(found: Analysis) -> bool:
    """Processor time does not count waiting, so of one thread it must agree with the corrected wall time."""
    return found.corrected_ms is not None and abs(found.corrected_ms / found.cpu_ms - 1) <= _AGREE


def _precision(found: Analysis, result: Mapping[str, Any]) -> list[str]:
    codes = []
    if found.grade in ("C", "D"):
        codes.append("wide" if found.grade == "D" else "imprecise")
    if abs(found.drift.relative) > _DRIFT and found.drift.p_value < _DRIFT_P:
        codes.append("drift")
    if result["warmup"] is not None and not result["warmup"]["steady"]:
        codes.append("unsteady")
    if found.n < _ENOUGH:
        codes.append("few-samples")
    elif found.n_eff < _LOW_N_EFF:
        codes.append("low-n-eff")
    return codes


def _gauges(job: Job, gauges: Mapping[str, float | None], found: Analysis) -> list[str]:
    def over(name: str, most: float) -> bool:
        value = gauges.get(name)
        return value is not None and value > most

    waited = over("run_delay_rel", _RUN_DELAY) or (
        job.compute_unit == "cpu" and job.threads == 1 and found.cpu_over_wall < _CPU_OVER_WALL
    )
    checks = (
        ("waited", waited),
        ("stolen", over("steal_rel", _STEAL)),
        ("pressure", over("psi_some_avg10", _PRESSURE)),
        ("swapped", over("swap_pages", 0) or over("major_faults", _MAJOR_FAULTS)),
        ("clock-set", over("clock_step_ms", _CLOCK_STEP_MS) or over("suspended_s", _SUSPENDED_S)),
        ("host-bound", found.host_bound),
    )
    return [code for code, is_so in checks if is_so]


def _content(result: Mapping[str, Any]) -> list[str]:
    codes = [] if result["check"]["ok"] else ["output-changed"]
    codes += ["settings-changed"] if result["settings_changed"] else []
    return [*codes, "subnormal"] if (result["subnormal_share"] or 0.0) > _SUBNORMAL else codes


def across(medians: Sequence[float], wanted: int) -> list[str]:
    """Codes of a published number from its launch medians."""
    codes = ["few-launches"] if len(medians) < wanted else []
    if len(medians) > 1 and stats.relative_iqr(medians) > _MOVED:
        codes.append("launches-disagree")
    return codes
