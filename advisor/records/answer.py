"""Quantities and estimates: the rows of an answer. Tuples, because a fit makes hundreds of thousands."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Quantity(NamedTuple):
    """A value with its interval at the answer's confidence, and how it is known."""

    value: float
    low: float
    high: float
    basis: str
    extrapolated: bool = False
    evidence: tuple[str, ...] = ()
    """Source ids."""


class Estimate(NamedTuple):
    """What is known of one architecture at one resolution and batch size on one target: a row of an answer.

    Intervals are 90 %.
    """

    signature: str
    resolution: int
    batch_size: int
    latency: Quantity | None
    latency_reason: str
    """Why latency is unknown; empty otherwise."""
    throughput_img_s: float | None
    """Measured throughput; None means batch / latency is the best known."""
    memory: Quantity | None
    memory_reason: str
    memory_parts_mib: Mapping[str, float] = MappingProxyType({})
    """weights, activations, runtime."""
    flags: tuple[str, ...] = ()
    """Why this is extrapolated or uncertain, in words."""
