"""What other work on the machine does to numbers: `python tests/benchmarks/contention.py`.

Launches models with one thread beside 0, 1, 2 and 4 busy processes; prints how far wall, processor and corrected time are off the
quiet number, and the verdict. No accepted number may be more than 10 % off.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from advisor.measure.analysis import analyse
from advisor.measure.launching import Launcher, environment, usable_threads
from advisor.measure.records import CALIBRATE, MEASURE, Job
from advisor.measure.verdict import judge

MODELS = ("torchvision/resnet18", "torchvision/mobilenet_v3_small", "torchvision/densenet121", "torchvision/vit_b_16")
BUSY = (0, 1, 2, 4)
LAUNCHES = 3
SPIN = """
import os, sys, torch
torch.set_num_threads(1)
a = torch.randn(512, 512)
while os.getppid() == int(sys.argv[1]):
    torch.mm(a, a)
"""
"""Ends with the process that asked for it, however that ends: a session of its own gets no signal of its parent's."""


def job(name: str, kind: str = MEASURE, **more: object) -> Job:
    return Job(kind, name, 224, 1, "here", "cpu", "pytorch-eager", "fp32", "nchw", 1, "", 0, budget_s=3.0, **more)


@contextmanager
def busy(count: int) -> Iterator[None]:
    # Each in a session of its own, as in other terminals: the kernel shares processors between sessions first.
    command, settings = [sys.executable, "-c", SPIN, str(os.getpid())], environment(job("x"), {})
    spinning = [subprocess.Popen(command, env=settings, start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def main() -> None:
    print("| model | busy | slowdown | wall | processor | corrected | verdicts |\n|---|---|---|---|---|---|---|")
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        launcher = Launcher(Path(folder))
        quiet = launcher.run("quiet", job("", CALIBRATE), 120.0)["quiet"]["cpu-torch-1"]["quiet_ms"]
        for name in MODELS:
            base = None
            for count in BUSY:
                with busy(count):
                    asked = job(name, quiet_ms=quiet)
                    results = [launcher.run(f"{count}", asked, 300.0) for _ in range(LAUNCHES)]
                found = [analyse(asked, result) for result in results]
                verdicts = [judge(asked, r, f, (), usable_threads()) for r, f in zip(results, found, strict=True)]
                walls = [median(result["samples"]["host_ms"]) for result in results]
                base = base or median(f.p50 for f in found)
                off = [f.p50 / base - 1 for f, v in zip(found, verdicts, strict=True) if v.verdict == "accepted"]
                worst = max([worst, *map(abs, off)])
                print(
                    f"| {name} | {count} | {median(f.slowdown for f in found):.2f} | {median(walls) / base - 1:+.0%} "
                    f"| {median(f.cpu_ms for f in found) / base - 1:+.0%} | {median(f.corrected_ms for f in found) / base - 1:+.0%} "
                    f"| {', '.join(v.verdict for v in verdicts)} |",
                    flush=True,
                )
    print(f"\naccepted numbers are at most {worst:.1%} off the quiet one")


if __name__ == "__main__":
    main()
