"""Rows of device profiles and every name they answer to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from advisor.devices import device_from_json
from advisor.records import Device


def write_devices(db: sqlite3.Connection, devices: Iterable[Device]) -> None:
    """Insert or replace profiles with every name they answer to."""
    from advisor.devices import device_to_json
    from advisor.devices.naming import names_of

    for device in devices:
        content = json.dumps(device_to_json(device), separators=(",", ":"))
        db.execute(
            "INSERT INTO devices VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET origin = excluded.origin, profile = excluded.profile",
            (device.id, device.origin, content),
        )
        db.execute("DELETE FROM device_names WHERE device = ?", (device.id,))
        db.executemany(
            "INSERT OR IGNORE INTO device_names VALUES (?, ?)", [(name, device.id) for name in names_of(device)]
        )


def find_device(db: sqlite3.Connection, name: str) -> Device:
    """The profile called `name` (id, name or alias, as `devices.named` folds them). Raises UnknownName, UsageError."""
    row = db.execute(
        "SELECT d.profile FROM device_names n JOIN devices d ON d.id = n.device WHERE n.name = ?",
        (name.strip().casefold(),),
    ).fetchone()
    if row is not None:
        return device_from_json(json.loads(row[0]))
    from advisor.devices import named, unknown_device

    every = all_devices(
        db
    )  # only where the name is written otherwise: reading all profiles takes longer than an answer
    if (found := named(name, every)) is None:
        raise unknown_device(name, every)
    return found


def all_devices(db: sqlite3.Connection) -> list[Device]:
    """Every profile, by id."""
    return [device_from_json(json.loads(text)) for (text,) in db.execute("SELECT profile FROM devices ORDER BY id")]


def ids_of_family(db: sqlite3.Connection, family: str) -> list[str]:
    """Profile ids that begin with the family's name."""
    return [key for (key,) in db.execute("SELECT id FROM devices ORDER BY id") if key.startswith(family + "-")]
