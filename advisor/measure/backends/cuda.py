"""CUDA's own clock and memory figures, through torch.cuda (or a stand-in with the same names)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from advisor.records import Probed


class CudaMarks:
    """Pairs of events around forwards; elapsed times are read after the loop, because reading one waits."""

    def __init__(self, torch: Any) -> None:  # noqa: ANN401 - torch or a stub
        self._torch = torch
        self._open: Any = None
        self._pairs: list[tuple[Any, Any]] = []

    def mark(self, end: bool) -> None:
        """Record the event before (end False) or after a forward."""
        event = self._torch.cuda.Event(enable_timing=True)
        event.record()
        if end:
            self._pairs.append((self._open, event))
        else:
            self._open = event

    def times(self) -> list[float]:
        """Milliseconds between the two events of every pair so far."""
        self._torch.cuda.synchronize()
        return [float(first.elapsed_time(last)) for first, last in self._pairs]


class CudaGauge:
    """Peaks of torch's caching allocator and what is used on the whole device."""

    def __init__(self, torch: Any) -> None:  # noqa: ANN401 - torch or a stub
        self._cuda = torch.cuda

    def reset(self) -> None:
        """Start new peaks."""
        self._cuda.reset_peak_memory_stats()

    def read(self) -> Mapping[str, Probed]:
        """alloc_peak, reserved_peak, reserved (of the process), device_used (of everyone), in bytes."""
        return {
            "reserved": _attempt(self._cuda.memory_reserved),
            "alloc_peak": _attempt(self._cuda.max_memory_allocated),
            "reserved_peak": _attempt(self._cuda.max_memory_reserved),
            "device_used": _attempt(self._used),
        }

    def _used(self) -> int:
        free, total = self._cuda.mem_get_info()
        return int(total - free)


def _attempt(read: Callable[[], int]) -> Probed:
    """MIG slices and some Jetsons refuse single figures."""
    try:
        return Probed(int(read()))
    except RuntimeError as error:
        return Probed(None, " ".join(str(error).split())[:200])
