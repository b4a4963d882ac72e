"""The rows that a recommendation and a chart are computed over. Tuples, because thousands are made for one answer."""

from __future__ import annotations

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
