"""Which batch size to try next: doubling while it pays and fits, then the largest that fits by bisection. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LARGEST, _SLOWEST_MS, _GAIN = 256, 5000.0, 1.03
_PROBES, _CLOSE = 4, 1.125
MEMORY_SHARE = 0.85
"""Of what is free: a launch that should need more is not made."""
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


def predicted_ms(tried: Sequence[Tried], batch: int) -> float | None:
    """What a batch size should take, from the largest that was timed: sizes beyond it rarely take more than their share."""
    timed = [(t.batch, t.latency_ms) for t in tried if t.fits and t.latency_ms is not None]
    largest, took = max(timed, default=(1, None))
    return None if took is None else took * batch / largest


def predicted_bytes(tried: Sequence[Tried], batch: int) -> float | None:
    """What a batch size should need: on a line through the last two peaks."""
    line = _line(tried)
    return None if line is None else line[1] + line[2] * (batch - line[0])


def _line(tried: Sequence[Tried]) -> tuple[int, float, float] | None:
    """(batch size, peak there, bytes for each further image) by the two largest that fit; None where that is unknown."""
    known = sorted((t.batch, t.peak_bytes) for t in tried if t.fits and t.peak_bytes is not None)
    if len(known) < 2:
        return None
    (b0, p0), (b1, p1) = known[-2:]
    slope = (p1 - p0) / (b1 - b0)
    return (b0, p0, slope) if slope > 0 else None


def _predicted(fitting: Sequence[Tried], available: float | None) -> int | None:
    """Where that line reaches what is available."""
    line = _line(fitting)
    if available is None or line is None:
        return None
    batch, peak, slope = line
    return int((MEMORY_SHARE * available - peak) / slope) + batch


def _nearest(wanted: int, low: int, failed: int) -> int | None:
    """The size between both that is closest to the wanted one; multiples of 8 from 16 on: what kernels are tuned for."""
    sizes = [b for b in range(low + 1, failed) if b < _SMALL or b % _STEP == 0]
    return min(sizes, key=lambda b: abs(b - wanted), default=None)
