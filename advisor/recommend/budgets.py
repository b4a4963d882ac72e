"""What a person bounds, and the chance that a candidate stays within it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from advisor.recommend.chance import chance_at_most
from advisor.records import Candidate
from advisor.units import format_count, format_mib, format_ms, significant


class Budgets(NamedTuple):
    """Bounds; None = not bounded. `board_memory_mib` is what the device leaves to a process."""

    max_latency_ms: float | None = None
    min_throughput_img_s: float | None = None
    max_memory_mib: float | None = None
    min_accuracy_percent: float | None = None
    max_params: float | None = None
    board_memory_mib: float | None = None

    def stated(self) -> dict[str, float]:
        """Name -> bound, of those that are set."""
        return {name: value for name, value in self._asdict().items() if value is not None}


def describe(name: str, bound: float) -> str:
    """The bound as a person writes it: `50 ms`, `30 img/s`."""
    return FORMATS[name](bound)


FORMATS = {
    "max_latency_ms": format_ms,
    "min_throughput_img_s": lambda value: f"{significant(value)} img/s",
    "max_memory_mib": format_mib,
    "min_accuracy_percent": lambda value: f"{value:.1f} %",
    "max_params": format_count,
    "board_memory_mib": format_mib,
}


TITLES = {
    "max_latency_ms": "latency at most",
    "min_throughput_img_s": "throughput at least",
    "max_memory_mib": "memory at most",
    "min_accuracy_percent": "top-1 at least",
    "max_params": "parameters at most",
    "board_memory_mib": "memory of the device",
}
"""Budget in words, before its bound."""


def chances(budgets: Budgets, row: Candidate, top1: float, batch_size: int) -> dict[str, float]:
    """Name of each stated budget -> probability that the candidate meets it; 0 where the index is unknown."""
    found: dict[str, float] = {}
    if budgets.min_accuracy_percent is not None:
        found["min_accuracy_percent"] = float(top1 >= budgets.min_accuracy_percent)
    if budgets.max_params is not None:
        found["max_params"] = float(row.params <= budgets.max_params)
    if budgets.max_latency_ms is not None:
        found["max_latency_ms"] = _on_time(row, budgets.max_latency_ms)
    if budgets.min_throughput_img_s is not None:
        found["min_throughput_img_s"] = _on_time(row, latency_for(budgets.min_throughput_img_s, row, batch_size))
    if budgets.max_memory_mib is not None:
        found["max_memory_mib"] = _in_memory(row, budgets.max_memory_mib)
    if budgets.board_memory_mib is not None:
        found["board_memory_mib"] = _in_memory(row, budgets.board_memory_mib)
    return found


def _on_time(row: Candidate, bound: float) -> float:
    return chance_at_most(row.latency_ms, row.latency_low, row.latency_high, bound)


def _in_memory(row: Candidate, bound: float) -> float:
    return chance_at_most(row.memory_mib, row.memory_low, row.memory_high, bound)


def latency_for(throughput: float, row: Candidate, batch_size: int) -> float:
    """Batch latency in ms at which a throughput (images/s) is just met, and the other way round.

    A measured throughput replaces batch / latency, because batches may overlap; the relative spread stays the latency's.
    """
    if row.throughput_img_s is not None and row.latency_ms is not None:
        return row.latency_ms * row.throughput_img_s / throughput
    return 1000.0 * batch_size / throughput


def overall(found: Mapping[str, float]) -> float:
    """Probability that all budgets are met.

    Latency and throughput bound one quantity, and so do the two memory bounds: the tighter counts. Time and memory err
    independently of each other.
    """
    time = min(found.get("max_latency_ms", 1.0), found.get("min_throughput_img_s", 1.0))
    memory = min(found.get("max_memory_mib", 1.0), found.get("board_memory_mib", 1.0))
    return time * memory * found.get("min_accuracy_percent", 1.0) * found.get("max_params", 1.0)
