"""Folds what exporters unfold back into the operators that a framework runs: GELU, SiLU, layer norms, attention, biased linear layers.

Each pattern looks at one node and, where the nodes before it are the pattern's, names the one operator that they compute.
Explicit attention stays as it is written: only what the exporter makes of fused attention is fused again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import prod

from advisor.complexity.graphs.graph import Graph, Node
from advisor.complexity.graphs.links import Links

Pattern = Callable[[Links, Node], "Node | None"]


def simplified(graph: Graph) -> Graph:
    """The graph with every pattern folded and nodes that nobody reads left out."""
    graph.nodes = [made for node in graph.nodes for made in _unpadded(graph, node)]
    for patterns in _PASSES:
        links = Links(graph)
        folded = {n.outputs[0]: n for n in _found(links, patterns)}
        nodes = [folded.get(node.outputs[0], node) if node.outputs else node for node in graph.nodes]
        graph.nodes = _needed(graph, nodes)
    return graph


def _unpadded(graph: Graph, node: Node) -> tuple[Node, ...]:
    """A convolution padded more on one side is a padding and a convolution: PyTorch has no other, exporters merge the two."""
    pads = list(node.attrs.get("pads") or ())
    half = len(pads) // 2
    if node.op != "Conv" or pads[:half] == pads[half:] or len(graph.shapes[node.input(0)]) != half + 2:
        return (node,)
    shape, name = graph.shapes[node.input(0)], f"{node.outputs[0]} padded"
    sides = zip(shape[2:], pads[:half], pads[half:], strict=True)
    graph.shapes[name] = (*shape[:2], *(size + before + after for size, before, after in sides))
    pad = Node("Pad", (node.input(0),), (name,), {}, node.name)
    conv = replace(node, inputs=(name, *node.inputs[1:]), attrs={**node.attrs, "pads": [0] * len(pads)})
    return pad, conv


def _found(links: Links, patterns: tuple[Pattern, ...]) -> Iterator[Node]:
    for node in links.graph.nodes:
        for pattern in patterns:
            fused = pattern(links, node)
            if fused is not None:
                yield fused
                break


def _needed(graph: Graph, nodes: list[Node]) -> list[Node]:
    """Nodes that lead to an output, in order."""
    wanted = set(graph.outputs)
    kept = []
    for node in reversed(nodes):
        if wanted & set(node.outputs):
            kept.append(node)
            wanted.update(node.inputs)
    return kept[::-1]


def _fused(op: str, inputs: tuple[str, ...], final: Node, named: Node | None = None) -> Node:
    return Node(op, inputs, final.outputs, {}, (named or final).name)


_GATES = {"Sigmoid": "Silu", "HardSigmoid": "HardSwish"}


def _gated(links: Links, node: Node) -> Node | None:
    """x * sigmoid(x) and its like; x * tanh(softplus(x))."""
    if node.op != "Mul":
        return None
    for x, gated in (node.inputs, node.inputs[::-1]):
        gate = links.made_by(gated, *_GATES, "Tanh")
        if gate is None or links.fixed(x):
            continue
        if gate.op in _GATES and gate.input(0) == x:
            return _fused(_GATES[gate.op], (x,), node)
        soft = links.made_by(gate.input(0), "Softplus") if gate.op == "Tanh" else None
        if soft is not None and soft.input(0) == x:
            return _fused("Mish", (x,), node)
    return None


def _hard_swish(links: Links, node: Node) -> Node | None:
    """x * clip(x + 3, 0, 6) / 6, in either order."""
    clip = links.made_by(node.input(0), "Clip") or links.made_by(node.input(1), "Clip") if node.op == "Mul" else None
    if clip is None:
        return None
    add = links.made_by(clip.input(0), "Add")
    x = links.other(node, clip.outputs[0])
    if add is None or x not in add.inputs:
        return None
    last = links.only_reader(node.outputs[0], "Div", "Mul")
    if last is None or not links.fixed(links.other(last, node.outputs[0])):
        return None
    return _fused("HardSwish", (x,), last)


def _gelu(links: Links, node: Node) -> Node | None:
    """0.5 x (1 + erf(x / sqrt 2)) and the form with tanh, whatever the order of its products."""
    if node.op not in ("Erf", "Tanh"):
        return None
    plus_one = links.only_reader(node.outputs[0], "Add")
    product = links.only_reader(plus_one.outputs[0], "Mul") if plus_one else None
    if plus_one is None or product is None:
        return None
    x, final = links.other(product, plus_one.outputs[0]), product
    halved = links.made_by(x, "Mul", "Div")
    if halved is not None and any(links.graph.scalar(i) is not None for i in halved.inputs):
        x = next(i for i in halved.inputs if links.graph.scalar(i) is None)
    else:
        half = links.only_reader(product.outputs[0], "Mul", "Div")
        final = half if half is not None and links.fixed(links.other(half, product.outputs[0])) else product
    between = links.cone(final.outputs[0], x)
    return _fused("Gelu", (x,), final) if between is not None and node in between else None


def _layer_norm(links: Links, node: Node) -> Node | None:
    """(x - mean) / sqrt(variance + epsilon), with scale and shift where they follow, over the last axes."""
    spread = links.made_by(node.input(1), "Sqrt") if node.op == "Div" else None
    centred = links.made_by(node.input(0), "Sub") if spread else None
    mean = links.made_by(centred.input(1), "ReduceMean") if centred else None
    if centred is None or mean is None or mean.input(0) != centred.input(0) or not _over_last(links.graph, mean):
        return None
    x, final = mean.input(0), node
    between = links.cone(final.outputs[0], x)
    if between is None or sum(n.op == "ReduceMean" for n in between) != 2:
        return None
    inputs = [x]
    for op in ("Mul", "Add"):
        step = links.only_reader(final.outputs[0], op)
        if step is None or not links.fixed(links.other(step, final.outputs[0])):
            break
        inputs.append(links.other(step, final.outputs[0]))
        final = step
    return _fused("LayerNormalization", tuple(inputs), final, node)


def _over_last(graph: Graph, mean: Node) -> bool:
    rank = len(graph.shapes[mean.input(0)])
    axes = mean.attrs.get("axes") or graph.values(mean.input(1)) or ()
    return sorted(int(a) % rank for a in axes) == list(range(rank - len(axes), rank)) != []


def _linear(links: Links, node: Node) -> Node | None:
    """A product with a matrix of weights, and the bias that is added to it."""
    if node.op != "Add":
        return None
    for made, bias in (node.inputs, node.inputs[::-1]):
        product = links.made_by(made, "MatMul")
        if product is None or not links.fixed(bias) or not links.fixed(product.input(1)):
            continue
        weight, shape = links.graph.shapes[product.input(1)], links.graph.shapes.get(bias, ())
        if len(weight) == 2 and prod(shape) == weight[1] and links.only_reader(made, "Add") is node:
            return _fused("Linear", (product.input(0), product.input(1), bias), node, product)
    return None


def _attention(links: Links, node: Node) -> Node | None:
    """softmax(a q (a k)^T + mask) v: how torch's exporters write fused attention, each factor scaled by itself."""
    soft = links.made_by(node.input(0), "Softmax") if node.op == "MatMul" else None
    if soft is None:
        return None
    masked = links.made_by(soft.input(0), "Add")
    made = next((i for i in masked.inputs if links.made_by(i, "MatMul")), "") if masked else soft.input(0)
    scores = links.made_by(made, "MatMul")
    query, key = (_unscaled(links, i) for i in scores.inputs) if scores else ("", "")
    if scores is None or not query or not key:
        return None
    shape = links.graph.shapes[query]
    wanted = (*shape[:-2], links.graph.shapes[scores.input(1)][-1], shape[-1])
    key = _upright(links, key, wanted) or key
    mask = () if masked is None else (links.other(masked, made),)
    return replace(_fused("Sdpa", (query, key, node.input(1), *mask), node), attrs={"key_shape": wanted})


def _unscaled(links: Links, name: str) -> str:
    """What was multiplied by a factor; '' where nothing was."""
    product = links.made_by(name, "Mul")
    if product is None:
        return ""
    factors = [i for i in product.inputs if links.fixed(i) and links.graph.size(i) == 1]
    return links.other(product, factors[0]) if factors else ""


def _upright(links: Links, name: str, wanted: tuple[int, ...]) -> str:
    """The tensor of the wanted shape behind transposes and reshapes; '' where there is none."""
    for _ in range(4):
        maker = links.made_by(name, "Transpose", "Reshape")
        if maker is None:
            return ""
        name = maker.input(0)
        if links.graph.shapes[name] == wanted and maker.op == "Transpose":
            return name
        behind = links.made_by(name, "Transpose")
        if links.graph.shapes[name] == wanted and behind is None:
            return name
    return ""


def _group_norm(links: Links, node: Node) -> Node | None:
    """Groups laid out as channels of an instance norm, and scale and shift after it."""
    if node.op != "InstanceNormalization":
        return None
    before, back = links.made_by(node.input(0), "Reshape"), links.only_reader(node.outputs[0], "Reshape")
    if before is None or back is None or links.graph.shapes[back.outputs[0]] != links.graph.shapes[before.input(0)]:
        return None
    inputs, final = [before.input(0)], back
    for op in ("Mul", "Add"):
        step = links.only_reader(final.outputs[0], op)
        if step is None or not links.fixed(links.other(step, final.outputs[0])):
            break
        inputs.append(links.other(step, final.outputs[0]))
        final = step
    return _fused("GroupNormalization", tuple(inputs), final, node)


def _scaled_sum(links: Links, node: Node) -> Node | None:
    """a + 1 * (b * c): torch's addcmul, by the factor of one that exporters leave."""
    if node.op != "Add":
        return None
    for added, made in (node.inputs, node.inputs[::-1]):
        unit = links.made_by(made, "Mul")
        factor = next((i for i in unit.inputs if links.graph.scalar(i) == 1.0), "") if unit else ""
        product = links.made_by(links.other(unit, factor), "Mul") if unit and factor else None
        if product is not None:
            return _fused("Addcmul", (added, *product.inputs), node)
    return None


def _roll(links: Links, node: Node) -> Node | None:
    """The end of a tensor put before its beginning."""
    if node.op != "Concat" or len(node.inputs) != 2:
        return None
    parts = [links.made_by(i, "Slice") for i in node.inputs]
    if parts[0] is None or parts[1] is None or parts[0].input(0) != parts[1].input(0):
        return None
    whole = parts[0].input(0)
    same = links.graph.shapes[whole] == links.graph.shapes[node.outputs[0]]
    return _fused("Roll", (whole,), node) if same else None


def _rolls(links: Links, node: Node) -> Node | None:
    """Rolls along two axes are one."""
    first = links.made_by(node.input(0), "Roll") if node.op == "Roll" else None
    return None if first is None else replace(node, inputs=first.inputs)


_PASSES: tuple[tuple[Pattern, ...], ...] = (
    (_gated, _hard_swish, _gelu, _layer_norm, _group_norm, _linear, _scaled_sum, _roll),
    (_attention, _rolls),
)
