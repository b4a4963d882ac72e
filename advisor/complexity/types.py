"""The result of a trace. Pure record."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.complexity.identity import hashed
from advisor.records import Complexity, Layer


@dataclass(frozen=True, slots=True)
class Trace:
    """One architecture at one resolution: its operators in order and its totals."""

    layers: tuple[Layer, ...]
    """At `batch_size`."""
    complexity: Complexity
    """Per image, with the peak at batch 1 and 8."""
    batch_size: int


@dataclass(frozen=True, slots=True)
class Identity:
    """What a graph of operators is known by at one resolution, the number of parameters aside."""

    resolution: int
    digest: str

    def of(self, params: int) -> str:
        """The signature of an architecture with so many parameters."""
        return hashed((params, self.resolution, self.digest))


@dataclass(frozen=True, slots=True)
class Outside:
    """An architecture that came in a file, with what may show that it is a registered one."""

    trace: Trace
    identities: tuple[Identity, ...]
    """Empty where the signature of the trace is exact."""
    resolution: int
