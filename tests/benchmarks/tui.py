"""Measures the budgets of the interface: `python tests/benchmarks/tui.py [--home FOLDER]`.

All through a pseudo-terminal of 120 x 40, as a person sits before it.
First paint: from starting the process to the first question on the terminal, median of several.
A changed budget: from pressing the key that steps the latency budget to the frame of the repainted table, over the whole
catalogue; down until nothing fits, and up again. Beside it the same for the cursor, which ranks nothing: what the interface
costs by itself. Memory: peak resident size of that process.
The budgets: 1 s, 50 ms at the 95th percentile, 150 MB.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

ROUNDS, STEPS = 2, 15
ASKED = b"Which device"
REPAINTED = re.compile(rb"\d+ of \d+ architectures")
FOCUSED = re.compile(rb"\x1b\[")
CURSOR = re.compile("›".encode())
UP, DOWN = b"\x1b[A", b"\x1b[B"
SETTLED_S = 0.2
QUESTION = {"device": "jetson-orin-nano-8gb", "max_latency": "60ms"}


class Terminal:
    """A process on a pseudo-terminal."""

    def __init__(self, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "advisor", "tui", *arguments], stdin=slave, stdout=slave, stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}, start_new_session=True,
        )  # fmt: skip
        os.close(slave)

    def until(self, mark: re.Pattern[bytes]) -> float:
        """The moment at which the mark has been written, and all that was written with it."""
        seen = b""
        while not mark.search(seen):
            if not select.select([self._master], [], [], 60)[0]:
                raise TimeoutError(f"{mark.pattern!r} never came; the last was {seen[-300:]!r}")
            seen += os.read(self._master, 1 << 20)
        while select.select([self._master], [], [], 0.001)[0]:  # the rest of the frame
            os.read(self._master, 1 << 20)
        return time.perf_counter()

    def press(self, key: bytes, mark: re.Pattern[bytes]) -> float:
        """Milliseconds from a key to its mark; then waits until nothing more is written."""
        start = time.perf_counter()
        os.write(self._master, key)
        took = 1000 * (self.until(mark) - start)
        self.settle()
        return took

    def settle(self) -> None:
        """Read until the screen stands still."""
        while select.select([self._master], [], [], SETTLED_S)[0]:
            os.read(self._master, 1 << 20)

    def peak_mb(self) -> float:
        """Peak resident size so far."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6

    def close(self) -> None:
        """End it, whatever it does."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        os.close(self._master)


def first_paint() -> float:
    """Seconds from starting the process to the first question on the terminal."""
    terminal = Terminal("--safe")
    try:
        return terminal.until(re.compile(ASKED)) - terminal.started
    finally:
        terminal.close()


def changes() -> tuple[list[float], list[float], float]:
    """(ms from each step of the budget to its table, ms from each move of the cursor to its frame, peak MB)."""
    terminal = Terminal()
    try:
        terminal.until(REPAINTED)
        terminal.settle()
        moved = [terminal.press(DOWN if n % 16 < 8 else UP, CURSOR) for n in range(2 * STEPS)]
        terminal.press(b"l", FOCUSED)
        stepped = [terminal.press(key, REPAINTED) for _ in range(ROUNDS) for key in (DOWN, UP) for _ in range(STEPS)]
        return stepped, moved, terminal.peak_mb()
    finally:
        terminal.close()


def prepared(folder: Path, home: str) -> None:
    """A home with a session, so that the advice is the first screen; the database of another home where one is given."""
    os.environ["ADVISOR_HOME"] = str(folder)
    for file in Path(home).glob("advisor.db*") if home else ():
        shutil.copy(file, folder)
    subprocess.run([sys.executable, "-m", "advisor", "db", "info"], check=True, capture_output=True)


def remember() -> None:
    """The session that the advice begins with."""
    from advisor.workflows import remembering
    from advisor.workflows.questioning import Asked

    remembering.remember(remembering.Session(Asked(**QUESTION)))


def high(values: list[float]) -> float:
    """The 95th percentile."""
    return sorted(values)[int(0.95 * (len(values) - 1))]


def main() -> None:
    """Print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", default="", help="A prepared home, which is copied; without it one is prepared.")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepared(Path(folder), options.home)
        paints = [first_paint() for _ in range(options.runs + 1)][1:]
        print(f"first paint: median {statistics.median(paints):.2f} s, fastest {min(paints):.2f} s (budget 1 s)")
        remember()
        stepped, moved, peak = changes()
    for words, values in (("a step of the budget to its table", stepped), ("a move of the cursor to its frame", moved)):
        print(f"{words}: p50 {statistics.median(values):.0f} ms, p95 {high(values):.0f} ms, most {max(values):.0f} ms")
    print(f"memory: {peak:.0f} MB at its peak (budget 150 MB); the step's budget is 50 ms at the 95th percentile")


if __name__ == "__main__":
    main()
