"""Rates of this machine as a network feels them: large product, copy, launch of one operator; and how quiet it is.

They become facts of a drafted profile, and the reference unit of the quiet machine that every launch is compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter_ns
from typing import Any

from advisor.measure.backends.base import Backend
from advisor.measure.records import Job
from advisor.measure.reference import Reference, evictor, quiet_ms, quiet_slices

_QUIET_S = 2.0
_SIDE, _GPU_SIDE, _COPY_BYTES = 1536, 4096, 256 << 20
_PRODUCTS, _COPIES, _LAUNCHES = 12, 8, 4000


def run(job: Job, backend: Backend) -> Mapping[str, Any]:
    """Unit time of the runtime's reference on this machine at the job's threads (none where it has none), and its rates."""
    backend.prepare(job)
    reference = backend.reference(job, perf_counter_ns)
    quiet = {} if reference is None else {reference.id: _quiet(reference)}
    return {"quiet": quiet, "rates": backend.rates(job), "software": dict(backend.versions())}


def _quiet(reference: Reference) -> Mapping[str, Any]:
    slices = quiet_slices(reference, _QUIET_S, evictor())
    return {"quiet_ms": quiet_ms(slices), "slices_ms": slices}


def product_side(gpu: bool) -> int:
    """Rows and columns of the products: a GPU is not filled by what fills a processor."""
    return _GPU_SIDE if gpu else _SIDE


def measured_rates(torch: Any, place: str, wait: Callable[[], object], *, gpu: bool) -> Mapping[str, float]:  # noqa: ANN401
    """Rates under the names of profile facts: TFLOPS of large products, GB/s of a large copy (read and written), microseconds of
    a one-element addition. `place` is torch's device, `wait` returns when it is idle; a GPU is asked for fp16 too.

    The best of several: what others take from the machine is not the machine's.
    """
    source = torch.ones(_COPY_BYTES // 4, device=place)
    target = torch.empty_like(source)
    one = torch.ones(1, device=place)

    def launches() -> None:
        for _ in range(_LAUNCHES):
            torch.add(one, one)

    with torch.inference_mode():
        found = {"peak_fp32_tflops": _product_tflops(torch, place, torch.float32, product_side(gpu), wait)}
        if gpu:
            found["peak_fp16_tflops"] = _product_tflops(torch, place, torch.float16, product_side(gpu), wait)
        copy_s = _best_s(lambda: target.copy_(source), _COPIES, wait)
        launch_s = _best_s(launches, 3, wait) / _LAUNCHES
    return {**found, "memory_bandwidth_gb_s": 2 * _COPY_BYTES / copy_s / 1e9, "launch_us": launch_s * 1e6}


def _product_tflops(torch: Any, place: str, dtype: Any, side: int, wait: Callable[[], object]) -> float:  # noqa: ANN401
    a, b = (torch.ones(side, side, device=place, dtype=dtype) for _ in range(2))
    return 2 * side**3 / _best_s(lambda: torch.mm(a, b), _PRODUCTS, wait) / 1e12


def _best_s(work: Callable[[], object], times: int, wait: Callable[[], object]) -> float:
    work()
    wait()
    spent = []
    for _ in range(times):
        start = perf_counter_ns()
        work()
        wait()
        spent.append((perf_counter_ns() - start) / 1e9)
    return min(spent)
