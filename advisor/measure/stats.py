"""Statistics of autocorrelated timing samples: block intervals, effective sample size, percentiles, drift.

Iteration times are autocorrelated, so an interval from single iterations is too narrow; blocks of contiguous iterations
hold the stated coverage (docs/measurement.md). Plain Python over at most 5000 numbers; reads no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

BLOCKS = 10
MAX_SAMPLES = 5000
LEAST_EFFECTIVE = {"p50": 10, "p90": 46, "p95": 93, "p99": 473}
"""Effective samples that a percentile needs: the smallest number that allows one exceedance at 95 % confidence."""

_SHARES = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}


def percentile(ordered: Sequence[float], share: float) -> float:
    """Linear interpolation between order statistics (type 7 of Hyndman and Fan 1996)."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def block_medians(samples: Sequence[float], blocks: int = BLOCKS) -> list[float]:
    """Medians of contiguous, (nearly) equal blocks over all samples; needs at least as many samples as blocks."""
    edges = [len(samples) * i // blocks for i in range(blocks + 1)]
    return [median(samples[low:high]) for low, high in pairwise(edges)]


@dataclass(frozen=True, slots=True)
class Interval:
    """Second and ninth of ten ordered block medians: 97.9 % for exchangeable blocks."""

    low: float
    high: float
    half_width: float
    """(high - low) / (2 median of all samples)."""


def interval(samples: Sequence[float]) -> Interval:
    """The interval of the median. Raises ValueError with fewer samples than blocks."""
    if len(samples) < BLOCKS:
        raise ValueError(f"{len(samples)} samples are fewer than {BLOCKS} blocks")
    ordered = sorted(block_medians(samples))
    low, high = ordered[1], ordered[-2]
    return Interval(low, high, (high - low) / (2 * median(samples)))


def rank_autocorrelation(samples: Sequence[float]) -> float:
    """Lag-1 autocorrelation of the ranks, at least 0: spikes hide autocorrelation from the raw estimate."""
    ranks = _ranks(samples)
    centre = (len(ranks) - 1) / 2
    total = sum((r - centre) ** 2 for r in ranks)
    if total == 0:
        return 0.0
    lagged = sum((a - centre) * (b - centre) for a, b in pairwise(ranks))
    return max(0.0, lagged / total)


def _ranks(samples: Sequence[float]) -> list[float]:
    """Ranks from 0, ties share their mean."""
    order = sorted(range(len(samples)), key=samples.__getitem__)
    ranks = [0.0] * len(samples)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and samples[order[end + 1]] == samples[order[start]]:
            end += 1
        for at in order[start : end + 1]:
            ranks[at] = (start + end) / 2
        start = end + 1
    return ranks


def effective(samples: Sequence[float]) -> float:
    """Effective number of samples n (1 - r) / (1 + r)."""
    r = min(rank_autocorrelation(samples), 0.999)
    return len(samples) * (1 - r) / (1 + r)


def percentiles(samples: Sequence[float]) -> dict[str, float | None]:
    """p50, p90, p95, p99; None where too few effective samples support one (never an interpolated maximum)."""
    ordered, count = sorted(samples), effective(samples)
    return {
        name: percentile(ordered, share) if count >= LEAST_EFFECTIVE[name] else None for name, share in _SHARES.items()
    }


def relative_iqr(samples: Sequence[float]) -> float:
    """Interquartile range over the median."""
    ordered = sorted(samples)
    return (percentile(ordered, 0.75) - percentile(ordered, 0.25)) / percentile(ordered, 0.5)


@dataclass(frozen=True, slots=True)
class Drift:
    """A trend over block medians."""

    relative: float
    """Theil-Sen slope times the number of blocks, over the median."""
    p_value: float
    """Kendall's test, exact, two-sided."""


def drift(blocks: Sequence[float]) -> Drift:
    """Trend of equally spaced block medians (Theil 1950, Sen 1968; Kendall 1938)."""
    n = len(blocks)
    pairs = [(blocks[j] - blocks[i], j - i) for i in range(n) for j in range(i + 1, n)]
    slope = median(rise / run for rise, run in pairs)
    score = sum((rise > 0) - (rise < 0) for rise, _ in pairs)
    return Drift(slope * n / median(blocks), _kendall_p(n, abs(score)))


def _kendall_p(n: int, score: int) -> float:
    """P(|S| >= score) over all n! orders, from the number of permutations with each count of inversions."""
    counts = [1]
    for m in range(2, n + 1):
        wider = [0] * (len(counts) + m - 1)
        for k, count in enumerate(counts):
            for extra in range(m):
                wider[k + extra] += count
        counts = wider
    pairs = n * (n - 1) // 2
    extreme = sum(count for k, count in enumerate(counts) if abs(pairs - 2 * k) >= score)
    return extreme / sum(counts)


def grade(half_width: float) -> str:
    """A to 1 %, B to 3 %, C to 10 %, else D."""
    return next((name for name, most in (("A", 0.01), ("B", 0.03), ("C", 0.10)) if half_width <= most), "D")
