"""Budgets moved by a key: the next rounder value up or down, written the way a person writes it. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from advisor import units

_DECADE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_OCTAVE = (1.0, 1.5)
_CHANCES = (50.0, 60.0, 70.0, 80.0, 85.0, 90.0, 95.0, 97.0, 98.0, 99.0)


def _decades(value: float) -> Iterator[float]:
    """Round values around one, on a scale of tens."""
    power = math.floor(math.log10(value))
    return (step * 10.0**exponent for exponent in (power - 1, power, power + 1) for step in _DECADE)


def _octaves(value: float) -> Iterator[float]:
    """Round values around one, on a scale of twos: sizes of memory."""
    power = math.floor(math.log2(value))
    return (step * 2.0**exponent for exponent in (power - 1, power, power + 1) for step in _OCTAVE)


def _halves(value: float) -> Iterator[float]:
    """Half points of a percentage."""
    nearest = round(value * 2) / 2
    return (nearest + shift / 2 for shift in (-1, 0, 1) if 0 < nearest + shift / 2 <= 100)


def _mib(value: float) -> str:
    return f"{value / 1024:g}GiB" if value >= 1024 else f"{value:g}MiB"


def _count(value: float) -> str:
    return f"{value / 1e6:g}M" if value >= 1e5 else f"{value / 1e3:g}k"


class Scale(NamedTuple):
    """How one budget is read, stepped and written."""

    parse: Callable[[str], float]
    around: Callable[[float], Iterator[float]]
    write: Callable[[float], str]
    start: str
    """What the first step sets where nothing was set."""


SCALES: Mapping[str, Scale] = {
    "max_latency": Scale(units.latency_ms, _decades, lambda value: f"{value:g}ms", "50ms"),
    "min_throughput": Scale(units.throughput_img_s, _decades, lambda value: f"{value:g}fps", "30fps"),
    "max_memory": Scale(units.memory_mib, _octaves, _mib, "1GiB"),
    "min_accuracy": Scale(units.accuracy_percent, _halves, lambda value: f"{value:g}%", "75%"),
    "max_params": Scale(units.count, _decades, _count, "30M"),
    "max_power": Scale(units.power_w, _decades, lambda value: f"{value:g}W", "15W"),
    "confidence": Scale(
        lambda text: 100 * units.fraction(text), lambda _: iter(_CHANCES), lambda value: f"{value:g}%", "90%"
    ),
}
"""By name of the question's field."""


def stepped(name: str, text: str, up: bool) -> str:
    """The next rounder value above or below `text`; the start where nothing is set. Raises UsageError."""
    scale = SCALES[name]
    if not text.strip():
        return scale.start
    value = scale.parse(text)
    slack = value * 1e-9
    if up:
        found = min((step for step in scale.around(value) if step > value + slack), default=value)
    else:
        found = max((step for step in scale.around(value) if step < value - slack), default=value)
    return scale.write(found)
