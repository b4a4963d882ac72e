"""What a person bounds, and the chance that a candidate stays within it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.recommend.chance import chance_at_most
from advisor.records import Estimate
from advisor.units import format_count, format_mib, format_ms, significant


@dataclass(frozen=True, slots=True)
class Budgets:
    """Bounds; None = not bounded. `board_memory_mib` is what the device leaves to a process."""

    max_latency_ms: float | None = None
    min_throughput_img_s: float | None = None
    max_memory_mib: float | None = None
    min_accuracy_percent: float | None = None
    max_params: float | None = None
    board_memory_mib: float | None = None

    def stated(self) -> dict[str, float]:
        """Name -> bound, of those that are set."""
        names = self.__dataclass_fields__
        return {name: value for name in names if (value := getattr(self, name)) is not None}


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


def chances(budgets: Budgets, estimate: Estimate, top1: float, params: int) -> dict[str, float]:
    """Name of each stated budget -> probability that the candidate meets it; 0 where the index is unknown."""
    found: dict[str, float] = {}
    if budgets.min_accuracy_percent is not None:
        found["min_accuracy_percent"] = float(top1 >= budgets.min_accuracy_percent)
    if budgets.max_params is not None:
        found["max_params"] = float(params <= budgets.max_params)
    found.update(_time_chances(budgets, estimate))
    found.update(_memory_chances(budgets, estimate))
    return found


def _time_chances(budgets: Budgets, estimate: Estimate) -> dict[str, float]:
    bounds: dict[str, float] = {}
    if budgets.max_latency_ms is not None:
        bounds["max_latency_ms"] = budgets.max_latency_ms
    if budgets.min_throughput_img_s is not None:
        bounds["min_throughput_img_s"] = _latency_for(budgets.min_throughput_img_s, estimate)
    latency = estimate.latency
    return {name: 0.0 if latency is None else chance_at_most(latency, bound) for name, bound in bounds.items()}


def _latency_for(throughput: float, estimate: Estimate) -> float:
    """Batch latency in ms at which the throughput budget is just met.

    A measured throughput replaces batch / latency, because batches may overlap; the relative spread stays the latency's.
    """
    if estimate.throughput_img_s is not None and estimate.latency is not None:
        return estimate.latency.value * estimate.throughput_img_s / throughput
    return 1000.0 * estimate.batch_size / throughput


def _memory_chances(budgets: Budgets, estimate: Estimate) -> dict[str, float]:
    bounds = {"max_memory_mib": budgets.max_memory_mib, "board_memory_mib": budgets.board_memory_mib}
    memory = estimate.memory
    return {
        name: 0.0 if memory is None else chance_at_most(memory, bound)
        for name, bound in bounds.items()
        if bound is not None
    }


def overall(found: Mapping[str, float]) -> float:
    """Probability that all budgets are met.

    Latency and throughput bound one quantity, and so do the two memory bounds: the tighter counts. Time and memory err
    independently of each other.
    """
    time = min(found.get("max_latency_ms", 1.0), found.get("min_throughput_img_s", 1.0))
    memory = min(found.get("max_memory_mib", 1.0), found.get("board_memory_mib", 1.0))
    return time * memory * found.get("min_accuracy_percent", 1.0) * found.get("max_params", 1.0)
