"""Scores each candidate against the budgets. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from advisor.recommend.budgets import Budgets, chances, overall
from advisor.records import Candidate

REPARAM = "+reparam"
"""Suffix of the form of a model whose branches are fused for deployment."""


class Scored(NamedTuple):
    """A candidate with its chances. A tuple, because thousands are made for one answer."""

    row: Candidate
    accuracy: float
    """Percent on the test set and at the precision asked for."""
    chances: Mapping[str, float]
    probability: float

    @property
    def latency_key(self) -> float:
        """Latency in ms for ordering; unknown comes last."""
        return float("inf") if self.row.latency_ms is None else self.row.latency_ms

    def others(self, budget: str) -> float:
        """Probability of meeting every budget except one."""
        return overall({name: value for name, value in self.chances.items() if name != budget})


class Filters(NamedTuple):
    """Hard choices of the asker that are no budgets."""

    resolution: int | None = None
    library: str | None = None
    license: str | None = None


def admitted(rows: Iterable[Candidate], filters: Filters, kind: Callable[[str], str]) -> list[Candidate]:
    """Candidates that pass the filters."""
    return [
        row
        for row in rows
        if (filters.resolution is None or row.resolution == filters.resolution)
        and (filters.library is None or row.model.startswith(filters.library + "/"))
        and (filters.license is None or kind(row.license) == filters.license)
    ]


Accuracies = Mapping[tuple[str, str, int], tuple[float, str]]


def score(rows: Iterable[Candidate], budgets: Budgets, batch_size: int, accuracies: Accuracies | None) -> list[Scored]:
    """Every candidate with its chances. `accuracies`, where given, replaces the published top-1 and drops who lacks one."""
    scored = []
    for row in rows:
        top1 = row.top1 if accuracies is None else accuracies.get((row.model, row.tag, row.resolution), (None, ""))[0]
        if top1 is not None:
            found = chances(budgets, row, top1, batch_size)
            scored.append(Scored(row, top1, found, overall(found)))
    return scored


def rank_key(item: Scored) -> tuple[float, float, str]:
    """Most accurate first (ties at a tenth of a point), then fastest."""
    return (-round(item.accuracy, 1), item.latency_key, item.row.model)


def best_per_architecture(items: Iterable[Scored]) -> list[Scored]:
    """The best row of each architecture, in rank order; of a model and its fused form, the faster."""
    architectures: set[str] = set()
    forms: set[str] = set()
    kept = []
    for item in sorted(items, key=rank_key):
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
