"""What a run takes over from one that died: results that it had just written, and what the machine did not survive."""

from __future__ import annotations

from advisor.measure.campaign import Runner, boot_id
from advisor.measure.files import read_json
from advisor.measure.progress import MOST_HOST_CRASHES, Launch
from advisor.measure.records import Job


def adopt(runner: Runner) -> int:
    """Take over results that were written just before the parent died; returns how many.

    An attempt that was cut off in an earlier boot took the machine with it: a launch that did so twice is left out.
    """
    taken, boot = 0, boot_id()
    for launch in runner.campaign.launches.values():
        if launch.open_attempt is None:
            continue
        if not launch.settled and _finished(runner, launch):
            taken += 1
            continue
        before = launch.open_attempt["boot_id"]
        launch.host_crashes += bool(boot and before and before != boot)
        if launch.host_crashes >= MOST_HOST_CRASHES and not launch.skipped:
            runner.leave_out(launch, f"the machine went down {launch.host_crashes} times while it ran")
    return taken


def _finished(runner: Runner, launch: Launch) -> bool:
    """Whether the last attempt left its whole result, which is then taken."""
    result = read_json(runner.launcher.result_file(runner.name_of(launch)))
    if result is None or "job" not in result or "launch_s" not in result:
        return False
    runner.finish(launch, Job.from_json(result["job"]), result, result["telemetry_codes"])
    return True
