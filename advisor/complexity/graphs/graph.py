"""An ONNX graph in plain records: nodes, shapes, the few constant values that decide shapes and patterns. No onnx, no arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One operator. Empty inputs are optional ones that are left out."""

    op: str
    """Type, with its domain where that is not ONNX's own."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    def input(self, position: int) -> str:
        """Name of an input, '' where it is left out."""
        return self.inputs[position] if position < len(self.inputs) else ""


@dataclass(frozen=True, slots=True)
class Constant:
    """A tensor that the file holds; its values only where they are few."""

    shape: Shape
    floating: bool
    values: tuple[float, ...] | None
    stored: bool
    """An initializer rather than a node's attribute."""


@dataclass(slots=True)
class Graph:
    """One graph at one input size."""

    nodes: list[Node]
    image: str
    outputs: tuple[str, ...]
    shapes: dict[str, Shape]
    widths: Mapping[str, int]
    """Bytes of an element, floats of any precision at four."""
    constants: Mapping[str, Constant]
    batch: int
    """Images in the input as counted: one, unless the file fixes another number."""
    resolution: int
    any_size: bool
    """Whether the file leaves the side of the image open."""

    def size(self, name: str) -> int:
        """Elements of a tensor."""
        return prod(self.shapes[name])

    def values(self, name: str) -> Sequence[float] | None:
        """Values of a small constant; None for all else."""
        found = self.constants.get(name)
        return None if found is None else found.values

    def scalar(self, name: str) -> float | None:
        """The value of a constant with one element; None for all else."""
        found = self.values(name)
        return found[0] if found is not None and len(found) == 1 else None
