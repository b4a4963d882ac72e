"""From the raw samples of one launch to its figures: percentiles, intervals, slowdown, correction. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """Last third of the slices over the first, less one: of quiet moments those around the forwards that count."""
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
    groups = _quiet_groups(job, seen)
    slow, moved, corrected, bounds = _reference(job, seen, groups)
    wall, cpu = _counted(seen, groups)
    headline = QUIET if groups else WALL
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


def _quiet_groups(job: Job, seen: Samples) -> list[int]:
    """On a CPU the groups of quiet moments, where they are ten and not all: a neighbour's load comes and goes within seconds."""
    groups = seen.quiet_at(job.quiet_ms) if job.quiet_ms is not None and job.compute_unit == "cpu" else []
    return groups if stats.BLOCKS <= len(groups) < len(seen.groups) else []


def _counted(seen: Samples, groups: Sequence[int]) -> tuple[list[float], float]:
    """(wall times that count, median processor time of the same forwards): those of the groups, of all where none is named."""
    at = seen.forwards_of(groups) if groups else range(len(seen.host_ms))
    wall = [seen.host_ms[i] for i in at]
    return wall, median(seen.cpu_ms[i] for i in at) if seen.cpu_ms else median(wall)


def samples_of(result: Mapping[str, Any]) -> Samples:
    """The raw samples of a result."""
    raw = result["samples"]
    return Samples(
        raw["host_ms"], raw["enqueue_ms"], raw["cpu_ms"], raw["reference_ms"], raw["groups"], raw["stop"]
    )  # fmt: skip


def _reference(
    job: Job, seen: Samples, groups: Sequence[int]
) -> tuple[float | None, float | None, float | None, stats.Interval | None]:
    """(slowdown, how far the reference moved around the groups that count, corrected median, its interval)."""
    slices = seen.reference_ms
    if not slices or job.quiet_ms is None:
        return None, None, None, None
    beside = [slices[i] for i in sorted({side for i in groups for side in (i, i + 1)})] or slices
    edge = max(1, len(beside) // 3)
    moved = median(beside[-edge:]) / median(beside[:edge]) - 1
    corrected = [job.quiet_ms * ratio for ratio in seen.ratios()]
    bounds = stats.interval(corrected) if len(corrected) >= stats.BLOCKS else None
    return median(slices) / job.quiet_ms, moved, median(corrected), bounds
