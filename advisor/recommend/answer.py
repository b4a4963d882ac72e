"""The records of an answer. Data only; rendering is elsewhere.

Tuples, because making a dataclass of many fields takes longer than ranking the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
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
    """That every budget is met."""
    reasons: tuple[str, ...]
    measure_command: str
    accuracy: float = 0.0
    """Percent on the test set that was asked for; equals `top1` where that is ImageNet-1k top-1."""
    accuracy_precision: str = ""
    """Precision at which the accuracy was observed: the target's where it was checked there, else fp32."""
    chances: Mapping[str, float] = MappingProxyType({})
    """Budget name -> probability that it alone is met."""
    tie_group: int = 0
    """From 1: picks of one group are closer on the objective than the noise. 0 in `measure_first`."""
    pareto: bool = False
    """On the front of accuracy against latency and memory of everything feasible."""
    dominated_by: str = ""
    """A feasible candidate at least as accurate, as fast and as small; empty on the front and in `measure_first`."""
    power_w: Quantity | None = None
    """Mean electrical power while it runs; of what, the reasons say."""
    power_reason: str = ""
    energy_mj: Quantity | None = None
    """Millijoule per image."""


class Relaxation(NamedTuple):
    """A budget, moved alone: what makes something feasible, or the next better pick that it would buy."""

    budget: str
    asked: str
    needed: str
    model: str
    top1: float
    """Accuracy of the model on the test set that was asked for, percent."""
    sentence: str
    bound: float = 0.0
    """In the budget's unit: the least change that does it (`needed` is this rounded outwards), or a step's bound itself."""
    gain: float | None = None
    """Points of accuracy above rank 1; None where nothing is feasible yet."""


class Tightening(NamedTuple):
    """A budget that could be stricter, alone, and leave rank 1 as it is."""

    budget: str
    asked: str
    possible: str
    model: str
    sentence: str
    bound: float
    """The strictest bound, in the budget's unit; `possible` is this rounded inwards."""


class Confirmed(NamedTuple):
    """A candidate that was measured to settle an answer."""

    model: str
    resolution: int
    top1: float
    predicted_ms: float | None
    measured_ms: float | None
    """None where it could not be measured."""
    chance_before: float
    """To meet all budgets, by what was predicted."""
    chance_after: float
    """To meet all budgets, by what was measured."""
    reason: str
    """Why it could not be measured; empty otherwise."""


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
    """Where nothing fits: what would make it fit. Else, for each budget that binds: the next steps of the front."""
    notes: tuple[str, ...] = ()
    tightenings: tuple[Tightening, ...] = ()
    objective: str = "accuracy"
    accuracy_on: str = "top-1"
    tied: tuple[str, ...] = ()
    """`library/name.weights` of everything feasible that ties with rank 1, itself first; one row per architecture."""
    tie_width: str = ""
    """How far apart two picks may be and still tie, in words."""
    confirmed: tuple[Confirmed, ...] = ()
    """What was measured for this answer, in that order; empty unless asked for."""

    @property
    def feasible(self) -> bool:
        """Whether anything met all budgets with the asked confidence."""
        return bool(self.picks)

    def to_frame(self) -> pd.DataFrame:
        """The picks as a pandas DataFrame, one row each, best first."""
        from advisor.recommend.frame import picks_frame

        return picks_frame(self.picks)
