"""What `best` means: the order of picks, how much better one is than another, and when two are too close to tell. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from advisor.recommend.budgets import latency_for
from advisor.recommend.chance import log_sd, z_of
from advisor.recommend.scoring import Scored
from advisor.recommend.testsets import sampling_variance
from advisor.units import significant

_COST_EXPONENT = 0.07
"""Twice the cost must bring 5 % more accuracy, in relation: the trade of MnasNet's reward (Tan et al. 2019, section 3.1)."""
_UNKNOWN = float("-inf")


class Objective(NamedTuple):
    """One meaning of `best`. Higher scores are better; scores are percent (accuracy) or logarithms (all others)."""

    name: str
    score: Callable[[Scored], float]
    variance: Callable[[Scored], float]
    """Of the score, in its own unit squared."""

    def order(self, item: Scored) -> tuple[float, float, float, str]:
        """Sorting key: best first; accuracy counts to a tenth of a point, equals go to the faster one."""
        accuracy = -round(item.accuracy, 1)
        first = accuracy if self.name == "accuracy" else -self.score(item)
        return (first, accuracy, item.latency_key, item.row.model)

    def width(self, first: Scored, second: Scored, confidence: float) -> float:
        """By how much two scores must differ for the better one to be better with probability `confidence`."""
        spread = math.sqrt(self.variance(first) + self.variance(second))
        return z_of(2 * confidence - 1) * spread if confidence > 0.5 else 0.0

    def tied(self, first: Scored, second: Scored, confidence: float) -> bool:
        """Whether noise could have made the difference. Unknown ties with unknown only."""
        one, other = self.score(first), self.score(second)
        return one == other or abs(one - other) <= self.width(first, second, confidence)

    def floor(self, first: Scored, confidence: float) -> float:
        """A score below which nothing ties with `first`, to look no further; of intervals nothing is known beforehand."""
        return self.score(first) - 2 * self.width(first, first, confidence) if self.name == "accuracy" else _UNKNOWN

    def apart(self, difference: float) -> str:
        """A difference of scores in words: `0.3 points`, `12 %`."""
        if self.name == "accuracy":
            return f"{significant(difference, 2)} points"
        return f"{significant(100 * math.expm1(difference), 2)} %"


def objective_named(name: str, images: int, batch_size: int) -> Objective:
    """The objective called `name` (see OBJECTIVES); `images` of the test set that accuracy is of. KeyError for another name."""
    return OBJECTIVES[name](name, images, batch_size)


def _accuracy(name: str, images: int, _: int) -> Objective:
    return Objective(name, lambda i: i.accuracy, lambda i: sampling_variance(i.accuracy, images))


def _latency(name: str, _: int, __: int) -> Objective:
    return Objective(name, lambda i: _cheapness(i.row.latency_ms), _latency_variance)


def _memory(name: str, _: int, __: int) -> Objective:
    return Objective(name, lambda i: _cheapness(i.row.memory_mib), _memory_variance)


def _throughput(name: str, _: int, batch_size: int) -> Objective:
    def score(item: Scored) -> float:
        known = item.row.latency_ms
        return _UNKNOWN if known is None else math.log(latency_for(known, item.row, batch_size))

    return Objective(name, score, _latency_variance)


def _balanced(name: str, images: int, _: int) -> Objective:
    half = _COST_EXPONENT / 2

    def score(item: Scored) -> float:
        cheap = _cheapness(item.row.latency_ms) + _cheapness(item.row.memory_mib)
        return math.log(item.accuracy) + half * cheap if item.accuracy > 0 else _UNKNOWN

    def variance(item: Scored) -> float:
        accuracy = sampling_variance(item.accuracy, images) / max(item.accuracy, 1e-9) ** 2
        return accuracy + half**2 * (_latency_variance(item) + _memory_variance(item))

    return Objective(name, score, variance)


OBJECTIVES: dict[str, Callable[[str, int, int], Objective]] = {
    "accuracy": _accuracy,
    "latency": _latency,
    "memory": _memory,
    "throughput": _throughput,
    "balanced": _balanced,
}


def _cheapness(cost: float | None) -> float:
    return _UNKNOWN if cost is None else -math.log(cost)


def _latency_variance(item: Scored) -> float:
    low, high = item.row.latency_low, item.row.latency_high
    return 0.0 if low is None or high is None else log_sd(low, high) ** 2


def _memory_variance(item: Scored) -> float:
    low, high = item.row.memory_low, item.row.memory_high
    return 0.0 if low is None or high is None else log_sd(low, high) ** 2


def tie_groups(ordered: Sequence[Scored], objective: Objective, confidence: float) -> list[int]:
    """Group of each item, from 1: an item belongs to the current group while it ties with the group's first.

    A group is led by its best, so that a chain of small steps never makes one group of what is far apart.
    """
    groups: list[int] = []
    leader: Scored | None = None
    for item in ordered:
        if leader is None or not objective.tied(leader, item, confidence):
            leader = item
            groups.append(groups[-1] + 1 if groups else 1)
        else:
            groups.append(groups[-1])
    return groups
