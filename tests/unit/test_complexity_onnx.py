"""ONNX graphs count like the modules they came from, and a file can do no harm."""

from __future__ import annotations

import itertools
import random
import warnings
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402
from torch import nn  # noqa: E402

from advisor import zoo  # noqa: E402
from advisor.complexity import live  # noqa: E402
from advisor.complexity.caching import LARGE_SEGMENT, RESERVED  # noqa: E402
from advisor.complexity.graphs.layout import contiguous, viewed  # noqa: E402
from advisor.complexity.graphs.reading import read  # noqa: E402
from advisor.complexity.matching import alike, same_architecture  # noqa: E402
from advisor.complexity.outside import from_onnx  # noqa: E402
from advisor.errors import AdvisorError, DataError, UsageError  # noqa: E402


def exported(module: nn.Module, path: Path, side: int, batch: int = 1, opset: int = 17, **options) -> Path:
    """The module with weights that all differ, as the exporter writes it."""
    torch.manual_seed(0)
    for parameter in module.parameters():
        parameter.data.normal_(std=0.02)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(), (torch.randn(batch, 3, side, side),), str(path), dynamo=False, opset_version=opset, **options
        )
    return path


def graph(path: Path, nodes, initializers=(), shape=(1, 3, 32, 32), inputs=(), domain: str = "") -> Path:
    """A file of hand-made nodes from `x` to `y`."""
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))
    made = helper.make_graph(
        list(nodes), "g", [image, *inputs], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], initializers
    )
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    path.write_bytes(helper.make_model(made, opset_imports=opsets).SerializeToString())
    return path


def weight(name: str, *shape: int) -> onnx.TensorProto:
    count = 1
    for side in shape:
        count *= side
    return helper.make_tensor(name, TensorProto.FLOAT, shape, [0.01 * i for i in range(count)])


CONV = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])

# One of each kind: norms folded into convolutions, depthwise and squeeze-excitation, norms before convolutions, attention.
EXPORTED = (
    "torchvision/resnet18",
    "torchvision/mobilenet_v3_small",
    "torchvision/densenet121",
    "timm/vit_tiny_patch16_224",
)


@pytest.mark.parametrize("name", EXPORTED)
def test_an_exported_graph_is_recognised_and_counts_like_its_module(name, tmp_path):
    side = zoo.default_resolution(name)
    module = live.explain(name).complexity
    found = read(exported(zoo.build_on_cpu(name), tmp_path / "m.onnx", side), None)
    own = found.trace.complexity
    assert abs(own.macs / module.macs - 1) < 0.01
    assert own.activations == module.activations
    assert own.uncounted == ()
    assert same_architecture(found, [module]) == module.signature
    assert {c for c, t in own.classes.items() if t.macs} == {c for c, t in module.classes.items() if t.macs}
    assert own.extras["generated_light_bytes"] == pytest.approx(module.extras["generated_light_bytes"], rel=0.1)
    # a local variable of the module keeps a tensor longer than the graph does: large segments are then cut otherwise
    for count, (batch, _) in RESERVED.items():
        assert own.extras[count] == pytest.approx(
            module.extras[count], rel=0.1 if batch <= 8 else 0.5, abs=LARGE_SEGMENT
        )


@pytest.mark.parametrize("name", ["torchvision/resnet18", "timm/vit_tiny_patch16_224"])
def test_parameters_are_exact_where_the_exporter_folds_nothing(name, tmp_path):
    side = zoo.default_resolution(name)
    options = {"do_constant_folding": False, "training": torch.onnx.TrainingMode.PRESERVE}
    own = read(exported(zoo.build_on_cpu(name), tmp_path / "m.onnx", side, **options), None).trace.complexity
    module = live.explain(name).complexity
    assert own.params == module.params
    assert own.n_ops == module.n_ops
    assert own.classes == module.classes


def small() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 24, 3, 2, 1), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.LayerNorm(24), nn.Linear(24, 40), nn.GELU(), nn.Linear(40, 10),
    )  # fmt: skip


def test_older_opsets_unfold_layer_norm_gelu_and_silu_and_reading_folds_them(tmp_path):
    found = read(exported(small(), tmp_path / "m.onnx", 32, opset=14), None)
    assert [layer.op for layer in found.trace.layers] == [
        "convolution", "relu", "convolution", "silu", "mean", "native_layer_norm", "addmm", "gelu", "addmm",
    ]  # fmt: skip
    module = live.trace(small(), 32)
    assert same_architecture(found, [module.complexity]) == module.complexity.signature
    assert found.trace.complexity.classes == module.complexity.classes


def test_an_open_batch_and_size_count_like_fixed_ones(tmp_path):
    fixed = read(exported(small(), tmp_path / "a.onnx", 48), None)
    axes = {"input_names": ["x"], "dynamic_axes": {"x": {0: "n", 2: "h", 3: "w"}}}
    free = exported(small(), tmp_path / "b.onnx", 32, **axes)
    assert read(free, 48).trace.complexity == fixed.trace.complexity
    assert read(free, None).resolution == 224


def test_a_file_of_four_images_counts_per_image(tmp_path):
    one = read(exported(small(), tmp_path / "a.onnx", 32), None).trace.complexity
    four = read(exported(small(), tmp_path / "b.onnx", 32, batch=4), None).trace.complexity
    assert (four.macs, four.params, four.classes) == (one.macs, one.params, one.classes)
    assert four.classes["linear"].macs == 24 * 40 + 40 * 10


def test_a_networks_counts_alone_do_not_make_it_a_registered_one(tmp_path):
    relu, gelu = live.trace(small(), 32).complexity, small()
    gelu[1] = nn.GELU()
    found = read(exported(gelu, tmp_path / "m.onnx", 32), None)
    assert same_architecture(found, [relu]) is None
    assert alike(found.trace.complexity, [relu]) == [relu.signature]


def test_weights_in_another_file_are_never_opened(tmp_path):
    model = onnx.load(str(exported(small(), tmp_path / "m.onnx", 32)))
    inside = read(tmp_path / "m.onnx", None).trace.complexity
    path = tmp_path / "external.onnx"
    onnx.save_model(model, str(path), save_as_external_data=True, location="weights.bin", size_threshold=1024)
    (tmp_path / "weights.bin").unlink()
    assert read(path, None).trace.complexity == inside


def test_an_unknown_operator_is_counted_by_its_bytes_and_named(tmp_path):
    strange = helper.make_node("Wobble", ["c"], ["y"], domain="my.company")
    conv = helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    path = graph(tmp_path / "m.onnx", [conv, strange], [weight("w", 8, 3, 3, 3)], domain="my.company")
    model = onnx.load(str(path))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, 32, 32]))
    path.write_bytes(model.SerializeToString())
    own = read(path, None).trace.complexity
    assert own.uncounted == ("my.company.Wobble",)
    assert own.classes["other"].act_bytes_in == 4 * 8 * 32 * 32


def test_a_quantised_convolution_counts_as_the_one_it_stands_for(tmp_path):
    stored = helper.make_tensor("wq", TensorProto.INT8, (8, 3, 3, 3), [1] * 216)
    scale = helper.make_tensor("s", TensorProto.FLOAT, (), [0.1])
    nodes = [
        helper.make_node("DequantizeLinear", ["wq", "s"], ["w"]),
        helper.make_node("QuantizeLinear", ["x", "s"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "s"], ["xd"]),
        helper.make_node("Conv", ["xd", "w"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    ]
    own = read(graph(tmp_path / "q.onnx", nodes, [stored, scale]), None).trace.complexity
    plain = read(graph(tmp_path / "p.onnx", [CONV], [weight("w", 8, 3, 3, 3)]), None).trace.complexity
    assert (own.macs, own.params, own.n_ops) == (plain.macs, plain.params, plain.n_ops) == (8 * 27 * 1024, 216, 1)


def test_shapes_that_the_graph_computes_are_worked_out_but_never_large_ones(tmp_path):
    huge = helper.make_tensor("n", TensorProto.INT64, (2,), [10**6, 10**6])
    nodes = [
        helper.make_node("ConstantOfShape", ["n"], ["big"]),
        helper.make_node("Reshape", ["x", "big"], ["r"]),
        helper.make_node("Conv", ["r", "w"], ["y"]),
    ]
    path = graph(tmp_path / "m.onnx", nodes, [huge, weight("w", 8, 3, 3, 3)])
    with pytest.raises(DataError, match="cannot be told"):
        read(path, None)


@pytest.mark.parametrize(
    ("shape", "asked", "said"),
    [
        ((1, 3, 32, 48), None, "32x48; advisor counts square ones only"),
        ((1, 3, 32), None, "a batch of images has 4"),
        ((1, 3, 32, 32), 64, "takes images of 32 px only, not of 64"),
    ],
)
def test_an_input_that_is_no_square_image_of_the_size_is_refused_with_what_it_is(shape, asked, said, tmp_path):
    path = graph(tmp_path / "m.onnx", [CONV], [weight("w", 8, 3, 3, 3)], shape)
    with pytest.raises((DataError, UsageError), match=said):
        read(path, asked)


def test_a_graph_with_two_inputs_or_without_products_is_refused(tmp_path):
    other = helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 3, 32, 32])
    add = helper.make_node("Add", ["x", "z"], ["y"])
    with pytest.raises(DataError, match="one input, the image; it has 2: x, z"):
        read(graph(tmp_path / "m.onnx", [add], inputs=[other]), None)
    with pytest.raises(DataError, match="multiplies nothing"):
        read(graph(tmp_path / "n.onnx", [helper.make_node("Relu", ["x"], ["y"])]), None)


def test_damaged_files_are_read_or_refused_with_an_error_of_our_own(tmp_path):
    # In this process: whatever Python raises is turned into one line by the worker; here almost nothing may be left to that.
    whole = exported(small(), tmp_path / "m.onnx", 32).read_bytes()
    chance, path, own, foreign = random.Random(7), tmp_path / "damaged.onnx", [], []
    for number in range(120):
        damaged = bytearray(whole)
        if number % 3 == 0:
            damaged = damaged[: chance.randrange(len(whole))]
        for _ in range((number % 3) * 5):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(bytes(damaged))
        try:
            read(path, None)
        except AdvisorError as error:
            own.append(str(error))
        except Exception as error:
            foreign.append(error)
    assert not any("\n" in said for said in own)
    assert len(own) > 40
    assert len(foreign) <= 6


@pytest.mark.parametrize("content", [b"", b"not a graph", bytes(range(256)) * 40])
def test_the_process_that_reads_a_file_says_in_one_line_what_is_wrong(content, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"m\.onnx") as raised:
        from_onnx(path, None)
    assert "\n" not in str(raised.value)


def test_a_result_survives_the_way_between_processes(tmp_path):
    path = exported(small(), tmp_path / "m.onnx", 32)
    assert from_onnx(path, None) == read(path, None)


SHAPES = [(2, 3, 4), (1, 6, 4), (4, 1, 3), (2, 2, 2, 3)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_reshape_is_a_view_exactly_where_pytorch_says_so(shape):
    wanted = [(24,), (6, 4), (2, 12), (3, 8), (2, 3, 4), (1, 24), (4, 6), (2, 2, 6), (12,), (3, 4), (12, 1)]
    for order in itertools.permutations(range(len(shape))):
        tensor = torch.empty(shape).permute(order)
        for new in (w for w in wanted if torch.Size(w).numel() == tensor.numel()):
            try:
                expected = tensor.view(new).stride()
            except RuntimeError:
                expected = None
            assert viewed(tuple(tensor.shape), tensor.stride(), new) == expected
    assert contiguous(shape) == torch.empty(shape).stride()
