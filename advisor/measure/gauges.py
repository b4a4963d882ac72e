"""What the machine did while a model was timed: differences of the counters that probe.load reads, as shares of the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time

from advisor.probe import load
from advisor.records import Probed

_NS = 1e9


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counters at one moment, with both clocks: a wall clock that moved against the monotonic one was set."""

    monotonic_s: float
    wall_s: float
    boot_s: float | None
    """CLOCK_BOOTTIME: runs on while the machine is suspended."""
    counters: Mapping[str, Probed]


def snapshot(root: Path = Path("/")) -> Snapshot:
    """Read everything now."""
    return Snapshot(monotonic(), time(), _boot_s(), load.read(root))


def _boot_s() -> float | None:
    import time as clocks

    return clocks.clock_gettime(clocks.CLOCK_BOOTTIME) if hasattr(clocks, "CLOCK_BOOTTIME") else None


def between(before: Snapshot, after: Snapshot, threads: int) -> dict[str, float | None]:
    """Gauges of the time between two snapshots; None where a counter is missing.

    run_delay_rel: time waited for a processor over wall time and threads. steal_rel: share of all processor time that the
    hypervisor gave to others. clock_step_ms: how far the wall clock was moved. suspended_s: time asleep.
    """
    wall = max(after.monotonic_s - before.monotonic_s, 1e-9)
    rose = {name: _rise(before, after, name) for name in after.counters}
    jiffies, steal, delay = rose["cpu_jiffies"], rose["steal_jiffies"], rose["run_delay_s"]
    return {
        "run_delay_rel": None if delay is None else max(0.0, delay) / (wall * max(threads, 1)),
        "steal_rel": steal / jiffies if steal is not None and jiffies else None,
        "psi_some_avg10": after.counters["psi_some_avg10"].value,
        "load_average": after.counters["load_average"].value,
        "procs_running": after.counters["procs_running"].value,
        "involuntary_switches": rose["involuntary_switches"],
        "major_faults": rose["major_faults"],
        "swap_pages": rose["swap_pages"],
        "clock_step_ms": abs((after.wall_s - before.wall_s) - wall) * 1e3,
        "suspended_s": None
        if before.boot_s is None or after.boot_s is None
        else max(0.0, after.boot_s - before.boot_s - wall),
    }


def _rise(before: Snapshot, after: Snapshot, name: str) -> float | None:
    low, high = before.counters[name].value, after.counters[name].value
    numbers = isinstance(low, int | float) and isinstance(high, int | float)
    return float(high) - float(low) if numbers else None
