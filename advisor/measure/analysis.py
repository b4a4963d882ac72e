"""From the raw samples of one launch to its figures: percentiles, intervals, slowdown, correction. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from advisor.measure import stats
from advisor.measure.records import Job
from advisor.measure.sampling import Samples, host_bound

WALL, CORRECTED = "wall", "corrected"
_CORRECT_FROM = 1.10


@dataclass(frozen=True, slots=True)
class Analysis:
    """Figures of one launch, in milliseconds of the whole batch unless the name says otherwise."""

    p50: float
    low: float
    high: float
    half_width: float
    grade: str
    n: int
    n_eff: float
    percentiles: Mapping[str, float | None]
    """Of wall time: none where the headline is corrected, because groups are corrected and not single forwards."""
    iqr_rel: float
    cpu_ms: float
    cpu_over_wall: float
    device_ms: float | None
    host_bound: bool
    drift: stats.Drift
    blocks: tuple[float, ...]
    slowdown: float | None
    """Median reference unit over the quiet one; None without a reference."""
    reference_moved: float | None
    """Last third of the slices over the first, less one."""
    corrected_ms: float | None
    headline: str
    """Which of wall and corrected time is the number."""


def analyse(job: Job, result: Mapping[str, Any]) -> Analysis | None:
    """The figures of a finished launch; None where it has no samples to speak of."""
    if result.get("status") != "ok":
        return None
    seen = samples_of(result)
    if len(seen.host_ms) < stats.BLOCKS:
        return None
    device = result["samples"]["device_ms"]
    slow, moved, corrected, bounds = _reference(job, seen)
    contended = slow is not None and slow > _CORRECT_FROM and job.compute_unit == "cpu"
    use_corrected = contended and corrected is not None and bounds is not None
    wall = stats.interval(seen.host_ms)
    inside = bounds if use_corrected and bounds else wall
    blocks = stats.block_medians(seen.host_ms)
    cpu = median(seen.cpu_ms) if seen.cpu_ms else median(seen.host_ms)
    return Analysis(
        p50=corrected if use_corrected and corrected else median(seen.host_ms),
        low=inside.low,
        high=inside.high,
        half_width=inside.half_width,
        grade=stats.grade(inside.half_width),
        n=len(seen.host_ms),
        n_eff=stats.effective(seen.host_ms),
        percentiles=dict.fromkeys(stats.LEAST_EFFECTIVE) if use_corrected else stats.percentiles(seen.host_ms),
        iqr_rel=stats.relative_iqr(seen.host_ms),
        cpu_ms=cpu,
        cpu_over_wall=cpu / median(seen.host_ms),
        device_ms=median(device) if device else None,
        host_bound=host_bound(seen, device),
        drift=stats.drift(blocks),
        blocks=tuple(blocks),
        slowdown=slow,
        reference_moved=moved,
        corrected_ms=corrected,
        headline=CORRECTED if use_corrected else WALL,
    )


def samples_of(result: Mapping[str, Any]) -> Samples:
    """The raw samples of a result."""
    raw = result["samples"]
    return Samples(
        raw["host_ms"], raw["enqueue_ms"], raw["cpu_ms"], raw["reference_ms"], raw["groups"], raw["stop"]
    )  # fmt: skip


def _reference(job: Job, seen: Samples) -> tuple[float | None, float | None, float | None, stats.Interval | None]:
    """(slowdown, how far the reference moved, corrected median, its interval)."""
    slices = seen.reference_ms
    if not slices or job.quiet_ms is None:
        return None, None, None, None
    edge = max(1, len(slices) // 3)
    moved = median(slices[-edge:]) / median(slices[:edge]) - 1
    corrected = [job.quiet_ms * ratio for ratio in seen.ratios()]
    bounds = stats.interval(corrected) if len(corrected) >= stats.BLOCKS else None
    return median(slices) / job.quiet_ms, moved, median(corrected), bounds
