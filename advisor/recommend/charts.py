"""The records of a chart: points, axes with units, fitted lines, claims. Data only; drawing and text are elsewhere.

The TUI, the pictures and the JSON of `advisor chart` all show these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from advisor.predict.memory_lines import Fit
from advisor.records import Target

KINDS = ("accuracy-complexity", "accuracy-speed", "memory-complexity", "pareto")
ACCURACIES = ("top-1", "top-5")


class Axis(NamedTuple):
    """What an axis shows, in which unit, and what the figures are about."""

    name: str
    unit: str
    detail: str = ""
    """Batch, precision, runtime: what differs from the other panel is marked with a not-equal sign."""
    log: bool = False

    @property
    def title(self) -> str:
        """`throughput (images/s), batch 1`."""
        return f"{self.name} ({self.unit})" + (f", {self.detail}" if self.detail else "")


class Point(NamedTuple):
    """One network at one resolution, with the weights that its accuracy is of."""

    model: str
    """library/name."""
    weights: str
    """Tag; empty where no accuracy is shown."""
    resolution: int
    family: str
    x: float
    y: float
    size_m: float
    """Parameters in millions."""
    basis: str
    """counted (complexity), measured, calibrated or predicted: of the axis that `Panel.interval` names."""
    extrapolated: bool = False
    low: float | None = None
    """Lower end of the 90 % interval (memory: of the range observed) along `Panel.interval`; None where exact."""
    high: float | None = None
    role: str = ""
    """Pareto: front, dominated, excluded (a budget is not met surely enough) or unsure (extrapolated, or doubtful at the precision).
    Else empty."""
    probability: float | None = None
    """Pareto: that all budgets are met."""
    label: str = ""
    """What to write beside the point; empty for most."""


class Line(NamedTuple):
    """A fitted line, y = slope * x + intercept, or why there is none."""

    fit: Fit | None
    slope_unit: str
    reason: str
    """Why there is no line; empty otherwise."""
    linear: bool | None
    """Whether y grows almost linearly with x; None where too few points say so."""


class Bound(NamedTuple):
    """A band or a budget across a panel: from `low` to `high` on axis x or y; None = open."""

    axis: str
    low: float | None
    high: float | None
    label: str


class Panel(NamedTuple):
    """One pair of axes."""

    title: str
    x: Axis
    y: Axis
    points: tuple[Point, ...]
    interval: str = ""
    """The axis, x or y, that `low` and `high` of the points lie along."""
    lines: tuple[Line, ...] = ()
    bounds: tuple[Bound, ...] = ()
    target: Target | None = None
    batch_size: int | None = None
    memory_kind: str = ""

    @property
    def front(self) -> tuple[Point, ...]:
        """The points that nothing beats on both axes, from left to right."""
        return tuple(sorted((p for p in self.points if p.role == "front"), key=lambda p: (p.x, p.y)))


class Claim(NamedTuple):
    """A sentence of the lecture and what the catalogue says of it today."""

    claim: str
    holds: bool | None
    """None where the evidence does not say."""
    found: str
    """The figures, in a sentence."""
    figures: Mapping[str, float | int | str | None]


class Chart(NamedTuple):
    """Everything that a picture, a table or a screen shows."""

    kind: str
    title: str
    accuracy: str
    """top-1 or top-5; empty where no accuracy is shown."""
    panels: tuple[Panel, ...]
    claims: tuple[Claim, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def infeasible(self) -> bool:
        """Whether budgets were set that nothing meets surely enough."""
        return self.kind == "pareto" and not any(panel.front for panel in self.panels)
