"""An attempt as today's rules see it: figures and verdict worked out again, together, from its raw result.

The journal keeps what was found when the attempt was made, and goes by that when it resumes; what is published goes by this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.measure.analysis import Analysis, analyse
from advisor.measure.files import read_json
from advisor.measure.journal import Event
from advisor.measure.progress import VALID, Campaign, Launch
from advisor.measure.records import Job
from advisor.measure.verdict import Verdict, judge

_NEEDED = (
    "job", "samples", "warmup", "gauges", "check", "settings_changed", "subnormal_share", "telemetry_codes",
)  # fmt: skip
"""Of a result that ended well: what the judge reads."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One attempt, read again."""

    result: Mapping[str, Any]
    found: Analysis | None
    """None where it did not finish, or was not to be timed."""
    verdict: Verdict


def first_valid(campaign: Campaign, launch: Launch, folder: Path) -> Seen | None:
    """The first timed attempt of a launch that is valid by today's rules, not the fastest: choosing would bias the number."""
    valid = (one for one in _all_seen(campaign, launch, folder) if one.found and one.verdict.verdict in VALID)
    return next(valid, None)


def _all_seen(campaign: Campaign, launch: Launch, folder: Path) -> Iterator[Seen]:
    for event in launch.attempts:
        one = seen(campaign, event, folder)
        if one is not None:
            yield one


def seen(campaign: Campaign, event: Event, folder: Path) -> Seen | None:
    """What an attempt's result file says today; None where there is none."""
    result = read_json(folder / event["file"])
    if result is None:
        return None
    kept = Verdict(event["verdict"], tuple(event["codes"]))
    if "job" not in result or "samples" not in result:  # it did not finish
        return Seen(result, None, kept)
    job = Job.from_json(result["job"])
    found = analyse(job, result)
    cores = result.get("cores", campaign.settings.get("cores"))
    if cores is None or any(name not in result for name in _NEEDED):
        # Written by a version that did not keep what the judge reads: what was found when it was made stands.
        return Seen(result, found, kept)
    return Seen(result, found, judge(job, result, found, result["telemetry_codes"], cores))
