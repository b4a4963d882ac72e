"""The reviewable mapping tables of benchmarks_db/mapping: printed names -> catalogue models, device profiles, runtimes.

Loads and checks them; decides nothing. A row for a source beats one for its group, which beats one for `*`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from typing import TypeVar

from advisor.errors import DataError
from advisor.records import PRECISIONS, RUNTIMES
from advisor.store.importers.csvfile import read_rows
from advisor.store.importers.grades import CAUSES
from advisor.store.importers.sources import SourceFacts
from advisor.store.importers.sources import load as load_sources

Cells = dict[str, str]
Key = tuple[str, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ModelRow:
    """`relation` is same, near (nearly the same architecture) or none (then `note` says why)."""

    model: str
    relation: str
    note: str


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A profile id, or why the device is kept out."""

    device: str
    compute_unit: str
    power_mode: str
    threads: int
    variant_unstated: bool
    rejected: str


@dataclass(frozen=True, slots=True)
class RuntimeRow:
    """A runtime with what its printed name also says."""

    runtime: str
    options: str
    threads: int
    software: str
    compute_unit: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A value with the cause that its settling adds, if any."""

    value: str
    cause: str
    note: str


@dataclass(frozen=True, slots=True)
class Override:
    """What is known of the rows whose locator matches."""

    locator: re.Pattern[str]
    power_mode: str
    cause: str


@dataclass(frozen=True, slots=True)
class Tables:
    """All mapping tables, by (source, printed ...)."""

    sources: dict[str, SourceFacts]
    models: dict[Key, ModelRow]
    devices: dict[Key, DeviceRow]
    runtimes: dict[Key, RuntimeRow]
    precisions: dict[Key, Settled]
    power_modes: dict[Key, Settled]
    resolutions: dict[Key, tuple[int, str]]
    overrides: dict[str, list[Override]]


def load(folder: Path) -> Tables:
    """All tables of `folder`. Raises DataError for a missing file, a doubled key or a name not in our vocabulary."""
    return Tables(
        load_sources(folder),
        load_models(folder),
        _table(
            folder / "devices.csv", ("source", "printed"),
            ("device", "compute_unit", "power_mode", "threads", "relation", "rejected", "note"), _device,
        ),
        _table(
            folder / "runtimes.csv", ("source", "printed"),
            ("runtime", "runtime_options", "threads", "software", "note", "compute_unit"), _runtime,
        ),
        _table(folder / "precisions.csv", ("source", "printed"), ("precision", "cause", "note"), _precision),
        _table(
            folder / "power_modes.csv", ("source", "device", "printed"), ("power_mode", "cause", "note"),
            lambda row: Settled(row["power_mode"], _cause(row), row["note"]),
        ),
        _table(
            folder / "resolutions.csv", ("source", "printed"), ("resolution", "reason"),
            lambda row: (int(row["resolution"]), row["reason"]),
        ),
        _overrides(folder / "overrides.csv"),
    )  # fmt: skip


def load_models(folder: Path) -> dict[Key, ModelRow]:
    """The table of model names alone. Raises DataError."""
    return _table(folder / "models.csv", ("source", "printed"), ("model", "relation", "note"), _model)


def _table(path: Path, key: tuple[str, ...], values: tuple[str, ...], build: Callable[[Cells], T]) -> dict[Key, T]:
    table: dict[Key, T] = {}
    for row in read_rows(path, (*key, *values), (*key, *values)):
        name = tuple(row.cells.get(column, "") for column in key)
        if row.problem or name in table:
            raise DataError(f"{path}:{row.line}: {row.problem or f'{name} appears twice'}")
        try:
            table[name] = build(row.cells)
        except ValueError as error:
            raise DataError(f"{path}:{row.line}: {error}") from error
    return table


def _model(row: Cells) -> ModelRow:
    if row["relation"] not in ("same", "near", "none") or bool(row["model"]) == (row["relation"] == "none"):
        raise ValueError(f"relation {row['relation']!r} does not go with model {row['model']!r}")
    if row["relation"] == "none" and not row["note"]:
        raise ValueError("a name that is not mapped needs the reason in its note")
    return ModelRow(row["model"], row["relation"], row["note"])


def _device(row: Cells) -> DeviceRow:
    if bool(row["device"]) == bool(row["rejected"]):
        raise ValueError("a device is either mapped or rejected with a reason")
    variant = row["relation"] == "variant_unstated"
    return DeviceRow(
        row["device"], row["compute_unit"], row["power_mode"], int(row["threads"] or 0), variant, row["rejected"]
    )


def _runtime(row: Cells) -> RuntimeRow:
    if row["runtime"] not in RUNTIMES:
        raise ValueError(f"unknown runtime {row['runtime']!r}")
    return RuntimeRow(
        row["runtime"], row["runtime_options"], int(row["threads"] or 0), row["software"], row["compute_unit"]
    )


def _precision(row: Cells) -> Settled:
    if row["precision"] not in PRECISIONS:
        raise ValueError(f"unknown precision {row['precision']!r}")
    return Settled(row["precision"], _cause(row), row["note"])


def _cause(row: Cells) -> str:
    if row["cause"] and row["cause"] not in CAUSES:
        raise ValueError(f"unknown cause {row['cause']!r}")
    return row["cause"]


def _overrides(path: Path) -> dict[str, list[Override]]:
    columns = ("source", "locator", "power_mode", "cause", "note")
    found: dict[str, list[Override]] = {}
    for row in read_rows(path, columns, columns):
        try:
            override = Override(re.compile(translate(row.cells["locator"])), row.cells["power_mode"], _cause(row.cells))
        except ValueError as error:
            raise DataError(f"{path}:{row.line}: {error}") from error
        found.setdefault(row.cells["source"], []).append(override)
    return found
