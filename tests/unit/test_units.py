"""Quantities a person types: what is understood, and what is refused with what is accepted."""

from __future__ import annotations

import pytest

from advisor import units
from advisor.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [("50ms", 50.0), ("0.05s", 50.0), ("800us", 0.8), (" 5 ms ", 5.0), (".5ms", 0.5), ("1e-2s", 10.0), ("50MS", 50.0)],
)
def test_latency_is_read_in_milliseconds(text, expected_ms):
    assert units.latency_ms(text) == pytest.approx(expected_ms)


@pytest.mark.parametrize(
    ("text", "expected_mib"),
    [("512MiB", 512.0), ("1.5GB", 1.5e9 / 2**20), ("2GiB", 2048.0), ("800mb", 800e6 / 2**20), ("1TiB", 2.0**20)],
)
def test_memory_tells_decimal_from_binary(text, expected_mib):
    assert units.memory_mib(text) == pytest.approx(expected_mib)


@pytest.mark.parametrize(("text", "expected"), [("30fps", 30.0), ("120img/s", 120.0), ("5 FPS", 5.0)])
def test_throughput_is_read_in_images_per_second(text, expected):
    assert units.throughput_img_s(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("75%", 75.0), ("0.75", 75.0), ("76.13 %", 76.13)])
def test_accuracy_is_a_percentage_or_a_fraction(text, expected):
    assert units.accuracy_percent(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"), [("30M", 30e6), ("800k", 8e5), ("5 K", 5e3), ("1.2G", 1.2e9), ("1B", 1e9)]
)
def test_counts_take_a_magnitude(text, expected):
    assert units.count(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("parser", "text", "said"),
    [
        (units.latency_ms, "50", "has no unit; accepted: 50ms"),
        (units.latency_ms, "50GB", "has unit 'GB'; accepted: 50ms"),
        (units.latency_ms, "fast", "is not a number with a unit"),
        (units.latency_ms, "-5ms", "must be greater than 0"),
        (units.latency_ms, "0ms", "must be greater than 0"),
        (units.latency_ms, "nanms", "is not a number"),
        (units.latency_ms, "1e999ms", "is not a number"),
        (units.latency_ms, "", "is not a number"),
        (units.memory_mib, "4", "has no unit; accepted: 1.5GB"),
        (units.memory_mib, "4Gb/s", "has unit"),
        (units.throughput_img_s, "30ms", "accepted: 30fps"),
        (units.accuracy_percent, "75", "has no unit; write 75%"),
        (units.accuracy_percent, "120%", "at most at 100%"),
        (units.accuracy_percent, "75pp", "has unit 'pp'"),
        (units.count, "30m", "has unit 'm'; accepted: 30M, 800k, 1.2G"),
        (units.count, "30", "count '30' has no unit; accepted: 30M, 800k, 1.2G"),
        (units.count, "5000000", "has no unit"),
        (units.count, "0M", "must be greater than 0"),
        (units.fraction, "1.5", "above 0 and below 1"),
        (units.fraction, "0", "above 0 and below 1"),
    ],
)
def test_what_is_refused_says_what_is_accepted(parser, text, said):
    with pytest.raises(UsageError, match=said.replace("+", r"\+")):
        parser(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (4.5678, "4.57"),
        (45.678, "45.7"),
        (456.78, "457"),
        (4567.8, "4570"),
        (0.0123, "0.0123"),
        (0, "0"),
        (9.999, "10.0"),
    ],
)
def test_three_significant_digits_are_shown(value, expected):
    assert units.significant(value) == expected


def test_memory_from_a_gibibyte_up_is_shown_in_gibibytes():
    assert units.format_mib(1536) == "1.50 GiB"
    assert units.format_mib(512) == "512 MiB"


@pytest.mark.parametrize(
    ("chance", "confidence", "expected"),
    [
        (0.874, 0.9, "87%"),
        (0.897, 0.9, "89.7%"),
        (0.89996, 0.9, "89.996%"),
        (0.9, 0.9, "90%"),
        (0.9004, 0.9, "90%"),
        (0.9985, 0.999, "99.85%"),
        (0.9043, 0.904, "90.4%"),
        (1.0, 0.999, "100%"),
        (0.0, 0.9, "0%"),
    ],
)
def test_a_chance_never_reads_as_if_it_reached_a_confidence_that_it_does_not_reach(chance, confidence, expected):
    assert units.format_chance(chance, confidence) == expected


@pytest.mark.parametrize("text", ["90%", "99.9%", "99.99%", "7%", "87.5%"])
def test_a_confidence_is_shown_as_it_was_asked_for(text):
    assert units.format_confidence(units.fraction(text)) == text
