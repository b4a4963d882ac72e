"""The table ONNX operator -> the operator that PyTorch runs for it, so that one table (ops.py) prices both. Shapes only.

What is in no table keeps its own name: ops.py then counts its bytes and names it as uncounted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from advisor.complexity.graphs.graph import Graph, Node, Shape

VIEWS = frozenset((
    "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Expand", "Slice", "Split", "Transpose",
    "QuantizeLinear", "DequantizeLinear", "CastLike",
))  # fmt: skip
"""Operators that do no work of their own: views, and marks of quantisation, which a runtime merges into what is between them."""

ACTIVATIONS = frozenset((
    "Relu", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "LeakyRelu", "Elu", "Celu", "Selu", "PRelu", "Mish", "Softplus",
    "Gelu", "Silu", "Swish", "Clip",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """What PyTorch would call: operator, tensors with the shapes that it sees, further arguments as ops.py reads them."""

    op: str
    tensors: tuple[tuple[str, Shape], ...]
    args: tuple[Any, ...] = ()
    output: Shape | None = None
    """Shape that the operator sees as its output, where that is not the graph's."""


Translation = Callable[[Graph, Node], Call]


def translated(graph: Graph, node: Node) -> Call:
    """The call that a node is, by the table; an operator that is in none keeps its name."""
    translation = _TABLE.get(node.op)
    if translation is not None:
        return translation(graph, node)
    return Call(_NAMES.get(node.op, node.op), _tensors(graph, node))


def _tensors(graph: Graph, node: Node) -> tuple[tuple[str, Shape], ...]:
    return tuple((i, graph.shapes[i]) for i in node.inputs if i in graph.shapes)


def _spatial(node: Node, name: str, rank: int, usual: int) -> list[int]:
    found = list(node.attrs.get(name) or [usual] * rank)
    return found[:rank]


def _padding(graph: Graph, node: Node, kernel: Shape, strides: list[int]) -> list[int]:
    """Rows and columns added before the image; SAME pads as much as keeps ceil(size / stride)."""
    rank = len(kernel)
    mode = node.attrs.get("auto_pad", b"NOTSET")
    if mode in (b"NOTSET", b"VALID"):
        return _spatial(node, "pads", rank, 0)
    sizes = graph.shapes[node.input(0)][2:]
    missing = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(sizes, strides, kernel, strict=False)]
    return [m // 2 for m in missing]


def _conv(graph: Graph, node: Node, at: tuple[int, int, int] = (0, 1, 2), *, transposed: bool = False) -> Call:
    """`at` holds the positions of image, weights and bias."""
    weight = graph.shapes[node.input(at[1])]
    rank = len(weight) - 2
    strides = _spatial(node, "strides", rank, 1)
    names = [node.input(i) for i in at if node.input(i) in graph.shapes]
    args = (
        None, None, None, strides, _padding(graph, node, weight[2:], strides), _spatial(node, "dilations", rank, 1),
        transposed, [0] * rank, int(node.attrs.get("group", 1)),
    )  # fmt: skip
    return Call("convolution", tuple((name, graph.shapes[name]) for name in names), args)


def _transposed_conv(graph: Graph, node: Node) -> Call:
    return _conv(graph, node, transposed=True)


def _quantised_conv(graph: Graph, node: Node) -> Call:
    return _conv(graph, node, (0, 3, 8))


def _gemm(graph: Graph, node: Node) -> Call:
    a, b, c = node.input(0), node.input(1), node.input(2)
    left, right = graph.shapes[a], graph.shapes[b]
    left = left[::-1] if node.attrs.get("transA") else left
    right = right[::-1] if node.attrs.get("transB") else right
    if c in graph.shapes:
        return Call("addmm", ((c, graph.shapes[c]), (a, left), (b, right)))
    return Call("mm", ((a, left), (b, right)))


def _linear(graph: Graph, node: Node) -> Call:
    """Folded by simplify: image, weights, bias."""
    a, b, c = node.inputs
    left, right = graph.shapes[a], graph.shapes[b]
    rows = prod(left[:-1])
    return Call("addmm", ((c, graph.shapes[c]), (a, (rows, left[-1])), (b, right)), (), (rows, right[1]))


def _matmul(graph: Graph, node: Node, at: tuple[int, int] = (0, 1)) -> Call:
    """As torch runs it: stacks of matrices in three dimensions, a single matrix of weights against all rows."""
    a, b = (node.input(i) for i in at)
    left, right = graph.shapes[a], graph.shapes[b]
    if len(right) == 2 and len(left) != 2:
        rows = prod(left[:-1])
        return Call("mm", ((a, (rows, left[-1])), (b, right)), (), (rows, right[1]))
    if max(len(left), len(right)) < 3 or min(len(left), len(right)) < 2:
        return Call("mm", ((a, left), (b, right)))
    output = graph.shapes[node.outputs[0]]
    stack = prod(output[:-2])
    flat = tuple((stack, *shape[-2:]) for shape in (left, right, output))
    return Call("bmm", ((a, flat[0]), (b, flat[1])), (), flat[2])


def _quantised_matmul(graph: Graph, node: Node) -> Call:
    return _matmul(graph, node, (0, 3))


def _einsum(graph: Graph, node: Node) -> Call:
    """As one stack of products: labels in both and in the output stack, labels only in the inputs are summed."""
    equation = node.attrs.get("equation", b"").decode().replace(" ", "")
    terms, _, output = equation.partition("->")
    labels = terms.split(",")
    if len(labels) != 2 or "." in equation or not output:
        return Call("einsum", _tensors(graph, node))
    shapes = [graph.shapes[i] for i in node.inputs]
    sizes = {name: n for term, shape in zip(labels, shapes, strict=True) for name, n in zip(term, shape, strict=False)}
    left, right, out = set(labels[0]), set(labels[1]), set(output)
    stack, rows, inner, columns = (
        prod(sizes[name] for name in group)
        for group in (left & right & out, (left & out) - right, (left & right) - out, (right & out) - left)
    )
    a, b = node.inputs
    return Call("bmm", ((a, (stack, rows, inner)), (b, (stack, inner, columns))), (), (stack, rows, columns))


def _attention(graph: Graph, node: Node) -> Call:
    """Folded by simplify, or ONNX's own operator: queries, keys, values and perhaps a mask; heads may be given apart."""
    found = list(_tensors(graph, node))[:4]
    if "key_shape" in node.attrs:  # the file may hold the keys transposed
        found[1] = (found[1][0], node.attrs["key_shape"])
    query, key = (int(node.attrs.get(n, 0)) for n in ("q_num_heads", "kv_num_heads"))
    if query and len(found[0][1]) == 3:
        heads = (query, key or query, key or query)
        found[:3] = [(n, _by_head(s, h)) for (n, s), h in zip(found[:3], heads, strict=True)]
    output = (*found[0][1][:-1], found[2][1][-1])
    return Call("sdpa", tuple(found), (), output)


def _by_head(shape: Shape, heads: int) -> Shape:
    batch, tokens, width = shape
    return batch, heads, tokens, width // heads


def _lstm(graph: Graph, node: Node) -> Call:
    """Image and weights; both directions of the weights are stacked."""
    weights = tuple((i, (prod(graph.shapes[i][:-1]), graph.shapes[i][-1])) for i in node.inputs[1:3])
    return Call("lstm", ((node.input(0), graph.shapes[node.input(0)]), *weights))


def _pool(op: str) -> Translation:
    def translate(graph: Graph, node: Node) -> Call:
        kernel = tuple(node.attrs.get("kernel_shape", ()))
        strides = _spatial(node, "strides", len(kernel), 1)
        args = (None, list(kernel), strides, _padding(graph, node, kernel, strides))
        return Call(op, ((node.input(0), graph.shapes[node.input(0)]),), args)

    return translate


def _clip(graph: Graph, node: Node) -> Call:
    low = node.attrs.get("min", graph.scalar(node.input(1)))
    high = node.attrs.get("max", graph.scalar(node.input(2)))
    bounded = (low, high) == (0.0, 6.0) or (low, high) == (-1.0, 1.0)
    return Call("hardtanh" if bounded else "clamp", ((node.input(0), graph.shapes[node.input(0)]),))


def _first(op: str) -> Translation:
    """Only the first input is a tensor that is read; the others are settings."""
    return lambda graph, node: Call(op, ((node.input(0), graph.shapes[node.input(0)]),))


def _pad(graph: Graph, node: Node) -> Call:
    names = {b"reflect": "reflection_pad2d", b"edge": "replication_pad2d"}
    return _first(names.get(node.attrs.get("mode", b"constant"), "constant_pad_nd"))(graph, node)


def _resize(graph: Graph, node: Node) -> Call:
    names = {b"linear": "upsample_bilinear2d", b"cubic": "upsample_bicubic2d"}
    return _first(names.get(node.attrs.get("mode", b"nearest"), "upsample_nearest2d"))(graph, node)


def _batch_norm(graph: Graph, node: Node) -> Call:
    return Call("_native_batch_norm_legit_no_training", _tensors(graph, node))


_NAMES: Mapping[str, str] = {
    "LayerNormalization": "native_layer_norm", "GroupNormalization": "native_group_norm",
    "InstanceNormalization": "native_group_norm", "RMSNormalization": "_fused_rms_norm",
    "SimplifiedLayerNormalization": "_fused_rms_norm", "LpNormalization": "linalg_vector_norm",
    "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "HardSwish": "hardswish", "HardSigmoid": "hardsigmoid",
    "LeakyRelu": "leaky_relu", "Elu": "elu", "Celu": "celu", "Selu": "elu", "PRelu": "_prelu_kernel", "Mish": "mish",
    "Softplus": "softplus", "Gelu": "gelu", "Silu": "silu", "Swish": "silu", "ThresholdedRelu": "threshold",
    "Softmax": "_softmax", "LogSoftmax": "_log_softmax", "GlobalAveragePool": "mean", "GlobalMaxPool": "amax",
    "Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Pow": "pow", "Sqrt": "sqrt", "Exp": "exp", "Log": "log",
    "Neg": "neg", "Abs": "abs", "Sign": "sign", "Reciprocal": "reciprocal", "Where": "where", "Max": "maximum",
    "Min": "minimum", "Floor": "floor", "Ceil": "ceil", "Round": "round", "Mod": "remainder", "Equal": "eq",
    "Less": "lt", "LessOrEqual": "le", "Greater": "gt", "GreaterOrEqual": "ge", "Sin": "sin", "Cos": "cos", "Tan": "tan",
    "Erf": "erf", "And": "logical_and", "Or": "logical_or", "Not": "logical_not", "IsNaN": "isnan", "Trilu": "tril",
    "Sum": "add", "Addcmul": "addcmul", "Concat": "cat", "Roll": "roll", "Tile": "repeat", "GatherElements": "gather", "GatherND": "index",
    "ScatterElements": "scatter", "ScatterND": "index_put", "DepthToSpace": "pixel_shuffle",
    "SpaceToDepth": "pixel_unshuffle", "Cast": "_to_copy", "TopK": "topk", "CumSum": "cumsum", "Range": "arange",
    "ConstantOfShape": "full", "EyeLike": "eye", "OneHot": "scatter",
}  # fmt: skip
"""Operators whose inputs are all tensors that are read."""

_TABLE: Mapping[str, Translation] = {
    "Conv": _conv, "ConvInteger": _conv, "ConvTranspose": _transposed_conv, "QLinearConv": _quantised_conv,
    "Gemm": _gemm, "Linear": _linear, "MatMul": _matmul, "MatMulInteger": _matmul, "QLinearMatMul": _quantised_matmul,
    "Einsum": _einsum, "Sdpa": _attention, "Attention": _attention, "LSTM": _lstm, "GRU": _lstm, "RNN": _lstm,
    "BatchNormalization": _batch_norm, "MaxPool": _pool("max_pool2d_with_indices"), "AveragePool": _pool("avg_pool2d"),
    "Clip": _clip, "Pad": _pad, "Resize": _resize, "Upsample": _resize, "Gather": _first("index"),
    "ReduceMean": _first("mean"), "ReduceSum": _first("sum"), "ReduceMax": _first("amax"), "ReduceMin": _first("amin"),
    "ReduceProd": _first("prod"), "ReduceL2": _first("linalg_vector_norm"), "ReduceL1": _first("linalg_vector_norm"),
    "ReduceLogSumExp": _first("logsumexp"), "ArgMax": _first("argmax"), "ArgMin": _first("argmin"),
    "ReduceSumSquare": _first("sum"),
}  # fmt: skip
