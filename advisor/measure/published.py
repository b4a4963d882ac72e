"""A published number from the launches of one subject: median of launch medians, interval over all launches.

Worked out from the plan in the journal and the result files alone, by today's rules, so that it can be worked out again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from advisor.measure.analysis import CORRECTED, QUIET, WALL, Analysis
from advisor.measure.files import read_json
from advisor.measure.plan import LAUNCHES
from advisor.measure.progress import Campaign, Launch
from advisor.measure.records import MEASURE, Job, subject_hash
from advisor.measure.rejudging import first_valid, seen
from advisor.measure.stats import LEAST_EFFECTIVE
from advisor.measure.verdict import DEGRADED, REJECTED, Verdict, across, judged
from advisor.records.cases import CASES, INFO

MEMORY = "memory"
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Published:
    """One number with everything that says how far to trust it."""

    result_id: str
    """campaign-subject: also the name of its file."""
    job: Job
    p50: float
    percentiles: Mapping[str, float | None]
    low: float
    high: float
    samples: int
    launches: tuple[float, ...]
    """Medians of the launches."""
    throughput_img_s: float | None
    first_call_ms: float | None
    memory_mib: float | None
    memory_kind: str
    memory_parts_mib: Mapping[str, float]
    headline: str
    """The least direct of the launches': corrected ones have no percentiles, and throughput is of wall time alone."""
    slowdown: float | None
    verdict: Verdict
    result: Mapping[str, Any]
    """The raw result of the first valid launch, for the fingerprint."""

    @property
    def tail_reason(self) -> str:
        """Why a percentile is None."""
        return "corrected" if self.headline == CORRECTED else "too_few_samples"


@dataclass(frozen=True, slots=True)
class Weighed:
    """Peak memory of a subject that has no latency: none was wanted, or every attempt at it was rejected."""

    result_id: str
    job: Job
    memory_mib: float
    memory_kind: str
    memory_parts_mib: Mapping[str, float]
    result: Mapping[str, Any]
    """The raw result it was read from, for the fingerprint."""


@dataclass(frozen=True, slots=True)
class Left:
    """A subject without a latency, and why."""

    job: Job
    status: str
    """`memory` where nothing but memory was wanted and is known; `ok` where the latency was rejected."""
    reasons: tuple[str, ...]
    weighed: Weighed | None = None


def subjects(campaign: Campaign) -> list[list[Launch]]:
    """The launches of each subject, in planned order."""
    found: dict[str, list[Launch]] = {}
    for launch in campaign.launches.values():
        found.setdefault(subject_hash(launch.job), []).append(launch)
    return list(found.values())


def published(campaign: Campaign, folder: Path) -> tuple[list[Published], list[Left]]:
    """All numbers of a campaign and what has none. Subjects that were not tried yet are in neither."""
    numbers: list[Published] = []
    left: list[Left] = []
    for launches in subjects(campaign):
        found = _published(campaign, launches, folder)
        if found is not None:
            numbers.append(found)
        elif any(one.attempts or one.skipped for one in launches):
            left.append(_left(campaign, launches, folder))
    return numbers, left


def _published(campaign: Campaign, launches: Sequence[Launch], folder: Path) -> Published | None:
    kept = [one for launch in launches if (one := first_valid(campaign, launch, folder)) is not None]
    if not kept:
        return None
    codes = [one.verdict.codes for one in kept]
    return _combined(campaign, launches, [one.result for one in kept], [one.found for one in kept if one.found], codes)


def _combined(
    campaign: Campaign,
    launches: Sequence[Launch],
    results: Sequence[Mapping[str, Any]],
    found: Sequence[Analysis],
    codes: Sequence[Sequence[str]],
) -> Published:
    medians = tuple(one.p50 for one in found)
    first = results[0]
    headlines = {one.headline for one in found}
    headline = next(kind for kind in (CORRECTED, QUIET, WALL) if kind in headlines)
    flows = [r["throughput"]["img_per_s"] for r in results if r["throughput"] and headline == WALL]
    memory, kind, parts = memory_of(first)
    everything = [code for one in codes for code in one]
    slow = [one.slowdown for one in found if one.slowdown is not None]
    return Published(
        result_id=f"{campaign.id}-{subject_hash(launches[0].job)}",
        job=replace(launches[0].job, artifact="", quiet_ms=None),
        p50=median(medians),
        percentiles=_percentiles(found),
        low=min(one.low for one in found),
        high=max(one.high for one in found),
        samples=sum(one.n for one in found),
        launches=medians,
        throughput_img_s=flows[0] if flows else None,
        first_call_ms=first["first_call_ms"],
        memory_mib=memory,
        memory_kind=kind,
        memory_parts_mib=parts,
        headline=headline,
        slowdown=median(slow) if slow else None,
        verdict=judged([*across(medians, LAUNCHES), *everything]),
        result=first,
    )


def _percentiles(found: Iterable[Analysis]) -> dict[str, float | None]:
    """The median over the launches that have the percentile; None where any is without."""
    found = list(found)
    merged: dict[str, float | None] = {}
    for name in LEAST_EFFECTIVE:
        values = [one.percentiles[name] for one in found]
        known = [v for v in values if v is not None]
        merged[name] = median(known) if len(known) == len(values) else None
    return merged


def memory_of(result: Mapping[str, Any]) -> tuple[float | None, str, dict[str, float]]:
    """(MiB the process needs, kind, parts in MiB).

    A Jetson: what the board had less at its least; a GPU: reserved peak of the first call and the context, of TensorRT its engine;
    a CPU: peak resident size.
    """
    sizes = {name: entry["value"] / _MIB for name, entry in result["memory"].items() if entry["value"] is not None}
    parts = {name: sizes[name] for name in ("weights", "engine") if name in sizes}
    if "mem_available_mib" in result["telemetry"]:
        return _board_mib(result), "board_delta", parts
    reserved = _value(result, "first", "reserved_peak")
    if reserved is not None:
        return _reserved(result, reserved / _MIB, parts)
    if "engine" in sizes:
        return sizes["engine"], "engine", parts
    if "rss_peak" not in sizes or result["job"]["compute_unit"] == "gpu":  # the host's memory is not the GPU's
        return None, "", parts
    base, loaded = sizes.get("rss_after_import", 0.0), sizes.get("rss_after_load", 0.0)
    parts |= {"runtime": base, "activations": max(0.0, sizes["rss_peak"] - max(base, loaded))}
    return sizes["rss_peak"], "process_peak", parts


def _board_mib(result: Mapping[str, Any]) -> float | None:
    """How far MemAvailable fell from just before loading; None where no reading lies between, or others gave back more."""
    around = _around(result, "mem_available_mib")
    return None if around is None or around["base"] <= around["min"] else around["base"] - around["min"]


def _reserved(
    result: Mapping[str, Any], reserved_mib: float, parts: Mapping[str, float]
) -> tuple[float | None, str, dict[str, float]]:
    kind, around = "cuda_reserved+context", _around(result, "memory_used_mib")
    if around is None:
        return None, kind, {**parts, "reserved": reserved_mib}
    context = max(0.0, around["max"] - around["base"] - reserved_mib)
    return reserved_mib + context, kind, {**parts, "reserved": reserved_mib, "runtime": context}


def _around(result: Mapping[str, Any], name: str) -> Mapping[str, float] | None:
    """Readings of a metric around the model's memory; None in results that do not say when that was."""
    found: Mapping[str, float] | None = result["telemetry"].get("memory", {}).get(name)
    return found


def _value(result: Mapping[str, Any], when: str, name: str) -> float | None:
    found: float | None = result["accelerator"].get(when, {}).get(name, {}).get("value")
    return found


def _weighed(campaign: Campaign, launches: Sequence[Launch], folder: Path) -> Weighed | None:
    """Memory of the first attempt that ended well, whatever became of its timing: other work does not disturb it."""
    for attempt in (a for one in launches for a in one.attempts if a["status"] == "ok"):
        result = read_json(folder / attempt["file"])
        memory, kind, parts = memory_of(result) if result is not None else (None, "", {})
        if result is not None and memory is not None:
            job = replace(launches[0].job, artifact="", quiet_ms=None)
            return Weighed(f"{campaign.id}-{subject_hash(job)}", job, memory, kind, parts, result)
    return None


def _left(campaign: Campaign, launches: Sequence[Launch], folder: Path) -> Left:
    weighed = _weighed(campaign, launches, folder)
    last = next((one.attempts[-1] for one in launches if one.attempts), None)
    if last is None:
        return Left(launches[0].job, "skipped", (next(one.skipped for one in launches if one.skipped),))
    again = seen(campaign, last, folder)
    codes = again.verdict.codes if again is not None else last["codes"]
    sentences = tuple(CASES[code].sentence for code in codes if CASES[code].effect != INFO)
    reasons = (last["reason"],) if last["reason"] else sentences
    status = MEMORY if weighed is not None and not weighed.job.timed else last["status"]
    return Left(launches[0].job, status, reasons, weighed)


def counts(numbers: Sequence[Published], left: Sequence[Left]) -> dict[str, int]:
    """How many subjects ended how."""
    verdicts = [one.verdict.verdict for one in numbers]
    return {
        "accepted": verdicts.count("accepted"),
        DEGRADED: verdicts.count(DEGRADED),
        "memory only": sum(one.status == MEMORY for one in left),
        REJECTED: sum(one.status == "ok" for one in left),
        "skipped": sum(one.status == "skipped" for one in left),
        "failed": sum(one.status not in ("ok", "skipped", MEMORY) for one in left),
    }


__all__ = ["MEASURE", "MEMORY", "Left", "Published", "Weighed", "counts", "memory_of", "published", "subjects"]
