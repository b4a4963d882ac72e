"""Builds the home's database from the shipped text and keeps the user's own evidence across refreshes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from advisor.devices import load_toml
from advisor.records import Device, Measurement, Observation
from advisor.store import catalogue, evidence, profiles
from advisor.store.importers.duplicates import find_duplicates
from advisor.store.importers.mapping import Rejection, Resolver, read_catalogue
from advisor.store.importers.observations import read_folder
from advisor.store.importers.tables import load as load_tables
from advisor.store.store import Store

Progress = Callable[[str], None]

_EMPTIED = (
    "estimates", "predictors", "measurements", "targets", "precision_accuracy", "precision_doubts", "weights", "complexity",
    "model_aliases", "models", "architectures",
)  # fmt: skip
"""Everything derived from shipped text, children before parents."""


def seed(store: Store, benchmarks: Path, devices: Iterable[Device], on_progress: Progress) -> None:
    """Rebuild catalogue and shipped evidence; map the user's own observations again. One transaction."""
    with store.writing():
        kept = list(store.observations(origin="user"))
        _empty(store.db)
        on_progress("catalogue")
        profiles.write_devices(store.db, devices)
        catalogue.write_catalogue(store.db, benchmarks / "catalogue")
        catalogue.write_precision_accuracy(store.db, benchmarks / "precision_accuracy.csv")
        catalogue.write_precision_doubts(store.db, benchmarks / "precision_doubts.csv")
        evidence.write_sources(store.db, _sources(benchmarks / "sources.toml"))
        on_progress("measurements")
        add_observations(store, benchmarks, read_folder(benchmarks / "measurements").observations, "shipped")
        add_observations(store, benchmarks, kept, "user")


def _empty(db: sqlite3.Connection) -> None:
    for table in _EMPTIED:
        db.execute(f"DELETE FROM {table}")  # noqa: S608 - table names are constants
    db.execute("DELETE FROM observations")
    db.execute("DELETE FROM sources")
    db.execute("DELETE FROM devices")


def _sources(path: Path) -> list[tuple[str, str, str, str, str]]:
    return [(name, *_source_fields(fields)) for name, fields in load_toml(path).items()]


def _source_fields(fields: dict[str, Any]) -> tuple[str, str, str, str]:
    return fields["title"], fields["url"], fields["license"], fields["citation"]


def add_observations(
    store: Store, benchmarks: Path, seen: Sequence[Observation], origin: str, devices: Iterable[Device] | None = None
) -> dict[str, tuple[str, str]]:
    """Map and store observations; returns id -> (outcome, reason) of every one, also of those already there."""
    tables = load_tables(benchmarks / "mapping")
    resolver = Resolver(
        tables, read_catalogue(benchmarks / "catalogue", store.devices() if devices is None else devices)
    )
    mapped = {o.id: resolver.resolve(o) for o in seen}
    twins = find_duplicates([m for m in mapped.values() if isinstance(m, Measurement)], tables.sources)
    with store.writing():
        writer = evidence.EvidenceWriter(store.db)
        known = writer.known(mapped)
        for key in [key for key, before in known.items() if _acceptable_now(before, mapped[key])]:
            writer.forget(key)
            del known[key]
        outcomes = {
            key: _again(known[key]) if key in known else _outcome(result, twins.get(key))
            for key, result in mapped.items()
        }
        fresh = {o.id: o for o in seen if o.id not in known}
        writer.add(((o, outcomes[key]) for key, o in fresh.items()), origin)
        writer.add_measurements(
            m for key in fresh if outcomes[key][0] == "accepted" and isinstance(m := mapped[key], Measurement)
        )
    return outcomes


def _acceptable_now(before: tuple[str, str], result: Measurement | Rejection) -> bool:
    """Whether what was in the way is gone: a device that had no profile then has one now."""
    return before[0] == "rejected" and isinstance(result, Measurement)


def _again(before: tuple[str, str]) -> tuple[str, str]:
    """What to say of an observation that is in the database already: one that was rejected is rejected still."""
    if before[0] == "rejected":
        return before
    return "duplicate", "this very observation is in the database already"


def _outcome(result: Measurement | Rejection, twin: str | None) -> tuple[str, str]:
    if isinstance(result, Rejection):
        return "rejected", result.reason
    if twin is not None:
        return "duplicate", f"same figures as observation {twin} of the same source"
    return "accepted", ""
