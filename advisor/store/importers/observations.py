"""What importers produce: observations with an id taken from what was printed, and their shipped CSV form.

An id depends on the source, the place in it and the printed values, never on how names are mapped.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from advisor.errors import DataError
from advisor.records import MEMORY_KINDS, POWER_SCOPES, STATISTICS, TIMING_SCOPES, Observation
from advisor.store.importers.csvfile import BadCell, choice, integer, number, read_rows, shown

HASHED = (
    "source", "locator", "model", "library_hint", "device", "runtime", "precision", "batch_size", "resolution",
    "latency_ms", "throughput_img_s", "memory_mib", "statistic", "timing_scope", "memory_format", "power_mode",
    "threads",
)  # fmt: skip
"""Fields that make an observation what it is; the rest is commentary."""

COLUMNS = tuple(f.name for f in fields(Observation))
_REQUIRED = ("id", "source", "model", "device", "batch_size", "statistic", "timing_scope")
_DEFAULTS: dict[str, Any] = {
    "locator": "", "library_hint": "", "runtime": "", "precision": "", "resolution": None, "latency_ms": None,
    "throughput_img_s": None, "memory_mib": None, "memory_kind": "", "samples": None, "memory_format": "",
    "power_mode": "", "threads": 0, "software": "", "quantiles": {}, "note": "", "accelerators": 1,
    "power_w": None, "power_scope": "",
}  # fmt: skip

MIN_LATENCY_MS = 1e-3
"""No network of the catalogue runs within a microsecond on any device; such a figure has the wrong unit."""
MAX_LATENCY_MS = 1e8
MAX_THROUGHPUT = 1e8
MAX_MEMORY = 1e8
MAX_BATCH = 1_000_000
MAX_RESOLUTION = 16_384
MAX_THREADS = 4096
MAX_POWER_W = 1e5


@dataclass(slots=True)
class ReadResult:
    """Everything a file held: each row is in `observations` (with its line in `lines`) or in `rejected`."""

    observations: list[Observation] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)
    """(line, reason)."""

    @property
    def rows(self) -> int:
        """Data rows of the file."""
        return len(self.observations) + len(self.rejected)

    def add(self, line: int, observation: Observation) -> None:
        """Keep an observation and where it stood."""
        self.observations.append(observation)
        self.lines.append(line)


def observation_id(values: Mapping[str, Any]) -> str:
    """16 hex digits of SHA-256 over HASHED, numbers at 12 significant digits."""
    parts = [_canonical(values[name]) for name in HASHED]
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _canonical(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else "" if value is None else str(value)


def make(**printed: object) -> Observation:
    """An observation with its id; fields not given are unstated."""
    values: dict[str, Any] = {**_DEFAULTS, **printed}
    return Observation(id=observation_id(values), **values)


def identity_holds(seen: Observation) -> bool:
    """Whether the id is that of the content."""
    return seen.id == observation_id({name: getattr(seen, name) for name in HASHED})


def problem_of(seen: Observation) -> str:
    """Why an observation cannot be evidence, or ''. Ranges are those of the CSV importers."""
    bounded = (
        ("latency_ms", seen.latency_ms, MAX_LATENCY_MS), ("throughput_img_s", seen.throughput_img_s, MAX_THROUGHPUT),
        ("memory_mib", seen.memory_mib, MAX_MEMORY), ("batch_size", seen.batch_size, MAX_BATCH),
        ("resolution", seen.resolution, MAX_RESOLUTION), ("power_w", seen.power_w, MAX_POWER_W),
        *((f"quantile {name}", value, MAX_LATENCY_MS) for name, value in seen.quantiles.items()),
    )  # fmt: skip
    for name, value, high in bounded:
        if value is not None and not (math.isfinite(value) and 0 < value <= high):
            return f"{name} {value} must be greater than 0 and at most {high:g}"
    if seen.statistic not in STATISTICS or seen.timing_scope not in TIMING_SCOPES:
        return f"statistic {shown(seen.statistic)} or timing scope {shown(seen.timing_scope)} is unknown"
    if (seen.power_w is None) != (seen.power_scope not in POWER_SCOPES):
        return f"power scope {shown(seen.power_scope)} is unknown; accepted with a power: {', '.join(POWER_SCOPES)}"
    if seen.latency_ms is None and seen.throughput_img_s is None and seen.memory_mib is None:
        return "states neither latency nor throughput nor memory"
    return ""


def read(path: Path) -> ReadResult:
    """Read the shipped form (see write). Raises DataError for a file that is something else."""
    result = ReadResult()
    for row in read_rows(path, _REQUIRED, COLUMNS):
        try:
            if row.problem:
                raise BadCell(row.problem)
            result.add(row.line, _observation(row.cells))
        except BadCell as bad:
            result.rejected.append((row.line, str(bad)))
    return result


def _observation(cells: dict[str, str]) -> Observation:
    get = cells.get
    quantiles = get("quantiles", "")
    return Observation(
        cells["id"], cells["source"], get("locator", ""), cells["model"], get("library_hint", ""), cells["device"],
        get("runtime", ""), get("precision", ""), integer(cells, "batch_size", 1, MAX_BATCH) or 1,
        integer(cells, "resolution", 1, MAX_RESOLUTION), number(cells, "latency_ms", MIN_LATENCY_MS, MAX_LATENCY_MS),
        number(cells, "throughput_img_s", 0, MAX_THROUGHPUT), number(cells, "memory_mib", 0, MAX_MEMORY),
        choice(cells, "memory_kind", MEMORY_KINDS), choice(cells, "statistic", STATISTICS),
        choice(cells, "timing_scope", TIMING_SCOPES), integer(cells, "samples", 1, MAX_BATCH), get("memory_format", ""),
        get("power_mode", ""), integer(cells, "threads", 0, MAX_THREADS) or 0, get("software", ""),
        _quantiles(quantiles) if quantiles else {}, get("note", ""),
        integer(cells, "accelerators", 1, MAX_THREADS) or 1, number(cells, "power_w", 0, MAX_POWER_W),
        choice(cells, "power_scope", POWER_SCOPES),
    )  # fmt: skip


def _quantiles(text: str) -> dict[str, float]:
    try:
        values = json.loads(text)
        return {str(name): float(value) for name, value in values.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise BadCell(f"quantiles {shown(text)} is not a JSON object of numbers") from error


def write(path: Path, observations: Iterable[Observation]) -> None:
    """Write observations as CSV, one column per field that any of them states. Numbers survive exactly."""
    rows = [[_cell(getattr(seen, name)) for name in COLUMNS] for seen in observations]
    stated = [
        i for i, name in enumerate(COLUMNS) if name in _REQUIRED or any(row[i] != _unstated(name) for row in rows)
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([COLUMNS[i] for i in stated])
        writer.writerows([row[i] if row[i] != _unstated(COLUMNS[i]) else "" for i in stated] for row in rows)


def _unstated(name: str) -> str:
    default = _DEFAULTS.get(name, MISSING)
    return "" if default is MISSING else _cell(default)


def _cell(value: object) -> str:
    if value is None or value == {}:
        return ""
    if isinstance(value, float):
        return f"{value:.15g}" if float(f"{value:.15g}") == value else repr(value)
    if isinstance(value, Mapping):
        return json.dumps(dict(value), separators=(",", ":"))
    return str(value)


def read_folder(folder: Path) -> ReadResult:
    """All shipped files of a folder, by name. Raises DataError at the first bad row: shipped text has none."""
    everything = ReadResult()
    for path in sorted(folder.glob("*.csv")):
        part = read(path)
        if part.rejected:
            line, reason = part.rejected[0]
            raise DataError(f"{path}:{line}: {reason}")
        everything.observations += part.observations
        everything.lines += part.lines
    return everything
