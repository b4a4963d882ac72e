"""Observations, measurements, and what became of an imported file. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from advisor.records.target import Target


@dataclass(frozen=True, slots=True)
class Observation:
    """One measurement as a source printed it, in our units, before any name is mapped.

    `locator` says where in the source it stands (file and line); `id` hashes what was printed with the locator.
    """

    id: str
    source: str
    locator: str
    model: str
    library_hint: str
    device: str
    runtime: str
    """As printed; the device and runtime tables map it."""
    precision: str
    batch_size: int
    resolution: int | None
    latency_ms: float | None
    """Whole batch."""
    throughput_img_s: float | None
    memory_mib: float | None
    memory_kind: str
    statistic: str
    timing_scope: str
    samples: int | None
    memory_format: str
    power_mode: str
    threads: int
    software: str
    quantiles: Mapping[str, float] = field(default_factory=dict)
    """Further statistics the source printed, e.g. {"p90": 4.1} (ms per batch)."""
    note: str = ""
    accelerators: int = 1
    """How many accelerators together produced the figure."""
    power_w: float | None = None
    """Mean electrical power while it ran, as metered; never a rated power."""
    power_scope: str = ""
    """What was metered; one of POWER_SCOPES where there is a power."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """An observation mapped to an architecture and a target."""

    id: str
    source: str
    model: str
    """library/name in the catalogue."""
    signature: str
    resolution: int
    batch_size: int
    target: Target
    latency_ms: float | None
    throughput_img_s: float | None
    memory_mib: float | None
    memory_kind: str
    statistic: str
    timing_scope: str
    grade: str
    caveats: tuple[str, ...]
    verdict: str
    """accepted, degraded (own measurements with flags) or duplicate."""
    quantiles: Mapping[str, float] = field(default_factory=dict)
    samples: int | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of each row of an imported file; the counts add up to rows."""

    file: str
    rows: int
    accepted: int
    duplicate: int
    rejected: tuple[tuple[int, str], ...]
    """(line, reason)."""
