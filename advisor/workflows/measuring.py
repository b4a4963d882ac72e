"""measure: from plain arguments to measured numbers in the database, through a journal that survives anything."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from time import monotonic
from typing import NamedTuple

from advisor import units
from advisor.devices import detect
from advisor.errors import NotEnoughEvidence, UsageError
from advisor.locations import measurements_folder
from advisor.measure.adopting import adopt
from advisor.measure.campaign import Runner, Step
from advisor.measure.journal import CAMPAIGN, CLOSED, Journal
from advisor.measure.launching import WORKER, Launcher, usable_threads
from advisor.measure.progress import Campaign, campaigns
from advisor.measure.published import counts, published
from advisor.measure.records import plan_key
from advisor.recommend.measured import Measured
from advisor.records import MEASURABLE, Device, Target
from advisor.store import Store
from advisor.workflows.machine import check_here, this_device, watch_of
from advisor.workflows.maintaining import refit
from advisor.workflows.planning import Options, check_resolution, forward_s, jobs_of, needs_of, planned_launches
from advisor.workflows.preparing import Progress, prepared_store, silent
from advisor.workflows.recording import record, write_results
from advisor.workflows.sweeping import swept
from advisor.workflows.wanting import wanted_models

DEFAULT_BUDGET = "10min"
SWEEP = "sweep"


def measure(
    models: Sequence[str] = (),
    *,
    all_models: bool = False,
    library: str | None = None,
    batch_sizes: str | Sequence[int] = (1,),
    resolution: int | None = None,
    runtime: str | None = None,
    precision: str | None = None,
    power_mode: str | None = None,
    threads: int | None = None,
    memory_format: str | None = None,
    budget: str | None = None,
    device: str | None = None,
    resume: bool = False,
    sample_seconds: float | None = None,
    memory_only: bool = False,
    fit: bool = True,
    on_progress: Progress = silent,
    on_step: Callable[[Step], None] = lambda _: None,
    worker: Sequence[str] = WORKER,
) -> Measured:
    """Measure models on this machine and keep the numbers; without models the anchors and what the database lacks.

    `budget` is a time (`10min`); without models and --all it is 10 minutes. `memory_only` leaves the timing out. Without `fit`
    predictions stay as they were: the caller measures more and then fits. Raises UsageError, UnknownName, DataError;
    NotEnoughEvidence where nothing was left to resume, or no complexity is known at the resolution.
    """
    begin = monotonic()
    asked = Options(
        tuple(models), all_models, library, _batches(batch_sizes), batch_sizes == SWEEP, resolution, sample_seconds,
        {"runtime": runtime, "precision": precision, "power_mode": power_mode, "threads": threads, "memory_format": memory_format},
        memory_only,
    )  # fmt: skip
    if memory_only and runtime == "tensorrt":
        raise UsageError("--memory-only does not go with tensorrt, whose engine is run and read in one; leave it out")
    if resume:
        _check_resumed(asked)
    seconds = _budget_s(budget, asked, resume)
    journal = Journal(measurements_folder())
    with prepared_store(on_progress) as store, journal.opened():
        launcher = Launcher(journal.results, tuple(worker))
        if resume:
            session = _resumed(store, journal, launcher, device)
        else:
            session = _begun(store, journal, launcher, asked, device, seconds, on_progress)
        session.runner.on_step = on_step
        with closing(session.runner.watch):
            adopt(session.runner)
            deadline = None if seconds is None else begin + seconds - _closing_s(seconds)
            stopped = session.runner.run(deadline)
            if not stopped and session.runner.campaign.settings["sweep"]:
                stopped = swept(session.runner, deadline)
        return _closed(store, journal, session, stopped, begin, on_progress if fit else None)


class Session(NamedTuple):
    """A campaign that is about to run."""

    runner: Runner
    device: Device
    target: Target
    profile_made: str


def _batches(given: str | Sequence[int]) -> tuple[int, ...]:
    if not isinstance(given, str):
        return tuple(given)
    if given.strip() == SWEEP:
        return (1,)
    parts = [part.strip() for part in given.split(",")]
    if not all(re.fullmatch(r"[1-9]\d{0,4}", part) for part in parts):
        raise UsageError(
            f"batch sizes {given!r} are not understood; accepted: whole numbers with commas, e.g. 1,8, or {SWEEP}"
        )
    return tuple(dict.fromkeys(int(part) for part in parts))


def _check_resumed(asked: Options) -> None:
    """Raises UsageError for what only a new measurement can be asked for."""
    given = {
        "MODELS": asked.models or None, "--all": asked.all_models or None, "--library": asked.library,
        "--batch-sizes": asked.sweep or asked.batch_sizes != (1,) or None, "--resolution": asked.resolution,
        "--sample-seconds": asked.sample_seconds, "--memory-only": asked.memory_only or None,
        **{"--" + name.replace("_", "-"): value for name, value in asked.target.items()},
    }  # fmt: skip
    named = [name for name, value in given.items() if value is not None]
    if named:
        raise UsageError(
            f"--resume goes on with what was planned and takes no {', '.join(named)}: leave that out, or begin anew without --resume"
        )


def _budget_s(budget: str | None, asked: Options, resume: bool) -> float | None:
    if budget is not None:
        return units.duration_s(budget)
    return None if asked.models or asked.all_models or resume else units.duration_s(DEFAULT_BUDGET)


def _closing_s(seconds: float) -> float:
    """Kept back for the fit at the end."""
    return min(10.0, seconds / 10)


def _begun(
    store: Store,
    journal: Journal,
    launcher: Launcher,
    asked: Options,
    name: str | None,
    seconds: float | None,
    on_progress: Progress,
) -> Session:
    campaign_id = secrets.token_hex(4)
    for model in asked.models:
        store.model(model)  # a name that is not known is said before a profile is measured, and so is a resolution
    check_resolution(store, asked)
    here = this_device(store, name, asked.target, launcher, on_progress)
    wanted = wanted_models(store, here.device, here.target, asked)
    jobs, forward = jobs_of(store, here.device, here.target, wanted, asked)
    planned, launches = planned_launches(jobs, forward, asked, seconds)
    journal.append(
        CAMPAIGN,
        campaign=campaign_id,
        settings={
            "device": here.device.id,
            "target": asdict(here.target),
            "cores": usable_threads(),
            "sweep": asked.sweep,
        },
        jobs=[job.to_json() for job in planned],
    )
    campaign = campaigns(journal.events())[campaign_id]
    runner = _runner(store, journal, launcher, campaign, here.device, launches)
    return Session(runner, here.device, here.target, here.profile_made)


def _resumed(store: Store, journal: Journal, launcher: Launcher, name: str | None) -> Session:
    open_ones = [c for c in campaigns(journal.events()).values() if not c.closed]
    chosen = [c for c in open_ones if name in (None, c.settings["device"])]
    if not chosen:
        raise NotEnoughEvidence("there is no unfinished measurement to resume; begin one with 'advisor measure'")
    campaign = chosen[-1]
    device = store.device(campaign.settings["device"])
    target = Target(**campaign.settings["target"])
    check_here(device, target.power_mode, detect())
    return Session(_runner(store, journal, launcher, campaign, device, {}), device, target, "")


def _runner(
    store: Store, journal: Journal, launcher: Launcher, campaign: Campaign, device: Device, forward: Mapping[str, float]
) -> Runner:
    jobs = [launch.job for launch in campaign.launches.values() if launch.job.replicate == 0]
    known = dict(forward) or {plan_key(job): forward_s(store, job) for job in jobs}
    return Runner(
        journal,
        launcher,
        campaign,
        usable_threads(),
        known,
        needs_of(store, jobs),
        watch_of(device),
        device.unified_memory,
    )


def _closed(
    store: Store, journal: Journal, session: Session, stopped: str, begin: float, fit_with: Progress | None
) -> Measured:
    """Work the numbers out, keep them in the database, fit anew (unless there is nobody to tell of it)."""
    campaign = session.runner.campaign
    numbers, left = published(campaign, journal.results)
    changed = record(store, journal)
    write_results(store, journal, campaign.id)
    fitted = None
    if changed and fit_with is not None:
        fitted = refit(store, session.target, fit_with)
    if not stopped:  # last: whoever is cut off before can still resume
        journal.append(CLOSED, campaign=campaign.id)
    return Measured(
        campaign.id, session.device.id, session.target, tuple(numbers), tuple(left), counts(numbers, left), stopped,
        monotonic() - begin, len(campaign.launches), session.profile_made, fitted,
    )  # fmt: skip


__all__ = ["MEASURABLE", "measure"]
