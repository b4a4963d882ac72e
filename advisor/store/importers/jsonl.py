"""Lossless exchange of measurements as JSON Lines: a header, then one observation a line with what it was mapped to.

Reading verifies each id against the content; what does not hold is rejected by line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, NoReturn

from advisor.errors import DataError
from advisor.records import GRADES, MEMORY_KINDS, Measurement, Observation, Target
from advisor.store.importers.csvfile import BadCell, checked_file, shown
from advisor.store.importers.observations import ReadResult, identity_holds, problem_of

FORMAT = "advisor-measurements"
VERSION = 1
MAX_LINE = 1 << 20

_TEXT = {
    "id", "source", "locator", "model", "library_hint", "device", "runtime", "precision", "memory_kind", "statistic",
    "timing_scope", "memory_format", "power_mode", "software", "note", "power_scope",
}  # fmt: skip
_WHOLE = {"batch_size", "threads", "accelerators"}
_WHOLE_OR_NONE = {"resolution", "samples"}
_NUMBER_OR_NONE = {"latency_ms", "throughput_img_s", "memory_mib", "power_w"}
_OBSERVATION = tuple(f.name for f in fields(Observation))
_OPTIONAL = {"power_w": None, "power_scope": ""}
"""Written only where stated: lines without power are as they were before there was any."""
_REQUIRED = object()
"""Equals no value."""
_OWN = ("model", "signature", "resolution", "grade", "caveats", "verdict")
"""Fields of a measurement that its observation does not hold already."""


@dataclass(slots=True)
class JsonlResult(ReadResult):
    """What a file held; `measurements` has the mapping that the exporting home had, by observation id."""

    measurements: dict[str, Measurement] = field(default_factory=dict)


def write(path: Path, records: Iterable[Observation], measurements: Mapping[str, Measurement] | None = None) -> int:
    """Write observations, each with its measurement where `measurements` has one by id; returns how many.

    Replaces the file in one step. Raises DataError where it cannot be written.
    """
    mapped = measurements or {}
    scratch = path.with_name(path.name + ".part")
    count = 0
    try:
        with scratch.open("w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps({"format": FORMAT, "version": VERSION}) + "\n")
            for seen in records:
                file.write(_line(seen, mapped.get(seen.id)))
                count += 1
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise DataError(f"{path}: cannot be written ({error.strerror})") from error
    return count


def _line(seen: Observation, measured: Measurement | None) -> str:
    stated = {name: value for name, value in asdict(seen).items() if value != _OPTIONAL.get(name, _REQUIRED)}
    record: dict[str, Any] = {"observation": {**stated, "quantiles": dict(seen.quantiles)}, "measurement": None}
    if measured is not None:
        record["measurement"] = {name: getattr(measured, name) for name in _OWN} | {"target": asdict(measured.target)}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def is_jsonl(path: Path) -> bool:
    """Whether the file starts like one of ours; what is no regular file (a pipe would block) does not."""
    if not path.is_file():
        return False
    try:
        with path.open(encoding="utf-8") as file:
            return f'"{FORMAT}"' in file.readline(200)
    except (OSError, UnicodeDecodeError):
        return False


def read(path: Path) -> JsonlResult:
    """Read an exported file. Raises DataError where the header is not ours or from a newer version."""
    result = JsonlResult()
    try:
        with checked_file(path).open(encoding="utf-8") as file:
            _check_header(path, file.readline(MAX_LINE))
            for number, line in enumerate(file, start=2):
                if line.strip():
                    _read_line(number, line, result)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    return result


def _check_header(path: Path, line: str) -> None:
    try:
        header = _parse(line)
    except BadCell as bad:
        raise DataError(f"{path}: the first line is not a header of format {FORMAT} ({bad})") from bad
    if header.get("format") != FORMAT:
        raise DataError(f"{path}: the first line is not a header of format {FORMAT}")
    if header.get("version") != VERSION:
        version = shown(str(header.get("version")))
        raise DataError(f"{path}: format version {version}; this program reads {VERSION}: upgrade arch-advisor")


def _read_line(number: int, line: str, result: JsonlResult) -> None:
    try:
        record = _parse(line)
        seen = _observation(record.get("observation"))
        measured = _measurement(record.get("measurement"), seen)
    except BadCell as bad:
        result.rejected.append((number, str(bad)))
        return
    result.add(number, seen)
    if measured is not None:
        result.measurements[seen.id] = measured


def _refuse_constant(name: str) -> NoReturn:
    raise BadCell(f"holds {name}, which is not a number")


def _parse(line: str) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise BadCell(f"longer than {MAX_LINE} characters")
    try:
        record = json.loads(line, parse_constant=_refuse_constant)
    except BadCell:
        raise
    except (ValueError, RecursionError) as error:
        raise BadCell(f"not JSON ({type(error).__name__})") from error
    if not isinstance(record, dict):
        raise BadCell("not a JSON object")
    return record


def _observation(values: object) -> Observation:
    if isinstance(values, dict):
        values = {**_OPTIONAL, **values}
    if not isinstance(values, dict) or set(values) != set(_OBSERVATION):
        raise BadCell(f"'observation' must have exactly the fields {', '.join(_OBSERVATION)}")
    for name, value in values.items():
        if not _is_of(name, value):
            raise BadCell(f"observation field {name} holds {shown(repr(value))}")
    seen = Observation(
        **{
            **values,
            **{name: _real(values[name]) for name in _NUMBER_OR_NONE},
            "quantiles": _reals(values["quantiles"]),
        }
    )
    problem = problem_of(seen)
    if problem:
        raise BadCell(problem)
    if not identity_holds(seen):
        raise BadCell(f"id {shown(seen.id)} does not match its content: the line was edited")
    return seen


def _is_of(name: str, value: object) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    number = whole or isinstance(value, float)
    if name == "memory_kind":
        return value in (*MEMORY_KINDS, "")
    if name in _TEXT:
        return isinstance(value, str)
    if name in _WHOLE:
        return whole
    if name in _WHOLE_OR_NONE:
        return whole or value is None
    if name in _NUMBER_OR_NONE:
        return number or value is None
    return isinstance(value, dict) and all(
        isinstance(v, (int, float)) and not isinstance(v, bool) for v in value.values()
    )


def _real(value: float | None) -> float | None:
    return None if value is None else float(value)


def _reals(values: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def _measurement(values: object, seen: Observation) -> Measurement | None:
    if values is None:
        return None
    try:
        if not isinstance(values, dict):
            raise TypeError
        target = Target(**values["target"])
        own = {name: values[name] for name in _OWN}
        if own["grade"] not in GRADES or not isinstance(own["resolution"], int):
            raise TypeError
        caveats = tuple(str(text) for text in own.pop("caveats"))
    except (KeyError, TypeError) as error:
        raise BadCell("'measurement' has not the fields of this version") from error
    return Measurement(
        id=seen.id, source=seen.source, batch_size=seen.batch_size, target=target, latency_ms=seen.latency_ms,
        throughput_img_s=seen.throughput_img_s, memory_mib=seen.memory_mib, memory_kind=seen.memory_kind,
        statistic=seen.statistic, timing_scope=seen.timing_scope, quantiles=seen.quantiles, samples=seen.samples,
        caveats=caveats, **own,
    )  # fmt: skip
