"""Works out the few numbers by which exporters compute shapes inside a graph: small integer arithmetic, by a table of our own.

Nothing else of a graph is ever computed, and no tensor of more than a thousand elements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Known = Mapping[str, Array]
Values = Sequence[Any]
"""Inputs of a node: arrays, and None for what is left out."""
Attributes = Callable[[Any], Mapping[str, Any]]
MOST = 1024
"""Elements of a tensor that is worked out at most."""
_TYPES = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 11: np.float64, 10: np.float32, 16: np.float32}
"""ONNX's numbers of element types; half precision is computed in single."""


def worked_out(
    nodes: Sequence[Any], attributes: Attributes, shapes: Mapping[str, tuple[int, ...]], known: dict[str, Array]
) -> list[str]:
    """Add to `known` what the nodes compute from known values and shapes; returns the names that were added."""
    added = []
    for node in nodes:
        if not node.output or node.output[0] in known:
            continue
        value = _value(node, attributes, shapes, known)
        if value is not None and value.size <= MOST:
            known[node.output[0]] = value
            added.append(node.output[0])
    return added


def _value(  # an onnx.NodeProto; onnx is untyped
    node: Any,  # noqa: ANN401
    attributes: Attributes,
    shapes: Mapping[str, tuple[int, ...]],
    known: Known,
) -> Array | None:
    if node.op_type == "Shape" and node.input[0] in shapes:
        attrs = attributes(node)
        return np.array(shapes[node.input[0]][attrs.get("start", 0) : attrs.get("end")], dtype=np.int64)
    operation = _TABLE.get(node.op_type)
    if operation is None or any(i and i not in known for i in node.input):
        return None
    try:
        return np.asarray(operation([known[i] if i else None for i in node.input], attributes(node)))
    except (ValueError, IndexError, TypeError, ZeroDivisionError, OverflowError, FloatingPointError, MemoryError):
        return None  # not a computation of shapes: what needs it is refused with its name


def _axes(values: Values, attrs: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(a) for a in (values[1] if len(values) > 1 and values[1] is not None else attrs.get("axes", ())))


def _clipped(values: Values, attrs: Mapping[str, Any]) -> Array:
    low, high = (values[i] if len(values) > i else attrs.get(name) for i, name in ((1, "min"), (2, "max")))
    return np.asarray(values[0]) if low is None and high is None else np.clip(values[0], low, high)


def _unsqueeze(values: Values, attrs: Mapping[str, Any]) -> Array:
    return np.asarray(np.expand_dims(values[0], _axes(values, attrs)))


def _squeeze(values: Values, attrs: Mapping[str, Any]) -> Array:
    return np.asarray(np.squeeze(values[0], _axes(values, attrs) or None))


def _slice(values: Values, attrs: Mapping[str, Any]) -> Array:
    starts = values[1] if len(values) > 1 else np.array(attrs["starts"])
    ends = values[2] if len(values) > 2 else np.array(attrs["ends"])
    axes = values[3] if len(values) > 3 and values[3] is not None else np.array(attrs.get("axes", range(len(starts))))
    steps = values[4] if len(values) > 4 else np.ones(len(starts), dtype=np.int64)
    cut = [slice(None)] * values[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        stop = None if step < 0 and end < -(2**31) else int(end)
        cut[int(axis)] = slice(int(start), stop, int(step))
    return np.asarray(values[0][tuple(cut)])


def _filled(values: Values, attrs: Mapping[str, Any]) -> Array:
    shape = [int(n) for n in values[0].reshape(-1)]
    _refuse_large(shape)
    value = attrs.get("value")
    from onnx import numpy_helper

    return np.full(shape, 0.0 if value is None else numpy_helper.to_array(value).reshape(-1)[0])


def _refuse_large(shape: Sequence[int]) -> None:
    total = 1
    for side in shape:
        total *= int(side)
    if not 0 <= total <= MOST:
        raise ValueError("larger than a shape can be")


def _expand(values: Values, _: Mapping[str, Any]) -> Array:
    _refuse_large(np.broadcast_shapes(values[0].shape, tuple(int(n) for n in values[1])))
    return np.asarray(values[0] * np.ones([int(n) for n in values[1]], dtype=values[0].dtype))


def _range(values: Values, _: Mapping[str, Any]) -> Array:
    start, limit, step = (v.reshape(-1)[0] for v in values)
    _refuse_large([int((limit - start) / step)])
    return np.arange(start, limit, step)


def _divided(values: Values, _: Mapping[str, Any]) -> Array:
    left, right = values
    if np.issubdtype(left.dtype, np.integer):
        if not np.all(right):
            raise ZeroDivisionError
        return np.asarray(np.trunc(left / right)).astype(left.dtype)
    return np.asarray(left / right)


def _remainder(values: Values, attrs: Mapping[str, Any]) -> Array:
    if not np.all(values[1]):
        raise ZeroDivisionError
    return np.asarray(np.fmod(*values) if attrs.get("fmod") else np.mod(*values))


def _reshape(values: Values, _: Mapping[str, Any]) -> Array:
    return np.asarray(values[0].reshape([int(n) for n in values[1]]))


def _plain(function: Callable[..., Any]) -> Callable[[Values, Mapping[str, Any]], Array]:
    return lambda values, _: np.asarray(function(*values))


_TABLE: Mapping[str, Callable[[Values, Mapping[str, Any]], Array]] = {
    "Add": _plain(np.add), "Sub": _plain(np.subtract), "Mul": _plain(np.multiply), "Div": _divided, "Mod": _remainder,
    "Neg": _plain(np.negative), "Equal": _plain(np.equal), "Less": _plain(np.less), "Greater": _plain(np.greater),
    "And": _plain(np.logical_and), "Or": _plain(np.logical_or), "Not": _plain(np.logical_not), "Where": _plain(np.where),
    "Floor": _plain(np.floor), "Ceil": _plain(np.ceil), "Abs": _plain(np.abs), "Identity": _plain(np.asarray),
    "Min": lambda v, _: np.minimum.reduce(np.broadcast_arrays(*v)), "Max": lambda v, _: np.maximum.reduce(np.broadcast_arrays(*v)),
    "Cast": lambda v, a: v[0].astype(_TYPES[a["to"]]), "Concat": lambda v, a: np.concatenate(v, axis=a["axis"]),
    "Gather": lambda v, a: np.take(v[0], v[1].astype(np.int64), axis=a.get("axis", 0)),
    "Transpose": lambda v, a: np.transpose(v[0], a.get("perm")), "Unsqueeze": _unsqueeze, "Squeeze": _squeeze, "Slice": _slice,
    "ConstantOfShape": _filled, "Expand": _expand, "Range": _range, "Reshape": _reshape,
    "Clip": _clipped, "Sqrt": _plain(np.sqrt), "Pow": _plain(np.power),
    "ReduceProd": lambda v, a: np.prod(v[0], keepdims=bool(a.get("keepdims", 1))),
}  # fmt: skip
