"""What a compiled batch of one costs more where convolutions do not know the layout of their image: `python tests/benchmarks/layouts.py`.

Times networks with many such convolutions on this CPU, compiled and eager, in batches of one and of two (where it does not happen),
with all threads. Prints milliseconds an image and how much longer the compiled one takes than half of two, less what eager mode does,
over a copy of the bytes that the catalogue counts for it (`generated_relaid_bytes`). Compiling takes a minute per network.
"""

from __future__ import annotations

import sys
from functools import partial

import torch
from moving import copy_seconds_per_byte, seconds
from torch import nn

from advisor import zoo
from advisor.complexity import live

MODELS = (
    "timm/convnext_nano",
    "timm/pvt_v2_b1",
    "timm/rdnet_tiny",
    "timm/caformer_s18",
    "timm/focalnet_tiny_lrf",
)
BATCHES = (1, 2)
DURING = 4.0


def per_image(module: nn.Module, side: int, compiled: bool) -> tuple[float, float]:
    """Seconds an image in batches of one and of two."""
    found = []
    for batch in BATCHES:
        torch._dynamo.reset()
        run = torch.compile(module, dynamic=False) if compiled else module
        found.append(seconds(partial(run, torch.randn(batch, 3, side, side)), DURING) / batch)
    return found[0], found[1]


def main(names: list[str]) -> None:
    per_byte = copy_seconds_per_byte()
    print(f"{torch.get_num_threads()} threads; ms an image\n")
    print(
        "| network | counted, MB | compiled, 1 | compiled, 2 | eager, 1 | eager, 2 | copies per byte |\n|---|---|---|---|---|---|---|"
    )
    for name in names or MODELS:
        counted = live.explain(name).complexity.extras.get("generated_relaid_bytes", 0.0)
        module, side = zoo.build_on_cpu(name).eval(), zoo.default_resolution(name)
        with torch.inference_mode():
            compiled, eager = (per_image(module, side, compiled) for compiled in (True, False))
        longer = (compiled[0] - compiled[1]) - (eager[0] - eager[1])
        ratio = f"{longer / (counted * per_byte):.1f}" if counted else "-"
        times = " | ".join(f"{1e3 * time:.1f}" for time in (*compiled, *eager))
        print(f"| {name} | {counted / 1e6:.0f} | {times} | {ratio} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
