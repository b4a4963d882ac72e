"""Which constants of a graph are parameters, and which are buffers: a file does not say. Structure decides, names where torch wrote them.

A parameter is a floating tensor that the file stores, with more than one element or the path of a module as its name, or the integer
weights of a quantised layer. Statistics of batch norms and what modules keep as buffers are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from advisor.complexity.graphs.graph import Constant, Graph

_STATISTICS: dict[str, tuple[int, ...]] = {"BatchNormalization": (3, 4)}
_SETTINGS: dict[str, tuple[int, ...]] = {
    "Resize": (1, 2, 3), "Upsample": (1,), "Clip": (1, 2), "Pad": (1, 2, 3), "Dropout": (1, 2), "QuantizeLinear": (1, 2),
    "DequantizeLinear": (1, 2), "QLinearConv": (1, 2, 4, 5, 6, 7), "QLinearMatMul": (1, 2, 4, 5, 6, 7), "OneHot": (1, 2),
}  # fmt: skip
_INTEGER_WEIGHTS: dict[str, tuple[int, ...]] = {
    "DequantizeLinear": (0,), "QLinearConv": (3,), "ConvInteger": (1,), "MatMulInteger": (1,), "QLinearMatMul": (3,),
}  # fmt: skip
_BUFFERS = (
    "attn_mask",
    "relative_coords_table",
    "relative_position_index",
    "running_mean",
    "running_var",
    "num_batches_tracked",
)
"""Last parts of names under which torch modules keep what is not trained."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Elements of each parameter, and bytes of each buffer."""

    parameters: dict[str, int]
    buffers: tuple[int, ...]


def weights_of(graph: Graph) -> Weights:
    """Parameters and buffers of a graph, read or not; one that a file shares between layers counts for each copy it was."""
    settings, statistics, integers = (_read_at(graph, table) for table in (_SETTINGS, _STATISTICS, _INTEGER_WEIGHTS))
    found: dict[str, int] = {}
    buffers: list[int] = []
    for name, constant in graph.constants.items():
        if name in statistics or (constant.stored and name.rpartition(".")[2] in _BUFFERS):
            buffers.append(4 * prod(constant.shape))
        elif name in integers or (name not in settings and _trained(name, constant)):
            found[name] = prod(constant.shape)
    copies = {n.outputs[0]: found[n.input(0)] for n in graph.nodes if n.op == "Identity" and n.input(0) in found}
    return Weights(found | copies, tuple(buffers))


def _trained(name: str, constant: Constant) -> bool:
    return constant.stored and constant.floating and (prod(constant.shape) > 1 or "." in name)


def _read_at(graph: Graph, table: dict[str, tuple[int, ...]]) -> set[str]:
    return {node.input(at) for node in graph.nodes for at in table.get(node.op, ())} - {""}
