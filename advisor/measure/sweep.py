"""Which batch size to try next: doubling while it pays and fits, then the largest that fits by bisection. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LARGEST, _SLOWEST_MS, _GAIN = 256, 5000.0, 1.03
_PROBES, _CLOSE = 4, 1.125
_SHARE = 0.92
_STEP, _SMALL = 8, 16


@dataclass(frozen=True, slots=True)
class Tried:
    """One batch size and how it went."""

    batch: int
    fits: bool
    """False: ran out of memory. Any other failure is not tried smaller: it would fail at every size."""
    latency_ms: float | None = None
    peak_bytes: float | None = None


def next_batch(tried: Sequence[Tried], available_bytes: float | None = None) -> int | None:
    """The next batch size, or None where the sweep is finished."""
    if not tried:
        return 1
    fitting = sorted((t for t in tried if t.fits), key=lambda t: t.batch)
    failed = [t.batch for t in tried if not t.fits]
    if failed:
        return _between(fitting, min(failed), len(failed), available_bytes)
    return None if _enough(fitting) else fitting[-1].batch * 2


def _enough(fitting: Sequence[Tried]) -> bool:
    """At 256, slower than 5 s, or two doublings that gain less than 3 % of throughput."""
    last = fitting[-1]
    if last.batch >= _LARGEST or (last.latency_ms or 0.0) > _SLOWEST_MS:
        return True
    rates = [t.batch / t.latency_ms for t in fitting[-3:] if t.latency_ms]
    return len(rates) == 3 and rates[1] < _GAIN * rates[0] and rates[2] < _GAIN * rates[1]


def _between(fitting: Sequence[Tried], failed: int, probes: int, available: float | None) -> int | None:
    low = fitting[-1].batch if fitting else 0
    if probes >= _PROBES or failed - low <= 1 or (low and failed / low <= _CLOSE):
        return None
    guess = _predicted(fitting, available) if probes == 1 else None
    return _nearest((low + failed) // 2 if guess is None else guess, low, failed)


def _predicted(fitting: Sequence[Tried], available: float | None) -> int | None:
    """Where a line through the last two peaks reaches what is available."""
    known = [(t.batch, t.peak_bytes) for t in fitting if t.peak_bytes is not None]
    if available is None or len(known) < 2:
        return None
    (b0, p0), (b1, p1) = known[-2:]
    slope = ((p1 or 0.0) - (p0 or 0.0)) / (b1 - b0)
    return int((_SHARE * available - (p0 or 0.0)) / slope) + b0 if slope > 0 else None


def _nearest(wanted: int, low: int, failed: int) -> int | None:
    """The size between both that is closest to the wanted one; multiples of 8 from 16 on: what kernels are tuned for."""
    sizes = [b for b in range(low + 1, failed) if b < _SMALL or b % _STEP == 0]
    return min(sizes, key=lambda b: abs(b - wanted), default=None)


def limits(tried: Sequence[Tried]) -> tuple[int | None, int | None]:
    """(largest that fits, smallest that ran out)."""
    fitting, failed = [t.batch for t in tried if t.fits], [t.batch for t in tried if not t.fits]
    return max(fitting, default=None), min(failed, default=None)
