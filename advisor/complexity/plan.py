"""Decides which models are traced at which resolutions for the catalogue. Traces nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from advisor import zoo
from advisor.errors import AdvisorError


@dataclass(frozen=True, slots=True)
class Job:
    """One model and every resolution it is wanted at, its default first."""

    name: str
    resolutions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Jobs, the models that the tables name most often first, and the names that lead to no model, with the reason."""

    jobs: tuple[Job, ...]
    dropped: Mapping[str, str]


def make(named: Mapping[str, Mapping[int, int]], further: Mapping[str, Iterable[int]] | None = None) -> Plan:
    """All torchvision classifiers, all timm architectures, and the deployed forms of these; `further` resolutions too."""
    wanted, dropped = _today(named)
    for unnamed in zoo.list_models("timm"):
        wanted.setdefault(unnamed, {})
    by_mentions = sorted(wanted, key=lambda n: -sum(wanted[n].values()))
    also = further or {}
    vision = [_job(n, {*zoo.published(n), *also.get(n, ())}) for n in zoo.list_models("torchvision")]
    plain = [_job(n, {*wanted[n], *also.get(n, ())}) for n in by_mentions]
    merged = [Job(j.name + zoo.REPARAM, j.resolutions) for j in plain if zoo.reparameterisable(j.name)]
    return Plan((*vision, *plain, *merged), dropped)


def _today(named: Mapping[str, Mapping[int, int]]) -> tuple[dict[str, dict[int, int]], dict[str, str]]:
    """Mentions per registered name; names that timm has dropped."""
    wanted: dict[str, dict[int, int]] = {}
    dropped: dict[str, str] = {}
    for model, sizes in named.items():
        try:
            name = zoo.canonical(f"timm/{model}")
        except AdvisorError:
            dropped[f"timm/{model}"] = "named in timm's tables, no longer registered by timm"
            continue
        known = wanted.setdefault(name, {})
        for size, mentions in sizes.items():
            known[size] = known.get(size, 0) + mentions
    return wanted, dropped


def _job(name: str, sizes: Iterable[int]) -> Job:
    default = zoo.default_resolution(name)
    return Job(name, (default, *sorted(s for s in sizes if s != default)))
