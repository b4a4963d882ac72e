"""What a live trace must say, from small modules computed by hand to the arithmetic of the lecture."""

from __future__ import annotations

from itertools import pairwise

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("torchvision")

from torch import nn  # noqa: E402 - after the skip

from advisor import zoo  # noqa: E402
from advisor.complexity import explain, live, shapes, trace  # noqa: E402
from advisor.complexity.caching import RESERVED, grown  # noqa: E402
from advisor.errors import UnknownName, UsageError  # noqa: E402

FLOAT = 4
MAP = 8 * 8 * 4 * FLOAT
"""Bytes of the small modules' 4-channel 8x8 maps: a multiple of 512, so that rounding adds nothing."""


def peaks(module: nn.Module) -> tuple[int, int]:
    complexity = trace(module, 8, in_chans=4).complexity
    return complexity.peak_live_bytes_b1, complexity.peak_live_bytes_b8


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        return x + self.conv(self.conv(x))


class OnlyViews(nn.Module):
    def forward(self, x):
        return x.flatten(1).view(x.shape).transpose(2, 3)


class LectureAlexNet(nn.Module):
    """AlexNet as the lecture draws it: one column, 227x227 input, two normalisations."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 11, stride=4)
        self.pool1 = nn.MaxPool2d(3, 2)
        self.norm1 = nn.LocalResponseNorm(5)
        self.conv2 = nn.Conv2d(96, 256, 5, padding=2)
        self.pool2 = nn.MaxPool2d(3, 2)
        self.norm2 = nn.LocalResponseNorm(5)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1)
        self.pool5 = nn.MaxPool2d(3, 2)
        self.fc6 = nn.Linear(9216, 4096)
        self.fc7 = nn.Linear(4096, 4096)
        self.fc8 = nn.Linear(4096, 1000)
        self.relu = nn.ReLU()

    def forward(self, x):
        x = self.norm1(self.pool1(self.relu(self.conv1(x))))
        x = self.norm2(self.pool2(self.relu(self.conv2(x))))
        x = self.relu(self.conv4(self.relu(self.conv3(x))))
        x = self.pool5(self.relu(self.conv5(x))).flatten(1)
        return self.fc8(self.relu(self.fc7(self.relu(self.fc6(x)))))


ALEXNET = [
    # layer, output, parameters, multiply-accumulates, receptive field
    ("conv1", (96, 55, 55), 34_944, 105_415_200, 11),
    ("pool1", (96, 27, 27), 0, 0, 19),
    ("conv2", (256, 27, 27), 614_656, 447_897_600, 51),
    ("pool2", (256, 13, 13), 0, 0, 67),
    ("conv3", (384, 13, 13), 885_120, 149_520_384, 99),
    ("conv4", (384, 13, 13), 1_327_488, 224_280_576, 131),
    ("conv5", (256, 13, 13), 884_992, 149_520_384, 163),
    ("pool5", (256, 6, 6), 0, 0, 195),
    ("fc6", (4096,), 37_752_832, 37_748_736, None),
    ("fc7", (4096,), 16_781_312, 16_777_216, None),
    ("fc8", (1000,), 4_097_000, 4_096_000, None),
]


@pytest.fixture(scope="module")
def alexnet():
    return trace(LectureAlexNet(), 227)


@pytest.mark.parametrize(("name", "output", "params", "macs", "field"), ALEXNET)
def test_the_lectures_alexnet_layer_by_layer(alexnet, name, output, params, macs, field):
    (layer,) = [layer for layer in alexnet.layers if layer.name == name]
    assert layer.output_shape == (1, *output)
    assert (layer.params, layer.macs, layer.receptive_field) == (params, macs, field)


def test_the_lectures_alexnet_totals_and_normalisations(alexnet):
    assert alexnet.complexity.params == 62_378_344
    assert sum(layer.params for layer in alexnet.layers) == alexnet.complexity.params
    assert {layer.output_shape for layer in alexnet.layers if layer.name == "norm1"} >= {(1, 96, 27, 27)}
    assert {layer.output_shape for layer in alexnet.layers if layer.name == "norm2"} >= {(1, 256, 13, 13)}
    assert alexnet.complexity.uncounted == ()


def test_inception_reduces_before_the_large_kernel():
    direct = trace(nn.Conv2d(192, 32, 5, padding=2), 28, in_chans=192).complexity
    bottleneck = nn.Sequential(nn.Conv2d(192, 16, 1), nn.Conv2d(16, 32, 5, padding=2))
    reduced = trace(bottleneck, 28, in_chans=192).complexity
    assert direct.macs == 120_422_400
    assert reduced.macs == 2_408_448 + 10_035_200  # 12.4 M


def test_two_3x3_see_as_much_as_one_5x5_with_fewer_weights_and_one_nonlinearity_more():
    stack = trace(nn.Sequential(*(nn.Conv2d(64, 64, 3), nn.ReLU()) * 2), 32, in_chans=64)
    single = trace(nn.Sequential(nn.Conv2d(64, 64, 5), nn.ReLU()), 32, in_chans=64)
    assert stack.layers[-1].receptive_field == single.layers[-1].receptive_field == 5
    assert stack.layers[-1].output_shape == single.layers[-1].output_shape
    assert stack.complexity.params == 2 * 64 * (9 * 64 + 1) // 2 < single.complexity.params  # shared weights count once
    own = trace(nn.Sequential(nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU()), 32, in_chans=64)
    assert own.complexity.params == 2 * 64 * (9 * 64 + 1) < single.complexity.params
    assert own.complexity.classes["activation"].n == single.complexity.classes["activation"].n + 1


def test_a_resnet_blocks_identity_path_costs_one_addition_that_sees_both_branches():
    from torchvision.models.resnet import BasicBlock

    block = trace(BasicBlock(64, 64), 56, in_chans=64)
    (addition,) = [layer for layer in block.layers if layer.op == "add"]
    one_map = 64 * 56 * 56 * FLOAT
    assert (addition.bytes_in, addition.bytes_out) == (2 * one_map, one_map)
    assert (addition.params, addition.macs) == (0, 0)
    assert addition.receptive_field == 5
    assert block.complexity.macs == 2 * 56 * 56 * 64 * 64 * 9
    assert block.complexity.params == 2 * (64 * 64 * 9 + 2 * 64)


@pytest.mark.parametrize(("name", "millions"), [("vgg11", 133), ("vgg13", 133), ("vgg16", 138), ("vgg19", 144)])
def test_the_lectures_parameters_of_vgg(name, millions):
    assert round(explain(f"torchvision/{name}").complexity.params / 1e6) == millions


@pytest.mark.parametrize(
    ("module", "maps"),
    [
        (nn.Sequential(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)), 3),  # the caller keeps the image
        (nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU()), 3),
        (nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(inplace=True)), 2),
        (Residual(), 3),
        (OnlyViews(), 1),
        (nn.Identity(), 1),
    ],
    ids=["chain", "relu", "relu in place", "residual", "views", "nothing"],
)
def test_peak_of_live_tensors_computed_by_hand(module, maps):
    assert peaks(module) == (maps * MAP, 8 * maps * MAP)


def test_sizes_are_rounded_to_512_bytes():
    assert trace(nn.Conv2d(1, 1, 1), 3, in_chans=1).complexity.peak_live_bytes_b1 == 2 * 512


def test_views_do_no_work_and_parameters_are_not_activations():
    assert trace(OnlyViews(), 8, in_chans=4).layers == ()
    wide = trace(nn.Conv2d(4, 4, 7, padding=3), 8, in_chans=4).complexity
    assert wide.peak_live_bytes_b1 == 2 * MAP
    assert wide.weight_bytes == FLOAT * wide.params


def test_a_deployed_graph_folds_norm_and_activation_into_the_convolution():
    block = nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.ReLU())
    complexity = trace(block, 8, in_chans=4).complexity
    assert (complexity.n_ops, complexity.n_kernels, complexity.depth) == (5, 3, 5)


@pytest.mark.parametrize(
    ("module", "op_class"),
    [
        (nn.Conv2d(8, 8, 3), "conv_kxk"),
        (nn.Conv2d(8, 16, 1), "conv_1x1"),
        (nn.Conv2d(8, 8, 3, groups=8), "conv_dw"),
        (nn.Conv2d(8, 8, 3, groups=2), "conv_grouped"),
        (nn.Linear(8, 4), "linear"),
        (nn.BatchNorm2d(8), "norm"),
        (nn.GELU(), "activation"),
        (nn.Softmax(dim=1), "softmax"),
        (nn.AvgPool2d(2), "pool"),
        (nn.Upsample(scale_factor=2), "pool"),
        (nn.ZeroPad2d(1), "move"),
    ],
)
def test_each_operator_has_its_class(module, op_class):
    assert [layer.op_class for layer in trace(module, 8, in_chans=8).layers] == [op_class]


class Attention(nn.Module):
    def __init__(self, fused: bool) -> None:
        super().__init__()
        self.fused = fused

    def forward(self, x):
        tokens = x.flatten(2).unsqueeze(1)  # batch, 1 head, channels as tokens, pixels as width
        if self.fused:
            return nn.functional.scaled_dot_product_attention(tokens, tokens, tokens)
        return (tokens @ tokens.transpose(2, 3)).softmax(-1) @ tokens


@pytest.mark.parametrize(("fused", "kernels"), [(True, 1), (False, 3)])
def test_attention_counts_both_products_fused_or_not(fused, kernels):
    complexity = trace(Attention(fused), 8, in_chans=16).complexity
    assert complexity.classes["attention"].macs == complexity.macs == 2 * 16 * 16 * 64
    assert complexity.n_ops == kernels


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(8, 6, num_layers=2, batch_first=True, bidirectional=True)

    def forward(self, x):
        out, _ = self.rnn(x.flatten(2).transpose(1, 2))
        return out


def test_an_lstm_is_one_operator_that_uses_every_weight_once_a_step():
    complexity = trace(Recurrent(), 4, in_chans=8).complexity
    first, second = 2 * 4 * 6 * (8 + 6), 2 * 4 * 6 * (12 + 6)
    assert complexity.classes["linear"].n == 1
    assert complexity.macs == 16 * (first + second)
    assert complexity.uncounted == ()


class Fusable(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(4, 16, 3, padding=1), nn.LayerNorm(8), nn.Linear(16 * 64, 40)

    def forward(self, x):
        x = (self.conv(x).relu() + 1.0) * 2.0
        return self.head(self.norm(x).flatten(1))


def test_what_fusion_spares_and_what_fills_no_unit():
    extras, image = trace(Fusable(), 8, in_chans=4).complexity.extras, 16 * 64 * FLOAT
    assert extras["folded_bytes"] == 2 * image  # the activation after the convolution
    assert extras["merged_ops"] == 2  # the product goes on where the sum ended, the norm where the product did
    assert extras["merged_bytes"] == 4 * image
    assert extras["statistics_bytes"] == 2 * image
    assert extras["thin_weight_bytes"] == (16 * 64 + 1) * 40 * FLOAT
    conv, linear = 16 * 64 * 4 * 9, 16 * 64 * 40
    assert extras["macs_share_short"] == pytest.approx(conv / (conv + linear), abs=1e-4)
    assert extras["sqrt_macs"] == round(conv**0.5 + linear**0.5)
    assert extras["peak_copies_b1"] > 0


class Fourier(nn.Module):
    def forward(self, x):
        return torch.fft.rfft2(x).real


def test_an_operator_the_table_does_not_know_is_named():
    complexity = trace(Fourier(), 8).complexity
    assert complexity.uncounted == ("_fft_r2c",)
    assert complexity.classes["other"].act_bytes_in == 3 * 8 * 8 * FLOAT


class Standardised(nn.Module):
    """A convolution whose weights are normalised in every forward."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4, 4, 1, 1))

    def forward(self, x):
        return nn.functional.conv2d(x, self.weight - self.weight.mean())


def test_work_on_weights_alone_is_weight_traffic_and_does_not_grow_with_the_batch():
    complexity = trace(Standardised(), 8, in_chans=4).complexity
    assert complexity.classes["elementwise"].act_bytes_in == 0
    assert complexity.classes["elementwise"].weight_bytes > 0
    assert complexity.n_kernels == 1


@pytest.mark.parametrize(
    "name",
    ["torchvision/shufflenet_v2_x0_5", "timm/vit_tiny_patch16_224", "timm/convnext_atto", "timm/nf_regnet_b0"],
)
def test_counts_are_affine_in_the_batch(name):
    traceable = live.named(name)
    one, two, eight = (traceable.run(zoo.default_resolution(name), b)[0] for b in (1, 2, 8))
    for of in (lambda op: op.counted.macs, lambda op: op.act_bytes_in + op.act_bytes_out, lambda op: 1):
        first, second, last = (sum(of(op) for op in raw.ops) for raw in (one, two, eight))
        assert last - first == 7 * (second - first)
    slack = 512 * len(one.ops)
    assert abs(two.peak_live_bytes - (one.peak_live_bytes + (eight.peak_live_bytes - one.peak_live_bytes) / 7)) < slack


def test_copies_that_one_image_does_not_need_are_kept_apart():
    complexity = explain("timm/levit_128s").complexity  # a reshape of one image is a view, of more images a copy
    assert complexity.extras["fixed_act_bytes"] < 0
    assert complexity.extras["extra_ops_b8"] > 0


def test_per_image_sums_add_up_to_the_total():
    complexity = explain("timm/resnet18").complexity
    assert sum(c.macs for c in complexity.classes.values()) == complexity.macs
    assert sum(c.n for c in complexity.classes.values()) == complexity.n_ops


TWINS = [
    ("torchvision/resnet50", "timm/resnet50", "timm/gluon_resnet50_v1b"),
    ("torchvision/vgg11", "timm/vgg11"),
    ("torchvision/mobilenet_v3_large", "timm/mobilenetv3_large_100"),
    ("torchvision/vit_b_16", "timm/vit_base_patch16_224"),
    ("torchvision/regnet_y_400mf", "timm/regnety_004.pycls_in1k"),
]


@pytest.mark.parametrize("names", TWINS)
def test_implementations_of_one_architecture_share_its_signature(names):
    assert len({explain(name).complexity.signature for name in names}) == 1


def test_architectures_that_differ_have_signatures_that_differ():
    names = ["resnet18", "resnet18d", "resnet34", "seresnet18" if zoo_has("seresnet18") else "legacy_seresnet18"]
    signatures = [explain(f"timm/{name}").complexity.signature for name in names]
    assert len(set(signatures)) == len(names)
    relu = trace(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), 224).complexity.signature
    gelu = trace(nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU()), 224).complexity.signature
    assert relu != gelu


def zoo_has(model: str) -> bool:
    return f"timm/{model}" in zoo.list_models("timm")


def test_the_resolution_of_the_trace_does_not_change_the_signature():
    small, large = (explain("timm/mobilenetv3_small_050", size).complexity for size in (160, 256))
    assert small.signature == large.signature
    assert small.macs < large.macs


def test_the_callers_inference_mode_changes_no_count():
    plain = explain("torchvision/resnet18").complexity
    with torch.inference_mode():
        assert explain("torchvision/resnet18").complexity == plain
        module = zoo.build_on_cpu("torchvision/resnet18")
        assert trace(module, 224).complexity == plain
    assert trace(module, 224).complexity == plain


def test_the_callers_module_is_left_as_it_was():
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout()).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    trace(module, 16)
    assert module.training
    assert all(m.training for m in module.modules())
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert nn.functional.scaled_dot_product_attention.__name__ == "scaled_dot_product_attention"


class KeepsATensor(nn.Module):
    """Owns a tensor that is neither parameter nor buffer, so that it stays behind on the CPU."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = [torch.ones(4)]

    def forward(self, x):
        return x[:, : int(self.scale[0].sum())] * self.scale[0].view(1, 4, 1, 1)


def test_a_module_that_needs_values_is_traced_with_values():
    assert [layer.op for layer in trace(KeepsATensor(), 8, in_chans=4).layers][-1] == "mul"


def test_a_model_of_fixed_size_is_built_anew_for_another_resolution():
    plain, larger = (explain("timm/deit_tiny_patch16_224", size).complexity for size in (224, 384))
    assert larger.resolution == 384
    assert larger.signature == plain.signature
    assert larger.params > plain.params  # position embedding


def test_a_refused_resolution_and_an_unknown_name_say_so():
    with pytest.raises(UsageError, match=r"does not run at 16x16|cannot be built"):
        explain("torchvision/inception_v3", 16)
    with pytest.raises(UnknownName, match="resnet50"):
        explain("timm/resnet5O")


@pytest.mark.parametrize("name", ["timm/resnet18", "timm/convnext_atto", "torchvision/googlenet", "timm/mobilevit_xxs"])
def test_shape_shortcuts_give_what_torch_gives(name, monkeypatch):
    quick = live.named(name).run(224, 2)
    monkeypatch.setattr(shapes, "_SHORTCUTS", {})
    assert quick == live.named(name).run(224, 2)


def test_receptive_fields_never_shrink_along_a_chain():
    fields = [layer.receptive_field for layer in explain("torchvision/vgg11").layers]
    known = [f for f in fields if f is not None]
    assert all(a <= b for a, b in pairwise(known))
    assert known[-1] == 150


class ReplacesABuffer(nn.Module):
    """Frees a buffer while it runs, so that its address can come back as an activation's."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("grid", torch.zeros(1))

    def forward(self, x):
        self.grid = torch.zeros(4, 1, 1, device=x.device)
        for _ in range(50):
            x = x + self.grid
        return x


def test_a_freed_buffer_is_not_taken_for_an_activation():
    traces = [trace(ReplacesABuffer(), 8, in_chans=4) for _ in range(3)]
    assert {t.complexity.signature for t in traces} == {traces[0].complexity.signature}
    assert all(layer.bytes_in == MAP for layer in traces[0].layers if layer.op == "add")


def reserved_mib(module: nn.Module, size: int, channels: int) -> list[float]:
    extras = trace(module, size, in_chans=channels).complexity.extras
    return [extras[name] / 2**20 for name in RESERVED]


def test_small_weights_and_maps_fill_one_small_segment_and_more_images_more_of_them():
    # maps of 1 KiB an image beside the weight: 1024 bytes in and out
    assert reserved_mib(nn.Conv2d(4, 4, 1), 8, 4) == [2, 2, 2, 2, 2, 2]


def test_maps_of_more_than_1_mib_take_a_large_segment_and_of_10_or_more_one_of_their_own():
    # 4 channels of 512 x 512 at fp32: 4 MiB a map, 32 MiB at batch 8; input and output are alive at once, the weight is small
    halved = [2 + 20, 2 + 16 + 16, 2 + 128 + 128]
    assert reserved_mib(nn.Conv2d(4, 4, 1), 512, 4) == [2 + 20, 2 + 32 + 32, 2 + 256 + 256, *halved]


def test_a_map_that_is_no_longer_needed_serves_the_next_layer():
    # each of four layers takes what the one before the last gave back
    assert reserved_mib(nn.Sequential(*(nn.Conv2d(4, 4, 1) for _ in range(4))), 1024, 4)[0] == 2 + 3 * 16


@pytest.mark.parametrize("name", ["torchvision/mobilenet_v3_small", "timm/vit_tiny_patch16_224"])
def test_what_a_large_batch_reserves_is_that_of_a_trace_of_it(name):
    traceable = live.named(name)
    one, eight, large = (traceable.run(224, batch)[0] for batch in (1, 8, 64))
    assert len(one.history) == len(eight.history)
    assert list(large.history) == grown(one.history, eight.history, 64)
