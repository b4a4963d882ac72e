"""The parent's side of one launch: start a worker in a group of its own, wait without polling, leave nothing behind.

Linux only: waits on a process descriptor, so that waiting uses no processor while the child is timed (watching.py, where
there is an accelerator to watch, does). The thread that starts a worker must be the one that waits: the signal that ends the
worker follows that thread's death.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from advisor.errors import AdvisorError
from advisor.locations import import_path
from advisor.measure.files import read_json, write_json
from advisor.measure.records import Job

WORKER = (sys.executable, "-m", "advisor.measure.worker")
_GRACE_S = 5.0
_SHORTEST_S, _LONGEST_S, _LOAD_S = 120.0, 600.0, 60.0
_BUILDING_S = {"tensorrt": 1200.0, "pytorch-compile": 600.0}
"""The shortest of runtimes that build or compile first: a launch that is ended is not tried again."""


@dataclass(slots=True)
class Interrupt:
    """What Ctrl-C does: the first lets the launch finish, the second kills it."""

    asked: int = 0
    _before: Any = None

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():  # elsewhere signals are not ours to take
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, *_: object) -> None:
        self.asked += 1
        if self.asked > 1:
            raise KeyboardInterrupt


@dataclass(frozen=True, slots=True)
class Launcher:
    """Where workers write, how they are started and under which settings."""

    folder: Path
    """Jobs, results and logs."""
    command: Sequence[str] = WORKER
    environment: Mapping[str, str] = field(default_factory=dict)

    def result_file(self, name: str) -> Path:
        """Where the launch of this name leaves its result."""
        return self.folder / f"{name}.json"

    def run(self, name: str, job: Job, timeout_s: float) -> dict[str, Any]:
        """Start one worker and wait; the result says how it ended, whatever happened to it.

        KeyboardInterrupt kills the worker and goes on upwards.
        """
        job_file, result_file = self.folder / f"{name}.job", self.result_file(name)
        result_file.unlink(missing_ok=True)
        write_json(job_file, {"job": job.to_json(), "parent": os.getpid()})
        start = monotonic()
        try:
            ended = self._wait(name, [str(job_file.absolute()), str(result_file.absolute())], job, timeout_s)
        finally:
            job_file.unlink(missing_ok=True)
        found = read_json(result_file) or {"status": ended[0], "reason": ended[1]}
        return {**found, "launch_s": monotonic() - start}

    def _wait(self, name: str, files: Sequence[str], job: Job, timeout_s: float) -> tuple[str, str]:
        """(status, reason) for a worker that leaves no result."""
        log = self.folder / f"{name}.log"
        killed_before = _oom_kills()
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [*self.command, *files], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=environment(job, self.environment), start_new_session=True,
                cwd=self.folder,  # python -m imports from the current folder first, and the user's may hold a torch.py
            )  # fmt: skip
        try:
            if not _ended_within(process.pid, timeout_s):
                _end(process)
                return "timeout", f"did not finish within {timeout_s:.0f} s"
            os.killpg(process.pid, signal.SIGKILL)  # what it may have left in its group; itself it has ended
            code = process.wait()
        except BaseException:
            _end(process)
            raise
        return _unexplained(code, _oom_kills() - killed_before, log)


def timeout_s(forward_s: float, launch_s: float, runtime: str, longest_s: float = 0.0) -> float:
    """Between 2 and 10 minutes: loading and 20 forwards, or twice what the launch should take; more where the runtime builds.

    Always room for `longest_s`, what the launch may take by its own rules, and a minute: one that is ended is not tried again.
    """
    usual = min(_LONGEST_S, max(_SHORTEST_S, _LOAD_S + 20 * forward_s, 2 * launch_s))
    return max(usual, _BUILDING_S.get(runtime, 0.0), _LOAD_S + longest_s)


def _ended_within(pid: int, seconds: float) -> bool:
    """Block until the process ends; False after `seconds`."""
    if not hasattr(os, "pidfd_open"):
        raise AdvisorError("measuring needs Linux 5.3 or newer")
    handle = os.pidfd_open(pid)
    try:
        deadline = monotonic() + seconds
        while (left := deadline - monotonic()) > 0:
            if select.select([handle], [], [], left)[0]:
                return True
        return False
    finally:
        os.close(handle)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the whole group to end, then make it."""
    for sign, wait in ((signal.SIGTERM, _GRACE_S), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, sign)
            process.wait(wait)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _unexplained(code: int, oom_kills: int, log: Path) -> tuple[str, str]:
    """Why a worker that ended left no result."""
    if code == -signal.SIGKILL and oom_kills > 0:
        return "oom", "the kernel killed it for want of memory"
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return "crashed", f"ended with {how}; see {log}"


def _oom_kills() -> int:
    """Kills for want of memory since boot, of the machine."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def environment(job: Job, more: Mapping[str, str]) -> dict[str, str]:
    """The worker's environment: ours, with everything that changes a timing set explicitly."""
    threads = str(job.threads)
    return {
        **os.environ,
        "PYTHONPATH": import_path(),
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "OMP_WAIT_POLICY": "PASSIVE",  # spinning threads on shared cores cost 10 to 100 times the work
        "OMP_PROC_BIND": "false",
        "TORCHINDUCTOR_COMPILE_THREADS": "1",  # compiles in the worker itself: no helpers to outlive it
        "PYTHONHASHSEED": "0",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        **more,
    }


RECORDED = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY", "OMP_PROC_BIND", "KMP_AFFINITY", "MALLOC_ARENA_MAX",
    "LD_PRELOAD", "PYTHONHASHSEED", "CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES", "CUDA_MODULE_LOADING",
    "CUBLAS_WORKSPACE_CONFIG", "PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF", "NVIDIA_TF32_OVERRIDE",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
)  # fmt: skip
"""Variables that change numbers: recorded with each launch, those that are set (paths as their last part)."""


def recorded_environment(job: Job, more: Mapping[str, str]) -> dict[str, str]:
    """What of the worker's environment is kept with a result; no path, and no UUID of a GPU."""
    full = environment(job, more)
    kept = {name: os.path.basename(full[name]) for name in RECORDED if name in full}
    visible = full.get("CUDA_VISIBLE_DEVICES", "")
    return kept if re.fullmatch(r"[\d,]*", visible) else {**kept, "CUDA_VISIBLE_DEVICES": "set"}


def usable_threads() -> int:
    """Processors this process may use: its affinity, no more than its control group's quota."""
    from advisor.probe import load

    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = load.settings()["cgroup_cpu_quota"].value
    return mine if quota is None else max(1, min(mine, int(quota)))
