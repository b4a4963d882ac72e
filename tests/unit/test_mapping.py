"""Rules of mapping printed names to architectures and targets: exact or refused with a reason, and graded by what is unsure."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from advisor.records import Measurement, Observation
from advisor.store.importers.mapping import Catalogue, Rejection, Resolver
from advisor.store.importers.observations import make
from advisor.store.importers.sources import SourceFacts
from advisor.store.importers.tables import DeviceRow, ModelRow, Override, RuntimeRow, Settled, Tables

R50 = "torchvision/resnet50"


@pytest.fixture
def tables() -> Tables:
    return Tables(
        sources={"lab": SourceFacts("labs", "mean", "forward", None, "", ())},
        models={
            ("labs", "ResNet-50"): ModelRow(R50, "same", ""),
            ("lab", "ResNet v1"): ModelRow(R50, "near", "strides in the 1x1"),
            ("*", "ShuffleNet"): ModelRow("", "none", "in neither library"),
        },
        devices={
            ("labs", "Xavier"): DeviceRow("jetson-agx-xavier-32gb", "gpu", "", 0, True, ""),
            ("labs", "Orin"): DeviceRow("jetson-agx-orin-64gb", "", "MAXN", 0, False, ""),
            ("labs", "Phone"): DeviceRow("", "", "", 0, False, "phones have no profile"),
        },
        runtimes={
            ("lab", "trt"): RuntimeRow("tensorrt", "dynamic-batch", 0, "tensorrt 8.6", ""),
            ("*", "ncnn cpu 4 threads"): RuntimeRow("ncnn", "", 4, "", "cpu"),
        },
        precisions={("*", "amp"): Settled("amp_fp16", "", ""), ("lab", ""): Settled("int8", "precision-inferred", "")},
        power_modes={("lab", "jetson-agx-xavier-32gb", "PM2"): Settled("MODE_15W", "", "")},
        resolutions={("lab", "ResNet v1"): (224, "the README says so")},
        overrides={"lab": [Override(re.compile(r"bad\.md.*"), "", "two-devices"), Override(re.compile(r"pm\.md.*"), "MAXN", "")]},
    )  # fmt: skip


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue(
        models={R50: ("sig50", 224), "timm/resnet50": ("sig50", 224), "timm/vit_tiny": ("sigvit", 224)},
        aliases={"timm/resnet50_old": "timm/resnet50"},
        dropped={"timm/gone": "timm no longer registers it"},
        complexities={("sig50", 224), ("sigvit", 224), ("sigvit", 384)},
        devices={"rtx-3090": ("rtx-3090", "gpu"), "nvidia geforce rtx 3090": ("rtx-3090", "gpu"), "intel-i9": ("intel-i9", "cpu")},
    )  # fmt: skip


@pytest.fixture
def resolver(tables: Tables, catalogue: Catalogue) -> Resolver:
    return Resolver(tables, catalogue)


@pytest.fixture
def seen() -> Observation:
    return make(
        source="lab", locator="a.md#L1", model="ResNet-50", device="rtx-3090", runtime="tensorrt", precision="fp16", batch_size=1,
        resolution=224, latency_ms=1.5, statistic="mean", timing_scope="forward",
    )  # fmt: skip


def _measured(resolver: Resolver, seen: Observation) -> Measurement:
    result = resolver.resolve(seen)
    assert isinstance(result, Measurement), result
    return result


def _reason(resolver: Resolver, seen: Observation) -> str:
    result = resolver.resolve(seen)
    assert isinstance(result, Rejection), result
    return result.reason


def test_what_is_documented_is_grade_a_without_caveats(resolver, seen):
    got = _measured(resolver, seen)
    assert (got.id, got.model, got.signature, got.resolution, got.grade, got.caveats) == (
        seen.id,
        R50,
        "sig50",
        224,
        "A",
        (),
    )
    assert (got.target.device, got.target.compute_unit, got.target.runtime, got.target.precision) == (
        "rtx-3090",
        "gpu",
        "tensorrt",
        "fp16",
    )


@pytest.mark.parametrize(
    ("printed", "hint"),
    [
        (R50, ""),
        ("x.y.resnet50", "torchvision:resnet50"),
        ("resnet50.a1_in1k", "timm"),
        ("resnet50_old", "timm"),
        ("timm/resnet50_old", ""),
    ],
)
def test_a_row_that_names_its_library_needs_no_table(resolver, seen, printed, hint):
    assert _measured(resolver, replace(seen, model=printed, library_hint=hint)).signature == "sig50"


@pytest.mark.parametrize(
    ("printed", "hint", "reason"),
    [
        ("ShuffleNet", "", "in neither library"),
        ("gone", "timm", "timm no longer registers it"),
        ("resnet5", "timm", "'advisor models list'"),
        ("ResNet-50 ", "", "is not in the catalogue"),
        ("resnet50", "", "does not say its library: write torchvision/resnet50 or timm/resnet50"),
    ],
)
def test_a_model_that_is_not_exactly_known_is_refused_not_guessed(resolver, seen, printed, hint, reason):
    assert reason in _reason(resolver, replace(seen, model=printed, library_hint=hint))


def test_a_near_architecture_is_grade_c_and_says_why(resolver, seen):
    got = _measured(resolver, replace(seen, model="ResNet v1"))
    assert got.grade == "C"
    assert got.caveats == (f"nearly the same architecture: 'ResNet v1' as {R50} (strides in the 1x1)",)


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        ("Phone", "phones have no profile"),
        ("RTX", "is not a known profile"),
        ("rtx-3090 laptop", "is not a known profile"),
    ],
)
def test_a_device_is_matched_exactly_or_refused(resolver, seen, device, reason):
    assert reason in _reason(resolver, replace(seen, device=device))


def test_a_device_alias_matches_whatever_its_case(resolver, seen):
    assert _measured(resolver, replace(seen, device="NVIDIA GeForce RTX 3090")).target.device == "rtx-3090"


def test_a_cpu_profile_is_measured_on_its_cpu(resolver, seen):
    assert _measured(resolver, replace(seen, device="intel-i9")).target.compute_unit == "cpu"


def test_a_board_without_variant_or_power_mode_is_grade_b(resolver, seen):
    got = _measured(resolver, replace(seen, device="Xavier"))
    assert got.grade == "B"
    assert {"power mode not stated", "the source does not say which memory variant of the board"} == set(got.caveats)


def test_a_printed_power_mode_becomes_the_profiles(resolver, seen):
    assert _measured(resolver, replace(seen, device="Xavier", power_mode="PM2")).target.power_mode == "MODE_15W"


def test_a_power_mode_that_only_the_table_knows_is_said_to_be_inferred(resolver, seen):
    got = _measured(resolver, replace(seen, device="Orin"))
    assert (got.target.power_mode, got.grade) == ("MAXN", "B")
    assert got.caveats[0].startswith("power mode not printed")


def test_an_override_speaks_for_the_rows_it_matches(resolver, seen):
    assert "very same figures" in _reason(resolver, replace(seen, locator="bad.md#L3"))
    assert _measured(resolver, replace(seen, device="Xavier", locator="pm.md#L3")).target.power_mode == "MAXN"


def test_a_runtimes_name_gives_options_threads_software_and_unit(resolver, seen):
    got = _measured(resolver, replace(seen, runtime="trt")).target
    assert (got.runtime, got.runtime_options, got.software) == ("tensorrt", "dynamic-batch", "tensorrt 8.6")
    on_cpu = _measured(resolver, replace(seen, device="Orin", runtime="ncnn cpu 4 threads")).target
    assert (on_cpu.runtime, on_cpu.threads, on_cpu.compute_unit) == ("ncnn", 4, "cpu")


def test_an_option_in_the_note_joins_the_runtime_options(resolver, seen):
    assert _measured(resolver, replace(seen, note="triton")).target.runtime_options == "triton"


@pytest.mark.parametrize(("runtime", "reason"), [("", "runtime not stated"), ("abacus", "is not one of pytorch-eager")])
def test_an_unknown_runtime_is_refused(resolver, seen, runtime, reason):
    assert reason in _reason(resolver, replace(seen, runtime=runtime))


def test_precisions_are_mapped_inferred_or_refused(resolver, seen):
    assert _measured(resolver, replace(seen, precision="amp")).target.precision == "amp_fp16"
    inferred = _measured(resolver, replace(seen, precision=""))
    assert (inferred.target.precision, inferred.grade) == ("int8", "C")
    assert "precision not stated" in _reason(resolver, replace(seen, precision="", source="other", model=R50))
    assert "is not one of" in _reason(resolver, replace(seen, precision="fp8"))


def test_an_unprinted_input_size_is_taken_from_the_table_or_the_model_and_said(resolver, seen):
    documented = _measured(resolver, replace(seen, model="ResNet v1", resolution=None))
    assert "input size not printed; taken from the source's documentation: the README says so" in documented.caveats
    assumed = _measured(resolver, replace(seen, resolution=None))
    assert (assumed.resolution, assumed.grade) == (224, "B")


def test_a_size_without_complexity_is_refused(resolver, seen):
    assert "at 300 px is not in the catalogue" in _reason(resolver, replace(seen, resolution=300))


@pytest.mark.parametrize(
    ("change", "grade"),
    [
        ({"timing_scope": "forward+copies"}, "C"),
        ({"timing_scope": "pipeline"}, "D"),
        ({"precision": "fp64"}, "D"),
        ({"latency_ms": None, "throughput_img_s": 100.0}, "D"),
        ({"note": "training-mode"}, "D"),
        ({"note": "statistic-unstated; my own words"}, "B"),
    ],
)
def test_what_is_unsure_or_not_comparable_lowers_the_grade(resolver, seen, change, grade):
    assert _measured(resolver, replace(seen, **change)).grade == grade


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"accelerators": 2}, "several accelerators"),
        ({"note": "multistream-fixed-rate"}, "fixed rate"),
        ({"latency_ms": None}, "neither latency nor throughput nor memory"),
    ],
)
def test_what_cannot_be_attributed_is_refused(resolver, seen, change, reason):
    assert reason in _reason(resolver, replace(seen, **change))


def test_a_corrected_alias_maps_the_same_observation_elsewhere_under_the_same_id(tables, catalogue, seen):
    before = _measured(Resolver(tables, catalogue), seen)
    tables.models["labs", "ResNet-50"] = ModelRow("timm/vit_tiny", "same", "")
    after = _measured(Resolver(tables, catalogue), seen)
    assert (before.id, before.model) == (after.id, R50)
    assert after.model == "timm/vit_tiny"


def test_a_refusal_shows_foreign_text_harmlessly(resolver, seen):
    assert "\x1b" not in _reason(resolver, replace(seen, device="\x1b[31mred"))


FORMS = {"timm/mob": ("plain", 224), "timm/mob+reparam": ("fused", 224)}


@pytest.mark.parametrize(
    ("printed", "form"), [("5.29", "timm/mob"), ("2.08", "timm/mob+reparam"), ("2.09", "timm/mob+reparam")]
)
def test_printed_parameters_tell_which_form_of_a_model_was_timed(tables, catalogue, seen, printed, form):
    known = replace(
        catalogue,
        models=FORMS,
        complexities={("plain", 224), ("fused", 224)},
        params={"plain": 5_290_000, "fused": 2_080_000},
    )
    row = replace(seen, model="mob", library_hint="timm", note=f"params={printed}")
    assert _measured(Resolver(tables, known), row).model == form


def test_a_row_whose_printed_parameters_fit_no_form_is_another_model(tables, catalogue, seen):
    known = replace(
        catalogue, models=FORMS, complexities={("plain", 224)}, params={"plain": 5_290_000, "fused": 2_080_000}
    )
    reason = _reason(Resolver(tables, known), replace(seen, model="mob", library_hint="timm", note="params=15.41"))
    assert "prints 15.41 M parameters where timm/mob has 5.29 M" in reason
