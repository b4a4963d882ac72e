"""Joins candidates with their estimates and scores each against the budgets. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from advisor.recommend.budgets import Budgets, chances, overall
from advisor.records import Candidate, Estimate


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its estimate and its chances."""

    candidate: Candidate
    top1: float
    """At the precision asked for."""
    estimate: Estimate
    chances: Mapping[str, float]
    probability: float

    @property
    def extrapolated(self) -> bool:
        """Whether the latency rests on operators never measured on this kind of device and runtime."""
        latency = self.estimate.latency
        return latency is not None and latency.extrapolated

    @property
    def latency_key(self) -> float:
        """Latency in ms for ordering; unknown comes last."""
        latency = self.estimate.latency
        return float("inf") if latency is None else latency.value

    def others(self, budget: str) -> float:
        """Probability of meeting every budget except one."""
        return overall({name: value for name, value in self.chances.items() if name != budget})


@dataclass(frozen=True, slots=True)
class Filters:
    """Hard choices of the asker that are no budgets."""

    resolution: int | None = None
    library: str | None = None
    license: str | None = None


def admitted(candidates: Iterable[Candidate], filters: Filters, kind: Callable[[str], str]) -> list[Candidate]:
    """Candidates that pass the filters."""
    return [
        c
        for c in candidates
        if (filters.resolution is None or c.weights.resolution == filters.resolution)
        and (filters.library is None or c.weights.model.startswith(filters.library + "/"))
        and (filters.license is None or kind(c.weights.license) == filters.license)
    ]


def score(
    candidates: Iterable[Candidate],
    estimates: Sequence[Estimate],
    budgets: Budgets,
    accuracies: Mapping[tuple[str, str, int], tuple[float, str]] | None,
) -> list[Scored]:
    """Every candidate that has an estimate. `accuracies`, where given, replaces the published top-1 and drops who lacks one."""
    by_key = {(e.signature, e.resolution): e for e in estimates}
    scored = []
    for candidate in candidates:
        w = candidate.weights
        top1 = w.top1 if accuracies is None else accuracies.get((w.model, w.tag, w.resolution), (None, ""))[0]
        estimate = by_key.get((candidate.signature, w.resolution))
        if estimate is not None and top1 is not None:
            found = chances(budgets, estimate, top1, candidate.params)
            scored.append(Scored(candidate, top1, estimate, found, overall(found)))
    return scored


def rank_key(item: Scored) -> tuple[float, float, str]:
    """Most accurate first (ties at a tenth of a point), then fastest."""
    return (-round(item.top1, 1), item.latency_key, item.candidate.weights.model)


def best_per_architecture(items: Iterable[Scored]) -> list[Scored]:
    """The best row of each architecture, in rank order."""
    kept: dict[str, Scored] = {}
    for item in sorted(items, key=rank_key):
        kept.setdefault(item.candidate.signature, item)
    return list(kept.values())


def at_most_per_family(items: Iterable[Scored], limit: int | None) -> list[Scored]:
    """The items in order, at most `limit` of a family."""
    counts: dict[str, int] = {}
    kept = []
    for item in items:
        family = item.candidate.family
        counts[family] = counts.get(family, 0) + 1
        if limit is None or counts[family] <= limit:
            kept.append(item)
    return kept
