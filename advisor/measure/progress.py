"""What the journal says of campaigns: which launches are done, which attempts failed, what is left. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from advisor.measure.journal import CAMPAIGN, CLOSED, FINISHED, PLANNED, SKIPPED, STARTED, Event
from advisor.measure.records import Job, plan_key

VALID = ("accepted", "degraded")
MOST_ATTEMPTS = 3
MOST_HOST_CRASHES = 2
FINAL = ("unsupported", "oom", "error", "timeout", "skipped_predicted_oom")
"""Trying again would end the same way."""


@dataclass(slots=True)
class Launch:
    """One planned launch and what became of its attempts."""

    key: str
    job: Job
    attempts: list[Event] = field(default_factory=list)
    """Finished attempts in order."""
    open_attempt: Event | None = None
    """Started and not finished: the process or the machine died."""
    host_crashes: int = 0
    skipped: str = ""

    @property
    def valid(self) -> Event | None:
        """The first valid attempt, not the fastest: choosing would bias the number."""
        return next((a for a in self.attempts if a["verdict"] in VALID), None)

    @property
    def settled(self) -> bool:
        """Whether nothing more will be tried."""
        return (
            bool(self.skipped)
            or self.valid is not None
            or len(self.attempts) >= MOST_ATTEMPTS
            or any(a["status"] in FINAL for a in self.attempts)
            or self.host_crashes >= MOST_HOST_CRASHES
        )

    @property
    def next_attempt(self) -> int:
        """Number of the next attempt; one that was cut off is not counted again."""
        return len(self.attempts) + 1


@dataclass(slots=True)
class Campaign:
    """One run of the measure command with its plan."""

    id: str
    settings: Mapping[str, Any]
    launches: dict[str, Launch] = field(default_factory=dict)
    """By plan key, in planned order."""
    calibrations: list[Event] = field(default_factory=list)
    closed: bool = False


def campaigns(events: Iterable[Event]) -> dict[str, Campaign]:
    """Every campaign by id, in the order they were begun."""
    found: dict[str, Campaign] = {}
    for event in events:
        name = str(event["campaign"])
        if event["event"] == CAMPAIGN:
            found[name] = Campaign(name, event["settings"])
            _plan(found[name], event["jobs"])
        else:
            _apply(found[name], event)
    return found


def _plan(campaign: Campaign, jobs: Iterable[Mapping[str, Any]]) -> None:
    for values in jobs:
        job = Job.from_json(values)
        campaign.launches.setdefault(plan_key(job), Launch(plan_key(job), job))


def _apply(campaign: Campaign, event: Event) -> None:
    kind = event["event"]
    if kind == CLOSED:
        campaign.closed = True
    elif kind == PLANNED:
        _plan(campaign, event["jobs"])
        campaign.closed = False
    elif kind in (STARTED, FINISHED, SKIPPED):
        launch = campaign.launches.get(event["key"])
        if launch is None:
            campaign.calibrations += [event] if kind == FINISHED else []
        else:
            _advance(launch, event)


def _advance(launch: Launch, event: Event) -> None:
    if event["event"] == SKIPPED:
        launch.skipped = event["reason"]
    elif event["event"] == FINISHED:
        launch.attempts.append(event)
        launch.open_attempt = None
    else:
        before = launch.open_attempt
        if before is not None and before["boot_id"] != event["boot_id"]:
            launch.host_crashes += 1
        launch.open_attempt = event
