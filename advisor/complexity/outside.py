"""Architectures from files: an ONNX graph, which is parsed, or a Python file's factory, whose code runs. Each in a process of its own.

That process has a time limit, and whatever happens to it is one line here. Its result is JSON: nothing of it is executed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from advisor import errors
from advisor.complexity.types import Identity, Outside, Trace
from advisor.errors import AdvisorError, DataError
from advisor.locations import import_path
from advisor.records import ClassTotals, Complexity, Layer

_WORKER = (sys.executable, "-m", "advisor.complexity.outside_worker")
_ONNX_S, _MODULE_S = 180.0, 600.0
"""Time limits: parsing takes seconds; building a module may download nothing, but large ones take a minute."""


def from_onnx(path: Path, resolution: int | None) -> Outside:
    """The architecture of an ONNX file. Raises DataError where it is damaged, MissingExtra without the package onnx."""
    return _run(["onnx", str(path.absolute()), str(resolution or 0)], f"{path}", _ONNX_S)


def from_module(path: Path, factory: str, resolution: int) -> Outside:
    """The architecture of the nn.Module that `factory()` of a Python file returns. RUNS THE CODE OF THE FILE.

    Raises DataError where the file, the factory or the module fails, MissingExtra without torch.
    """
    check_module(path)
    return _run(["module", str(path.absolute()), factory, str(resolution)], f"{path}:{factory}", _MODULE_S)


def check_module(path: Path) -> None:
    """Raises DataError where there is no such file: to be asked before anyone is told that its code runs."""
    if not path.is_file():
        raise DataError(f"no Python file {path}")


def _run(arguments: Sequence[str], asked: str, limit_s: float) -> Outside:
    with tempfile.TemporaryDirectory(prefix="advisor-") as folder:
        result = Path(folder) / "result.json"
        code = _wait([*_WORKER, str(result), os.getcwd(), *arguments], folder, asked, limit_s)
        content = json.loads(result.read_text(encoding="utf-8")) if result.is_file() else None
    if content is None:
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        raise DataError(f"{asked}: the process that read it ended with {how} and left no result")
    if "error" in content:
        raise _error(content["error"], content["message"])
    return _outside(content)


def _wait(command: Sequence[str], folder: str, asked: str, limit_s: float) -> int:
    """Exit code of the worker. It starts in an empty folder: python -m imports from the current one first."""
    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
        env={**os.environ, "PYTHONPATH": import_path()}, start_new_session=True,
    )  # fmt: skip
    try:
        return process.wait(limit_s)
    except subprocess.TimeoutExpired as error:
        raise DataError(f"{asked}: not done after {limit_s:.0f} s, given up") from error
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of the group stays, whether the worker ended, hangs or was interrupted."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()


def _error(name: str, message: str) -> AdvisorError:
    """The error that the worker named, as the same kind here."""
    kind = getattr(errors, name, DataError)
    if not (isinstance(kind, type) and issubclass(kind, AdvisorError)):
        return DataError(message)
    found = kind.__new__(kind)  # some make their message from other arguments
    found.args = (message,)
    return found


def to_json(found: Outside) -> dict[str, Any]:
    """Plain JSON values."""
    return asdict(found)


def _outside(content: Mapping[str, Any]) -> Outside:
    """What `to_json` wrote."""
    trace = content["trace"]
    return Outside(
        Trace(tuple(map(_layer, trace["layers"])), _complexity(trace["complexity"]), trace["batch_size"]),
        tuple(Identity(**identity) for identity in content["identities"]),
        content["resolution"],
    )


def _layer(content: dict[str, Any]) -> Layer:
    return Layer(**{**content, "output_shape": tuple(content["output_shape"])})


def _complexity(content: dict[str, Any]) -> Complexity:
    classes = {name: ClassTotals(**sums) for name, sums in content["classes"].items()}
    return Complexity(**{**content, "classes": classes, "uncounted": tuple(content["uncounted"])})
