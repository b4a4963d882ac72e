"""Goes through a graph in order and records what each operator costs, as a traced forward would: same table, same records.

Views share the storage of what they show; a tensor is freed after its last reader.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod

from advisor.complexity.generated import Generated
from advisor.complexity.graphs import layout
from advisor.complexity.graphs.graph import Graph, Node, Shape
from advisor.complexity.graphs.links import Links
from advisor.complexity.graphs.liveness import Liveness, Step, Storage
from advisor.complexity.graphs.translate import ACTIVATIONS, VIEWS, Call, translated
from advisor.complexity.graphs.weights import Weights, weights_of
from advisor.complexity.identity import chain, join
from advisor.complexity.ledger import Holding
from advisor.complexity.ops import OpCall, Operand, count
from advisor.complexity.raw import Counted, OpRecord, RawTrace
from advisor.complexity.recording import Read, Written, after, merged_bytes, record, turned
from advisor.errors import DataError

FOLDED = ("none", "all", "activated")
"""Which biased convolutions had a batch norm: none, all, or those that an activation reads."""
_KEEP_LAYOUT = ("activation", "elementwise", "norm", "pool")


@dataclass(frozen=True, slots=True)
class Tensor:
    """A storage seen in a shape."""

    storage: Storage
    shape: Shape
    strides: Shape


@dataclass(slots=True)
class Walk:
    """One pass over a graph; `norms` takes biased convolutions for ones with a batch norm folded into them, as FOLDED says."""

    graph: Graph
    norms: str = "none"
    ops: list[OpRecord] = field(default_factory=list)
    uncounted: set[str] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)
    max_branching: int = 0
    generated: Generated = field(default_factory=Generated)
    _tensors: dict[str, Tensor] = field(default_factory=dict)
    _activated: set[str] = field(default_factory=set)

    def run(self) -> RawTrace:
        """Every operator in order. Raises DataError where shapes do not go together."""
        graph, links, weights = self.graph, Links(self.graph), weights_of(self.graph)
        for name, constant in graph.constants.items():
            elements = weights.parameters.get(name, 0)
            self._place(
                name, Storage(4 * prod(constant.shape), Holding(False), elements, bool(elements)), constant.shape
            )
        size = 4 * graph.size(graph.image)
        image = Storage(size, Holding(True, 0, (1, 1, 1, 1), digest="image", nbytes=size))
        self._place(graph.image, image, graph.shapes[graph.image])
        self._activated = {n.input(0) for n in graph.nodes if n.op in ACTIVATIONS}
        for node in graph.nodes:
            if any(o in links.dynamic for o in node.outputs):
                self._go_on(node)
            else:
                self._fixed(node, weights.parameters)
        return self._finished(image, weights)

    def _place(self, name: str, storage: Storage, shape: Shape, strides: Shape | None = None) -> None:
        self._tensors[name] = Tensor(storage, shape, layout.contiguous(shape) if strides is None else strides)

    def _fixed(self, node: Node, parameters: dict[str, int]) -> None:
        """What does not depend on the image: work only where it is done on parameters."""
        known = [self._tensors[i] for i in node.inputs if i in self._tensors]
        if node.op in VIEWS and known:
            copy = parameters.get(node.outputs[0], 0)
            storage = replace(known[0].storage, parameters=copy) if copy else known[0].storage
            for output in node.outputs:
                self._place(output, storage, self.graph.shapes.get(output, ()))
        elif any(t.storage.trained for t in known) and node.op not in ("Shape", "Size"):
            self._go_on(node)
        else:
            for output in node.outputs:
                self._place(output, Storage(4, Holding(False)), self.graph.shapes.get(output, ()))

    def _go_on(self, node: Node) -> None:
        if node.op in VIEWS or (node.op == "Gather" and (self._picks_one(node) or self._picks_all(node))):
            self._view(node)
        else:
            self._work(node)

    def _picks_one(self, node: Node) -> bool:
        return prod(self.graph.shapes.get(node.input(1), (0,))) == 1

    def _picks_all(self, node: Node) -> bool:
        """Every element in its order: how torch's exporter writes another view of the same memory."""
        picked = self.graph.values(node.input(1))
        return (
            picked is not None
            and self.graph.shapes[node.input(0)] == (len(picked),)
            and list(picked) == [*range(len(picked))]
        )

    def _view(self, node: Node) -> None:
        source = self._tensors[node.input(0)]
        for output in node.outputs:
            if output not in self.graph.shapes:
                continue
            shape = self.graph.shapes[output]
            strides = self._strides(node, source, shape)
            if strides is None:
                source, strides = self._copied(node, source), None
            self._place(output, source.storage, shape, strides)

    def _strides(self, node: Node, source: Tensor, shape: Shape) -> Shape | None:
        """Strides of a view; None where the elements must be copied first."""
        if node.op == "Transpose":
            order = node.attrs.get("perm") or range(len(shape))[::-1]
            return layout.permuted(source.strides, order)
        if node.op == "Expand":
            return layout.expanded(source.shape, source.strides, shape)
        if node.op == "Gather" and self._picks_all(node):
            return layout.viewed(source.shape, source.strides, shape)
        if node.op == "Gather":
            axis = int(node.attrs.get("axis", 0)) % len(source.shape)
            picked = len(shape) - len(source.shape) + 1  # axes of the index: none, or some of one element
            return source.strides[:axis] + (1,) * picked + source.strides[axis + 1 :]
        if node.op in ("Reshape", "Flatten", "Squeeze", "Unsqueeze"):
            if prod(source.shape) != prod(shape):
                raise DataError(f"{node.op} {node.name}: {source.shape} does not hold as many elements as {shape}")
            return layout.viewed(source.shape, source.strides, shape)
        return source.strides if len(source.shape) == len(shape) else layout.contiguous(shape)

    def _copied(self, node: Node, source: Tensor) -> Tensor:
        call = Call("clone", (("", source.shape),))
        return self._record(node, call, [source], source.shape)

    def _work(self, node: Node) -> None:
        call = translated(self.graph, node)
        sources = [self._tensors[name] for name, _ in call.tensors]
        if call.op in ("bmm", "mm", "addmm"):
            pairs = zip(sources, call.tensors, strict=True)
            sources = [self._flattened(node, source, shape) for source, (_, shape) in pairs]
        written = self._record(node, call, sources, self.graph.shapes[node.outputs[0]])
        self._tensors[node.outputs[0]] = written
        for output in node.outputs[1:]:
            if output in self.graph.shapes:
                self._place(output, written.storage, self.graph.shapes[output])

    def _flattened(self, node: Node, source: Tensor, shape: Shape) -> Tensor:
        """The operand of a product as a stack of matrices: copied where its layout does not allow the view."""
        same = (
            len(shape) >= len(source.shape) or prod(shape) != prod(source.shape) or not source.storage.holding.dynamic
        )
        return source if same or layout.viewed(source.shape, source.strides, shape) else self._copied(node, source)

    def _record(self, node: Node, call: Call, sources: list[Tensor], shape: Shape) -> Tensor:
        operands = [
            Operand(seen, source.storage.holding.dynamic)
            for (_, seen), source in zip(call.tensors, sources, strict=True)
        ]
        counted, known = count(OpCall(call.op, operands, call.args, call.output or shape, self.graph.batch))
        if not known:
            self.uncounted.add(call.op)
        held = [source.storage.holding for source in sources]
        strides = _layout_after(call, counted, sources, shape)
        holding = self._with_norm(node, call, counted, after(call.op, counted, held, shape, strides), shape)
        reads = [
            Read(self._bytes(s), s.storage.holding, turned(s.shape, s.strides, s.storage.holding)) for s in sources
        ]
        merged = merged_bytes(call.op, counted, reads)
        nbytes = prod(shape) * self.graph.widths.get(node.outputs[0], 4)
        self.generated.step(call.op, counted, reads, holding, nbytes)
        for reader in {id(h): h for h in held}.values():
            reader.readers += 1
            self.max_branching = max(self.max_branching, reader.readers if reader.dynamic else 0)
        storage = Storage(nbytes, holding, trained=not holding.dynamic)
        written = Written(call.output or shape, nbytes, 0)
        params = sum(_take(source.storage) for source in sources)
        self.ops.append(record(node.name, call.op, counted, reads, written, holding, params, merged))
        self.steps.append(Step([s.storage for s in sources if s.storage.holding.dynamic], storage))
        return Tensor(storage, shape, strides)

    def _with_norm(self, node: Node, call: Call, counted: Counted, holding: Holding, shape: Shape) -> Holding:
        """What the output is known by where the exporter folded a batch norm into the convolution."""
        biased = self.norms != "none" and call.op == "convolution" and len(call.tensors) == 3 and holding.dynamic
        if not biased or counted.token is None or counted.token[0] != "conv":
            return holding
        if self.norms == "activated" and node.outputs[0] not in self._activated:
            return holding
        norm = Counted("norm", token=("batch_norm", prod(shape)))
        return replace(holding, digest=chain(norm, True, [holding.digest]))

    def _bytes(self, tensor: Tensor) -> int:
        return min(4 * prod(tensor.shape), tensor.storage.nbytes)

    def _finished(self, image: Storage, weights: Weights) -> RawTrace:
        graph, params, buffer_bytes = self.graph, sum(weights.parameters.values()), sum(weights.buffers)
        outputs = [self._tensors[o].storage for o in graph.outputs if o in self._tensors]
        live = Liveness(self.steps, image, outputs)
        ops = tuple(replace(op, live_bytes=bytes_) for op, bytes_ in zip(self.ops, live.by_step, strict=True))
        return RawTrace(
            ops=ops,
            batch_size=graph.batch,
            resolution=graph.resolution,
            digest=join(storage.holding.digest for storage in outputs),
            params=params,
            buffer_bytes=buffer_bytes,
            weight_bytes=4 * params + buffer_bytes,
            peak_live_bytes=live.peak_bytes,
            peak_position=live.peak_step / max(len(ops), 1),
            largest_tensor_bytes=live.largest_bytes,
            max_branching=self.max_branching,
            held=(*(4 * elements for elements in weights.parameters.values()), *weights.buffers),
            history=tuple(live.history),
            generated=self.generated.totals(),
        )


def _take(storage: Storage) -> int:
    taken, storage.parameters = storage.parameters, 0
    return taken


def _layout_after(call: Call, counted: Counted, sources: list[Tensor], shape: Shape) -> Shape:
    """Strides of an output: of its first input where the operator keeps them, with heads inside where attention was fused."""
    first = sources[0] if sources else None
    if call.op == "sdpa" and len(shape) == 4:
        order = (shape[0], shape[2], shape[1], shape[3])
        return layout.permuted(layout.contiguous(order), (0, 2, 1, 3))
    if first is None or not first.storage.holding.dynamic or call.op in ("native_layer_norm", "native_group_norm"):
        return layout.contiguous(shape)
    if first.shape == shape and counted.op_class in _KEEP_LAYOUT and layout.dense(shape, first.strides):
        return first.strides
    images = len(first.shape) == len(shape) == 4 and (counted.op_class.startswith("conv") or counted.op_class == "pool")
    if images and first.shape[1] > 1 and first.strides == layout.channels_last(first.shape):
        return layout.channels_last(shape)
    return layout.contiguous(shape)
