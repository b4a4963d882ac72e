"""Who makes and who reads each tensor of a graph, and what depends on the image. Changes nothing."""

from __future__ import annotations

from advisor.complexity.graphs.graph import Graph, Node

_STATIC = ("Shape", "Size")
"""Operators whose output depends on shapes alone."""
_LONGEST = 16
"""Nodes that a pattern spans at most."""
_STEPWISE = ("Add", "Sub", "Mul", "Div", "Pow", "Erf", "Tanh", "Sqrt", "Reciprocal", "ReduceMean", "Cast", "Neg")


class Links:
    """Who makes and who reads each tensor, and what depends on the image."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.maker = {o: n for n in graph.nodes for o in n.outputs if o}
        self.readers: dict[str, list[Node]] = {}
        self.dynamic = {graph.image}
        for node in graph.nodes:
            for name in node.inputs:
                self.readers.setdefault(name, []).append(node)
            if node.op not in _STATIC and any(i in self.dynamic for i in node.inputs):
                self.dynamic.update(o for o in node.outputs if o)

    def made_by(self, name: str, *ops: str) -> Node | None:
        """The node that makes a tensor, if it is one of these operators."""
        maker = self.maker.get(name)
        return maker if maker is not None and maker.op in ops else None

    def only_reader(self, name: str, *ops: str) -> Node | None:
        """The one node that reads a tensor, if it is one of these operators."""
        readers = self.readers.get(name, [])
        return readers[0] if len(readers) == 1 and readers[0].op in ops and name not in self.graph.outputs else None

    def fixed(self, name: str) -> bool:
        """Whether a tensor does not depend on the image."""
        return name not in self.dynamic

    def other(self, node: Node, name: str) -> str:
        """The other input of a node with two."""
        return node.input(1) if node.input(0) == name else node.input(0)

    def cone(self, final: str, start: str) -> list[Node] | None:
        """The nodes between two tensors, where nothing else that depends on the image enters; None where something does."""
        found: dict[int, Node] = {}
        open_names = [final]
        while open_names:
            name = open_names.pop()
            if name == start or self.fixed(name):
                continue
            maker = self.made_by(name, *_STEPWISE)
            if maker is None or len(found) > _LONGEST:
                return None
            if id(maker) not in found:
                found[id(maker)] = maker
                open_names.extend(maker.inputs)
        return list(found.values())
