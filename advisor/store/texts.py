"""Interned lists of phrases: evidence, reasons, flags and caveats repeat, so each list is stored once, as JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence


class Texts:
    """Both ways between a list of phrases and its row id. Holds what it has seen."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._ids: dict[tuple[str, ...], int] = {}
        self._values: dict[int, tuple[str, ...]] = {}

    def id(self, phrases: Sequence[str]) -> int:
        """Row id of the list, inserted if new."""
        key = tuple(phrases)
        if key not in self._ids:
            self._ids[key] = self._insert(json.dumps(key, ensure_ascii=False))
        return self._ids[key]

    def _insert(self, text: str) -> int:
        self._db.execute("INSERT OR IGNORE INTO texts (value) VALUES (?)", (text,))
        return int(self._db.execute("SELECT id FROM texts WHERE value = ?", (text,)).fetchone()[0])

    def value(self, key: int) -> tuple[str, ...]:
        """The list behind a row id."""
        if key not in self._values:
            (text,) = self._db.execute("SELECT value FROM texts WHERE id = ?", (key,)).fetchone()
            self._values[key] = tuple(json.loads(text))
        return self._values[key]
