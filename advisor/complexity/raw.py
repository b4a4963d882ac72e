"""What one traced forward yields before totals: plain records of operators. No torch, no arithmetic beyond sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Token = tuple[str | int, ...]
"""What of an operator enters the architecture's signature."""

Field = tuple[int, int, int, int]
"""Receptive field (height, width) and distance of neighbouring outputs (height, width), in input pixels."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What the op table knows of one call."""

    op_class: str
    macs: int = 0
    token: Token | None = None
    """None: leaves no trace in the signature."""
    aligned: bool = True
    """Whether the channels in and out are multiples of 8, as tensor cores like them."""
    window: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None = None
    """(kernel, stride, dilation) of a convolution or pool that extends a receptive field."""
    spreads: bool = False
    """True where an output depends on the whole image, so that a receptive field ends."""


@dataclass(frozen=True, slots=True)
class OpRecord:
    """One operator that did work, at the batch size of its trace. Bytes as executed (fp32)."""

    name: str
    op: str
    counted: Counted
    output_shape: tuple[int, ...]
    params: int
    act_bytes_in: int
    act_bytes_out: int
    weight_bytes: int
    """Bytes that do not depend on the image: parameters, buffers, constants and what is computed from them alone."""
    receptive_field: int | None
    depth: int
    fixed: bool
    """True where nothing it reads depends on the image (weight standardisation, position-bias tables)."""
    folded: bool
    """True where a deployed graph would merge it into the convolution before it."""
    merged_bytes: int
    """Bytes that are neither written nor read again where a compiler merges the operator into the one before it; 0: it cannot."""
    live_bytes: int
    """Bytes of activations alive while it runs, its output among them."""


@dataclass(frozen=True, slots=True)
class RawTrace:
    """One forward at one batch size."""

    ops: tuple[OpRecord, ...]
    batch_size: int
    resolution: int
    digest: str
    """Canonical hash of the graph of operators (see identity)."""
    params: int
    buffer_bytes: int
    weight_bytes: int
    """Parameters and buffers."""
    peak_live_bytes: int
    peak_position: float
    """Where the peak occurs, as a share of the operators run (0 to 1)."""
    largest_tensor_bytes: int
    max_branching: int
    """The most operators that read one tensor."""
    held: tuple[int, ...]
    """Bytes of each parameter and buffer."""
    history: tuple[int, ...]
    """Bytes of each storage of activations as it is allocated, -k where the k-th (from 1) is freed."""
    generated: Mapping[str, int]
    """Bytes that generated kernels move, by kind, and how many `kernels` and library calls a compiled forward has (see generated)."""
