"""From raw traces at batch 1 and 8 to layers and totals per image. Pure; the only place that sums operators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import prod, sqrt

from advisor.complexity.caching import RESERVED, grown, reserved
from advisor.complexity.generated import KINDS, takes_statistics
from advisor.complexity.raw import OpRecord, RawTrace
from advisor.records import ClassTotals, Complexity, Layer

RIDGES = (5, 20, 80, 320)
"""Multiply-accumulates per element at which a device turns from memory- to compute-bound, for the roofline sums."""
SMALL_OUTPUT = 32768
"""Output elements of one image below which an operator cannot fill a large GPU."""
FEW_ROWS = 8
"""Positions per image up to which a product reads its weights for hardly more than one use: memory sets its pace."""
SHORT, NARROW = 64, 32
"""Products of one output element, and output channels, below which a multiply-accumulate unit is not filled."""
BYTES_PER_ELEMENT = 4


def layers(trace: RawTrace) -> tuple[Layer, ...]:
    """One row per operator, at the trace's batch size."""
    return tuple(
        Layer(
            index=index,
            name=op.name,
            op=op.op,
            op_class=op.counted.op_class,
            output_shape=op.output_shape,
            params=op.params,
            macs=op.counted.macs,
            bytes_in=op.act_bytes_in,
            bytes_out=op.act_bytes_out,
            weight_bytes=op.weight_bytes,
            receptive_field=op.receptive_field,
        )
        for index, op in enumerate(trace.ops)
    )


def combine(one: RawTrace, eight: RawTrace, identity: str, uncounted: Iterable[str]) -> Complexity:
    """Totals of one architecture; counts that grow with the batch are per image, what does not is kept apart."""
    first, last = _by_class(one), _by_class(eight)
    span = eight.batch_size - one.batch_size
    classes = {c: _per_image(first[c], last.get(c, first[c]), span) for c in first}
    return Complexity(
        signature=identity,
        resolution=one.resolution,
        params=one.params,
        macs=_sum(one.ops, lambda op: op.counted.macs),
        activations=_activations(one),
        weight_bytes=one.weight_bytes,
        n_ops=len(one.ops),
        n_kernels=sum(1 for op in one.ops if not op.folded and not op.fixed),
        depth=max((op.depth for op in one.ops), default=0),
        peak_live_bytes_b1=one.peak_live_bytes,
        peak_live_bytes_b8=eight.peak_live_bytes,
        classes=classes,
        uncounted=tuple(sorted(set(uncounted))),
        extras=_extras(one, eight, first, classes),
    )


def _sum(ops: Iterable[OpRecord], of: Callable[[OpRecord], int]) -> int:
    return sum(of(op) for op in ops)


def _activations(trace: RawTrace) -> int:
    """Elements that convolutions and linear layers put out, per image."""
    wanted = ("conv_kxk", "conv_1x1", "conv_dw", "conv_grouped", "linear")
    outputs = (prod(op.output_shape) for op in trace.ops if op.counted.op_class in wanted and not op.fixed)
    return sum(outputs) // trace.batch_size


def _by_class(trace: RawTrace) -> dict[str, ClassTotals]:
    grouped: dict[str, list[OpRecord]] = {}
    for op in trace.ops:
        grouped.setdefault(op.counted.op_class, []).append(op)
    return {c: _totals(ops) for c, ops in grouped.items()}


def _totals(ops: list[OpRecord]) -> ClassTotals:
    return ClassTotals(
        n=len(ops),
        macs=_sum(ops, lambda op: op.counted.macs),
        act_bytes_in=_sum(ops, lambda op: op.act_bytes_in),
        act_bytes_out=_sum(ops, lambda op: op.act_bytes_out),
        weight_bytes=_sum(ops, lambda op: op.weight_bytes),
    )


def _per_image(first: ClassTotals, last: ClassTotals, span: int) -> ClassTotals:
    """Slope of an affine count over the batch; weight bytes do not grow and stay as they are."""
    return ClassTotals(
        n=first.n,
        macs=(last.macs - first.macs) / span,
        act_bytes_in=(last.act_bytes_in - first.act_bytes_in) / span,
        act_bytes_out=(last.act_bytes_out - first.act_bytes_out) / span,
        weight_bytes=first.weight_bytes,
    )


def _extras(
    one: RawTrace, eight: RawTrace, first: Mapping[str, ClassTotals], classes: Mapping[str, ClassTotals]
) -> dict[str, float]:
    """Further features, zeros left out; shares are of the multiply-accumulates of one image.

    fixed_*: what does not grow with the batch (negative where one image is spared a copy that more images need);
    extra_ops_b8: operators that batch 8 runs and batch 1 does not, for the same reason. docs/complexity.md has the table.
    """
    macs = max(_sum(one.ops, lambda op: op.counted.macs), 1)
    crooked = _sum((op for op in one.ops if not op.counted.aligned), lambda op: op.counted.macs)
    small = _sum((op for op in one.ops if prod(op.output_shape) < SMALL_OUTPUT), lambda op: op.counted.macs)
    extras: dict[str, float] = {f"roofline_{ridge}": _roofline(one, ridge) for ridge in RIDGES}
    extras |= {
        "macs_share_unaligned": round(crooked / macs, 4),
        "macs_share_small_output": round(small / macs, 4),
        "largest_tensor_bytes": one.largest_tensor_bytes,
        "largest_op_bytes": max((op.act_bytes_in + op.act_bytes_out for op in one.ops), default=0),
        "buffer_bytes": one.buffer_bytes,
        "peak_position": round(one.peak_position, 4),
        "max_branching": one.max_branching,
        "fixed_macs": sum(first[c].macs - classes[c].macs for c in first),
        "fixed_act_bytes": sum(_act(first[c]) - _act(classes[c]) for c in first),
        "fixed_ops": sum(1 for op in one.ops if op.fixed),
        "extra_ops_b8": len(eight.ops) - len(one.ops),
        **_after_fusion(one, eight),
        **_generated(one, eight),
        **_badly_filled(one, macs),
        "peak_copies_b1": _peak_with_copies(one),
        "peak_copies_b8": _peak_with_copies(eight),
        **_reserved(one, eight),
    }
    return {name: value for name, value in extras.items() if value or name.startswith("roofline")}


def _reserved(one: RawTrace, eight: RawTrace) -> dict[str, float]:
    """What the caching allocator of a GPU reserves: its steps are whole segments, so no line through two batch sizes tells it."""
    histories = {1: one.history, 8: eight.history, 64: grown(one.history, eight.history, 64)}
    return {name: reserved(one.held, histories[batch], share) for name, (batch, share) in RESERVED.items()}


def _after_fusion(one: RawTrace, eight: RawTrace) -> dict[str, float]:
    """What a compiler spares (bytes per image), and norms that are computed at inference."""
    span = eight.batch_size - one.batch_size

    def growth(of: Callable[[OpRecord], int]) -> float:
        return (_sum(eight.ops, of) - _sum(one.ops, of)) / span

    return {
        "merged_ops": sum(1 for op in one.ops if op.merged_bytes and not op.folded and not op.fixed),
        "merged_bytes": growth(lambda op: 0 if op.folded else op.merged_bytes),
        "folded_bytes": growth(lambda op: op.act_bytes_in + op.act_bytes_out if op.folded else 0),
        "statistics_bytes": growth(
            lambda op: op.act_bytes_in + op.act_bytes_out if takes_statistics(op.counted, op.op) else 0
        ),
    }


def _generated(one: RawTrace, eight: RawTrace) -> dict[str, float]:
    """Bytes moved by a compiler's own kernels between library calls: what grows with each image and, `_fixed`, what does not."""
    span = eight.batch_size - one.batch_size
    found = {"generated_kernels": float(one.generated["kernels"])}
    found |= {"generated_relaid_bytes": float(one.generated["relaid"])}  # a batch of one pays it
    for kind in KINDS:
        slope = (eight.generated[kind] - one.generated[kind]) / span
        found |= {f"generated_{kind}_bytes": slope, f"generated_{kind}_fixed": one.generated[kind] - slope}
    return found


def _badly_filled(one: RawTrace, macs: int) -> dict[str, float]:
    """Work that cannot use a device well: few rows, short or narrow products, many small operators."""
    working = [op for op in one.ops if op.counted.macs]
    short = _sum((op for op in working if op.counted.macs < SHORT * prod(op.output_shape)), lambda op: op.counted.macs)
    narrow = _sum((op for op in working if _channels_out(op) < NARROW), lambda op: op.counted.macs)
    return {
        "thin_weight_bytes": _sum((op for op in working if _positions(op) <= FEW_ROWS), lambda op: op.weight_bytes),
        "macs_share_short": round(short / macs, 4),
        "macs_share_narrow": round(narrow / macs, 4),
        "sqrt_macs": round(sum(sqrt(op.counted.macs) for op in working)),
        "sqrt_bytes": round(sum(sqrt(op.act_bytes_in + op.act_bytes_out) for op in one.ops)),
    }


def _channels_out(op: OpRecord) -> int:
    return op.output_shape[1] if op.counted.op_class.startswith("conv") else op.output_shape[-1]


def _positions(op: OpRecord) -> int:
    """Output positions that use each weight, of one image."""
    return prod(op.output_shape) // max(_channels_out(op), 1)


def _peak_with_copies(trace: RawTrace) -> int:
    """Peak of live bytes where every convolution holds copies of its input and output in a layout of its own (as oneDNN may)."""
    convolutions = (op for op in trace.ops if op.counted.op_class.startswith("conv"))
    return max((op.live_bytes + op.act_bytes_in + op.act_bytes_out for op in convolutions), default=0)


def _act(totals: ClassTotals) -> float:
    return totals.act_bytes_in + totals.act_bytes_out


def _roofline(trace: RawTrace, ridge: int) -> int:
    """Sum over operators of the larger of compute (in elements' worth) and elements moved, weights included."""
    return sum(max(op.counted.macs // ridge, _elements(op)) for op in trace.ops)


def _elements(op: OpRecord) -> int:
    return (op.act_bytes_in + op.act_bytes_out + op.weight_bytes) // BYTES_PER_ELEMENT
