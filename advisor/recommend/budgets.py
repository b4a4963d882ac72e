"""What a person bounds, and the chance that a candidate stays within it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import NamedTuple

from advisor.recommend.chance import chance_at_most
from advisor.records import Candidate, Quantity
from advisor.units import format_count, format_mib, format_mj, format_ms, format_w, significant


class Budgets(NamedTuple):
    """Bounds; None = not bounded. `board_memory_mib` is what the device leaves to a process."""

    max_latency_ms: float | None = None
    min_throughput_img_s: float | None = None
    max_memory_mib: float | None = None
    min_accuracy_percent: float | None = None
    max_params: float | None = None
    board_memory_mib: float | None = None
    max_power_w: float | None = None
    max_energy_mj: float | None = None
    """Per image."""

    def stated(self) -> dict[str, float]:
        """Name -> bound, of those that are set."""
        return {name: value for name, value in self._asdict().items() if value is not None}


class Draw(NamedTuple):
    """What a candidate was seen to take from its supply; an index that was not seen is None."""

    power_w: Quantity | None = None
    energy_mj: Quantity | None = None
    """Per image."""
    scope: str = ""
    """What was metered: board, module, gpu, ... or unstated."""


NO_POWER = "no power was measured for this model on this target; it is never guessed from a rated power"


def describe(name: str, bound: float, *beside: float | None) -> str:
    """The bound as a person writes it: `50 ms`, `30 img/s`; with as many digits as tell it from others that it stands beside."""
    form = FORMATS[name]
    others = [other for other in beside if other is not None and other != bound]
    digits = next((n for n in _DIGITS if all(form(bound, n) != form(other, n) for other in others)), _DIGITS[0])
    return form(bound, digits)


_DIGITS = range(3, 9)
"""Significant ones: as few as will do."""

FORMATS: dict[str, Callable[[float, int], str]] = {
    "max_latency_ms": format_ms,
    "min_throughput_img_s": lambda value, digits: f"{significant(value, digits)} img/s",
    "max_memory_mib": format_mib,
    "min_accuracy_percent": lambda value, digits: f"{value:.{digits - 2}f} %",
    "max_params": format_count,
    "board_memory_mib": format_mib,
    "max_power_w": format_w,
    "max_energy_mj": format_mj,
}


TITLES = {
    "max_latency_ms": "latency at most",
    "min_throughput_img_s": "throughput at least",
    "max_memory_mib": "memory at most",
    "min_accuracy_percent": "accuracy at least",
    "max_params": "parameters at most",
    "board_memory_mib": "memory of the device",
    "max_power_w": "power at most",
    "max_energy_mj": "energy per image at most",
}
"""Budget in words, before its bound."""

SHARED = {
    "max_latency_ms": "time",
    "min_throughput_img_s": "time",
    "max_memory_mib": "memory",
    "board_memory_mib": "memory",
    "max_power_w": "power",
    "max_energy_mj": "power",
}
"""Budgets that bound one quantity, or two that err together: the tighter of them counts. The others stand for themselves."""


def chances(
    stated: Mapping[str, float], batch_size: int
) -> Callable[[Candidate, float, Draw | None], dict[str, float]]:
    """What gives, for a candidate, its accuracy and its draw: name of each stated budget -> probability that it meets it; 0 where the
    index is unknown."""
    asked = [(name, _CHANCES[name], bound) for name, bound in stated.items()]
    return lambda row, accuracy, draw: {
        name: chance(bound, row, accuracy, batch_size, draw) for name, chance, bound in asked
    }


_Chance = Callable[[float, Candidate, float, int, "Draw | None"], float]


def _on_time(bound: float, row: Candidate, _: float, __: int, ___: Draw | None) -> float:
    return chance_at_most(row.latency_ms, row.latency_low, row.latency_high, bound)


def _fast_enough(bound: float, row: Candidate, _: float, batch_size: int, __: Draw | None) -> float:
    return chance_at_most(row.latency_ms, row.latency_low, row.latency_high, latency_for(bound, row, batch_size))


def _in_memory(bound: float, row: Candidate, _: float, __: int, ___: Draw | None) -> float:
    return chance_at_most(row.memory_mib, row.memory_low, row.memory_high, bound)


def _in_power(bound: float, _: Candidate, __: float, ___: int, draw: Draw | None) -> float:
    return 0.0 if draw is None else _within(draw.power_w, bound)


def _in_energy(bound: float, _: Candidate, __: float, ___: int, draw: Draw | None) -> float:
    return 0.0 if draw is None else _within(draw.energy_mj, bound)


def _within(quantity: Quantity | None, bound: float) -> float:
    return 0.0 if quantity is None else chance_at_most(quantity.value, quantity.low, quantity.high, bound)


_CHANCES: dict[str, _Chance] = {
    "max_latency_ms": _on_time,
    "min_throughput_img_s": _fast_enough,
    "max_memory_mib": _in_memory,
    "board_memory_mib": _in_memory,
    "min_accuracy_percent": lambda bound, _, accuracy, __, ___: float(accuracy >= bound),
    "max_params": lambda bound, row, _, __, ___: float(row.params <= bound),
    "max_power_w": _in_power,
    "max_energy_mj": _in_energy,
}


def latency_for(throughput: float, row: Candidate, batch_size: int) -> float:
    """Batch latency in ms at which a throughput (images/s) is just met, and the other way round.

    A measured throughput replaces batch / latency, because batches may overlap; the relative spread stays the latency's.
    """
    if row.throughput_img_s is not None and row.latency_ms is not None:
        return row.latency_ms * row.throughput_img_s / throughput
    return 1000.0 * batch_size / throughput


def overall(found: Mapping[str, float]) -> float:
    """Probability that all budgets are met.

    Of budgets that share a quantity the tighter counts. Time, memory and power err independently of each other.
    """
    get = found.get
    time = min(get("max_latency_ms", 1.0), get("min_throughput_img_s", 1.0))
    memory = min(get("max_memory_mib", 1.0), get("board_memory_mib", 1.0))
    power = min(get("max_power_w", 1.0), get("max_energy_mj", 1.0))
    return time * memory * power * get("min_accuracy_percent", 1.0) * get("max_params", 1.0)


def joint(stated: Iterable[str]) -> Callable[[Mapping[str, float]], float]:
    """`overall` for these budgets: a plain product, many times quicker, where no two share a quantity."""
    shared = [SHARED[name] for name in stated if name in SHARED]
    return overall if len(set(shared)) < len(shared) else _product


def _product(found: Mapping[str, float]) -> float:
    return prod(found.values())


def chance_needed(found: Mapping[str, float], name: str, confidence: float) -> float | None:
    """The chance of meeting `name` at which all budgets together reach the confidence; None where the others do not allow it."""
    least: dict[str, float] = {}  # by quantity: of budgets that share one the tighter counts, as in `overall`
    for other, chance in found.items():
        quantity = SHARED.get(other, other)
        if other != name and chance < least.get(quantity, 2.0):
            least[quantity] = chance
    sharing = least.pop(SHARED.get(name, name), 1.0)
    rest = prod(least.values())
    return confidence / rest if rest >= confidence and sharing * rest >= confidence else None
