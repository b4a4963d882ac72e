"""Does one model meet the budgets: yes, no, or not enough evidence to say. Chances in, a verdict out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from advisor.recommend.budgets import overall
from advisor.records import Quantity, Target

FITS, DOES_NOT_FIT, NOT_SETTLED = "fits", "does not fit", "not settled"


class Checked(NamedTuple):
    """One budget: the chance to meet it, and why that chance does not settle it."""

    name: str
    bound: float
    chance: float | None
    """None where nothing is known of it."""
    doubt: str
    """Why the chance is unknown or not to be relied on; empty where it is."""
    found: str
    """What the model takes, in words; empty where unknown."""


class Verdict(NamedTuple):
    """The answer to `does this model meet the budgets there`."""

    model: str
    """As asked for."""
    registered: str
    """The architecture of the catalogue that it is, or ''."""
    resolution: int
    target: Target
    batch_size: int
    confidence: float
    outcome: str
    """fits, does not fit or not settled."""
    probability: float
    """That all budgets are met, as far as is known."""
    at_least: float
    at_most: float
    """Between these it lies whatever the doubtful budgets turn out to be."""
    budgets: tuple[Checked, ...]
    latency_ms: Quantity | None
    latency_reason: str
    throughput_img_s: Quantity | None
    memory_mib: Quantity | None
    memory_reason: str
    reasons: tuple[str, ...]
    settle: tuple[str, ...]
    """Commands or steps that would settle what is open; empty where it is settled."""
    notes: tuple[str, ...]


def judged(budgets: Sequence[Checked], confidence: float) -> tuple[str, float, float, float]:
    """(outcome, probability, least, most).

    Fits where the probability reaches the confidence even if every doubtful budget failed; does not fit where it is at most
    1 - confidence even if every doubtful one were met; between, it is not settled. A budget of which nothing is known
    counts as an even chance in the probability that is printed.
    """
    least = overall({b.name: 0.0 if b.doubt else b.chance or 0.0 for b in budgets})
    most = overall({b.name: 1.0 if b.doubt else b.chance or 0.0 for b in budgets})
    likely = overall({b.name: 0.5 if b.chance is None else b.chance for b in budgets})
    if least >= confidence:
        return FITS, likely, least, most
    return (DOES_NOT_FIT if most <= 1.0 - confidence + 1e-12 else NOT_SETTLED), likely, least, most


def checked(
    bounds: Mapping[str, float], chances: Mapping[str, float], doubts: Mapping[str, str], unknown: Sequence[str],
    found: Mapping[str, str],
) -> tuple[Checked, ...]:  # fmt: skip
    """One row per stated budget; `unknown` names those of which nothing is known."""
    return tuple(
        Checked(
            name, bound, None if name in unknown else chances[name], doubts.get(name, ""), found.get(name, "")
        )
        for name, bound in bounds.items()
    )  # fmt: skip
