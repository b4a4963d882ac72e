"""The table operator -> what it costs: class, multiply-accumulates, signature token. Works on shapes alone; imports no torch.

An operator that is not here is counted by its bytes only and named as uncounted: nothing is skipped silently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from advisor.complexity.raw import Counted, Token

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Operand:
    """A tensor argument: its shape and whether it depends on the image."""

    shape: Shape
    dynamic: bool


@dataclass(frozen=True, slots=True)
class OpCall:
    """One call of an operator; `tensors` are its tensor arguments in order."""

    op: str
    tensors: Sequence[Operand]
    args: Sequence[Any]
    output: Shape
    batch_size: int


Handler = Callable[[OpCall], Counted]


def _pair(values: Sequence[int] | int) -> tuple[int, int]:
    """Height and width of a per-axis setting; one value (or one axis) holds for both."""
    listed = [values, values] if isinstance(values, int) else [*values, *values][-2:]
    return (listed[0], listed[1]) if listed else (1, 1)


def _plain(op_class: str, *, spreads: bool = False) -> Handler:
    """Handler of operators whose cost is the bytes they move."""

    def count(call: OpCall) -> Counted:
        return Counted(op_class, token=(call.op, prod(call.output)), spreads=spreads)

    return count


def _silent(op_class: str) -> Handler:
    """Handler of copies, which differ between implementations of one architecture: not part of the signature."""
    return lambda call: Counted(op_class)


def _conv_class(groups: int, in_channels: int, kernel: Shape) -> str:
    if groups > 1:
        return "conv_dw" if groups == in_channels else "conv_grouped"
    return "conv_1x1" if prod(kernel) == 1 else "conv_kxk"


def _conv_token(call: OpCall, kernel: Shape, groups: int) -> Token:
    """A convolution that covers its whole input is the linear layer it computes."""
    image, weight = call.tensors[0].shape, call.tensors[1].shape
    stride, padding, dilation = (tuple(a) for a in call.args[3:6])
    spatial = call.output[2:]
    if groups == 1 and prod(spatial) == 1 and image[2:] == kernel and not any(padding):
        return ("linear", weight[1] * prod(kernel), weight[0], 1)
    return ("conv", image[1], call.output[1], *kernel, *stride, *padding, *dilation, groups, *spatial)


def _convolution(call: OpCall) -> Counted:
    """Multiply-accumulates = output elements x weights that each one uses (transposed: input elements)."""
    image, weight = call.tensors[0].shape, call.tensors[1].shape
    transposed, groups = bool(call.args[6]), int(call.args[8])
    kernel = weight[2:]
    per_position = prod(weight[1:])
    macs = (prod(image) if transposed else prod(call.output)) * per_position
    channels_in, channels_out = image[1], call.output[1]
    if (
        call.tensors[1].dynamic and groups % call.batch_size == 0
    ):  # weights made per image: the batch sits in the groups
        groups, channels_in = groups // call.batch_size, channels_in // call.batch_size
    op_class = _conv_class(groups, channels_in, kernel)
    aligned = channels_in % 8 == 0 and channels_out % 8 == 0
    window = None if transposed else (_pair(kernel), _pair(call.args[3]), _pair(call.args[5]))
    return Counted(op_class, macs, _conv_token(call, kernel, groups), aligned, window, spreads=transposed)


def _product(call: OpCall, left: Operand, right: Operand) -> Counted:
    """Matrix product; two operands that depend on the image make it attention, a constant one a linear layer."""
    inner, columns = left.shape[-1], right.shape[-1] if len(right.shape) > 1 else 1
    macs = prod(call.output) * inner
    aligned = inner % 8 == 0 and columns % 8 == 0
    if left.dynamic and right.dynamic:
        return Counted("attention", macs, ("bmm", *left.shape, columns), aligned, spreads=True)
    rows = prod(call.output) // max(columns, 1)
    return Counted("linear", macs, ("linear", inner, columns, rows), aligned, spreads=True)


def _mm(call: OpCall) -> Counted:
    return _product(call, call.tensors[0], call.tensors[1])


def _addmm(call: OpCall) -> Counted:
    return _product(call, call.tensors[1], call.tensors[2])


def _sdpa(call: OpCall) -> Counted:
    """Fused attention: the product of queries and keys and that of scores and values."""
    query, key, value = (t.shape for t in call.tensors[:3])
    scores = prod(query[:-1]) * key[-2]
    aligned = query[-1] % 8 == 0
    token: Token = ("sdpa", prod(query), key[-2], query[-1], len(call.tensors))
    return Counted("attention", scores * (query[-1] + value[-1]), token, aligned, spreads=True)


def _lstm(call: OpCall) -> Counted:
    """Every weight matrix once for each image and step."""
    image, weights = call.tensors[0].shape, [t.shape for t in call.tensors if not t.dynamic and len(t.shape) == 2]
    steps = prod(image[:-1])
    token: Token = ("lstm", *image[1:], *(side for shape in weights for side in shape))
    return Counted("linear", steps * sum(map(prod, weights)), token, spreads=True)


def _norm(call: OpCall) -> Counted:
    name = "batch_norm" if "batch_norm" in call.op else call.op
    return Counted("norm", token=(name, prod(call.output)))


def _window_pool(call: OpCall) -> Counted:
    """Max or average pool; one that covers the whole image is a mean."""
    kernel = _pair(call.args[1])
    stride = _pair(call.args[2]) if len(call.args) > 2 and call.args[2] else kernel
    padding = _pair(call.args[3]) if len(call.args) > 3 else (0, 0)
    image = call.tensors[0].shape
    if "avg" in call.op and image[2:] == kernel and prod(call.output[2:]) == 1:
        return _mean(call)
    token: Token = (call.op, *kernel, *stride, *padding, prod(call.output))
    return Counted("pool", token=token, window=(kernel, stride, (1, 1)))


def _adaptive_pool(call: OpCall) -> Counted:
    image = call.tensors[0].shape
    if image == call.output:
        return Counted("pool")
    if prod(call.output[2:]) == 1:
        return _mean(call)
    return Counted("pool", token=(call.op, prod(image), prod(call.output)), spreads=True)


def _mean(call: OpCall) -> Counted:
    elements, left = prod(call.tensors[0].shape), prod(call.output)
    return Counted("pool", token=None if elements == left else ("mean", elements, left), spreads=True)


def _pad(call: OpCall) -> Counted:
    """Padding by nothing copies all the same, but does not change what is computed."""
    elements, padded = prod(call.tensors[0].shape), prod(call.output)
    return Counted("move", token=None if elements == padded else ("pad", elements, padded))


def _reduction(call: OpCall) -> Counted:
    shape = call.tensors[0].shape if call.tensors else ()
    return Counted("pool", token=(call.op, prod(shape), prod(call.output)), spreads=True)


_ACTIVATIONS = """relu gelu silu hardswish hardsigmoid hardtanh sigmoid tanh leaky_relu elu celu prelu _prelu_kernel mish
    softplus threshold glu log_sigmoid_forward rrelu_with_noise"""
_ELEMENTWISE = """add sub mul div pow sqrt rsqrt rsub exp expm1 log log1p log2 neg abs sign reciprocal square where masked_fill
    maximum minimum clamp clamp_min clamp_max lerp addcmul addcdiv floor ceil round trunc remainder fmod floor_divide
    eq ne lt le gt ge sin cos tan atan2 erf logical_and logical_or logical_not bitwise_and bitwise_or bitwise_not isnan
    hypot polar view_as_complex view_as_real copysign exp2 tril triu"""
_NORMS = """native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training cudnn_batch_norm
    _batch_norm_no_update native_layer_norm native_group_norm _fused_rms_norm linalg_vector_norm norm"""
_REDUCTIONS = "mean sum amax amin max min prod argmax argmin any all logsumexp var std var_mean std_mean cumsum cumprod"
_COPIES = "clone copy _to_copy lift_fresh_copy _reshape_copy contiguous"
_MOVES = """cat stack reflection_pad2d replication_pad2d roll flip repeat index index_select index_put gather
    scatter scatter_add index_add index_copy slice_scatter select_scatter im2col col2im pixel_shuffle pixel_unshuffle
    channel_shuffle native_channel_shuffle fill zero zeros ones full zeros_like ones_like full_like new_zeros new_ones
    new_full arange linspace scalar_tensor eye embedding repeat_interleave masked_select rot90 tril_indices triu_indices
    _unsafe_index _unsafe_masked_index meshgrid bernoulli rand rand_like randn unfold_copy permute_copy as_strided_copy"""
_RESAMPLING = """upsample_nearest1d upsample_nearest2d upsample_bilinear2d upsample_bicubic2d _upsample_bilinear2d_aa
    _upsample_bicubic2d_aa _upsample_nearest_exact2d upsample_linear1d"""


def _table() -> Mapping[str, Handler]:
    table: dict[str, Handler] = {"convolution": _convolution, "sdpa": _sdpa, "lstm": _lstm}
    table |= dict.fromkeys(("mm", "bmm", "mv", "dot"), _mm)
    table |= dict.fromkeys(("addmm", "baddbmm", "addbmm", "addmv"), _addmm)
    table |= dict.fromkeys(_NORMS.split(), _norm)
    table |= {name: _plain("activation") for name in _ACTIVATIONS.split()}
    table |= {name: _plain("elementwise") for name in _ELEMENTWISE.split()}
    table |= {name: _plain("softmax") for name in ("_softmax", "_log_softmax", "_safe_softmax")}
    table |= dict.fromkeys(
        ("max_pool2d_with_indices", "avg_pool2d", "avg_pool1d", "max_pool2d", "avg_pool3d"), _window_pool
    )
    table |= dict.fromkeys(("_adaptive_avg_pool2d", "adaptive_max_pool2d", "adaptive_avg_pool1d"), _adaptive_pool)
    table |= dict.fromkeys(_REDUCTIONS.split(), _reduction) | {"mean": _mean}
    table |= {name: _silent("move") for name in _COPIES.split()}
    table |= {name: _plain("move") for name in _MOVES.split()} | {"constant_pad_nd": _pad}
    table |= {name: _plain("pool") for name in _RESAMPLING.split()}
    table |= {name: _plain("other", spreads=True) for name in ("topk", "sort", "argsort", "unique_dim", "bucketize")}
    return table


HANDLERS = _table()
ALLOCATIONS = frozenset(("empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided", "empty_permuted"))
"""Make a tensor without doing work."""
ALIASES = frozenset(
    (
        "_unsafe_view",
        "unsafe_split",
        "unsafe_split_with_sizes",
        "unsafe_chunk",
        "lift_fresh",
        "detach",
        "alias",
        "as_strided",
        "resize",
        "set",
    )
)
"""Views that their schema does not call so."""
OVERWRITES = frozenset(("copy", "fill", "zero"))
"""In-place operators that do not read what they replace."""


def count(call: OpCall) -> tuple[Counted, bool]:
    """Cost of one call, and whether the table knows the operator."""
    handler = HANDLERS.get(call.op)
    if handler is None:
        return Counted("other", token=(call.op, prod(call.output)), spreads=True), False
    return handler(call), True
