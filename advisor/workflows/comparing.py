"""compare: two measurements by result id or file."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Any

from advisor.errors import DataError, UnknownName
from advisor.locations import measurements_folder
from advisor.measure.comparing import Comparison
from advisor.measure.comparing import compare as compare_results
from advisor.measure.files import read_json
from advisor.measure.fingerprint import SCHEMA
from advisor.workflows.recording import result_files

_MOST_BYTES = 4 << 20
_GROUPS = ("timing_ms", "model", "mode", "device", "software", "threads")


def compare(run_a: str, run_b: str) -> Comparison:
    """How run B stands to run A: each a result id of this home (or its unique beginning) or a result file.

    Raises UnknownName for an id that is not here, DataError for a file that holds no result.
    """
    return compare_results(_result(run_a), _result(run_b))


def _result(name: str) -> dict[str, Any]:
    path = Path(name)
    if path.suffix == ".json" or path.exists():
        return _checked(path)
    known = result_files(measurements_folder())
    hits = [file for key, file in known.items() if key == name or key.startswith(name)]
    if len(hits) != 1:
        hint = (
            f"{len(hits)} results begin so"
            if hits
            else "`advisor measure --format json` prints the ids of what it measured"
        )
        raise UnknownName("result", name, known, hint)
    return _checked(hits[0])


def _checked(path: Path) -> dict[str, Any]:
    if not path.is_file() or path.stat().st_size > _MOST_BYTES:
        raise DataError(f"{path}: not a result file of advisor measure")
    found = read_json(path)
    if found is None or found.get("schema_version") != SCHEMA or not _whole(found):
        raise DataError(f"{path}: not a result file of advisor measure (schema {SCHEMA})")
    return found


def _whole(found: dict[str, Any]) -> bool:
    """Whether what comparing reads and shows is there and of its type."""
    if not all(isinstance(found.get(name), dict) for name in _GROUPS):
        return False
    timing, words = found["timing_ms"], (found.get("result_id"), found.get("verdict"), found["model"].get("name"))
    launches = timing.get("launches")
    if not isinstance(launches, list) or not launches or not all(isinstance(word, str) for word in words):
        return False
    return all(_is_time(value) for value in (timing.get("p50"), timing.get("ci_low"), timing.get("ci_high"), *launches))


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < inf
