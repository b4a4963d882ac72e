"""Features of an architecture at a batch size: the one place that makes them, for fitting and for predicting.

Every count is affine in the batch size, so a table keeps what grows per image and what does not; but for what compiled batches of one
pay. Loads numpy, no torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from advisor.predict.descriptors import describe

if TYPE_CHECKING:
    from advisor.records import ClassTotals, Complexity

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Key: TypeAlias = tuple[str, int]
"""(signature, resolution)."""

GROUPS = {
    "dense": ("conv_kxk",),
    "pointwise": ("conv_1x1",),
    "grouped": ("conv_grouped",),
    "depthwise": ("conv_dw",),
    "linear": ("linear",),
    "attention": ("attention", "softmax"),
    "pool": ("pool",),
    "light": ("norm", "activation", "elementwise", "move", "other"),
}
"""Op classes that share a coefficient. `light` ops only move data; a fusing runtime makes most of them vanish."""

TERMS = (
    "dense_macs", "pointwise_macs", "grouped_macs", "depthwise_macs", "linear_macs", "attention_macs",
    "dense_bytes", "pointwise_bytes", "grouped_bytes", "depthwise_bytes", "linear_bytes", "attention_bytes", "pool_bytes",
    "light_bytes", "statistics_bytes", "weight_bytes", "thin_weight_bytes", "ops", "one", "copied_bytes", "copied_one",
)  # fmt: skip
"""Columns of the design: multiply-accumulates and activation bytes by group (norms that take statistics apart), weight bytes (not
growing with the batch; those of layers with few positions apart), operators, a constant, and what only a measurement that includes
copies to and from the device pays for."""

_COMPUTING = len(GROUPS) - 2
"""Groups with multiply-accumulates: all but `pool` and `light`."""
_MACS = slice(0, _COMPUTING)
_OPS, _LIGHT, _POOL = (TERMS.index(name) for name in ("ops", "light_bytes", "pool_bytes"))
_WEIGHTS = TERMS.index("weight_bytes")
_BYTES = slice(_COMPUTING, _OPS)
"""Activation bytes by group and of statistics, then weight bytes."""
_GENERATED = {
    "light_bytes": "light",
    "statistics_bytes": "statistics",
    "pool_bytes": "pool",
    "attention_bytes": "softmax",
}
"""Terms whose bytes generated kernels move, and the kind of kernel. Those of attention itself are a library's."""
_GENERATED_TERMS = [TERMS.index(name) for name in _GENERATED]
COPY_TERMS = (TERMS.index("copied_bytes"), TERMS.index("copied_one"))

ELEMENT_BYTES = {
    "fp64": 8.0, "fp32": 4.0, "tf32": 4.0, "amp_fp16": 2.0, "amp_bf16": 2.0, "fp16": 2.0, "bf16": 2.0, "mixed": 2.0,
    "int8+fp16": 1.5, "int8": 1.0,
}  # fmt: skip
"""Bytes of one activation or weight as computed with; catalogue counts are at four."""

FUSING = ("tensorrt", "paddle-tensorrt", "tf-trt", "onnxruntime", "ncnn", "tflite", "armnn")
"""Runtimes that fold normalisation and activations into the operator before: they pay per kernel, not per operator."""
GENERATING = ("pytorch-compile",)
"""Runtimes that call libraries for convolutions and products, with nothing folded into them, and generate kernels of all between."""

_MOST_SPARED = 0.9
"""Share of what only moves data that fusion can spare at most."""
RECOMPUTING = ("pytorch-eager", "pytorch-compile", "torch7")
"""Runtimes that standardise weights and compute other constants in every forward; the others do so once."""
_LOGITS_BYTES = 4000.0
_PIXEL_BYTES = 12.0
"""Three fp32 channels: what a measurement that includes copies moves per input pixel, and 1000 fp32 logits back."""


@dataclass(frozen=True)
class Table:
    """Counts of many architectures: `per_image` grows with the batch, `fixed` does not. Columns are TERMS, then kernels."""

    keys: tuple[Key, ...]
    per_image: Floats
    fixed: Floats
    kernels: Floats
    weights: Floats
    """Bytes of parameters and buffers at fp32."""
    recomputed: Floats
    """Architectures x (weight bytes, operators) that RECOMPUTING runtimes pay for beyond the weights themselves."""
    spared: Floats
    """Bytes per image of operators that only move data which a fusing runtime spares."""
    generated: Floats
    """Architectures x bytes per image of _GENERATED_TERMS, for a runtime that generates kernels."""
    generated_fixed: Floats
    """The same that do not grow with the batch, then kernels and library calls."""
    relaid: Floats
    """Bytes that such a runtime moves in a batch of one beyond that, because convolutions do not know the layout of their image."""
    reordered: Floats
    """Architectures x (weight bytes moved, operators): such a runtime brings the weights of convolutions into its layout every time."""
    inputs: Floats
    """Bytes of activations that operators read, per image; the others of the moved ones are written."""
    attention: Floats
    """Share of the multiply-accumulates that multiplies activations by activations."""
    descriptors: Floats
    """What each architecture is like (descriptors.py)."""

    def rows(self, wanted: Iterable[Key]) -> Ints:
        """Positions of keys in the table. Raises KeyError for an unknown one."""
        at = {key: i for i, key in enumerate(self.keys)}
        return np.array([at[key] for key in wanted], dtype=np.int64)


def tabulate(complexities: Sequence[Complexity]) -> Table:
    """The table of complexities, in their order."""
    count = len(complexities)
    per_image, fixed = np.zeros((count, len(TERMS))), np.zeros((count, len(TERMS)))
    for i, c in enumerate(complexities):
        per_image[i], fixed[i] = _per_image(c), _fixed(c)
    kernels = np.array([c.n_kernels - c.extras.get("merged_ops", 0.0) for c in complexities], dtype=np.float64)
    weights = np.array([c.weight_bytes for c in complexities], dtype=np.float64)
    recomputed = np.array([_recomputed(c) for c in complexities], dtype=np.float64).reshape(count, 2)
    spared = np.array([_spared(c) for c in complexities], dtype=np.float64)
    generated = np.array([_generated(c) for c in complexities], dtype=np.float64).reshape(count, len(_GENERATED))
    still = np.array([_generated_fixed(c) for c in complexities], dtype=np.float64).reshape(count, len(_GENERATED) + 1)
    relaid = np.array([c.extras.get("generated_relaid_bytes", 0.0) for c in complexities], dtype=np.float64)
    reordered = np.array([reordered_weights(c) for c in complexities], dtype=np.float64).reshape(count, 2)
    attention = np.array([_attention_share(c) for c in complexities], dtype=np.float64)
    keys = tuple((c.signature, c.resolution) for c in complexities)
    described = describe(complexities)
    inputs = np.array([sum(t.act_bytes_in for t in c.classes.values()) for c in complexities], dtype=np.float64)
    return Table(
        keys, per_image, fixed, kernels, weights, recomputed, spared, generated, still, relaid, reordered, inputs, attention, described
    )  # fmt: skip


def _attention_share(c: Complexity) -> float:
    totals = c.classes.get("attention")
    return 0.0 if totals is None else totals.macs / max(c.macs, 1)


def _per_image(c: Complexity) -> list[float]:
    grouped = [[c.classes[name] for name in names if name in c.classes] for names in GROUPS.values()]
    macs = [sum(totals.macs for totals in group) for group in grouped[:_COMPUTING]]
    statistics, copied = c.extras.get("statistics_bytes", 0.0), _PIXEL_BYTES * c.resolution**2 + _LOGITS_BYTES
    *computing, light = (_moved(group) for group in grouped)
    return [*macs, *computing, light - statistics, statistics, 0.0, 0.0, 0.0, 0.0, copied, 0.0]


def _spared(c: Complexity) -> float:
    """Never more than there is: some of what is merged are softmaxes, which belong to attention."""
    merged = c.extras.get("merged_bytes", 0.0) + c.extras.get("folded_bytes", 0.0)
    light = _per_image(c)[_LIGHT]
    return min(merged, _MOST_SPARED * light)


def _generated(c: Complexity) -> list[float]:
    """Bytes per image of _GENERATED_TERMS: attention itself is a library's, operators that no table knows count by their own bytes."""
    moved = {term: c.extras.get(f"generated_{kind}_bytes", 0.0) for term, kind in _GENERATED.items()}
    for term, name in (("attention_bytes", "attention"), ("light_bytes", "other")):
        moved[term] += _moved([c.classes[name]] if name in c.classes else [])
    return list(moved.values())


def _generated_fixed(c: Complexity) -> list[float]:
    moved = [c.extras.get(f"generated_{kind}_fixed", 0.0) for kind in _GENERATED.values()]
    return [*moved, c.extras.get("generated_kernels", 0.0)]


def reordered_weights(c: Complexity) -> tuple[float, float]:
    """(bytes moved, operators) to bring weights of convolutions into another layout: each read and written once; 1x1 and depthwise
    ones are alike in both layouts."""
    wide = [c.classes[name] for name in ("conv_kxk", "conv_grouped") if name in c.classes]
    return 2.0 * sum(totals.weight_bytes for totals in wide), float(sum(totals.n for totals in wide))


def _moved(group: Iterable[ClassTotals]) -> float:
    return sum(totals.act_bytes_in + totals.act_bytes_out for totals in group)


def _recomputed(c: Complexity) -> tuple[float, float]:
    """Bytes of weights that operators read and write, in excess of the weights, and the operators that work on weights alone."""
    touched = sum(totals.weight_bytes for totals in c.classes.values())
    return max(0.0, touched - c.weight_bytes), c.extras.get("fixed_ops", 0.0)


def _fixed(c: Complexity) -> list[float]:
    """What does not grow with the batch, such as a table of relative positions computed in every forward."""
    macs, moved = c.extras.get("fixed_macs", 0.0), c.extras.get("fixed_act_bytes", 0.0)
    thin = c.extras.get("thin_weight_bytes", 0.0)
    known = {
        "linear_macs": macs,
        "light_bytes": moved,
        "weight_bytes": c.weight_bytes - thin,
        "thin_weight_bytes": thin,
        "ops": c.n_ops,
        "one": 1.0,
        "copied_one": 1.0,
    }
    return [float(known.get(name, 0.0)) for name in TERMS]


def design(
    table: Table, rows: Ints, batch: Floats | float, precision: str, runtime: str, copies: Floats | float = 0.0
) -> Floats:
    """Features of table rows at a batch size, at one precision and runtime; `copies` is 1 where copies were timed.

    Columns are TERMS in multiply-accumulates, bytes at the precision, operators and ones.
    """
    batches, copied = np.broadcast_to(batch, rows.shape)[:, None], np.broadcast_to(copies, rows.shape)
    found: Floats = table.fixed[rows] + table.per_image[rows] * batches
    if runtime in FUSING:
        found[:, _OPS] = table.kernels[rows]
        found[:, _LIGHT] -= table.spared[rows] * batches[:, 0]
    if runtime in GENERATING:
        still = table.generated_fixed[rows]
        found[:, _GENERATED_TERMS] = still[:, :-1] + table.generated[rows] * batches
        found[:, _POOL] += np.where(batches[:, 0] == 1.0, table.relaid[rows], 0.0)
        found[:, _OPS] = still[:, -1] + table.reordered[rows, 1]
        found[:, _WEIGHTS] += table.reordered[rows, 0]
    if runtime in RECOMPUTING:  # counts of operators hold those that work on weights already
        found[:, _WEIGHTS] += table.recomputed[rows, 0]
        found[:, _OPS] += table.recomputed[rows, 1] if runtime in GENERATING else 0.0
    found[:, _BYTES] *= ELEMENT_BYTES[precision] / 4.0
    found[:, list(COPY_TERMS)] *= copied[:, None]
    return found


def group_bytes(table: Table) -> Floats:
    """Activation bytes of one image by group, at four bytes an element."""
    return table.per_image[:, _COMPUTING:_WEIGHTS]


def group_macs(table: Table) -> Floats:
    """Multiply-accumulates of one image by group, of those that have any."""
    return table.per_image[:, _MACS]
