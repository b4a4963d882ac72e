"""Where a model stands among all that meet the budgets: who comes first, who is better in every way. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from advisor.recommend.findings import Rival, Standing
from advisor.recommend.reasons import named
from advisor.recommend.scoring import REPARAM, Scored, best_per_architecture
from advisor.units import format_mib

_MOST = 3
_ALIKE = 0.01
"""Relative difference of a time or a size that is not worth a word."""


def standing(item: Scored, passing: Sequence[Scored], fits: bool, order: Callable[[Scored], Any]) -> Standing:
    """`passing`: every candidate on the target that may be picked, the model itself included where it may; best first by `order`."""
    ranked = best_per_architecture(passing, order)
    place = next((at for at, other in enumerate(ranked, 1) if _same(other, item)), None)
    best = ranked[0] if ranked and place != 1 else None
    others = [other for other in passing if not _same(other, item)]
    better = best_per_architecture((o for o in others if dominates(o, item)), order)[:_MOST] if fits else []
    return Standing(
        rank=place if fits else None,
        of=len(ranked),
        first=None if best is None else rival(best, item),
        dominated_by=tuple(rival(other, item) for other in better),
        sentences=tuple(_sentences(item, ranked, place, fits)),
    )


def _same(one: Scored, other: Scored) -> bool:
    """Whether one row of an answer stands for both: one architecture, or a model and its fused form."""
    forms = {item.row.model.removesuffix(REPARAM) for item in (one, other)}
    return one.row.signature == other.row.signature or len(forms) == 1


def dominates(one: Scored, other: Scored) -> bool:
    """At least as accurate, as fast and as small, and better in one of these; an unknown cost counts as the worst."""
    pairs = list(zip(_costs(one), _costs(other), strict=True))
    return all(mine <= its for mine, its in pairs) and any(mine < its for mine, its in pairs)


def _costs(item: Scored) -> tuple[float, float, float]:
    return (-item.accuracy, item.latency_key, item.memory_key)


def rival(one: Scored, item: Scored) -> Rival:
    """`one` beside `item`."""
    row = one.row
    said = f"{named(one)}: {', '.join(_differences(one, item)) or 'equal in accuracy, time and memory'}"
    return Rival(row.model, row.tag, row.resolution, one.accuracy, row.latency_ms, row.memory_mib, said)


def _differences(one: Scored, item: Scored) -> list[str]:
    """What `one` gains or costs against `item`; nothing that is within a hundredth."""
    found = []
    gain = one.accuracy - item.accuracy
    if not math.isnan(gain) and round(gain, 1):
        found.append(f"{gain:+.1f} points top-1")
    mine, its = one.row.latency_ms, item.row.latency_ms
    if mine is not None and its is not None and abs(mine / its - 1) > _ALIKE:
        found.append(f"{its / mine:.2f}x as fast" if mine < its else f"takes {mine / its:.2f}x as long")
    here, there = one.row.memory_mib, item.row.memory_mib
    if here is not None and there is not None and abs(here / there - 1) > _ALIKE:
        found.append(f"{format_mib(abs(here - there))} {'less' if here < there else 'more'} memory")
    return found


def _sentences(item: Scored, ranked: Sequence[Scored], place: int | None, fits: bool) -> list[str]:
    if not ranked:
        return ["nothing known on this target meets every budget"]
    if not fits:
        never = [f"it is never picked, however surely it seems to fit: {item.barred}"] if item.barred else []
        return [*never, f"{_architectures(len(ranked))} every budget"]
    if place is None:
        return [f"it has no published accuracy to be ranked by; {_architectures(len(ranked))} every budget"]
    shown = ranked[place - 1]
    found = [f"rank {place} of the {_architectures(len(ranked), 'that ')} every budget, by accuracy"]
    if (shown.row.model, shown.row.tag, shown.row.resolution) != (item.row.model, item.row.tag, item.row.resolution):
        found.append(
            f"its architecture is ranked as {named(shown)}: {', '.join(_differences(shown, item)) or 'its equal'}"
        )
    return found


def _architectures(count: int, joined: str = "") -> str:
    return f"one architecture {joined}meets" if count == 1 else f"{count} architectures {joined}meet"
