"""The process that reads one architecture from a file: `python -m advisor.complexity.outside_worker RESULT CWD KIND FILE ...`.

Writes one JSON object: the architecture, or the kind of error and its message. Only KIND `module` runs code of the file.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import sys
import traceback
import warnings
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from advisor.complexity.outside import to_json
from advisor.complexity.types import Outside
from advisor.errors import AdvisorError, DataError, MissingExtra

if TYPE_CHECKING:
    from torch import nn

_ROOM_BYTES = 8 * 2**30
"""Address space beyond several copies of the file that parsing may take: a damaged file must not take the machine's memory."""


def main(arguments: list[str]) -> None:
    """Read, and write the result whatever comes of it."""
    result, folder, kind, *rest = arguments
    try:
        content = to_json(_onnx(*rest) if kind == "onnx" else _module(folder, *rest))
    except AdvisorError as error:
        content = {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        content = {"error": "DataError", "message": f"{rest[0]} takes more memory to read than a network should"}
    scratch = Path(result).with_suffix(".part")
    scratch.write_text(json.dumps(content), encoding="utf-8")
    scratch.replace(result)


def _onnx(file: str, resolution: str) -> Outside:
    import resource  # of Unix

    from advisor.complexity.graphs.reading import read

    path = Path(file)
    room = _ROOM_BYTES + 6 * (path.stat().st_size if path.is_file() else 0)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (room if hard == resource.RLIM_INFINITY else min(room, hard), hard))
    try:
        return read(path, int(resolution) or None)
    except (AdvisorError, MemoryError):
        raise
    except Exception as error:  # a graph that no rule foresees: still the file's fault, and one line
        raise DataError(f"{path} is not a graph that can be counted: {type(error).__name__}: {error}") from error


def _module(folder: str, file: str, factory: str, resolution: str) -> Outside:
    try:
        from advisor.complexity import live
    except ImportError as error:
        raise MissingExtra("building a module", "torch") from error
    os.chdir(folder)  # the file may read others beside it, as it would when run there
    made = _made(Path(file), factory)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            trace = live.trace(made, int(resolution))
        except AdvisorError as error:
            raise DataError(f"{file}:{factory}: {error}") from error
    return Outside(trace, (), int(resolution))


def _made(path: Path, factory: str) -> nn.Module:
    """What the factory of the file returns. Runs the file's code."""
    from torch import nn

    sys.dont_write_bytecode = True
    sys.path.insert(0, str(path.parent))
    try:
        maker: Any = getattr(_loaded(path), factory, None)
        found = maker if isinstance(maker, nn.Module) else maker() if callable(maker) else maker
    except AdvisorError:
        raise
    except (Exception, SystemExit) as error:
        raise DataError(f"{path}:{factory} failed: {_told(error, path)}") from error
    if maker is None or not isinstance(found, nn.Module):
        raise DataError(_no_module(path, factory, maker, found))
    return found


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise DataError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _told(error: BaseException, path: Path) -> str:
    """The error in one line, with the line of the user's file."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    where = f" (line {lines[-1]})" if lines else ""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0] if said else ''}{where}"


def _no_module(path: Path, factory: str, maker: object, found: object) -> str:
    if maker is None:
        module = sys.modules[path.stem]
        own = [n for n, v in vars(module).items() if inspect.isfunction(v) and v.__module__ == path.stem]
        return f"{path} has no {factory!r}; its functions: {', '.join(own) or 'none'}"
    return f"{path}:{factory} gave {type(found).__name__}, not a torch.nn.Module"


if __name__ == "__main__":
    main(sys.argv[1:])
