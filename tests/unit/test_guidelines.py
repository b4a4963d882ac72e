"""Guidelines of the literature are named where the network itself bears them out, and nowhere else."""

from __future__ import annotations

from itertools import pairwise

import pytest

from advisor.recommend.guidelines import GUIDELINES, illustrated
from advisor.records import Makeup
from advisor.store import open_store


@pytest.fixture(scope="module")
def catalogue(shared_home):
    with open_store(str(shared_home / "advisor.db")) as store:
        yield store


def said(store, name: str) -> list[str]:
    model = store.model(name)
    return [sentence.partition(":")[0] for sentence in illustrated(store.makeup(model.name, model.default_resolution))]


VGG, BOTTLENECK, SKIP = (
    "stacked small filters as in VGG", "1x1 bottleneck as in GoogLeNet and ResNet-50", "skip connection as in ResNet",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("torchvision/vgg16", [VGG, "heavy classifier as in AlexNet and VGG"]),
        ("torchvision/alexnet", ["heavy classifier as in AlexNet and VGG"]),
        ("torchvision/googlenet", [BOTTLENECK, "parallel branches as in GoogLeNet"]),
        ("torchvision/resnet18", [VGG, SKIP]),
        ("torchvision/resnet50", [BOTTLENECK, SKIP]),
        ("torchvision/densenet121", [BOTTLENECK, "dense concatenation as in DenseNet"]),
        ("torchvision/regnet_y_8gf", ["grouped filters as in ResNeXt", SKIP]),
        ("torchvision/mobilenet_v2", ["depthwise separable filters as in MobileNet", SKIP]),
        ("torchvision/shufflenet_v2_x1_0", ["depthwise separable filters as in MobileNet"]),
        ("torchvision/vit_b_16", [SKIP]),
        ("timm/repvgg_a0+reparam", []),
    ],
)
def test_the_networks_of_the_lecture_illustrate_their_own_guidelines(catalogue, name, expected):
    assert said(catalogue, name) == expected


def torchvision_models(store) -> list[str]:
    return [model.name for model in store.models() if model.library == "torchvision"]


def test_small_filters_are_claimed_only_where_nearly_all_larger_filters_are_3x3(catalogue):
    torch, models = pytest.importorskip("torch"), pytest.importorskip("torchvision").models
    claimed = [name for name in torchvision_models(catalogue) if VGG in said(catalogue, name)]
    assert len(claimed) >= 8
    for name in claimed:
        with torch.device("meta"):
            network = models.get_model(name.partition("/")[2], weights=None)
        sides = [m.kernel_size for m in network.modules() if isinstance(m, torch.nn.Conv2d) and m.kernel_size != (1, 1)]
        assert sides.count((3, 3)) / len(sides) > 0.85, name


def test_a_skip_connection_is_claimed_only_where_tensors_are_added(catalogue):
    from advisor.complexity import shipped_layers

    for name in torchvision_models(catalogue):
        layers = shipped_layers(name)
        added = sum(layer.op == "add" for layer in layers or ())
        assert layers
        assert (SKIP in said(catalogue, name)) == (added >= 3), name


def test_a_bottleneck_is_claimed_only_where_1x1_filters_precede_larger_ones(catalogue):
    from advisor.complexity import shipped_layers

    for name in torchvision_models(catalogue):
        if BOTTLENECK in said(catalogue, name):
            classes = [layer.op_class for layer in shipped_layers(name) if layer.op_class.startswith("conv")]
            after = sum(a == "conv_1x1" and b in ("conv_kxk", "conv_grouped") for a, b in pairwise(classes))
            assert after >= 8, name


def test_never_more_than_two_are_named_and_each_carries_a_number_or_its_network(catalogue):
    for model in catalogue.models():
        found = illustrated(catalogue.makeup(model.name, model.default_resolution))
        assert len(found) <= 2
        assert all(
            any(name in sentence for name in ("VGG", "ResN", "GoogLeNet", "MobileNet", "DenseNet"))
            for sentence in found
        )


def test_nothing_is_named_of_what_was_not_traced():
    assert illustrated(None) == ()
    assert illustrated(Makeup("vgg", {}, {}, {}, 1)) == ()


def test_every_guideline_names_a_paper():
    assert all("arXiv:" in rule.paper for rule in GUIDELINES)


def test_every_pick_of_a_recommendation_is_told_its_guideline(shared_home, monkeypatch):
    from advisor.workflows.answering import recommend

    monkeypatch.setenv("ADVISOR_HOME", str(shared_home))
    answer = recommend(device="jetson-nano", max_latency="30ms", library="torchvision", top=8)
    assert sum(any("as in" in reason for reason in pick.reasons) for pick in answer.picks) >= 6
