"""Receptive fields along chains of convolutions and pools. Pure arithmetic on sides in input pixels."""

from __future__ import annotations

from advisor.complexity.raw import Counted, Field

_KEEPS = frozenset(("norm", "activation", "elementwise", "move", "softmax"))
"""Classes through which a field passes unchanged; the statistics of a norm are not seen as part of it."""


def extend(counted: Counted, fields: list[Field | None]) -> Field | None:
    """Field of an operator's output from those of its inputs that depend on the image; None ends the chain."""
    known = [f for f in fields if f is not None]
    if len(known) != len(fields) or counted.spreads:
        return None
    joined = _widest(known)
    if counted.window is not None:
        return _slide(joined, counted.window)
    return joined if counted.op_class in _KEEPS or counted.op_class == "pool" else None


def _widest(fields: list[Field]) -> Field:
    """Where branches meet, the widest of them."""
    rows, columns, step_h, step_w = (max(values) for values in zip(*fields, strict=True))
    return rows, columns, step_h, step_w


def _slide(field: Field, window: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]) -> Field:
    """A window of k positions, d apart, adds (k - 1) * d of the steps that neighbouring inputs are apart."""
    (kh, kw), (sh, sw), (dh, dw) = window
    rows, columns, step_h, step_w = field
    return rows + (kh - 1) * dh * step_h, columns + (kw - 1) * dw * step_w, step_h * sh, step_w * sw
