"""Opens the SQLite file: pragmas, migrations with a backup, refusal of newer files, and the one seam that turns
sqlite3's errors into StoreError. Knows nothing of what the tables mean."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from advisor.errors import StoreError
from advisor.store.schema import MIGRATIONS, VERSION

_BUSY_TIMEOUT_S = 120.0
"""Longer than preparing a home takes, so that a second process waits for the first."""
_RETRY_S = 0.02


def _advice(error: sqlite3.Error, path: str) -> str:
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return (
            f"cannot write {path}: {text}; free some space or set ADVISOR_HOME to another folder (nothing was changed)"
        )
    if "readonly" in text or "unable to open" in text:
        return f"cannot open {path} for writing: {text}; make it writable or set ADVISOR_HOME to another folder"
    if "locked" in text:
        return f"{path} is in use by another process for too long; try again when it has finished"
    if "not a database" in text or "malformed" in text:
        return f"{path} is not an intact advisor database ({text}); move it away and run again to rebuild it"
    return f"database {path}: {text}"


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Raises StoreError with advice for any sqlite3 error inside."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(_advice(error, path)) from error


def _is_writable(path: str) -> bool:
    folder = os.path.dirname(path)
    return os.access(path if os.path.exists(path) else folder, os.W_OK) and os.access(folder, os.W_OK)


def connect(path: str) -> tuple[sqlite3.Connection, bool]:
    """(connection, writable) of the database at `path`, migrated to the current schema.

    An existing database in a place that cannot be written is opened read-only.
    Raises StoreError where it cannot be opened, is newer than this program, or is no database.
    """
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot create {os.path.dirname(path)}: {error.strerror}; set ADVISOR_HOME to a writable folder"
        ) from error
    writable = _is_writable(path)
    with translated(path):
        connection = _open(path, writable)
        try:
            _prepare(connection, path, writable)
        except BaseException:
            connection.close()
            raise
    return connection, writable


def _open(path: str, writable: bool) -> sqlite3.Connection:
    if writable:
        return sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
    from pathlib import Path

    uri = f"{Path(path).as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None)


def _prepare(connection: sqlite3.Connection, path: str, writable: bool) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise StoreError(
            f"{path} has schema version {version}, this program knows {VERSION}: "
            "upgrade with 'pip install --upgrade arch-advisor' or set ADVISOR_HOME to another folder"
        )
    if version == VERSION:
        return
    if not writable:
        raise StoreError(
            f"{path} needs an upgrade to schema version {VERSION} and cannot be written; set ADVISOR_HOME to a writable folder"
        )
    _use_wal(connection)
    _migrate(connection, path, version)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Two processes that switch at once would wait for each other, so SQLite refuses one at once: that one tries again."""
    deadline = time.monotonic() + _BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_S)


def _migrate(connection: sqlite3.Connection, path: str, version: int) -> None:
    if version:
        back_up(connection, f"{path.removesuffix('.db')}.v{version}.backup")
    elif _is_foreign(connection):
        raise StoreError(f"{path} belongs to another program; set ADVISOR_HOME to another folder")
    while version < VERSION:
        with transaction(connection):
            # Another process may have migrated while this one waited for the lock.
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version < VERSION:
                for statement in _statements(MIGRATIONS[version]):
                    connection.execute(statement)
                version += 1
                connection.execute(f"PRAGMA user_version = {version}")


def _is_foreign(connection: sqlite3.Connection) -> bool:
    """Whether there are tables that no migration of ours made; the version is read last, as another process may make ours now."""
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return bool(tables) and connection.execute("PRAGMA user_version").fetchone()[0] == 0


def back_up(connection: sqlite3.Connection, copy: str) -> None:
    """Write a consistent copy of an open database to a file."""
    with closing(sqlite3.connect(copy)) as target:
        connection.backup(target)


def _statements(script: str) -> Iterator[str]:
    """Single statements of a script (executescript would commit the open transaction)."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction: takes the lock at once, commits at the end, rolls back on any exception."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
