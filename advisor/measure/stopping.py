"""When to stop warming up and when to stop sampling. Pure rules over samples; reads no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from advisor.measure.stats import BLOCKS, MAX_SAMPLES, interval, percentile

_MEDIAN_STEP, _QUARTILE_STEP = 0.02, 0.05
_PRECISION = 0.01
_LEAST_S, _FLOOR_S = 1.0, 3.0
_FLOOR_CHECKS, _FLOOR_RANGE = 5, 0.05
_GROWTH = 1.25
_FEWEST, _USUAL = 10, 50


def is_steady(samples: Sequence[float], window: int) -> bool:
    """Two-window test: the newer half of the last 2 `window` samples looks like the older half.

    Medians within 2 %, quartiles within 5 %, and the older half does not begin with an outlier.
    """
    if len(samples) < 2 * window or window < 1:
        return False
    older, newer = sorted(samples[-2 * window : -window]), sorted(samples[-window:])
    low, high = percentile(older, 0.25), percentile(older, 0.75)
    first = samples[-2 * window]
    return (
        abs(median(newer) / median(older) - 1) <= _MEDIAN_STEP
        and abs(percentile(newer, 0.25) / low - 1) <= _QUARTILE_STEP
        and abs(percentile(newer, 0.75) / high - 1) <= _QUARTILE_STEP
        and first <= high + 1.5 * (high - low)
    )


def least_samples(budget_s: float, step_s: float) -> int:
    """Between 10 and 50: as many as the budget holds."""
    return max(_FEWEST, min(_USUAL, int(budget_s / step_s))) if step_s > 0 else _USUAL


@dataclass(slots=True)
class StopRule:
    """Decides after each forward whether enough was sampled; remembers when it looked last.

    `precision`: the interval is within 1 %. `noise_floor`: more samples no longer narrow it. `budget`: time or samples ran out.
    """

    least: int
    budget_s: float
    half_widths: list[float] = field(default_factory=list)
    _next: int = 0

    def reason(self, samples: Sequence[float], seconds: float) -> str:
        """Why to stop now, or '' to go on. `seconds` is the time spent in forwards."""
        n = len(samples)
        if n < max(self.least, BLOCKS):
            return ""
        if n >= MAX_SAMPLES or seconds >= self.budget_s:
            return "budget"
        if n < self._next:
            return ""
        self._next = max(n + 1, int(n * _GROWTH))
        return self._looked(interval(samples).half_width, seconds)

    def _looked(self, half_width: float, seconds: float) -> str:
        self.half_widths.append(half_width)
        if half_width <= _PRECISION and seconds >= _LEAST_S:
            return "precision"
        last = self.half_widths[-_FLOOR_CHECKS:]
        settled = len(last) == _FLOOR_CHECKS and max(last) <= (1 + _FLOOR_RANGE) * min(last)
        return "noise_floor" if settled and seconds >= _FLOOR_S else ""
