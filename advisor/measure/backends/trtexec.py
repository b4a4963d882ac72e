"""TensorRT through trtexec, the tool that comes with it (on a Jetson in /usr/src/tensorrt/bin).

One run builds the engine, another loads and times it: building takes far more memory and other clocks than running. trtexec
times itself, so there is no reference kernel beside it; its own samples are judged like all others.
"""

from __future__ import annotations

import ctypes
import json
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from advisor.measure.backends.base import Timed, Unsupported
from advisor.measure.files import read_json
from advisor.measure.records import Job
from advisor.measure.reference import Clock
from advisor.records import Probed

PLACES = ("/usr/src/tensorrt/bin/trtexec", "/usr/local/tensorrt/bin/trtexec")
_FLAGS: dict[str, tuple[str, ...]] = {
    "fp32": ("--noTF32",), "tf32": (), "fp16": ("--fp16",), "bf16": ("--bf16",), "int8": ("--int8",),
    "int8+fp16": ("--int8", "--fp16"),
}  # fmt: skip
_WARM_UP_MS, _LEAST_ITERATIONS = 1000, 50
_BUILD_MOST_S, _RUN_MOST_S, _HELP_MOST_S = 900.0, 240.0, 20.0
LONGEST_S = _BUILD_MOST_S + _RUN_MOST_S + _HELP_MOST_S
"""All runs of one launch; less than the parent waits for it, so that what did not finish is told."""
_REST_S = 1.0
"""After building, so that what it took is given back and the parent has read so before the model is loaded."""
_CLOSING_S = 1.0
"""Before the end of a run: what was timed is written out."""
_THROUGHPUT = re.compile(r"Throughput:\s*([\d.]+)\s*qps")
_VERSION = re.compile(r"TensorRT(?:\.trtexec)?\s*(?:v|version:?\s*)?\[?v?(\d+(?:\.\d+)*|\d{4,6})\]?")
_FAILED = re.compile(
    r"(?:out of memory|OutOfMemory|insufficient (?:memory|workspace)|Cuda failure: 2\b)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class TrtExec:
    """The tool at a place; `command` stands in for it in tests."""

    command: Sequence[str] = ()

    def _tool(self) -> Sequence[str]:
        if self.command:
            return self.command
        found = shutil.which("trtexec") or next((place for place in PLACES if Path(place).exists()), "")
        return (found,) if found else ()

    def missing(self, job: Job) -> str:
        """The tool, or a GPU target."""
        if job.compute_unit != "gpu":
            return "TensorRT runs on a GPU; this target is a CPU"
        if not self._tool():
            return f"trtexec is not on the PATH nor in {PLACES[0]}: install TensorRT (on a Jetson: sudo apt install tensorrt)"
        return ""

    def prepare(self, job: Job) -> None:
        """Nothing to import: the runtime is another program."""

    def load(self, job: Job, clock: Clock) -> Timed:
        """Build the engine where it is not there yet and let trtexec time it. Raises Unsupported, MemoryError, RuntimeError."""
        if job.precision not in _FLAGS:
            raise Unsupported(f"tensorrt does not run {job.precision}; it runs {', '.join(_FLAGS)}")
        engine = engine_file(job)
        if not engine.exists():
            scratch = engine.with_suffix(".part")
            _run([*self._tool(), *building(job, scratch)], _BUILD_MOST_S)
            scratch.replace(engine)
            sleep(_REST_S)
        times = Path(job.artifact).with_suffix(f".{job.replicate}.times")
        began = monotonic()
        printed = _run([*self._tool(), *timing(job, engine, times)], _RUN_MOST_S)
        moments = _moments(job, began, monotonic())
        samples = parse_times(times)
        times.unlink(missing_ok=True)
        rate = _THROUGHPUT.search(printed)
        return Timed(
            host_ms=samples["compute"],
            enqueue_ms=samples["enqueue"],
            device_ms=samples["compute"],
            img_per_s=float(rate[1]) * job.batch_size if rate else None,
            identity=read_json(Path(job.artifact).with_suffix(".json")) or {},
            mode={"flags": " ".join([*_FLAGS[job.precision], *_switches(timing(job, engine, times))])},
            memory={"engine": Probed(engine.stat().st_size)},
            moments=moments,
        )

    def reference(self, job: Job, clock: Clock) -> None:
        """None: trtexec times itself."""

    def rates(self, job: Job) -> Mapping[str, float]:
        """None: PyTorch measures them."""
        return {}

    def versions(self) -> Mapping[str, str]:
        """TensorRT as the tool names itself."""
        tool = self._tool()
        found = _VERSION.search(_run([*tool, "--help"], _HELP_MOST_S, check=False)) if tool else None
        return {"tensorrt": _dotted(found[1])} if found else {}


BACKEND = TrtExec()


def engine_file(job: Job) -> Path:
    """Beside the exported model, one for each precision: the launches of a model share it."""
    return Path(job.artifact).with_suffix(f".{job.precision}.engine")


def building(job: Job, engine: Path) -> list[str]:
    """What trtexec is called with to build: fixed shapes, as little running as it allows."""
    return [
        f"--onnx={job.artifact}", *_FLAGS[job.precision], f"--saveEngine={engine}",
        "--iterations=1", "--duration=0", "--warmUp=0",
    ]  # fmt: skip


def timing(job: Job, engine: Path, times: Path) -> list[str]:
    """What trtexec is called with to time: no copies in the timing, spinning waits as in deployment."""
    return [
        f"--loadEngine={engine}", f"--warmUp={_WARM_UP_MS}", f"--iterations={_LEAST_ITERATIONS}",
        f"--duration={_duration_s(job)}", "--noDataTransfers", "--useSpinWait", f"--exportTimes={times}",
    ]  # fmt: skip


def _duration_s(job: Job) -> int:
    return max(1, round(job.budget_s))


def _switches(arguments: Sequence[str]) -> list[str]:
    """Those that change the number; the others name files."""
    files = ("--onnx", "--saveEngine", "--loadEngine", "--exportTimes")
    return [one for one in arguments if not one.startswith(files)]


def _moments(job: Job, began_s: float, ended_s: float) -> Mapping[str, float]:
    """Of the run that times: it holds the model from its start to its end, and times last of all."""
    return {
        "process_from": began_s,
        "memory_to": ended_s,
        "timed_from": max(began_s, ended_s - _duration_s(job)),
        "timed_to": ended_s - _CLOSING_S,
    }


def parse_times(path: Path) -> dict[str, list[float]]:
    """Milliseconds of every inference in order from --exportTimes: compute (GPU) and enqueue (host). Raises RuntimeError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {
            "compute": [float(one["computeMs"]) for one in content],
            "enqueue": [float(one["endEnqMs"]) - float(one["startEnqMs"]) for one in content],
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RuntimeError(f"trtexec left no times that could be read: {error}") from error


def _run(command: Sequence[str], most_s: float, check: bool = True) -> str:
    """What the tool printed. It ends with this process, whatever happens to it. Raises MemoryError, RuntimeError."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell; the tool is the machine's own
            list(command), capture_output=True, text=True, errors="replace", timeout=most_s, check=False,
            stdin=subprocess.DEVNULL, preexec_fn=_die_with_worker,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"trtexec did not finish within {most_s:.0f} s") from error
    printed = done.stdout + done.stderr
    if check and done.returncode != 0:
        last = next(
            (line for line in reversed(printed.splitlines()) if "[E]" in line or "rror" in line), printed[-200:]
        )
        if _FAILED.search(printed):
            raise MemoryError(last.strip()[:200])
        raise RuntimeError(f"trtexec ended with exit code {done.returncode}: {last.strip()[:200]}")
    return printed


def _die_with_worker() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _dotted(version: str) -> str:
    """8.6.1 of `8601`, 10.3.0 of `100300`: trtexec prints the packed number."""
    if "." in version:
        return version
    number = int(version)
    major, rest = divmod(number, 1000) if number < 100_000 else divmod(number, 10_000)
    minor, patch = divmod(rest, 100)
    return f"{major}.{minor}.{patch}"
