"""The harness's sampler beside torch.utils.benchmark, in one process, in turn: `python tests/benchmarks/sampler.py [MODEL...]`.

Prints the median ratio of pairs (A B A B ...) per model, and how much slower than quiet the reference kernel found the machine.
The two must agree within 3 % when it is quiet (slowdown up to 1.05).
"""

from __future__ import annotations

import os
import sys
from statistics import median
from time import perf_counter_ns, process_time_ns

os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

import torch
from torch.utils.benchmark import Timer

from advisor.measure import sampling
from advisor.measure.backends.pytorch import PyTorch
from advisor.measure.records import MEASURE, Job
from advisor.measure.reference import evictor, quiet_ms, quiet_slices

MODELS = ("torchvision/resnet18", "torchvision/mobilenet_v3_small", "torchvision/vit_b_16", "torchvision/densenet121")
PAIRS, SECONDS = 7, 3.0


def compare(name: str) -> tuple[float, float, float, float]:
    """(median ratio harness / torch, harness ms, torch ms, slowdown)."""
    job = Job(MEASURE, name, 224, 1, "here", "cpu", "pytorch-eager", "fp32", "nchw", 1, "", 0)
    loaded = PyTorch().load(job, perf_counter_ns)
    runner, reference = loaded.runner, loaded.reference()
    quiet = quiet_ms(quiet_slices(reference, 1.0, evictor()))
    sampling.warm_up(runner, perf_counter_ns, least_s=1.0, most_s=10.0)
    timer = Timer("start()", globals={"start": runner.start}, num_threads=1)
    ours, theirs, slices = [], [], []
    for _ in range(PAIRS):
        seen = sampling.sample(
            runner,
            reference,
            perf_counter_ns,
            process_time_ns,
            forward_ms=timer.timeit(2).median * 1e3,
            budget_s=SECONDS,
        )
        ours.append(median(seen.host_ms))
        slices += seen.reference_ms
        theirs.append(timer.blocked_autorange(min_run_time=SECONDS).median * 1e3)
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return median(ratios), median(ours), median(theirs), median(slices) / quiet


def main(names: list[str]) -> None:
    torch.manual_seed(0)
    print(
        "| model | harness / torch.utils.benchmark | harness ms | torch ms | slowdown of the reference |\n|---|---|---|---|---|"
    )
    for name in names or MODELS:
        ratio, ours, theirs, slow = compare(name)
        print(f"| {name} | {ratio:.3f} | {ours:.2f} | {theirs:.2f} | {slow:.2f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
