"""Makes the launches of a campaign: calibrates, runs, judges, retries, keeps the journal. The only loop over launches.

Knows no database. What it was told to measure and how it went is in the journal; anyone can work out the numbers from that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic, sleep
from typing import Any

from advisor.errors import AdvisorError
from advisor.measure import artifacts, memory
from advisor.measure.analysis import analyse
from advisor.measure.cost import CostModel, longest_s
from advisor.measure.files import write_json
from advisor.measure.journal import FINISHED, SKIPPED, STARTED, Journal
from advisor.measure.launching import Interrupt, Launcher, recorded_environment, timeout_s
from advisor.measure.plan import ROUND, rounds
from advisor.measure.progress import FINAL, VALID, Campaign, Launch
from advisor.measure.records import CALIBRATE, Job, plan_key, subject_hash
from advisor.measure.sweep import MEMORY_SHARE
from advisor.measure.verdict import judge
from advisor.measure.watching import Watch
from advisor.probe import load

_BACK_OFF_S, _LONGEST_BACK_OFF_S = 5.0, 60.0
_FIRST_MODELS = 4
"""Rejected launches are counted once this many models were tried."""
_LEARNABLE = ("ok",)


@dataclass(frozen=True, slots=True)
class Step:
    """What is told to whoever watches: before a launch `status` is '', after it how it went."""

    job: Job
    attempt: int
    done: int
    planned: int
    left_s: float | None
    status: str = ""
    verdict: str = ""
    reasons: tuple[str, ...] = ()
    p50_ms: float | None = None


@dataclass(slots=True)
class Runner:
    """Runs what of a campaign is not settled. `forward_s` and `need_bytes` are predictions by plan key of replicate 0."""

    journal: Journal
    launcher: Launcher
    campaign: Campaign
    cores: int
    forward_s: dict[str, float]
    need_bytes: dict[str, float]
    watch: Watch
    shares_memory: bool = False
    """Whether the accelerator has no memory of its own, but the host's."""
    on_step: Callable[[Step], None] = lambda _: None
    wait: Callable[[float], None] = sleep
    costs: CostModel = field(default_factory=CostModel)
    stopped: str = ""
    """Why it ended before everything was settled; '' otherwise."""
    _quiet: dict[str, float | None] = field(default_factory=dict)
    _deadline: float | None = None
    _tried: list[Launch] = field(default_factory=list)
    """In this run: whoever resumes may have quietened the machine."""

    def run(self, deadline: float | None) -> str:
        """Launch until all is settled, time is up or someone interrupts; returns why it stopped early, or ''.

        `deadline` is in monotonic seconds.
        """
        self._deadline = deadline
        artifacts.forget(self.journal.folder)  # of a run that was cut off: this one may have other versions
        with Interrupt() as interrupt:
            try:
                for members in self._rounds():
                    self._round(members, deadline, interrupt)
                    if self.stopped:
                        break
            except KeyboardInterrupt:
                self.stopped = "interrupted"
        return self.stopped

    def _rounds(self) -> list[list[Launch]]:
        cut = rounds([launch.job for launch in self.campaign.launches.values()])
        return [[self.campaign.launches[plan_key(job)] for job in members] for members in cut]

    def _round(self, members: Sequence[Launch], deadline: float | None, interrupt: Interrupt) -> None:
        ready: dict[str, float] = {}
        while pending := [launch for launch in members if not launch.settled]:
            launch = min(pending, key=lambda one: (ready.get(one.key, 0.0) > monotonic(), one.next_attempt))
            self._hold(ready.get(launch.key, 0.0), deadline)
            if self._ends_here(launch, deadline, interrupt):
                return
            if launch not in self._tried:
                self._tried.append(launch)
            finished = self._launch(launch)
            if finished and finished["verdict"] not in VALID:
                tries = len(launch.attempts)
                ready[launch.key] = monotonic() + min(_LONGEST_BACK_OFF_S, _BACK_OFF_S * 2**tries)
            if interrupt.asked:
                self.stopped = "interrupted"
                return
        for launch in members:
            artifacts.forget(self.journal.folder, launch.job)

    def _hold(self, until: float, deadline: float | None) -> None:
        """Wait before another attempt, but not past the end."""
        left = until - monotonic()
        if deadline is not None:
            left = min(left, deadline - monotonic())
        if left > 0:
            self.wait(left)

    def _ends_here(self, launch: Launch, deadline: float | None, interrupt: Interrupt) -> bool:
        if interrupt.asked:
            self.stopped = "interrupted"
        elif self._hopeless():
            self.stopped = "rejected"
        elif deadline is not None and monotonic() + self._most(launch.job) > deadline:
            self.stopped = "budget"
        return bool(self.stopped)

    def _hopeless(self) -> bool:
        """Whether more than half of the first models' launches are rejected; later ones do not stop a long run."""
        tried = [one for one in self._tried if any(a["status"] == "ok" for a in one.attempts)]
        if not _FIRST_MODELS <= len({subject_hash(one.job) for one in tried}) <= ROUND:
            return False
        rejected = [one for one in tried if one.valid is None]
        return len(rejected) > len(tried) / 2

    def _forward(self, job: Job) -> float | None:
        return self.forward_s.get(plan_key(replace(job, replicate=0)))

    def _cost(self, job: Job) -> float:
        return self.costs.seconds(job, self._forward(job))

    def _most(self, job: Job) -> float:
        """What a launch should take, and also where it finds no quiet moment: the end is kept either way."""
        return max(self._cost(job), longest_s(job, self._forward(job)))

    def _left_s(self) -> float:
        needed = sum(self._cost(one.job) for one in self.campaign.launches.values() if not one.settled)
        return needed if self._deadline is None else max(0.0, min(needed, self._deadline - monotonic()))

    def _step(self, launch: Launch, **values: Any) -> None:  # noqa: ANN401 - fields of Step
        everything = self.campaign.launches.values()
        done = sum(one.settled for one in everything)
        self.on_step(Step(launch.job, launch.next_attempt, done, len(everything), self._left_s(), **values))

    def _launch(self, launch: Launch) -> Mapping[str, Any] | None:
        reason = self._impossible(launch.job)
        if reason:
            self.skip(launch, reason)
            return None
        quiet = self._quiet_ms(launch.job)
        name = f"{self.campaign.id}-{launch.key}-export"
        artifact, reason = artifacts.exported(self.launcher, name, self.journal.folder, launch.job)
        if reason:
            self.skip(launch, reason)
            return None
        job = replace(launch.job, quiet_ms=quiet, artifact=artifact)
        self._step(launch)
        result, codes = self._made(launch, job)
        finished = self.finish(launch, job, result, codes)
        if finished["status"] in FINAL:  # the other launches would end the same way
            self.skip(launch, f"{finished['status']}: {finished['reason']}")
        self._step(
            launch, status=finished["status"], verdict=finished["verdict"], reasons=tuple(finished["reasons"]),
            p50_ms=finished["p50_ms"],
        )  # fmt: skip
        return finished

    def _impossible(self, job: Job) -> str:
        """Why a launch would run out of memory, by prediction; '' where it would not."""
        need, free = self.need_bytes.get(plan_key(replace(job, replicate=0))), self.free_bytes(job)
        if need is None or free is None or need <= MEMORY_SHARE * free:
            return ""
        return f"skipped_predicted_oom: needs about {need / 2**20:.0f} MiB, {free / 2**20:.0f} MiB are free"

    def free_bytes(self, job: Job) -> float | None:
        """What the host has left where that is what the job uses; None for a GPU with memory of its own."""
        of_host = job.compute_unit == "cpu" or self.shares_memory
        free: float | None = memory.available_bytes().value if of_host else None
        return free

    def skip(self, launch: Launch, reason: str) -> None:
        """Leave out every launch of the same subject that was not tried, with the reason."""
        for other in self.campaign.launches.values():
            if subject_hash(other.job) == subject_hash(launch.job) and not other.attempts and not other.skipped:
                self._leave_out(other, reason)

    def leave_out(self, launch: Launch, reason: str) -> None:
        """The same, and the launch itself even where it was tried."""
        self.skip(launch, reason)
        if not launch.skipped:
            self._leave_out(launch, reason)

    def _leave_out(self, launch: Launch, reason: str) -> None:
        launch.skipped = reason
        self.journal.append(SKIPPED, campaign=self.campaign.id, key=launch.key, reason=reason)

    def name_of(self, launch: Launch) -> str:
        """Of the next attempt's files."""
        return f"{self.campaign.id}-{launch.key}-{launch.next_attempt}"

    def _made(self, launch: Launch, job: Job) -> tuple[dict[str, Any], list[str]]:
        """One attempt: its result and what the accelerator's samples say."""
        name, attempt = self.name_of(launch), launch.next_attempt
        self.journal.append(STARTED, campaign=self.campaign.id, key=launch.key, attempt=attempt, boot_id=boot_id())
        forward = self._forward(job) or 0.0
        with self.watch.over(job) as seen:
            longest = longest_s(job, self._forward(job))
            result = self.launcher.run(name, job, timeout_s(forward, self._cost(job), job.runtime, longest))
        telemetry = seen.summary(result.get("moments", {}))
        result |= {
            "telemetry": telemetry.values,
            "telemetry_codes": telemetry.codes,
            "environment": recorded_environment(job, self.launcher.environment),
            "job": job.to_json(),
            "cores": self.cores,
        }
        if "software" in result:
            result["software"] = {**result["software"], **self.watch.software}
        write_json(self.launcher.result_file(name), result)
        if result["status"] in _LEARNABLE:
            self.costs.learn(job, self._forward(job), result["launch_s"])
        return result, telemetry.codes

    def finish(self, launch: Launch, job: Job, result: Mapping[str, Any], codes: Sequence[str]) -> Mapping[str, Any]:
        """Judge a result and note it in the journal; the event, with sentences."""
        found = analyse(job, result)
        verdict = judge(job, result, found, codes, result.get("cores", self.cores))
        event: dict[str, Any] = {
            "campaign": self.campaign.id, "key": launch.key, "attempt": launch.next_attempt, "status": result["status"],
            "reason": result["reason"], "verdict": verdict.verdict, "codes": list(verdict.codes),
            "p50_ms": found.p50 if found else None, "file": f"{self.name_of(launch)}.json",
        }  # fmt: skip
        self.journal.append(FINISHED, **event)
        launch.attempts.append(event)
        launch.open_attempt = None
        reasons = verdict.reasons() if found else (result["reason"],)
        return {**event, "reasons": reasons}

    def _quiet_ms(self, job: Job) -> float | None:
        """The quiet reference unit of a runtime at a thread count, measured once per campaign and run of the program."""
        if job.runtime == "tensorrt" or not job.timed:
            return None
        group = f"{'onnxruntime' if job.runtime == 'onnxruntime' else 'pytorch'}-{job.compute_unit}-{job.threads}"
        if group not in self._quiet:
            self._quiet[group] = self._calibrated(group, job)
        return self._quiet[group]

    def _calibrated(self, group: str, job: Job) -> float | None:
        calibration = replace(job, kind=CALIBRATE, model="", batch_size=1, replicate=0, built_for=None, artifact="")
        name = f"{self.campaign.id}-quiet-{group}"
        result = self.launcher.run(name, calibration, timeout_s(0.0, 30.0, job.runtime))
        if result["status"] != "ok":
            raise AdvisorError(f"{job.runtime} cannot be measured here: {result['reason']}")
        for kernel, found in result["quiet"].items():
            event = {
                "campaign": self.campaign.id,
                "key": f"quiet-{group}",
                "kernel": kernel,
                "quiet_ms": found["quiet_ms"],
            }
            self.journal.append(FINISHED, **event, status="ok", rates=result["rates"], software=result["software"])
            earlier = [c["quiet_ms"] for c in self.campaign.calibrations if c["key"] == event["key"]]
            return float(min([found["quiet_ms"], *earlier]))
        return None


def boot_id() -> str:
    """Of the machine since it was started; '' where the kernel does not tell."""
    return str(load.settings()["boot_id"].value or "")
