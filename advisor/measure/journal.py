"""The append-only journal of measurement: one JSON line per event with a checksum; a torn last line is dropped.

What was measured follows from the journal and the result files it names, and from nothing else: the database is rebuilt
from them. Everything is in the home's `measurements` folder.
"""

from __future__ import annotations

import errno
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError, DataError
from advisor.measure.files import sync_folder

CAMPAIGN, PLANNED, STARTED, FINISHED, SKIPPED, CLOSED = (
    "campaign",
    "planned",
    "started",
    "finished",
    "skipped",
    "closed",
)
Event = Mapping[str, Any]


class Journal:
    """The journal of one home; written by one process at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "journal.jsonl"
        self.results = folder / "results"

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep other processes out while one measures: they would disturb each other. The kernel frees the lock however that one ends.

        Raises DataError where the folder cannot be written, AdvisorError where another process measures.
        """
        import fcntl  # not on every platform that can ask questions

        self.prepare(cut=False)
        with (self.folder / "lock").open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                where = f"another measurement is running in {self.folder}"
                raise AdvisorError(f"{where}; wait for it or set another ADVISOR_HOME") from error
            self.prepare()
            yield

    def prepare(self, cut: bool = True) -> None:
        """Make the folders and cut off a torn last line. Raises DataError where they cannot be written."""
        try:
            self.results.mkdir(parents=True, exist_ok=True)
            self.path.touch(exist_ok=True)
            if cut:
                self._cut()
        except OSError as error:
            advice = "set ADVISOR_HOME to a writable folder"
            raise DataError(f"cannot write {self.folder}: {error.strerror}; {advice}") from error

    def _cut(self) -> None:
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with self.path.open("r+b") as file:
                file.truncate(whole)
                os.fsync(file.fileno())

    def append(self, event: str, **values: object) -> None:
        """Add an event: one write, then on disk. Raises DataError where that fails; the journal is then as it was."""
        entry = json.dumps({"event": event, **values}, separators=(",", ":"), allow_nan=False)
        line = f'{{"crc":"{zlib.crc32(entry.encode()):08x}","entry":{entry}}}\n'.encode()
        try:
            with self.path.open("ab", buffering=0) as file:
                end = file.seek(0, os.SEEK_END)
                if file.write(line) < len(line):  # the disk is full: half a line in the middle would damage the journal
                    file.truncate(end)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(file.fileno())
            sync_folder(self.folder)
        except OSError as error:
            raise DataError(f"cannot write {self.path}: {error.strerror}; what was measured before is kept") from error

    def events(self) -> Iterator[Event]:
        """Every whole event in order. Raises DataError for a damaged line that is not the last."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        for number, line in enumerate(lines[:-1], 1):
            yield self._event(number, line)

    def _event(self, number: int, line: bytes) -> Event:
        try:
            found = json.loads(line)
            entry = line[line.index(b'"entry":') + 8 : -1]
            if found["crc"] != f"{zlib.crc32(entry):08x}":
                raise ValueError("checksum")
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{self.path}:{number}: damaged line; move the file away to start anew") from error
        return dict(found["entry"])
