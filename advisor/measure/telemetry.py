"""Readings of an accelerator and its board while it is timed, and what they say of the number.

Sources are chosen metric by metric at the start: what never answers is left out, with the reason, and is never taken as 0.
Power and energy come from a counter or a rail that really exists, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import monotonic
from typing import Any

from advisor.records import Probed

HW_SLOWDOWN, SW_THERMAL, HW_THERMAL, HW_BRAKE, SW_POWER_CAP = 0x8, 0x20, 0x40, 0x80, 0x4
"""Bits of NVML's clocks event reasons (nvml.h)."""
_THROTTLING = HW_SLOWDOWN | SW_THERMAL | HW_THERMAL | HW_BRAKE
_FELL, _DIP, _LOCKED_DIP = 0.02, 0.85, 0.95
_FEWEST_CLOCKS = 6
_BUSY_PERCENT, _NEAR_TRIP_C = 5, 5.0
_SETTINGS = ("mode_id", "gpu_min_mhz", "gpu_max_mhz", "gpu_governor", "online_cpus")
"""Board settings that must not change under a measurement."""

Source = Callable[[], Mapping[str, Probed]]


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything at one moment."""

    at_s: float
    values: Mapping[str, Any]


@dataclass(slots=True)
class Telemetry:
    """The sources of this machine; probed once, then only what answered is kept."""

    sources: Sequence[Source]
    clock: Callable[[], float] = monotonic
    _unknown: dict[str, str] = field(default_factory=dict)
    _live: list[Source] = field(default_factory=list)
    _probed: bool = False

    def _probe(self) -> None:
        if self._probed:
            return
        self._probed = True
        for source in self.sources:
            found = source()
            self._unknown |= {name: probed.reason for name, probed in found.items() if probed.value is None}
            if any(probed.value is not None for probed in found.values()):
                self._live.append(source)

    def available(self) -> bool:
        """Whether anything answers."""
        self._probe()
        return bool(self._live)

    def missing(self) -> Mapping[str, str]:
        """Metric -> why it has no value here."""
        self._probe()
        return self._unknown

    def read(self) -> Reading:
        """One reading of what answers; a metric that fails just now is absent from it."""
        self._probe()
        found = {name: p.value for source in self._live for name, p in source().items() if p.value is not None}
        return Reading(self.clock(), found)


def series(samples: Sequence[Reading], name: str) -> list[Any]:
    """The values of one metric in order."""
    return [sample.values[name] for sample in samples if name in sample.values]


def summarised(samples: Sequence[Reading]) -> dict[str, Any]:
    """Per metric what the schema keeps: extremes and the median of numbers, the first and last of words."""
    names = dict.fromkeys(name for sample in samples for name in sample.values)
    return {name: _summary(series(samples, name)) for name in names}


def _summary(values: Sequence[Any]) -> Any:  # noqa: ANN401 - numbers or words
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return {
            "first": values[0],
            "last": values[-1],
            "min": min(values),
            "median": median(values),
            "max": max(values),
        }
    return {"first": values[0], "last": values[-1]}


def within(samples: Sequence[Reading], moments: Mapping[str, float], start: str, end: str) -> list[Reading]:
    """The readings between two moments that the worker reported; none where it reported none."""
    if start not in moments or end not in moments:
        return []
    return [sample for sample in samples if moments[start] <= sample.at_s <= moments[end]]


_MEMORY = ("mem_available_mib", "memory_used_mib")


def memory_around(samples: Sequence[Reading], moments: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Per metric of memory its last reading before the process loaded anything (`base`) and its extremes until its memory was read.

    Libraries count, as they do in a process of one's own; what comes after is the harness's.
    """
    if "process_from" not in moments or "memory_to" not in moments:
        return {}
    before = [sample for sample in samples if sample.at_s <= moments["process_from"]]
    during = within(samples, moments, "process_from", "memory_to")
    found = {}
    for name in _MEMORY:
        base, seen = series(before, name), series(during, name)
        if base and seen:
            found[name] = {"base": base[-1], "min": min(seen), "max": max(seen)}
    return found


def codes_of(samples: Sequence[Reading], timed: Sequence[Reading]) -> list[str]:
    """Codes of verdict.CASES that the samples of a launch give, worst first; `timed` are those of its timed forwards.

    Clocks and throttling are judged while the model is timed: before that the process starts, imports and builds, at idle clocks.
    """
    clocks = [*_throttling(timed), *_clocks(timed)]
    return [*clocks, *_others(samples, timed), *_board(samples), *_temperature(samples)]


def _throttling(timed: Sequence[Reading]) -> list[str]:
    seen = 0
    for reasons in series(timed, "clock_event_reasons"):
        seen |= int(reasons)
    codes = ["throttled"] if seen & _THROTTLING else []
    return [*codes, "power-capped"] if seen & SW_POWER_CAP else codes


def _clocks(timed: Sequence[Reading]) -> list[str]:
    """Compared with the launch's own clock, not the default one: a low power mode is no throttling."""
    clocks = series(timed, "sm_mhz") or series(timed, "gpu_cur_mhz")
    if len(clocks) < _FEWEST_CLOCKS:
        return []
    third = len(clocks) // 3
    fell = 1 - median(clocks[-third:]) / median(clocks[:third]) > _FELL
    floor = _LOCKED_DIP if _locked(timed) else _DIP
    return ["clock-fell"] if fell or min(clocks) < floor * median(clocks) else []


def _locked(samples: Sequence[Reading]) -> bool:
    low, high = series(samples, "gpu_min_mhz"), series(samples, "gpu_max_mhz")
    return bool(low and high and low[0] == high[0])


def is_idle(reading: Reading) -> bool:
    """Whether the GPU was hardly used, as far as is known."""
    return bool(reading.values.get("utilization_percent", 0) <= _BUSY_PERCENT)


def _others(samples: Sequence[Reading], timed: Sequence[Reading]) -> list[str]:
    """What used the GPU before our worker began, or beside it while it was timed: its own process is one."""
    before = bool(samples) and (samples[0].values.get("processes", 0) > 0 or not is_idle(samples[0]))
    beside = max(series(timed, "processes"), default=0) > 1
    return ["foreign-process"] if before or beside else []


def _board(samples: Sequence[Reading]) -> list[str]:
    codes = ["mode-changed"] if any(len(set(series(samples, name))) > 1 for name in _SETTINGS) else []
    if _rose(samples, "oc1_events"):
        codes.append("under-voltage")
    if _rose(samples, "oc2_events") or _rose(samples, "oc3_events"):
        codes.append("power-limited")
    return codes


def _rose(samples: Sequence[Reading], name: str) -> bool:
    counts = series(samples, name)
    return bool(counts) and counts[-1] > counts[0]


def _temperature(samples: Sequence[Reading]) -> list[str]:
    """Against the first passive trip point of the zone that is closest to its own."""
    margins = series(samples, "trip_margin_c")
    if not margins:
        return []
    return ["at-trip"] if min(margins) <= 0 else ["near-trip"] if min(margins) < _NEAR_TRIP_C else []
