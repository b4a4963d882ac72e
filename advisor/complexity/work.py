"""Traces one model of the catalogue and keeps the result as one JSON file, so that a stopped run can go on. Needs torch."""

from __future__ import annotations

import json
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from advisor import zoo
from advisor.complexity.plan import Job
from advisor.complexity.shipped import layer_row
from advisor.errors import AdvisorError
from advisor.records import Complexity


@contextmanager
def _limit(seconds: int) -> Iterator[None]:
    """Interrupt what takes longer; only in a process's main thread."""

    def stop(_: int, __: object) -> None:
        raise TimeoutError(f"took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def path_of(name: str, folder: Path) -> Path:
    """Where the result of a model is kept."""
    return folder / f"{name.replace('/', '__')}.json"


def trace_job(job: Job, folder: Path, seconds: int) -> str:
    """Trace a model at all its resolutions; returns a line about it. A failure is a result with its reason."""
    import torch

    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of timm and torchvision while they build models
        result = _result(job, seconds)
    path = path_of(job.name, folder)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(result), encoding="utf-8")
    partial.replace(path)
    return f"{job.name}: {len(result['rows'])} traced, {len(result['failures'])} refused"


def _result(job: Job, seconds: int) -> dict[str, Any]:
    from advisor.complexity import live

    default = job.resolutions[0]
    result: dict[str, Any] = {"name": job.name, "family": zoo.family(job.name), "default_resolution": default}
    result |= {"rows": [], "failures": {}, "layers": [], "wanted": list(job.resolutions)}
    try:
        with _limit(seconds):
            plain = live.named(job.name)
            result["signature"] = live.identify(plain, default)
    except Exception as error:
        result["failures"][str(default)] = _reason(error)
        return result
    result["fixed_resolution"] = _fixed(job.name, plain, default, seconds)
    for resolution in job.resolutions:
        _add(result, plain, resolution, seconds)
    return result


def _add(result: dict[str, Any], plain: Any, resolution: int, seconds: int) -> None:  # noqa: ANN401 - needs torch
    from advisor.complexity import live

    try:
        with _limit(seconds):
            done = live.at(result["name"], plain, result["signature"], resolution)
    except (AdvisorError, TimeoutError) as error:
        result["failures"][str(resolution)] = _reason(error)
        return
    result["rows"].append(row(done.complexity))
    if resolution == result["default_resolution"] and result["name"].startswith("torchvision/"):
        result["layers"] = [layer_row(layer) for layer in done.layers]


def _fixed(name: str, plain: Any, default: int, seconds: int) -> bool:  # noqa: ANN401 - Traceable, which needs torch
    """Whether the plain model refuses twice its default size (which any patch or window divides as well)."""
    if zoo.fixed_by_design(name):
        return True
    try:
        with _limit(seconds):
            plain.run(2 * default, 1)
    except Exception:
        return True
    return False


def _reason(error: Exception) -> str:
    said = str(error).strip().splitlines()
    return said[0][:200] if said else type(error).__name__


def row(complexity: Complexity) -> dict[str, str]:
    """The columns of the shipped complexity table as text."""
    listed = asdict(complexity)
    listed["classes"] = compact(
        {
            c: [t.n, *map(_whole, (t.macs, t.act_bytes_in, t.act_bytes_out, t.weight_bytes))]
            for c, t in complexity.classes.items()
        }
    )
    listed["uncounted"] = compact(list(complexity.uncounted))
    listed["extras"] = compact({k: _whole(v) for k, v in complexity.extras.items()})
    return {name: str(value) for name, value in listed.items()}


def compact(value: object) -> str:
    """JSON as the tables hold it."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _whole(value: float) -> float | int:
    """Counts without a decimal point; shares to four decimals."""
    return int(value) if value == int(value) else round(value, 4)
