"""Rows of targets: both ways between a Target and its row id."""

from __future__ import annotations

import sqlite3

from advisor.records import Target

COLUMNS = "device, compute_unit, power_mode, runtime, precision, memory_format, threads, runtime_options, software"


def values(target: Target) -> tuple[str | int, ...]:
    """The target's fields in the order of COLUMNS."""
    return (
        target.device, target.compute_unit, target.power_mode, target.runtime, target.precision, target.memory_format,
        target.threads, target.runtime_options, target.software,
    )  # fmt: skip


def find_target(db: sqlite3.Connection, target: Target) -> int | None:
    """Row id of the target, or None."""
    where = " AND ".join(f"{column.strip()} = ?" for column in COLUMNS.split(","))
    row = db.execute(f"SELECT id FROM targets WHERE {where}", values(target)).fetchone()  # noqa: S608 - column names are constants
    return None if row is None else int(row[0])


def target_id(db: sqlite3.Connection, target: Target) -> int:
    """Row id of the target, inserted if new."""
    found = find_target(db, target)
    if found is not None:
        return found
    cursor = db.execute(f"INSERT INTO targets ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values(target))  # noqa: S608
    return int(cursor.lastrowid or 0)
