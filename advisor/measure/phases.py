"""The phases of one launch in their order: load, first call, memory, warm-up, latency, throughput, read-out.

Everything stays raw here: samples, counters, bytes. What they mean is decided by the parent (verdict.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import monotonic, perf_counter_ns, process_time_ns
from typing import Any

from advisor.measure import gauges, memory, sampling
from advisor.measure.backends.base import Backend, Loaded, Timed
from advisor.measure.records import Job
from advisor.measure.software import system
from advisor.probe import load as load_probe
from advisor.records import Probed

_WARM_S = {"cpu": 0.5, "gpu": 1.0}
_FIXED = ("thp", "governor", "turbo", "cpu_min_mhz", "cpu_max_mhz")
"""Settings of the machine that must be the same after a launch."""
_TOLERANCE = 1e-3
_SLOW_MEMORY_S = 5.0


@dataclass(frozen=True, slots=True)
class Before:
    """State before the model is there."""

    rss_after_import: Probed
    settings: Mapping[str, Probed]
    counters: gauges.Snapshot
    at_s: float
    """Monotonic seconds, which the parent's readings share: libraries begin to be loaded."""


def run(job: Job, backend: Backend) -> Mapping[str, Any]:
    """Measure one model. Raises what the runtime raises."""
    began_s = monotonic()
    backend.prepare(job)
    limit = memory.limit_address_space() if job.compute_unit == "cpu" else "not a CPU target"
    memory.settle()
    before = Before(memory.status_bytes("VmRSS"), load_probe.settings(), gauges.snapshot(), began_s)
    loaded = backend.load(job, perf_counter_ns)
    found = _timed_itself(loaded) if isinstance(loaded, Timed) else _in_process(job, loaded, before)
    return {
        **found,
        "software": dict(backend.versions()),
        "system": dict(system()),
        "settings": _plain(before.settings),
        "settings_changed": [
            n for n, p in load_probe.settings().items() if n in _FIXED and p.value != before.settings[n].value
        ],
        "address_space_limit": limit or "set",
    }


@dataclass(frozen=True, slots=True)
class _Used:
    """What the first calls showed: how long the first took, its logits, memory in bytes."""

    first_ms: float
    expected: Sequence[float]
    early_ms: Sequence[float]
    host: Mapping[str, Any]
    accelerator: Mapping[str, Any]
    until_s: float


def _in_process(job: Job, loaded: Loaded, before: Before) -> Mapping[str, Any]:
    forward = _timer(loaded)
    used = _memory_phase(loaded, before, forward)
    timing = _timing(job, loaded, forward, used) if job.timed else _UNTIMED
    moments = {"process_from": before.at_s, "memory_to": used.until_s, **timing["moments"]}
    return {
        **timing,
        "first_call_ms": used.first_ms,
        "moments": moments,
        "memory": used.host,
        "accelerator": used.accelerator,
        "check": check(used.expected, loaded.output()),
        "subnormal_share": loaded.subnormals() if loaded.subnormals else None,
        "identity": dict(loaded.identity),
        "mode": dict(loaded.mode),
    }


_UNTIMED: Mapping[str, Any] = {
    "moments": {},
    "warmup": None,
    "samples": {**asdict(sampling.Samples(stop="untimed")), "device_ms": []},
    "reference": None,
    "throughput": None,
    "gauges": {},
}


def _timing(job: Job, loaded: Loaded, forward: Callable[[], float], used: _Used) -> Mapping[str, Any]:
    """Warm-up, latency and throughput."""
    reference = loaded.reference()
    warm = sampling.warm_up(
        loaded.runner, perf_counter_ns, least_s=_WARM_S.get(job.compute_unit, 1.0),
        most_s=sampling.warm_most_s(job.budget_s, compiles=job.runtime == "pytorch-compile"), earlier=used.early_ms,
    )  # fmt: skip
    forward_ms = median(forward() for _ in range(3))
    quiet, timed_from = gauges.snapshot(), monotonic()
    samples = sampling.sample(
        loaded.runner, reference, perf_counter_ns, process_time_ns, forward_ms=forward_ms, budget_s=job.budget_s,
        quiet_ms=job.quiet_ms if job.compute_unit == "cpu" else None,
    )  # fmt: skip
    timed_to, noise = monotonic(), gauges.between(quiet, gauges.snapshot(), job.threads)
    flow = (
        sampling.throughput(loaded.runner, job.batch_size, forward_ms, perf_counter_ns) if job.with_throughput else None
    )
    device = loaded.runner.device_ms()[-len(samples.host_ms) :]
    return {
        "moments": {"timed_from": timed_from, "timed_to": timed_to},
        "warmup": asdict(warm),
        "samples": {**asdict(samples), "device_ms": device},
        "reference": reference.id if reference else None,
        "throughput": asdict(flow) if flow else None,
        "gauges": noise,
    }


def _memory_phase(loaded: Loaded, before: Before, forward: Callable[[], float]) -> _Used:
    """The first call and a few more, while nothing but the model is in memory."""
    memory.settle()
    after_load = memory.status_bytes("VmRSS")
    first_ms = forward()
    expected = list(loaded.output())
    first = loaded.gauge.read() if loaded.gauge else {}
    if loaded.gauge:
        loaded.gauge.reset()
    peak, early = memory.peak_of(forward, most_s=_SLOW_MEMORY_S)
    steady = loaded.gauge.read() if loaded.gauge else {}
    host = _memory(before, after_load, peak, loaded.weight_bytes)
    return _Used(first_ms, expected, early, host, {"first": _plain(first), "steady": _plain(steady)}, monotonic())


def _timer(loaded: Loaded) -> Callable[[], float]:
    def forward() -> float:
        start = perf_counter_ns()
        loaded.runner.start()
        loaded.runner.wait()
        return (perf_counter_ns() - start) / 1e6

    return forward


def _memory(before: Before, after_load: Probed, peak: Probed, weights: int | None) -> Mapping[str, Any]:
    return {
        "rss_after_import": _value(before.rss_after_import),
        "rss_after_load": _value(after_load),
        "rss_peak": _value(peak),
        "weights": {"value": weights, "reason": "" if weights is not None else "not told by the runtime"},
    }


def _timed_itself(found: Timed) -> Mapping[str, Any]:
    """A runtime that times itself has no reference slices and no memory of ours."""
    samples = sampling.Samples(found.host_ms, found.enqueue_ms, [], [], [len(found.host_ms)], "budget")
    return {
        "first_call_ms": None,
        "moments": dict(found.moments),
        "warmup": None,
        "samples": {**asdict(samples), "device_ms": found.device_ms},
        "reference": None,
        "throughput": None
        if found.img_per_s is None
        else {"img_per_s": found.img_per_s, "n": len(found.host_ms), "seconds": None},
        "gauges": {},
        "memory": _plain(found.memory),
        "accelerator": {"first": {}, "steady": {}},
        "check": {"ok": True, "reason": "the runtime does not show its output"},
        "subnormal_share": None,
        "identity": dict(found.identity),
        "mode": dict(found.mode),
    }


def check(expected: Sequence[float], got: Sequence[float]) -> Mapping[str, Any]:
    """Whether the last logits are finite and those of the first call."""
    if not all(map(math.isfinite, (*expected, *got))):
        return {"ok": False, "reason": "the output is not finite"}
    scale = max((abs(v) for v in expected), default=0.0)
    apart = max((abs(a - b) for a, b in zip(expected, got, strict=True)), default=0.0)
    ok = apart <= _TOLERANCE * max(scale, 1e-12)
    return {"ok": ok, "reason": "" if ok else f"logits moved by {apart:.3g} of {scale:.3g} since the first call"}


def _plain(found: Mapping[str, Probed]) -> dict[str, Any]:
    return {name: _value(probed) for name, probed in found.items()}


def _value(probed: Probed) -> dict[str, Any]:
    return {"value": probed.value, "reason": probed.reason}
