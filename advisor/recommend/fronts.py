"""The Pareto front of two quantities. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def front_of(costs: Sequence[float], values: Sequence[float]) -> set[int]:
    """Positions that no other beats: none costs at most as much with a greater value, nor less with as great a value.

    Equals in both are all on the front.
    """
    order = sorted(range(len(costs)), key=lambda i: (costs[i], -values[i]))
    kept: set[int] = set()
    best = (float("inf"), float("-inf"))
    for i in order:
        if values[i] > best[1]:
            best = (costs[i], values[i])
        if (costs[i], values[i]) == best:
            kept.add(i)
    return kept
