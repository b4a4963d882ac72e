"""Names, builders and weights: what the libraries state, and nothing more."""

from __future__ import annotations

import subprocess
import sys

import pytest

from advisor import zoo
from advisor.errors import MissingExtra, UnknownName, UsageError

HEAVY = "torch", "torchvision", "timm"


def test_importing_the_zoo_and_complexity_loads_no_library():
    code = f"import sys, advisor.zoo, advisor.complexity; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_library_names_the_extra(monkeypatch):
    for module in ("torch", "torchvision.models", "timm"):
        monkeypatch.setitem(sys.modules, module, None)
    zoo.list_models.cache_clear()
    with pytest.raises(MissingExtra, match=r"arch-advisor\[torch\]"):
        zoo.list_models("torchvision")


@pytest.mark.parametrize("name", ["resnet50", "keras/resnet50", "timm/", ""])
def test_a_name_needs_its_library(name):
    with pytest.raises(UnknownName, match="torchvision/NAME or timm/NAME"):
        zoo.split(name)


@pytest.fixture
def libraries():
    for module in HEAVY:
        pytest.importorskip(module)


@pytest.mark.usefixtures("libraries")
class TestWithLibraries:
    def test_torchvision_lists_classifiers_only(self):
        names = zoo.list_models("torchvision")
        assert len(names) >= 80
        assert "torchvision/resnet50" in names
        assert not [n for n in names if "quantized" in n or "rcnn" in n or "deeplab" in n]

    def test_timms_own_test_models_are_left_out(self):
        names = zoo.list_models("timm")
        assert len(names) > 1000
        assert not [n for n in names if n.startswith("timm/test_")]

    @pytest.mark.parametrize(
        ("asked", "meant"),
        [
            ("timm/resnet50", "timm/resnet50"),
            ("timm/resnet50.a1_in1k", "timm/resnet50"),
            ("timm/gluon_resnet50_v1b", "timm/resnet50"),
            ("timm/tf_efficientnet_b0_ns", "timm/tf_efficientnet_b0"),
            ("timm/ig_resnext101_32x16d", "timm/resnext101_32x16d"),  # timm's own map says 32x8d
            ("timm/mobileone_s0+reparam", "timm/mobileone_s0+reparam"),
            ("torchvision/vit_b_16", "torchvision/vit_b_16"),
        ],
    )
    def test_deprecated_names_and_tags_lead_to_the_architecture(self, asked, meant):
        assert zoo.canonical(asked) == meant

    def test_an_unknown_model_says_what_comes_close(self):
        with pytest.raises(UnknownName, match="did you mean timm/resnet50"):
            zoo.canonical("timm/resnt50")

    def test_a_model_without_branches_to_merge_has_no_deployed_form(self):
        with pytest.raises(UsageError, match="ask for timm/vit_base_patch16_224"):
            zoo.canonical("timm/vit_base_patch16_224+reparam")

    @pytest.mark.parametrize(
        ("name", "family"),
        [
            ("timm/resnet50", "resnet"),
            ("timm/mobileone_s0+reparam", "byobnet"),
            ("torchvision/swin_t", "swin_transformer"),
        ],
    )
    def test_family_is_where_the_model_is_defined(self, name, family):
        assert zoo.family(name) == family

    def test_the_deployed_form_has_fewer_parameters(self):
        def count(name):
            return sum(p.numel() for p in zoo.build(name).parameters())

        assert count("timm/mobileone_s0+reparam") == 2_078_504
        assert count("timm/mobileone_s0") == 5_293_272

    @pytest.mark.parametrize("name", ["torchvision/googlenet", "torchvision/inception_v3"])
    def test_auxiliary_heads_are_those_of_the_published_count(self, name):
        ((published, _),) = zoo.published(name).values()
        assert sum(p.numel() for p in zoo.build(name).parameters()) == published

    def test_models_are_built_without_values_and_in_inference_mode(self):
        module = zoo.build("torchvision/mobilenet_v2")
        assert {p.device.type for p in module.parameters()} == {"meta"}
        assert not module.training

    def test_accuracy_is_what_torchvision_states_at_its_crop(self):
        weights = {w.tag: w for w in zoo.weights("torchvision/resnet50")}
        assert (weights["IMAGENET1K_V1"].top1, weights["IMAGENET1K_V1"].top5) == (76.13, 92.862)
        assert weights["IMAGENET1K_V2"].resolution == 224
        assert weights["IMAGENET1K_V2"].train_resolution is None  # not stated

    def test_weights_without_accuracy_are_left_out(self):
        assert [w.tag for w in zoo.weights("torchvision/vgg16")] == ["IMAGENET1K_V1"]

    def test_licences_are_stated_or_unknown(self):
        licences = {w.tag: w.license for w in zoo.weights("torchvision/vit_b_16")}
        assert licences["IMAGENET1K_V1"] == "unknown"
        assert licences["IMAGENET1K_SWAG_E2E_V1"] == "cc-by-nc-4.0"
        assert zoo.license_of("timm/resnet50.a1_in1k") == "apache-2.0"

    def test_a_resolution_is_the_one_the_model_accepts(self):
        assert zoo.default_resolution("torchvision/vit_h_14") == 224
        assert zoo.default_resolution("torchvision/inception_v3") == 299
        assert zoo.default_resolution("timm/vit_base_patch16_384") == 384
