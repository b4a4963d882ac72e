"""The records of an answer. Data only; rendering is elsewhere.

Tuples, because making a dataclass of many fields takes longer than ranking the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from advisor.records import Quantity, Target

if TYPE_CHECKING:
    import pandas as pd


class Pick(NamedTuple):
    """A candidate on a target with all that is known of it."""

    rank: int
    """From 1; 0 in `measure_first`."""
    model: str
    family: str
    weights: str
    license: str
    license_kind: str
    """permissive, non-commercial, other or unknown."""
    resolution: int
    top1: float
    """Percent, ImageNet-1k validation at this resolution and (where said in the notes) precision."""
    params_m: float
    gmacs: float
    target: Target
    batch_size: int
    latency_ms: Quantity | None
    latency_reason: str
    throughput_img_s: Quantity | None
    memory_mib: Quantity | None
    memory_reason: str
    memory_parts_mib: Mapping[str, float]
    probability: float
    reasons: tuple[str, ...]
    measure_command: str


class Relaxation(NamedTuple):
    """A budget, moved alone, that would make something feasible."""

    budget: str
    asked: str
    needed: str
    model: str
    top1: float
    sentence: str


class Recommendation(NamedTuple):
    """The answer to `which network, on this device, under these budgets`."""

    device: str
    target: Target
    batch_size: int
    budgets: Mapping[str, float]
    """Budget name with its unit -> bound, including the board's memory."""
    confidence: float
    picks: tuple[Pick, ...]
    measure_first: tuple[Pick, ...]
    relaxations: tuple[Relaxation, ...]
    notes: tuple[str, ...] = ()

    @property
    def feasible(self) -> bool:
        """Whether anything met all budgets with the asked confidence."""
        return bool(self.picks)

    def to_frame(self) -> pd.DataFrame:
        """The picks as a pandas DataFrame, one row each, best first."""
        from advisor.recommend.frame import picks_frame

        return picks_frame(self.picks)
