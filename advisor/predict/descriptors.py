"""What a network is like, apart from how much work it is: shares, ratios and logarithms by which networks resemble each other.

The deviation of a network from the additive model (deviations.py) is learnt over these. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from advisor.records import ClassTotals, Complexity

_CLASSES = (
    "conv_kxk", "conv_1x1", "conv_dw", "conv_grouped", "linear", "attention", "norm", "activation", "elementwise", "pool",
    "softmax", "move", "other",
)  # fmt: skip
_WORKING = _CLASSES[:6]
"""Classes with multiply-accumulates."""
_INTENSE = ("conv_dw", "conv_kxk", "conv_1x1", "linear")
"""Classes whose multiply-accumulates per byte say how they are shaped: kernel sizes, widths."""
_RIDGES = (5, 20, 80, 320)
_SHARES = ("macs_share_unaligned", "macs_share_small_output", "macs_share_short", "macs_share_narrow")
_OF_BYTES = ("merged_bytes", "folded_bytes", "statistics_bytes")


def describe(complexities: Sequence[Complexity]) -> NDArray[np.float64]:
    """Architectures x descriptors, of one image; depends on no batch size and no device."""
    found = [_of(c) for c in complexities]
    return np.array(found, dtype=np.float64).reshape(len(found), -1)


def _of(c: Complexity) -> list[float]:
    ops = max(sum(totals.n for totals in c.classes.values()), 1)
    moved = sum(_moved(totals) for totals in c.classes.values()) + 1.0
    weights = sum(totals.weight_bytes for totals in c.classes.values()) + 1.0
    macs = float(max(c.macs, 1))
    return [
        *_sizes(c, macs, moved, weights, ops),
        *(_class(c, name, "macs") / macs for name in _WORKING),
        *(_moved(c.classes.get(name)) / moved for name in _CLASSES),
        *(_class(c, name, "n") / ops for name in _CLASSES),
        *(_class(c, name, "weight_bytes") / weights for name in _WORKING),
        *(log(c.extras.get(f"roofline_{ridge}", 1.0) / (macs / ridge + 1.0)) for ridge in _RIDGES),
        *(c.extras.get(name, 0.0) for name in _SHARES),
        *(c.extras.get(name, 0.0) / moved for name in _OF_BYTES),
        *(_intensity(c.classes.get(name)) for name in _INTENSE),
        *_shape(c, macs, moved, weights, ops),
    ]


def _sizes(c: Complexity, macs: float, moved: float, weights: float, ops: int) -> tuple[float, ...]:
    return (
        log(macs), log(moved), log(weights), log(ops), log(c.depth + 1), log(macs / moved), log(moved / ops), log(macs / ops),
        log(c.resolution),
    )  # fmt: skip


def _shape(c: Complexity, macs: float, moved: float, weights: float, ops: int) -> tuple[float, ...]:
    """How the work is spread over operators, how much of it fusion spares, how large the peak is for it."""
    extras: Mapping[str, float] = c.extras
    thin = extras.get("thin_weight_bytes", 0.0)
    left = moved - extras.get("merged_bytes", 0.0) - extras.get("folded_bytes", 0.0)
    return (
        log(1.0 + extras.get("largest_op_bytes", 0.0) / moved * ops),
        c.n_kernels / max(c.n_ops, 1),
        c.depth / ops,
        log(c.peak_live_bytes_b1 / moved * ops + 1e-9),
        thin / weights,
        log(thin + 1e4),
        log((extras.get("sqrt_macs", 0.0) ** 2 + 1.0) / macs / ops),
        log((extras.get("sqrt_bytes", 0.0) ** 2 + 1.0) / moved / ops),
        extras.get("merged_ops", 0.0) / ops,
        log(max(left, 1.0)),
    )


def _class(c: Complexity, name: str, field: str) -> float:
    totals = c.classes.get(name)
    return 0.0 if totals is None else float(getattr(totals, field))


def _moved(totals: ClassTotals | None) -> float:
    return 0.0 if totals is None else totals.act_bytes_in + totals.act_bytes_out


def _intensity(totals: ClassTotals | None) -> float:
    return 0.0 if totals is None or totals.macs <= 0 else log(totals.macs / (_moved(totals) + 1.0))
