"""Records of `why`: does this model meet its budgets, by how much not, what would change that, and who is preferred. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from advisor.recommend.answer import Pick
from advisor.records import Target


class Check(NamedTuple):
    """One budget against one candidate."""

    budget: str
    bound: float
    value: float | None
    """In the unit of the budget; None where the index is unknown."""
    probability: float
    needed: float | None
    """The bound that this budget alone would need at the confidence; None where the index is unknown."""
    met: bool
    sentence: str


class Setting(NamedTuple):
    """One thing that is set otherwise."""

    name: str
    """power mode, batch size, weights, resolution, precision or runtime."""
    before: str
    after: str


class Change(NamedTuple):
    """Settings under which the same model meets every budget, and what it is there."""

    settings: tuple[Setting, ...]
    pick: Pick
    accuracy: str
    """How accuracy at the precision is known, and what is given up; empty where nothing is to be said."""
    sentence: str


class Rival(NamedTuple):
    """A candidate that is preferred, and why."""

    model: str
    weights: str
    resolution: int
    top1: float
    latency_ms: float | None
    memory_mib: float | None
    sentence: str


class Standing(NamedTuple):
    """Where the model stands among all that meet the budgets."""

    rank: int | None
    """From 1; None where it does not meet them."""
    of: int
    first: Rival | None
    """Rank 1, unless the model is that."""
    dominated_by: tuple[Rival, ...]
    """At least as good in accuracy, latency and memory, better in one; most accurate first."""
    sentences: tuple[str, ...]


class Why(NamedTuple):
    """The answer to `why is this model (not) the one`."""

    device: str
    target: Target
    batch_size: int
    budgets: Mapping[str, float]
    confidence: float
    verdict: str
    """fits, does not fit or not settled, as of `check`."""
    pick: Pick
    """The model as it was asked for. Its top1 is NaN where no accuracy is known."""
    checks: tuple[Check, ...]
    changes: tuple[Change, ...]
    """Only where it does not fit; least change first."""
    standing: Standing
    notes: tuple[str, ...]
