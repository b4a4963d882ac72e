"""Run-to-run spread of a published number, beside timm's way of timing in the same wall time.

`python tests/benchmarks/repeatability.py`: ten models, three repeats each, both ways in turn. Ours: the median of three launches'
medians. timm's way (benchmark.py): 10 warm-up and 40 timed forwards in a fresh process, their mean; repeated until it has taken as long
as ours, and averaged. Spread: (largest - smallest) / median of the three repeats.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, median
from time import monotonic

from advisor.measure.analysis import analyse
from advisor.measure.launching import Launcher, environment
from advisor.measure.records import CALIBRATE, MEASURE, Job

MODELS = (
    "torchvision/resnet18", "torchvision/resnet50", "torchvision/mobilenet_v3_small", "torchvision/mobilenet_v2",
    "torchvision/densenet121", "torchvision/efficientnet_b0", "torchvision/shufflenet_v2_x1_0", "torchvision/squeezenet1_1",
    "torchvision/googlenet", "torchvision/regnet_y_800mf",
)  # fmt: skip
REPEATS, LAUNCHES, SECONDS = 3, 3, 2.0
TIMM = """
import sys, time, torch
from torchvision.models import get_model
torch.set_num_threads(1); torch.manual_seed(0)
extra = {"aux_logits": False, "init_weights": False} if sys.argv[1] == "googlenet" else {}
model, image = get_model(sys.argv[1], weights=None, **extra).eval(), torch.randn(1, 3, 224, 224)
with torch.inference_mode():
    for _ in range(10): model(image)
    spent = 0.0
    for _ in range(40):
        start = time.perf_counter(); model(image); spent += time.perf_counter() - start
print(spent / 40 * 1e3)
"""


def job(name: str, kind: str = MEASURE, **more: object) -> Job:
    return Job(kind, name, 224, 1, "here", "cpu", "pytorch-eager", "fp32", "nchw", 1, "", 0, budget_s=SECONDS, **more)


def ours(launcher: Launcher, name: str, quiet: float) -> tuple[float, float]:
    """(published ms, wall seconds)."""
    begin, medians = monotonic(), []
    for launch in range(LAUNCHES):
        asked = job(name, quiet_ms=quiet)
        medians.append(analyse(asked, launcher.run(f"{launch}", asked, 120.0)).p50)
    return median(medians), monotonic() - begin


def theirs(name: str, wall_s: float) -> float:
    """Mean of the means that fit into the wall time."""
    begin, found = monotonic(), []
    while not found or monotonic() - begin < wall_s - (monotonic() - begin) / len(found) / 2:
        command = [sys.executable, "-c", TIMM, name.partition("/")[2]]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment(job(name), {}))
        found.append(float(done.stdout))
    return mean(found)


def spread(values: list[float]) -> float:
    return (max(values) - min(values)) / median(values)


def main() -> None:
    print("| model | ours ms | spread | timm's way ms | spread |\n|---|---|---|---|---|")
    spreads: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        launcher = Launcher(Path(folder))
        quiet = launcher.run("quiet", job("", CALIBRATE), 120.0)["quiet"]["cpu-torch-1"]["quiet_ms"]
        for name in MODELS:
            pairs = []
            for _ in range(REPEATS):
                value, wall = ours(launcher, name, quiet)
                pairs.append((value, theirs(name, wall)))
            a, b = [p[0] for p in pairs], [p[1] for p in pairs]
            spreads.append((spread(a), spread(b)))
            print(f"| {name} | {median(a):.2f} | {spread(a):.1%} | {median(b):.2f} | {spread(b):.1%} |", flush=True)
    a, b = zip(*spreads, strict=True)
    print(f"| median over models | | {median(a):.1%} | | {median(b):.1%} |")
    print(
        f"| smaller spread | | {sum(x < y for x, y in spreads)} of {len(spreads)} | | {sum(y < x for x, y in spreads)} |"
    )


if __name__ == "__main__":
    main()
