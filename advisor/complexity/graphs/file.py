"""Reads an ONNX file as data: parses it, sets the input's size, infers shapes. Weights are never loaded, nothing is executed.

Weights in other files stay there: their shapes are in the graph. Raises DataError, in one line, for whatever is damaged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from typing import Any

from advisor.complexity.graphs.graph import Constant, Graph, Node, Shape
from advisor.errors import DataError, MissingExtra, UsageError

_MOST_BYTES = 2**31 - 1
"""The format's own limit for one file."""
_FEW = 1024
"""Elements up to which a constant's values are read: they may decide a shape."""
_ROUNDS = 64
"""Times that shapes are inferred again with numbers that the graph computes from them."""
_FLOATS = ("FLOAT", "FLOAT16", "BFLOAT16", "DOUBLE")
_WIDTHS = {"INT64": 8, "UINT64": 8, "INT8": 1, "UINT8": 1, "BOOL": 1, "INT16": 2, "UINT16": 2, "COMPLEX64": 8}
_OWN_DOMAINS = ("", "ai.onnx")
_COLOURS = (1, 3, 4)


def parse(path: Path) -> Any:  # noqa: ANN401 - onnx is untyped
    """The model in a file, its functions inlined, without weights that are stored elsewhere. Raises DataError, MissingExtra."""
    if not path.is_file():
        raise DataError(f"no ONNX file {path}")
    try:
        import onnx
        from onnx.inliner import inline_local_functions
    except ImportError as error:
        raise MissingExtra("reading an ONNX file", "onnx") from error
    if path.stat().st_size > _MOST_BYTES:
        raise DataError(f"{path} is larger than 2 GiB; save its weights as external data, which advisor need not read")
    try:
        model = onnx.load(str(path), load_external_data=False)
        if not model.graph.node:
            raise DataError(f"{path} holds no ONNX graph (no nodes)")
        return inline_local_functions(model) if model.functions else model
    except DataError:
        raise
    except Exception as error:  # protobuf, onnx and the file system each have errors of their own
        raise DataError(f"{path} is not a readable ONNX file: {_first_line(error)}") from error


def graph_of(path: Path, model: Any, resolution: int | None) -> Graph:  # noqa: ANN401 - onnx is untyped
    """The graph at the file's own input size, or at `resolution` where it leaves the size open (224 without one).

    Raises DataError where a shape cannot be told, UsageError where the resolution is not the file's.
    """
    work = type(model)()
    work.CopyFrom(model)
    stored = {tensor.name for tensor in work.graph.initializer}
    image = _image(path, [i for i in work.graph.input if i.name not in stored])
    batch, side, any_size = _set_size(path, image, resolution)
    constants = dict(_constants(work.graph))
    _without_weights(work.graph)
    done, shapes, widths = _inferred(path, work, constants)
    nodes = [_node(n) for n in done.graph.node if n.op_type != "Constant"]
    _require_shapes(path, nodes, shapes)
    outputs = tuple(o.name for o in done.graph.output)
    return Graph(nodes, image.name, outputs, shapes, widths, constants, batch, side, any_size)


def _inferred(path: Path, work: Any, constants: dict[str, Constant]) -> tuple[Any, dict[str, Shape], dict[str, int]]:  # noqa: ANN401
    """Shapes by onnx's own inference; where it stops at numbers computed in the graph, these are worked out and it goes on."""
    from onnx import numpy_helper, shape_inference

    from advisor.complexity.graphs.constants import worked_out

    known = {t.name: numpy_helper.to_array(t) for t in work.graph.initializer if prod(t.dims) <= _FEW}
    known |= {n.output[0]: numpy_helper.to_array(n.attribute[0].t) for n in work.graph.node if _holds_tensor(n)}
    for _ in range(_ROUNDS):
        _forget_shapes(work.graph)
        try:
            done = shape_inference.infer_shapes(work, check_type=False, strict_mode=False, data_prop=True)
        except Exception as error:  # of the C++ side
            raise DataError(f"{path}: its shapes do not go together: {_first_line(error)}") from error
        shapes, widths = _shapes(done.graph, constants)
        if all(o in shapes for n in done.graph.node for o in n.output[:1]):
            break
        added = set(worked_out(done.graph.node, _attributes, shapes, known))
        if not added:
            break
        constants |= {name: _computed(known[name]) for name in added}
        left = [n for n in work.graph.node if not added & set(n.output)]
        del work.graph.node[:]
        work.graph.node.extend(left)
        work.graph.initializer.extend(numpy_helper.from_array(known[name], name) for name in sorted(added))
    return done, shapes, widths


def _holds_tensor(node: Any) -> bool:  # noqa: ANN401 - onnx is untyped
    return bool(
        node.op_type == "Constant"
        and node.attribute
        and node.attribute[0].name == "value"
        and _few(node.attribute[0].t)
    )


def _few(tensor: Any) -> bool:  # noqa: ANN401 - onnx is untyped
    from onnx import TensorProto

    return bool(prod(tensor.dims) <= _FEW and tensor.data_location != TensorProto.EXTERNAL)


def _computed(value: Any) -> Constant:  # noqa: ANN401 - a numpy array
    return Constant(value.shape, value.dtype.kind == "f", tuple(float(v) for v in value.reshape(-1)), stored=False)


def _attributes(node: Any) -> dict[str, Any]:  # noqa: ANN401 - onnx is untyped
    from onnx import helper

    return {a.name: helper.get_attribute_value(a) for a in node.attribute if a.type not in (a.GRAPH, a.GRAPHS)}


def _first_line(error: Exception) -> str:
    said = str(error).strip().splitlines()
    return said[0][:200] if said else type(error).__name__


def _image(path: Path, inputs: list[Any]) -> Any:  # noqa: ANN401 - onnx is untyped
    if len(inputs) != 1:
        names = ", ".join(i.name for i in inputs) or "none"
        raise DataError(f"{path} must have one input, the image; it has {len(inputs)}: {names}")
    rank = len(inputs[0].type.tensor_type.shape.dim)
    if rank != 4:
        raise DataError(f"{path}: its input {inputs[0].name} has {rank} dimensions; a batch of images has 4")
    return inputs[0]


def _set_size(path: Path, image: Any, resolution: int | None) -> tuple[int, int, bool]:  # noqa: ANN401 - onnx is untyped
    """(batch, side, whether the side was open): what the file leaves open is set, what it fixes stays."""
    dims = list(image.type.tensor_type.shape.dim)
    channels_last = dims[3].dim_value in _COLOURS and dims[1].dim_value not in _COLOURS
    batch, (rows, columns), colours = (
        dims[0],
        (dims[1:3] if channels_last else dims[2:4]),
        dims[3 if channels_last else 1],
    )
    any_size = not (rows.dim_value or columns.dim_value)
    side = (resolution or 224) if any_size else (rows.dim_value or columns.dim_value)
    for dim, usual in ((batch, 1), (colours, 3), (rows, side), (columns, side)):
        if not dim.dim_value:
            dim.dim_value = usual
    if rows.dim_value != columns.dim_value:
        raise DataError(f"{path} takes images of {rows.dim_value}x{columns.dim_value}; advisor counts square ones only")
    if resolution is not None and resolution != side:
        raise UsageError(f"{path} takes images of {side} px only, not of {resolution}; export it at {resolution} px")
    if min(d.dim_value for d in dims) < 1:
        raise DataError(f"{path}: its input {image.name} has a side below 1")
    return batch.dim_value, side, any_size


def _constants(graph: Any) -> Iterator[tuple[str, Constant]]:  # noqa: ANN401 - onnx is untyped
    from onnx import helper

    for tensor in graph.initializer:
        yield tensor.name, _constant(tensor, stored=True)
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.output:
            value = helper.get_attribute_value(node.attribute[0])
            if node.attribute[0].name == "value":
                yield node.output[0], _constant(value, stored=False)
            elif node.attribute[0].name in ("value_int", "value_float"):
                yield node.output[0], Constant((), node.attribute[0].name == "value_float", (float(value),), False)
            elif node.attribute[0].name in ("value_ints", "value_floats"):
                listed = tuple(float(v) for v in value)
                yield node.output[0], Constant((len(listed),), node.attribute[0].name == "value_floats", listed, False)


def _constant(tensor: Any, *, stored: bool) -> Constant:  # noqa: ANN401 - onnx is untyped
    from onnx import numpy_helper

    shape = tuple(int(d) for d in tensor.dims)
    values = None
    if _few(tensor):
        try:
            values = tuple(float(v) for v in numpy_helper.to_array(tensor).reshape(-1))
        except (ValueError, TypeError, RuntimeError):
            values = None  # a type without numbers (text), or fewer bytes than its shape says: of no use for shapes
    return Constant(shape, _type_name(tensor.data_type) in _FLOATS, values, stored)


def _type_name(number: int) -> str:
    from onnx import TensorProto

    try:
        return str(TensorProto.DataType.Name(number))
    except ValueError:
        return "UNDEFINED"


def _without_weights(graph: Any) -> None:  # noqa: ANN401 - onnx is untyped
    """Large or external initializers become inputs of their shape: inference copies the model, and need not read them."""
    from onnx import helper

    kept = []
    inputs = {i.name for i in graph.input}
    for tensor in graph.initializer:
        if _few(tensor):
            kept.append(tensor)
        elif tensor.name not in inputs:
            graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _forget_shapes(graph: Any) -> None:  # noqa: ANN401 - onnx is untyped
    """Drop stated shapes, which may be of another input size; those of operators that inference does not know stay."""
    foreign = {o for n in graph.node if n.domain not in _OWN_DOMAINS for o in n.output}
    kept = [info for info in graph.value_info if info.name in foreign]
    del graph.value_info[:]
    graph.value_info.extend(kept)
    for output in graph.output:
        if output.name not in foreign:
            output.type.tensor_type.ClearField("shape")


def _shapes(graph: Any, constants: dict[str, Constant]) -> tuple[dict[str, Shape], dict[str, int]]:  # noqa: ANN401
    shapes: dict[str, Shape] = {name: constant.shape for name, constant in constants.items()}
    widths: dict[str, int] = {}
    for info in (*graph.input, *graph.value_info, *graph.output):
        kind = info.type.tensor_type
        dims = [d.dim_value for d in kind.shape.dim]
        widths[info.name] = _WIDTHS.get(_type_name(kind.elem_type), 4)
        if kind.HasField("shape") and all(d.HasField("dim_value") for d in kind.shape.dim):
            shapes[info.name] = tuple(dims)
    return shapes, widths


def _node(node: Any) -> Node:  # noqa: ANN401 - onnx is untyped
    op = node.op_type if node.domain in _OWN_DOMAINS else f"{node.domain}.{node.op_type}"
    return Node(op, tuple(node.input), tuple(node.output), _attributes(node), _scope(node))


def _scope(node: Any) -> str:  # noqa: ANN401 - onnx is untyped
    """Path of the module that the node came from, as torch's exporters note it; else the node's name."""
    noted = next((p.value for p in node.metadata_props if p.key == "pkg.torch.onnx.name_scopes"), "")
    scopes = [part.strip(" '\"") for part in noted.strip("[]").split(",")]
    if len(scopes) > 1:
        return scopes[-2]
    parts = [part for part in str(node.name).split("/") if part]
    return parts[-2] if len(parts) > 1 else str(node.name)


def _require_shapes(path: Path, nodes: Iterable[Node], shapes: dict[str, Shape]) -> None:
    for node in nodes:
        for output in node.outputs[:1]:
            if output and output not in shapes:
                raise DataError(
                    f"{path}: the shape of {output!r} ({node.op}) cannot be told from the graph; "
                    "run onnxsim or onnxruntime's symbolic shape inference on it, or export it with a fixed input size"
                )
