"""From an ONNX file to its complexity, and to the identities under which a registered architecture may be recognised."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from advisor.complexity import totals
from advisor.complexity.graphs.file import graph_of, parse
from advisor.complexity.graphs.graph import Graph
from advisor.complexity.graphs.liveness import at_batch
from advisor.complexity.graphs.simplify import simplified
from advisor.complexity.graphs.walk import FOLDED, Walk
from advisor.complexity.identity import signature
from advisor.complexity.types import Identity, Outside, Trace
from advisor.errors import DataError, UsageError

_REFERENCE = 224
"""Where registered architectures have their identity, if they accept it."""


def read(path: Path, resolution: int | None) -> Outside:
    """The graph's layers, totals and identities. Raises DataError for a damaged file, UsageError for a size that it does not take."""
    model = parse(path)
    graph = simplified(graph_of(path, model, resolution))
    walk = Walk(graph)
    raw = walk.run()
    one, eight = at_batch(raw, 1), at_batch(raw, 8)
    if not any(op.counted.macs for op in one.ops):
        raise DataError(f"{path} multiplies nothing that depends on its input; is it a network?")
    complexity = totals.combine(one, eight, signature(one), walk.uncounted)
    identities = dict.fromkeys((*_identities(graph), *_at_reference(path, model, graph.resolution)))
    return Outside(Trace(totals.layers(one), complexity, 1), tuple(identities), graph.resolution)


def _identities(graph: Graph) -> Iterator[Identity]:
    """As the graph is written, and with the batch norms that exporters fold into convolutions."""
    for norms in FOLDED:
        yield Identity(graph.resolution, at_batch(Walk(graph, norms).run(), 1).digest)


def _at_reference(path: Path, model: Any, resolution: int) -> Iterator[Identity]:  # noqa: ANN401 - onnx is untyped
    """The same at the size of reference, where the graph takes it as well."""
    if resolution == _REFERENCE:
        return
    try:
        yield from list(_identities(simplified(graph_of(path, _resized(model), _REFERENCE))))
    except (DataError, UsageError):
        return


def _resized(model: Any) -> Any:  # noqa: ANN401 - onnx is untyped
    """A copy of the model whose input takes any size, whatever its file says."""
    changed = type(model)()
    changed.CopyFrom(model)
    stored = {tensor.name for tensor in changed.graph.initializer}
    for given in changed.graph.input:
        if given.name not in stored:
            for dim in given.type.tensor_type.shape.dim[2:]:
                dim.ClearField("dim_value")
    return changed
