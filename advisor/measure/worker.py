"""The child process of one launch: `python -m advisor.measure.worker JOB.json RESULT.json`.

Its result is a file; whatever libraries print goes to a log. It dies with its parent, and before it: where memory runs out
the kernel is told to take this process first.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from advisor.measure import calibration, phases
from advisor.measure.backends import backend as shipped_backend
from advisor.measure.backends.base import Backend, Unsupported
from advisor.measure.export import export
from advisor.measure.files import read_json, write_json
from advisor.measure.oom import is_out_of_memory
from advisor.measure.records import CALIBRATE, EXPORT, Job

_PR_SET_PDEATHSIG = 1
_EXPENDABLE = "1000"
_EXPORTER = "pytorch-eager"
"""Whose libraries export, for whatever runtime."""


def main(arguments: list[str], backend: Callable[[str], Backend] = shipped_backend) -> int:
    """Run one job; 0 where a result was written, whatever it says. `backend` stands in for the shipped ones in tests."""
    job_file, result_file = map(Path, arguments)
    content = read_json(job_file)
    if content is None:
        print(f"no job in {job_file}", file=sys.stderr)
        return 1
    die_with_parent(int(content["parent"]))
    write_json(result_file, run(Job.from_json(content["job"]), backend))
    return 0


def die_with_parent(parent: int) -> None:
    """End with the parent, whatever kills it, and before it where memory runs out."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        try:
            Path("/proc/self/oom_score_adj").write_text(_EXPENDABLE)
        except OSError as error:
            print(f"oom_score_adj not set: {error.strerror}", file=sys.stderr)
    if os.getppid() != parent:  # it died before the signal was asked for
        sys.exit(1)


def run(job: Job, backend: Callable[[str], Backend]) -> dict[str, Any]:
    """The result of a job as JSON-ready values; what fails is a status with a sentence, never an exception."""
    try:
        return {"status": "ok", "reason": "", **_results(job, backend)}
    except Unsupported as error:
        return _failed("unsupported", str(error))
    except MemoryError:
        return _failed("oom", "out of memory")
    except Exception as error:
        traceback.print_exc()
        words = " ".join(f"{type(error).__name__}: {error}".split())
        return _failed("oom" if is_out_of_memory(words) else "error", words[:300])


def _results(job: Job, backend: Callable[[str], Backend]) -> Mapping[str, Any]:
    chosen = backend(_EXPORTER if job.kind == EXPORT else job.runtime)
    missing = chosen.missing(job)
    if missing:
        raise Unsupported(missing)
    if job.kind == CALIBRATE:
        return calibration.run(job, chosen)
    if job.kind == EXPORT:
        return export(job)
    return phases.run(job, chosen)


def _failed(status: str, reason: str) -> dict[str, Any]:
    return {"status": status, "reason": reason}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
