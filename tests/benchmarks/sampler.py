"""The harness's sampler beside torch.utils.benchmark, in one process, in turn: `python tests/benchmarks/sampler.py [MODEL...]`.

Prints per model the median ratio of the pairs (A B A B ...) during which the reference kernel found the machine quiet (at most 5 % slower
than its quiet time), the range of the middle half of these ratios, and how many pairs they are. The two must agree within 3 %.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from statistics import median, quantiles
from time import perf_counter_ns, process_time_ns
from typing import NamedTuple

os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

import torch
from torch.utils.benchmark import Timer

from advisor.measure import sampling
from advisor.measure.backends.pytorch import PyTorch
from advisor.measure.records import MEASURE, Job
from advisor.measure.reference import evictor, quiet_ms, quiet_slices

MODELS = ("torchvision/resnet18", "torchvision/mobilenet_v3_small", "torchvision/vit_b_16", "torchvision/densenet121")
PAIRS, SECONDS, QUIET = 21, 3.0, 1.05


class Pair(NamedTuple):
    """One turn of each: milliseconds per forward, and the reference kernel's time over its quiet time."""

    ours: float
    theirs: float
    slowdown: float

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs


def pairs(name: str) -> Iterator[Pair]:
    """PAIRS turns of one model, SECONDS for each side of a turn."""
    job = Job(MEASURE, name, 224, 1, "here", "cpu", "pytorch-eager", "fp32", "nchw", 1, "", 0)
    loaded = PyTorch().load(job, perf_counter_ns)
    runner, reference = loaded.runner, loaded.reference()
    assert reference is not None, "eager runs on a CPU have a reference kernel"
    quiet = quiet_ms(quiet_slices(reference, 1.0, evictor()))
    sampling.warm_up(runner, perf_counter_ns, least_s=1.0, most_s=10.0)
    timer = Timer("start()", globals={"start": runner.start}, num_threads=1)
    for _ in range(PAIRS):
        seen = sampling.sample(
            runner,
            reference,
            perf_counter_ns,
            process_time_ns,
            forward_ms=timer.timeit(2).median * 1e3,
            budget_s=SECONDS,
        )
        theirs = timer.blocked_autorange(min_run_time=SECONDS).median * 1e3
        yield Pair(median(seen.host_ms), theirs, median(seen.reference_ms) / quiet)


def row(name: str, turns: list[Pair]) -> str:
    """One line of the table; of no quiet pair, no ratio is said."""
    quiet = [turn for turn in turns if turn.slowdown <= QUIET]
    if len(quiet) < 2:
        return f"| {name} | not quiet | | | | {len(quiet)} of {len(turns)} |"
    low, middle, high = quantiles([turn.ratio for turn in quiet], n=4)
    ours, theirs = median(turn.ours for turn in quiet), median(turn.theirs for turn in quiet)
    shown = f"{low:.3f}-{high:.3f} | {ours:.2f} | {theirs:.2f}"
    return f"| {name} | {middle:.3f} | {shown} | {len(quiet)} of {len(turns)} |"


def main(names: list[str]) -> None:
    torch.manual_seed(0)
    print(
        "| model | harness / torch.utils.benchmark | middle half | harness ms | torch ms | quiet pairs |\n|---|---|---|---|---|---|"
    )
    for name in names or MODELS:
        print(row(name, list(pairs(name))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
