"""Trained sets and their accuracy. Data only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """A trained set of a model with its accuracy at one resolution."""

    model: str
    """library/name."""
    tag: str
    resolution: int
    top1: float | None
    """Percent, ImageNet-1k validation."""
    top5: float | None
    real_top1: float | None
    v2_top1: float | None
    a_top1: float | None
    r_top1: float | None
    sketch_top1: float | None
    license: str
    """SPDX-like name, or `unknown`."""
    train_resolution: int | None
    source: str
