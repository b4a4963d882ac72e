"""Which launches a call of measure makes: its jobs, how long and how large each should be, how long each may sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from advisor.errors import NotEnoughEvidence
from advisor.measure.cost import CostModel, fitted_budget_s
from advisor.measure.launching import usable_threads
from advisor.measure.plan import in_order, launches_of
from advisor.measure.records import MEASURE, Job, plan_key
from advisor.records import Device, Model, Target
from advisor.store import Store
from advisor.workflows.subjects import not_traced
from advisor.workflows.wanting import Wanted

_GENEROUS = 1.5
_SLOWEST_S = 5.0
_MACS_RATE = 2.0e10
"""Multiply-accumulates per second and thread assumed where nothing is known: only to order and to stop in time."""


class Options(NamedTuple):
    """What one call of measure was asked for."""

    models: tuple[str, ...]
    all_models: bool
    library: str | None
    batch_sizes: tuple[int, ...]
    sweep: bool
    resolution: int | None
    sample_seconds: float | None
    target: Mapping[str, Any]
    """runtime, precision, power_mode, threads, memory_format."""
    memory_only: bool = False


def check_resolution(store: Store, asked: Options) -> None:
    """Raises NotEnoughEvidence where nothing asked for was traced at the resolution: the number could not be kept."""
    size = asked.resolution
    if size is None:
        return
    for model in map(store.model, asked.models):
        if size not in store.complexity(model.signature):
            raise NotEnoughEvidence(not_traced(store, model, size))
    known = sorted({resolution for _, resolution in store.complexities()})
    if size not in known:
        raise NotEnoughEvidence(f"no model was traced at {size} px; some were at {', '.join(map(str, known))} px")


def jobs_of(
    store: Store, device: Device, target: Target, wanted: Wanted, asked: Options
) -> tuple[tuple[list[Job], list[Job]], dict[str, float]]:
    """(anchors, others) at every batch size, and the seconds a forward of each should take, by plan key."""
    found: tuple[list[Job], list[Job]] = ([], [])
    forward: dict[str, float] = {}
    for batch_size in asked.batch_sizes:
        for into, models in zip(found, (wanted.anchors, wanted.others), strict=True):
            for model in models:
                job = _job(model, device, target, batch_size, asked)
                seconds = forward_s(store, job)
                traced = asked.resolution is None or job.resolution in store.complexity(model.signature)
                if (seconds <= _SLOWEST_S and traced) or asked.models:
                    into.append(job)
                    forward[plan_key(job)] = seconds
    return found, forward


def _job(model: Model, device: Device, target: Target, batch_size: int, asked: Options) -> Job:
    size = model.default_resolution if asked.resolution is None else asked.resolution
    return Job(
        kind=MEASURE, model=model.name, resolution=size, batch_size=batch_size, device=device.id,
        compute_unit=target.compute_unit, runtime=target.runtime, precision=target.precision,
        memory_format=target.memory_format, threads=target.threads or usable_threads(), power_mode=target.power_mode,
        replicate=0, built_for=size if model.fixed_resolution and size != model.default_resolution else None,
        budget_s=asked.sample_seconds or 10.0, timed=not asked.memory_only,
    )  # fmt: skip


def forward_s(store: Store, job: Job) -> float:
    """Predicted seconds of a forward: an estimate of the very target, else from multiply-accumulates."""
    model = store.model(job.model)
    target = Target(
        job.device, job.compute_unit, job.power_mode, job.runtime, job.precision, job.memory_format,
        0 if job.threads == usable_threads() else job.threads,
    )  # fmt: skip
    for one in (target, replace(target, threads=job.threads)):
        known = store.estimate(one, job.batch_size, model.signature, job.resolution)
        if known is not None and known.latency is not None:
            return known.latency.value / 1e3
    totals = store.complexity(model.signature).get(job.resolution)
    rate = _MACS_RATE * (job.threads if job.compute_unit == "cpu" else 50)
    return job.batch_size * totals.macs / rate if totals else 0.2 * job.batch_size


def needs_of(store: Store, jobs: Sequence[Job]) -> dict[str, float]:
    """Bytes that weights and live activations take at least, by plan key."""
    needs: dict[str, float] = {}
    for job in jobs:
        totals = store.complexity(store.model(job.model).signature).get(job.resolution)
        if totals is not None:
            grown = (totals.peak_live_bytes_b8 - totals.peak_live_bytes_b1) / 7
            needs[plan_key(job)] = totals.weight_bytes + totals.peak_live_bytes_b1 + grown * (job.batch_size - 1)
    return needs


def planned_launches(
    jobs: tuple[list[Job], list[Job]], forward: Mapping[str, float], asked: Options, seconds: float | None
) -> tuple[list[Job], Mapping[str, float]]:
    anchors, others = jobs
    if not anchors and not others:
        raise NotEnoughEvidence(
            f"nothing to measure: every model asked for is in the database already or should take over {_SLOWEST_S:g} s a batch; "
            "name a model to measure it again"
        )
    if seconds is None or asked.sample_seconds:
        return in_order(anchors, others), forward
    # A short budget is for the anchors first: sample as long as lets all their launches fit.
    first = anchors or others
    launches = [launch for job in first for launch in launches_of(job)]
    each = fitted_budget_s(
        seconds * 0.85, launches, [forward[plan_key(job)] for job in first for _ in launches_of(job)]
    )

    def shortened(group: Sequence[Job]) -> list[Job]:
        return [replace(job, budget_s=round(each, 1)) for job in group]

    return in_order(shortened(anchors), _affordable(shortened(others), forward, seconds)), forward


def _affordable(jobs: Sequence[Job], forward: Mapping[str, float], seconds: float) -> list[Job]:
    """As many as may be measured in the time, generously: what is not planned is not waited for."""
    costs, spent, kept = CostModel(), 0.0, []
    for job in jobs:
        if spent > _GENEROUS * seconds:
            break
        spent += sum(costs.seconds(launch, forward[plan_key(job)]) for launch in launches_of(job))
        kept.append(job)
    return kept
