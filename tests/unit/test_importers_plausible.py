"""A figure that no device can reach is refused with what to give; everything a device can reach is not."""

from __future__ import annotations

import pytest
from predicting import device

from advisor.records import Fact
from advisor.store.importers.observations import make
from advisor.store.importers.plausible import impossible, peaks

MACS, PEAK = 4 * 10**9, 10e12
LEAST_MS = 1e3 * 8 * MACS / PEAK
"""Of eight images at the peak rate."""


def seen(**figures):
    return make(
        source="mine",
        model="timm/resnet50",
        device="card",
        batch_size=8,
        statistic="mean",
        timing_scope="forward",
        **figures,
    )


@pytest.mark.parametrize(("latency_ms", "refused"), [(LEAST_MS, False), (LEAST_MS / 3, False), (LEAST_MS / 5, True)])
def test_a_latency_far_below_the_peak_rate_is_no_latency(latency_ms, refused):
    said = impossible(seen(latency_ms=latency_ms), "card", MACS, PEAK)
    assert bool(said) == refused
    assert not refused or "give milliseconds of the whole batch" in said


def test_a_throughput_far_beyond_the_peak_rate_is_none_either():
    assert impossible(seen(throughput_img_s=8e3 / LEAST_MS * 3), "card", MACS, PEAK) == ""
    assert "images per second" in impossible(seen(throughput_img_s=8e3 / LEAST_MS * 5), "card", MACS, PEAK)


def test_where_no_rate_or_no_count_is_known_nothing_is_refused():
    assert impossible(seen(latency_ms=1e-3), "card", MACS, None) == ""
    assert impossible(seen(latency_ms=1e-3), "card", 0, PEAK) == ""
    assert impossible(seen(memory_mib=500.0), "card", MACS, PEAK) == ""


def test_the_fastest_precision_of_a_profile_is_its_peak():
    card = device("card")
    facts = {"peak_fp32_tflops": Fact(10.0, "x"), "peak_int8_tops": Fact(80.0, "x"), "memory_gb": Fact(900.0, "x")}
    assert peaks([card._replace(facts=facts), card._replace(id="other", facts={})]) == {"card": 40e12}
