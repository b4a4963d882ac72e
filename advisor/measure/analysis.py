"""From the raw samples of one launch to its figures: percentiles, intervals, slowdown, correction. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from advisor.measure import stats
from advisor.measure.records import Job
from advisor.measure.sampling import Samples, host_bound

WALL, QUIET, CORRECTED = "wall", "quiet", "corrected"
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
    """Of the forwards that count: none where the headline is corrected, because groups are corrected and not single forwards."""
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
    """Which is the number: wall time of all forwards, of those in quiet moments, or corrected by the reference."""


def analyse(job: Job, result: Mapping[str, Any]) -> Analysis | None:
    """The figures of a finished launch; None where it has no samples to speak of."""
    if result.get("status") != "ok":
        return None
    seen = samples_of(result)
    if len(seen.host_ms) < stats.BLOCKS:
        return None
    device = result["samples"]["device_ms"]
    slow, moved, corrected, bounds = _reference(job, seen)
    wall, cpu, headline = _counted(job, seen)
    contended = slow is not None and slow > _CORRECT_FROM and job.compute_unit == "cpu" and headline != QUIET
    use_corrected = contended and corrected is not None and bounds is not None
    inside = bounds if use_corrected and bounds else stats.interval(wall)
    blocks = stats.block_medians(wall)
    return Analysis(
        p50=corrected if use_corrected and corrected else median(wall),
        low=inside.low,
        high=inside.high,
        half_width=inside.half_width,
        grade=stats.grade(inside.half_width),
        n=len(wall),
        n_eff=stats.effective(wall),
        percentiles=dict.fromkeys(stats.LEAST_EFFECTIVE) if use_corrected else stats.percentiles(wall),
        iqr_rel=stats.relative_iqr(wall),
        cpu_ms=cpu,
        cpu_over_wall=cpu / median(wall),
        device_ms=median(device) if device else None,
        host_bound=host_bound(seen, device),
        drift=stats.drift(blocks),
        blocks=tuple(blocks),
        slowdown=slow,
        reference_moved=moved,
        corrected_ms=corrected,
        headline=CORRECTED if use_corrected else headline,
    )


def _counted(job: Job, seen: Samples) -> tuple[list[float], float, str]:
    """(wall times that count, median processor time of the same forwards, headline).

    On a CPU those of quiet moments, where ten groups are: a neighbour's load comes and goes within seconds.
    """
    groups = seen.quiet_groups(job.quiet_ms) if job.quiet_ms is not None and job.compute_unit == "cpu" else []
    some = stats.BLOCKS <= len(groups) < len(seen.groups)
    at = [i for group in groups for i in group] if some else range(len(seen.host_ms))
    wall = [seen.host_ms[i] for i in at]
    cpu = median(seen.cpu_ms[i] for i in at) if seen.cpu_ms else median(wall)
    return wall, cpu, QUIET if some else WALL


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
