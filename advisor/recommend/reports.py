"""Records of the answers that hold no recommendation: predictions, explanations, lists, verification. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.records import Complexity, Device, Estimate, Layer, Model, Quantity, Target, Weights
from advisor.store.verifying import Check, SourceCount


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is known of one model on a target."""

    model: str
    resolution: int
    target: Target
    batch_size: int
    latency_ms: Quantity | None
    latency_reason: str
    memory_mib: Quantity | None
    memory_reason: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A model's layers and totals, and what it costs on a device where one is named."""

    model: Model
    totals: Complexity
    layers: tuple[Layer, ...]
    layers_reason: str
    """Why there are no layers; empty otherwise."""
    weights: tuple[Weights, ...]
    device: str
    estimate: Estimate | None
    time_parts_ms: dict[str, float]
    """Part of the predicted latency at batch 1 -> milliseconds; empty without a device or predictor."""
    notes: tuple[str, ...] = ()
    """What was found of an architecture that came in a file."""


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One line of the catalogue."""

    model: Model
    totals: Complexity
    best: Weights | None
    """The most accurate weights; None where no accuracy is known."""


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """A model, its twins of equal signature, its sizes and weights."""

    model: Model
    twins: tuple[str, ...]
    totals: tuple[Complexity, ...]
    weights: tuple[Weights, ...]


@dataclass(frozen=True, slots=True)
class DeviceDetails:
    """A profile and what was measured on it: (target in words, measurements)."""

    device: Device
    measured: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """Every count and check of a database."""

    counts: dict[str, int]
    sources: tuple[SourceCount, ...]
    rejections: tuple[tuple[str, str, int], ...]
    """(source, reason, rows)."""
    checks: tuple[Check, ...]

    @property
    def intact(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)
