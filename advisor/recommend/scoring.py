"""Scores each candidate against the budgets. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from advisor.recommend.budgets import Budgets, Draw, chances, joint
from advisor.records import Candidate, Rated

REPARAM = "+reparam"
"""Suffix of the form of a model whose branches are fused for deployment."""


class Scored(NamedTuple):
    """A candidate with its chances. A tuple, because thousands are made for one answer."""

    row: Candidate
    accuracy: float
    """Percent on the test set and at the precision asked for."""
    chances: Mapping[str, float]
    probability: float
    draw: Draw | None = None
    barred: str = ""
    """Why it is never picked however surely it fits: extrapolated, or its accuracy at the precision is doubtful."""

    @property
    def latency_key(self) -> float:
        """Latency in ms for ordering; unknown comes last."""
        return float("inf") if self.row.latency_ms is None else self.row.latency_ms

    @property
    def memory_key(self) -> float:
        """Memory in MiB for ordering; unknown comes last."""
        return float("inf") if self.row.memory_mib is None else self.row.memory_mib


class Filters(NamedTuple):
    """Hard choices of the asker that are no budgets."""

    resolution: int | None = None
    library: str | None = None
    license: str | None = None


Row = TypeVar("Row", Candidate, Rated)


def admitted(rows: Iterable[Row], filters: Filters, kind: Callable[[str], str]) -> list[Row]:
    """Rows that pass the filters."""
    return [
        row
        for row in rows
        if (filters.resolution is None or row.resolution == filters.resolution)
        and (filters.library is None or row.model.startswith(filters.library + "/"))
        and (filters.license is None or kind(row.license) == filters.license)
    ]


Weighed = tuple[str, str, int]
"""(model, weights tag, resolution)."""
Accuracies = Mapping[Weighed, tuple[float, str]]
"""-> (percent, source)."""


class Known(NamedTuple):
    """What is known beside the rows themselves."""

    accuracies: Accuracies | None = None
    """Replaces the published top-1 and drops who lacks one: of another test set, or observed at int8."""
    checked: Accuracies = MappingProxyType({})
    """Top-1 observed at the target's precision."""
    doubts: Mapping[str, str] = MappingProxyType({})
    """Family -> why its accuracy at the target's precision is in doubt."""
    draws: Mapping[tuple[str, int], Draw] = MappingProxyType({})
    """(signature, resolution) -> power and energy."""


def score(rows: Iterable[Candidate], budgets: Budgets, batch_size: int, known: Known) -> list[Scored]:
    """Every candidate with its chances; those without an accuracy of the kind that was asked for are left out."""
    accuracies, doubts, draws, stated = known.accuracies, known.doubts, known.draws, budgets.stated()
    each, together = chances(stated, batch_size), joint(stated)
    scored = []
    for row in rows:
        accuracy = row.top1 if accuracies is None else accuracies.get((row.model, row.tag, row.resolution), _NONE)[0]
        if accuracy is not None:
            draw = draws.get((row.signature, row.resolution)) if draws else None
            found = each(row, accuracy, draw)
            barred = "extrapolated" if row.extrapolated else _doubt(row, known) if doubts else ""
            scored.append(Scored(row, accuracy, found, together(found), draw, barred))
    return scored


_NONE = (None, "")


def _doubt(row: Candidate, known: Known) -> str:
    if row.family not in known.doubts or (row.model, row.tag, row.resolution) in known.checked:
        return ""
    return known.doubts[row.family]


def best_per_architecture(items: Iterable[Scored], order: Callable[[Scored], Any]) -> list[Scored]:
    """The best row of each architecture, in order; of a model and its fused form, the first."""
    architectures: set[str] = set()
    forms: set[str] = set()
    kept = []
    for item in sorted(items, key=order):
        form = item.row.model.removesuffix(REPARAM)
        if item.row.signature not in architectures and form not in forms:
            kept.append(item)
        architectures.add(item.row.signature)
        forms.add(form)
    return kept


def at_most_per_family(items: Iterable[Scored], limit: int | None) -> list[Scored]:
    """The items in order, at most `limit` of a family."""
    counts: dict[str, int] = {}
    kept = []
    for item in items:
        family = item.row.family
        counts[family] = counts.get(family, 0) + 1
        if limit is None or counts[family] <= limit:
            kept.append(item)
    return kept
