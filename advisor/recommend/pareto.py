"""The Pareto front of accuracy against latency and memory. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from advisor.recommend.scoring import Scored

Candidate = tuple[str, str, int]
"""(model, weights tag, resolution)."""


def dominators(items: Iterable[Scored]) -> dict[Candidate, Scored]:
    """Candidate -> one that is at least as accurate, as fast and as small, and better in one of them; none on the front.

    Typical values are compared; what is unknown counts as the worst. Time grows with n log n: candidates come by falling accuracy, and
    those so far are kept as a staircase of latency against memory.
    """
    stairs = _Stairs()
    found = {}
    for item in sorted(items, key=_by_accuracy):
        better = stairs.better(item)
        if better is None:
            stairs.add(item)
        else:
            found[identity(item)] = better
    return found


def identity(item: Scored) -> Candidate:
    """What makes a candidate itself on a target."""
    return (item.row.model, item.row.tag, item.row.resolution)


def _by_accuracy(item: Scored) -> tuple[float, float, float]:
    return (-item.accuracy, item.latency_key, item.memory_key)


class _Stairs:
    """What nothing beats so far: latency rises, memory falls."""

    def __init__(self) -> None:
        self._latency: list[float] = []
        self._memory: list[float] = []
        self._items: list[Scored] = []

    def better(self, item: Scored) -> Scored | None:
        """One that costs no more, unless it is the item's equal in everything."""
        at = bisect_right(self._latency, item.latency_key) - 1
        if at < 0 or self._memory[at] > item.memory_key:
            return None
        found = self._items[at]
        return None if _by_accuracy(found) == _by_accuracy(item) else found

    def add(self, item: Scored) -> None:
        start = end = bisect_right(self._latency, item.latency_key)
        while start and self._latency[start - 1] == item.latency_key:
            start -= 1
        while end < len(self._items) and self._memory[end] >= item.memory_key:
            end += 1
        self._latency[start:end] = [item.latency_key]
        self._memory[start:end] = [item.memory_key]
        self._items[start:end] = [item]
