"""The reference kernel that runs between a model's forwards: how much slower than when quiet is the machine just now?

A unit is fixed work: matrix products and one pass over memory, as convolutional networks mix them. Only the duration is
of interest. Kernels are versioned (`id`), because their times are compared across launches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from advisor.measure.stats import percentile

SLICE_MS = 20.0
"""Shortest slice: a shorter one mostly sees the cache misses that the model left."""
MATCH = 0.5
"""A slice lasts this share of the forwards beside it: matched within a factor of two, and a third of the time in all."""
QUIET_SHARE = 0.25
"""Which quantile of slices is the machine left alone: lower ones are luck, higher ones other work."""
_EVICT_BYTES = 64 << 20

Clock = Callable[[], int]
"""Nanoseconds, monotonic."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One kernel, ready to run."""

    id: str
    unit: Callable[[], None]
    """Runs one unit and returns when it is finished."""
    clock: Clock

    def slice_ms(self, units: int) -> float:
        """Mean milliseconds per unit over `units` in a row."""
        start = self.clock()
        for _ in range(units):
            self.unit()
        return (self.clock() - start) / 1e6 / units

    @staticmethod
    def units_for(forward_ms: float, unit_ms: float) -> int:
        """How many units last about half as long as the forwards beside them, and at least 20 ms."""
        return max(1, ceil(SLICE_MS / unit_ms), round(MATCH * forward_ms / unit_ms))


def cpu_torch(clock: Clock) -> Reference:
    """6 products of 384 x 384 in fp32 and 8 MiB multiplied in place, at torch's current thread count."""
    import torch

    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(384, 384, generator=generator) for _ in range(2))
    product, vector = torch.empty(384, 384), torch.ones(2 << 20)

    def unit() -> None:
        for _ in range(6):
            torch.mm(a, b, out=product)
        vector.mul_(1.0)

    return Reference("cpu-torch-1", unit, clock)


def cpu_numpy(clock: Clock) -> Reference:
    """The same work through numpy's BLAS, for runtimes whose process holds no torch."""
    import numpy as np

    generator = np.random.default_rng(0)
    a, b = (generator.standard_normal((384, 384), dtype=np.float32) for _ in range(2))
    product, vector = np.empty((384, 384), np.float32), np.ones(2 << 20, np.float32)

    def unit() -> None:
        for _ in range(6):
            np.matmul(a, b, out=product)
        np.multiply(vector, np.float32(1.0), out=vector)

    return Reference("cpu-numpy-1", unit, clock)


def gpu_torch(torch: Any, device: str, side: int, copy_bytes: int, clock: Clock) -> Reference:  # noqa: ANN401 - torch or a stub
    """A half-precision product of side x side and one copy, waited for."""
    a, b = (torch.ones(side, side, device=device, dtype=torch.float16) for _ in range(2))
    source = torch.ones(copy_bytes // 2, device=device, dtype=torch.float16)
    target = torch.empty_like(source)

    def unit() -> None:
        torch.mm(a, b)
        target.copy_(source)
        torch.cuda.synchronize()

    return Reference(f"gpu-torch-{side}-1", unit, clock)


def quiet_slices(reference: Reference, seconds: float, evict: Callable[[], None]) -> list[float]:
    """Unit times of slices over `seconds`, each after other work has evicted the kernel's data, as between forwards."""
    for _ in range(20):
        reference.unit()
    units = reference.units_for(0.0, reference.slice_ms(10))
    slices: list[float] = []
    end = reference.clock() + int(seconds * 1e9)
    while reference.clock() < end or len(slices) < 20:
        evict()
        slices.append(reference.slice_ms(units))
    return slices


def quiet_ms(slices: Sequence[float]) -> float:
    """Unit time when the machine is left alone: the lower quartile of slices."""
    return percentile(sorted(slices), QUIET_SHARE)


def evictor() -> Callable[[], None]:
    """Work that replaces the contents of the caches: a pass over 64 MiB."""
    memory = bytearray(_EVICT_BYTES)
    view = memoryview(memory)
    half = _EVICT_BYTES // 2

    def evict() -> None:
        view[:half] = view[half:]

    return evict
