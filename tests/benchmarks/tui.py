"""Measures the budgets of the interface: `python tests/benchmarks/tui.py [--home FOLDER]`.

First paint: wall time from starting a process to the first frame on a terminal (a pseudo-terminal), median of several.
A changed budget: from setting it to the repainted table, over the whole catalogue, at 120 x 40; wall time, and the processor
time of the process, which other work on the machine does not lengthen. Memory: peak resident size after all that.
The budgets: 1 s, 50 ms at the 95th percentile, 150 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pty
import resource
import select
import signal
import statistics
import subprocess
import sys
import time

CHANGES = 60
MARK = b"Which device"


def first_paint() -> float:
    """Seconds from starting the process to the first question on the terminal."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "advisor", "tui", "--safe"], stdin=slave, stdout=slave, stderr=slave, env=environment,
        start_new_session=True,
    )  # fmt: skip
    seen = b""
    try:
        while MARK not in seen:
            ready, _, _ = select.select([master], [], [], 60)
            if not ready:
                raise TimeoutError(seen[-500:])
            seen += os.read(master, 65536)
        return time.perf_counter() - start
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(master)
        os.close(slave)


async def changes() -> list[tuple[float, float]]:
    """(wall seconds, processor seconds) from each change of the latency budget to the repainted table."""
    from advisor.tui.app import AdvisorApp

    app, found = AdvisorApp(safe=True), []
    async with app.run_test(size=(120, 40)) as pilot:
        while app.devices is None:
            await pilot.pause(0.1)
        app.ask(device="jetson-orin-nano-8gb")
        while app.answer is None or app.answer.device != "jetson-orin-nano-8gb":
            await pilot.pause(0.1)
        await pilot.press("f2")
        await pilot.pause(1)
        answered = asyncio.Event()
        app.watch(app, "answer", lambda: answered.set(), init=False)
        for number in range(CHANGES):
            answered.clear()
            start, used = time.perf_counter(), time.process_time()
            app.ask(max_latency=f"{(7 * number) % 97 + 0.5}ms")
            await answered.wait()
            painted = asyncio.Event()
            app.screen.call_after_refresh(painted.set)
            await painted.wait()
            found.append((time.perf_counter() - start, time.process_time() - used))
            await asyncio.sleep(0.05)
    return found


def high(values: list[float]) -> float:
    """The 95th percentile."""
    return sorted(values)[int(0.95 * (len(values) - 1))]


def main() -> None:
    """Print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", help="A prepared home; without it $ADVISOR_HOME.")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    if options.home:
        os.environ["ADVISOR_HOME"] = options.home
    subprocess.run(
        [sys.executable, "-m", "advisor", "db", "info"], check=True, capture_output=True
    )  # prepares the home
    paints = [first_paint() for _ in range(options.runs + 1)][1:]
    print(f"first paint: median {statistics.median(paints):.2f} s, fastest {min(paints):.2f} s (budget 1 s)")
    wall, used = (list(column) for column in zip(*asyncio.run(changes()), strict=True))
    print(
        f"budget change to repainted table: p50 {1000 * statistics.median(wall):.0f} ms, p95 {1000 * high(wall):.0f} ms; "
        f"processor time p50 {1000 * statistics.median(used):.0f} ms, p95 {1000 * high(used):.0f} ms (budget 50 ms)"
    )
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB at its peak (budget 150 MB)")


if __name__ == "__main__":
    main()
