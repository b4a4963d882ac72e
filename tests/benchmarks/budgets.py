"""Measures the budgets of the command line as ratios from one run: `python tests/benchmarks/budgets.py`.

Prints the wall time of `advisor recommend --format json` on a prepared home against `python -c 'import click'` in the same
environment (paired runs, medians), the same with a million measurements in the home, and the seconds of a first use.
Absolute times belong to the machine; the ratios are what is promised (2x, and twice that with a million rows).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ASK = ("recommend", "--device", "jetson", "--max-latency", "50ms", "--format", "json")
PEER = ("-c", "import click")

_COPIES = """
INSERT INTO observations
  SELECT o.id || '-' || c.n, o.source_id, 'user', o.outcome, o.reason, o.locator, o.model, o.library_hint, o.device, o.runtime,
         o.precision, o.batch_size, o.resolution, o.latency_ms, o.throughput_img_s, o.memory_mib, o.memory_kind, o.statistic,
         o.timing_scope, o.samples, o.memory_format, o.power_mode, o.threads, o.software, o.quantiles, o.note, o.accelerators,
         o.power_w, o.power_scope
  FROM observations o JOIN measurements m ON m.id = o.id CROSS JOIN copies c;
"""
_MEASURED = """
INSERT INTO measurements
  SELECT m.id || '-' || c.n, m.model, m.arch_id, m.resolution, m.target_id, m.grade, m.caveats FROM measurements m CROSS JOIN copies c
  WHERE instr(m.id, '-') = 0;
"""


def question() -> list[str]:
    """The installed command beside this interpreter, as a user runs it."""
    return [str(Path(sys.executable).with_name("advisor")), *ASK]


def seconds(command: list[str], home: Path) -> float:
    """Wall time of one process. Compiled modules may be kept, as in any installed package."""
    environment = {**os.environ, "ADVISOR_HOME": str(home)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - start


def paired(runs: int, home: Path) -> tuple[float, float, float]:
    """(median seconds of the question, of the import, median of the ratios of neighbouring runs)."""
    peer_command = [sys.executable, *PEER]
    pairs = [(seconds(question(), home), seconds(peer_command, home)) for _ in range(runs + 1)][1:]
    asked, peer = zip(*pairs, strict=True)
    return statistics.median(asked), statistics.median(peer), statistics.median(a / p for a, p in pairs)


def enlarge(home: Path, rows: int) -> int:
    """Copy the measurements under new ids until there are at least `rows`; returns how many there are."""
    with sqlite3.connect(home / "advisor.db") as db:
        (now,) = db.execute("SELECT count(*) FROM measurements").fetchone()
        db.execute("CREATE TEMP TABLE copies (n INTEGER)")
        db.executemany("INSERT INTO copies VALUES (?)", [(n,) for n in range(-(-rows // now) - 1)])
        db.execute(_COPIES)
        db.execute(_MEASURED)
        (count,) = db.execute("SELECT count(*) FROM measurements").fetchone()
    db.close()
    return int(count)


def main() -> None:
    """Run all three and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="advisor-budgets-"))
    try:
        print(f"first use: {seconds(question(), home):.1f} s")
        asked, peer, ratio = paired(options.runs, home)
        print(f"prepared home: {asked:.3f} s against {peer:.3f} s of 'import click': {ratio:.2f}x")
        count = enlarge(home, options.rows)
        asked, peer, large = paired(options.runs, home)
        print(
            f"with {count} measurements: {asked:.3f} s against {peer:.3f} s: {large:.2f}x, {large / ratio:.2f}x the prepared home"
        )
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
