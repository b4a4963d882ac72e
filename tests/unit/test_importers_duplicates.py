"""Rules of re-listed observations: what is one, what stays two, and which listing is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from advisor.records import Measurement, Target
from advisor.store.importers.duplicates import find_duplicates
from advisor.store.importers.sources import SourceFacts

KNOWN = {name: SourceFacts("set", "mean", "forward", None, "", ()) for name in ("table", "summary")}


@pytest.fixture
def first() -> Measurement:
    target = Target("jetson-nano", "gpu", "", "tensorrt", "fp16")
    return Measurement(
        "a", "table", "torchvision/resnet50", "sig", 224, 1, target, 29.8, 34.2, None, "", "mean", "forward", "B", (), "accepted",
    )  # fmt: skip


def test_a_throughput_table_that_repeats_a_fuller_one_is_a_duplicate(first):
    repeated = replace(first, id="b", source="summary", latency_ms=None, grade="D")
    assert find_duplicates([repeated, first], KNOWN) == {"b": "a"}


def test_a_throughput_table_with_another_figure_stays(first):
    older = replace(first, id="b", source="summary", latency_ms=None, throughput_img_s=33.0, grade="D")
    assert find_duplicates([older, first], KNOWN) == {}


def test_the_same_figures_in_another_source_set_stay(first):
    assert find_duplicates([first, replace(first, id="b", source="elsewhere")], KNOWN) == {}


def test_contradicting_figures_stay(first):
    assert find_duplicates([first, replace(first, id="b", latency_ms=29.9)], KNOWN) == {}


@pytest.mark.parametrize(
    "change", [{"signature": "other"}, {"resolution": 256}, {"batch_size": 2}, {"statistic": "p50"}]
)
def test_another_setting_stays(first, change):
    assert find_duplicates([first, replace(first, id="b", **change)], KNOWN) == {}


def test_two_agreeing_figures_outweigh_the_label_and_the_stated_power_mode_is_kept(first):
    labelled = replace(first, id="b", target=replace(first.target, power_mode="MAXN"), grade="A")
    assert find_duplicates([first, labelled], KNOWN) == {"a": "b"}


def test_a_single_agreeing_figure_under_another_label_is_chance(first):
    bare = replace(first, throughput_img_s=None)
    other = replace(bare, id="b", target=replace(first.target, runtime_options="optlvl=5"))
    assert find_duplicates([bare, other], KNOWN) == {}
    assert find_duplicates([bare, replace(bare, id="c")], KNOWN) == {"c": "a"}


def test_four_agreeing_figures_outweigh_the_precision(first):
    rich = replace(first, quantiles={"p90": 30.1, "p99": 31.2})
    relabelled = replace(rich, id="b", target=replace(first.target, precision="int8"))
    assert find_duplicates([rich, relabelled], KNOWN) == {"b": "a"}
    assert find_duplicates([first, replace(first, id="b", target=relabelled.target)], KNOWN) == {}
