"""The Pareto front of accuracy against latency and memory. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from operator import itemgetter

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
    for place, item in sorted([(_by_accuracy(item), item) for item in items], key=_first):
        better = stairs.better(place)
        if better is None:
            stairs.add(place, item)
        else:
            found[identity(item)] = better
    return found


def identity(item: Scored) -> Candidate:
    """What makes a candidate itself on a target."""
    return (item.row.model, item.row.tag, item.row.resolution)


_Place = tuple[float, float, float]
"""(accuracy turned over, latency, memory): made once for each, it is compared many times."""
_first = itemgetter(0)


def _by_accuracy(item: Scored) -> _Place:
    return (-item.accuracy, item.latency_key, item.memory_key)


class _Stairs:
    """What nothing beats so far: latency rises, memory falls."""

    def __init__(self) -> None:
        self._latency: list[float] = []
        self._memory: list[float] = []
        self._items: list[tuple[_Place, Scored]] = []

    def better(self, place: _Place) -> Scored | None:
        """One that costs no more, unless it is at the very place."""
        at = bisect_right(self._latency, place[1]) - 1
        if at < 0 or self._memory[at] > place[2]:
            return None
        where, found = self._items[at]
        return None if where == place else found

    def add(self, place: _Place, item: Scored) -> None:
        _, latency, memory = place
        start = end = bisect_right(self._latency, latency)
        while start and self._latency[start - 1] == latency:
            start -= 1
        while end < len(self._items) and self._memory[end] >= memory:
            end += 1
        self._latency[start:end] = [latency]
        self._memory[start:end] = [memory]
        self._items[start:end] = [(place, item)]
