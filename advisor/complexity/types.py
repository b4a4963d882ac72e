"""The result of a trace. Pure record."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.records import Complexity, Layer


@dataclass(frozen=True, slots=True)
class Trace:
    """One architecture at one resolution: its operators in order and its totals."""

    layers: tuple[Layer, ...]
    """At `batch_size`."""
    complexity: Complexity
    """Per image, with the peak at batch 1 and 8."""
    batch_size: int
