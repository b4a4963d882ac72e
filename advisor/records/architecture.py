"""Architectures: registered models, layers, complexity. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Layer:
    """One counted operator of a traced forward."""

    index: int
    name: str
    """Module path, e.g. `layer1.0.conv1`."""
    op: str
    """ATen operator, e.g. `convolution`."""
    op_class: str
    output_shape: tuple[int, ...]
    params: int
    macs: int
    bytes_in: int
    bytes_out: int
    weight_bytes: int
    receptive_field: int | None
    """Side in input pixels, along a chain of convolutions and pools; None where it is not a chain."""


@dataclass(frozen=True, slots=True)
class ClassTotals:
    """Sums over one op class. A count at batch B is affine: value(B) = fixed + per_image * B."""

    n: int
    macs: float
    act_bytes_in: float
    act_bytes_out: float
    weight_bytes: float


@dataclass(frozen=True, slots=True)
class Complexity:
    """Totals of one architecture at one resolution, per image unless the name says a batch size."""

    signature: str
    resolution: int
    params: int
    macs: int
    """Multiply-accumulates of one image (1 MAC = 2 FLOPs)."""
    activations: int
    """Elements of convolution and linear outputs, one image."""
    weight_bytes: int
    """Parameters and buffers at fp32."""
    n_ops: int
    """Operators that do work (views excluded)."""
    n_kernels: int
    """Operators after folding batch norm and activations into the convolution before them."""
    depth: int
    peak_live_bytes_b1: int
    peak_live_bytes_b8: int
    classes: Mapping[str, ClassTotals]
    uncounted: tuple[str, ...] = ()
    extras: Mapping[str, float] = field(default_factory=dict)
    """Further features by name: largest tensor, roofline sums, occupancy shares."""


@dataclass(frozen=True, slots=True)
class Model:
    """A registered architecture name."""

    name: str
    """library/name."""
    library: str
    family: str
    """timm module or torchvision file."""
    signature: str
    default_resolution: int
    fixed_resolution: bool
