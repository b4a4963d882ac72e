"""From one priced operator and what it read to its record and to what its output holds. The same for every front end; no torch.

A front end (a traced forward, an ONNX graph) says what was read and written; this module alone decides what that means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.complexity.fields import extend
from advisor.complexity.identity import chain
from advisor.complexity.ledger import Holding
from advisor.complexity.raw import Counted, OpRecord

PUT_TOGETHER = ("cat", "stack")
"""Operators whose output a compiler has its inputs' kernels write."""
_IMAGE_AXES = 4


@dataclass(frozen=True, slots=True)
class Read:
    """One tensor that an operator reads."""

    nbytes: int
    """Never more than its storage has."""
    held: Holding
    turned: bool = False
    """An image whose channels come last in memory only because other axes are looked at than were written."""


@dataclass(frozen=True, slots=True)
class Written:
    """What an operator puts out: the shape of its first tensor, and what is alive with it."""

    shape: tuple[int, ...]
    nbytes: int
    live_bytes: int


def turned(shape: Sequence[int], strides: Sequence[int], held: Holding) -> bool:
    """Whether a tensor is an image that was written with its channels as the last axis, or as tokens.

    Its layout is told all the same where it was put together as a whole (then it has no strides here), or is some of the channels of
    what a library call wrote.
    """
    seen = tuple(shape), tuple(strides)
    if len(shape) != _IMAGE_AXES or not held.strides or seen == (held.shape, held.strides):
        return False
    of_call = held.kernel is None and strides[3] > shape[1] and strides[0] == shape[2] * strides[2]
    return shape[1] > 1 and shape[2] * shape[3] > 1 and strides[1] == 1 and not of_call


def after(op: str, counted: Counted, held: Sequence[Holding], shape: Sequence[int], strides: Sequence[int]) -> Holding:
    """What the output of this shape and these strides holds, from what was read."""
    dynamic = [h for h in held if h.dynamic]
    depth = 1 + max((h.depth for h in held), default=0)
    field = extend(counted, [h.field for h in dynamic]) if dynamic else None
    digest = chain(counted, bool(dynamic), (h.digest for h in held))
    told = op in PUT_TOGETHER and len(shape) == _IMAGE_AXES
    return Holding(
        bool(dynamic), depth, field, _producer(op, counted, dynamic), digest, shape=tuple(shape), strides=() if told else tuple(strides)
    )  # fmt: skip


def record(
    name: str, op: str, counted: Counted, reads: Sequence[Read], written: Written, holding: Holding, params: int, merged: int
) -> OpRecord:  # fmt: skip
    """The record of one call; `params` are counted here first, `merged` is what `merged_bytes` said before it was read."""
    act_in = sum(r.nbytes for r in reads if r.held.dynamic)
    fixed_in = sum(r.nbytes for r in reads if not r.held.dynamic)
    return OpRecord(
        name=name,
        op=op,
        counted=counted,
        output_shape=written.shape,
        params=params,
        act_bytes_in=act_in,
        act_bytes_out=written.nbytes if holding.dynamic else 0,
        weight_bytes=fixed_in + (0 if holding.dynamic else written.nbytes),
        receptive_field=max(holding.field[:2]) if holding.field else None,
        depth=holding.depth,
        fixed=not holding.dynamic,
        folded=_folds(counted, op, reads),
        merged_bytes=merged,
        live_bytes=written.live_bytes,
    )


def merged_bytes(op: str, counted: Counted, reads: Sequence[Read]) -> int:
    """Bytes spared where a compiler continues the pointwise kernel that made an input: it is neither written nor read again.

    Pointwise operators, norms and softmax can; only the first reader of a tensor is taken to.
    """
    if not (_pointwise(counted, op) or counted.op_class in ("norm", "softmax")):
        return 0
    return 2 * sum(r.nbytes for r in reads if r.held.dynamic and r.held.producer == "pointwise" and not r.held.readers)


def _producer(op: str, counted: Counted, dynamic: Sequence[Holding]) -> str:
    if op == "convolution":
        return "conv"
    if not dynamic:
        return ""
    after_conv = {"norm": "conv", "activation": "conv+act"}.get(counted.op_class, "")
    if dynamic[0].producer == "conv" and after_conv:
        return after_conv
    return "pointwise" if _pointwise(counted, op) else ""


def _pointwise(counted: Counted, op: str) -> bool:
    """Whether each output element depends on the inputs at its place only; a batch norm in inference is a scale."""
    return counted.op_class in ("activation", "elementwise") or "batch_norm" in op


def _folds(counted: Counted, op: str, reads: Sequence[Read]) -> bool:
    """Whether a deployed graph merges the operator into the convolution before it."""
    after_conv = any(r.held.dynamic and r.held.producer == "conv" for r in reads)
    return after_conv and ("batch_norm" in op or counted.op_class == "activation")
