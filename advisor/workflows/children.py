"""Runs a verb of this program in a process of its own, so that a session can watch it, stop it and stay small."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import IO, NamedTuple

_LOOK_S = 0.1
_GRACE_S = 20.0
"""Between being asked to end and being ended."""


class Done(NamedTuple):
    """How it ended."""

    code: int
    """Exit code; negative where a signal ended it."""
    output: str
    """What it printed on stdout."""
    said: tuple[str, ...]
    """The lines of stderr."""


def run_verb(
    arguments: Sequence[str],
    on_line: Callable[[str], None],
    stops: Callable[[], int],
    *,
    longest_s: float | None = None,
) -> Done:
    """`advisor ARGUMENTS`, with every line of its stderr as it comes.

    `stops` says how often it was asked to stop: each time it is interrupted (a measurement ends after the launch that runs,
    when asked twice at once); a while later, or after `longest_s`, it is killed.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
            [sys.executable, "-m", "advisor", *arguments],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            said = _followed(process, on_line, stops, None if longest_s is None else monotonic() + longest_s)
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()
        output.seek(0)
        return Done(process.returncode, output.read(), said)


def _followed(
    process: subprocess.Popen[str], on_line: Callable[[str], None], stops: Callable[[], int], deadline: float | None
) -> tuple[str, ...]:
    """Hand on every line until the process has ended or must be killed."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(process.stderr, lines), daemon=True).start()
    said: list[str] = []
    asked = 0
    while True:
        if stops() > asked:
            asked += 1
            process.send_signal(signal.SIGINT)
            deadline = monotonic() + _GRACE_S if asked > 1 else deadline
        if deadline is not None and monotonic() > deadline:
            return tuple(said)
        try:
            line = lines.get(timeout=_LOOK_S)
        except queue.Empty:
            continue
        if line is None:
            return tuple(said)
        said.append(line)
        on_line(line)


def _read(stream: IO[str] | None, lines: queue.Queue[str | None]) -> None:
    for line in stream or ():
        lines.put(line.rstrip("\n"))
    lines.put(None)
