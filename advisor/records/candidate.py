"""The rows that a recommendation and a chart are computed over, and what an architecture is made of. Tuples: thousands are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Candidate(NamedTuple):
    """Weights at a resolution on a target: what is needed to score them. Intervals are 90 %."""

    signature: str
    family: str
    model: str
    """library/name."""
    tag: str
    resolution: int
    top1: float
    """Percent, ImageNet-1k validation at this resolution."""
    license: str
    params: int
    macs: int
    """Of one image at this resolution."""
    latency_ms: float | None
    """Whole batch."""
    latency_low: float | None
    latency_high: float | None
    extrapolated: bool
    throughput_img_s: float | None
    """Measured; None means batch / latency is the best known."""
    memory_mib: float | None
    memory_low: float | None
    memory_high: float | None


class Rated(NamedTuple):
    """Weights with their accuracy beside the complexity of their architecture at that resolution: a point of the catalogue."""

    signature: str
    family: str
    model: str
    """library/name."""
    tag: str
    resolution: int
    top1: float | None
    """Percent, ImageNet-1k validation at this resolution."""
    top5: float | None
    license: str
    params: int
    macs: int
    """Of one image at this resolution."""


class Makeup(NamedTuple):
    """What an architecture is made of, by class of operator (OP_CLASSES)."""

    family: str
    operators: Mapping[str, int]
    macs: Mapping[str, float]
    """Of one image."""
    weight_bytes: Mapping[str, float]
    branching: int
    """The most operators that read one tensor: 1 in a plain chain."""
