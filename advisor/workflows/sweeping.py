"""The batch sweep of a campaign: plans one size after the other from how the last went."""

from __future__ import annotations

from dataclasses import replace

from advisor.measure.campaign import Runner
from advisor.measure.files import read_json
from advisor.measure.journal import PLANNED
from advisor.measure.plan import in_order
from advisor.measure.progress import Launch
from advisor.measure.published import memory_of, subjects
from advisor.measure.records import Job, plan_key
from advisor.measure.sweep import Tried, next_batch, predicted_bytes, predicted_ms

_OUT_OF_MEMORY = ("oom", "skipped_predicted_oom")


def swept(runner: Runner, deadline: float | None) -> str:
    """Try batch sizes of every model of the campaign until none is left to try; returns why it stopped early, or ''."""
    while planned := [job for jobs in _by_model(runner).values() if (job := _next(runner, jobs)) is not None]:
        launches = in_order([], planned)
        runner.journal.append(PLANNED, campaign=runner.campaign.id, jobs=[job.to_json() for job in launches])
        runner.campaign.launches.update({plan_key(job): Launch(plan_key(job), job) for job in launches})
        stopped = runner.run(deadline)
        if stopped:
            return stopped
    return ""


def _by_model(runner: Runner) -> dict[tuple[str, int], list[list[Launch]]]:
    found: dict[tuple[str, int], list[list[Launch]]] = {}
    for launches in subjects(runner.campaign):
        job = launches[0].job
        found.setdefault((job.model, job.resolution), []).append(launches)
    return found


def _next(runner: Runner, sizes: list[list[Launch]]) -> Job | None:
    """The job of the next batch size of a model; None where there is none, or where one failed otherwise."""
    tried = [_tried(runner, launches) for launches in sizes]
    known = [one for one in tried if one is not None]
    if len(known) < len(tried):
        return None
    first = sizes[0][0].job
    size = next_batch(known, runner.free_bytes(first))
    return None if size is None else _predicted(runner, replace(first, batch_size=size, replicate=0), known)


def _predicted(runner: Runner, job: Job, tried: list[Tried]) -> Job:
    """The job; the runner is told what it should take and need."""
    took, need = predicted_ms(tried, job.batch_size), predicted_bytes(tried, job.batch_size)
    if took is not None:
        runner.forward_s[plan_key(job)] = took / 1e3
    if need is not None:
        runner.need_bytes[plan_key(job)] = need
    return job


def _tried(runner: Runner, launches: list[Launch]) -> Tried | None:
    """How a batch size went; None where it failed for another reason than memory."""
    batch = launches[0].job.batch_size
    events = [a for one in launches for a in one.attempts]
    if any(a["status"] in _OUT_OF_MEMORY for a in events) or any(
        one.skipped.startswith(_OUT_OF_MEMORY) for one in launches
    ):
        return Tried(batch, fits=False)
    valid = next((one.valid for one in launches if one.valid is not None), None)
    if valid is None:
        return None
    result = read_json(runner.journal.results / valid["file"])
    peak = memory_of(result)[0] if result is not None else None
    return Tried(batch, True, valid["p50_ms"], None if peak is None else peak * 2**20)
