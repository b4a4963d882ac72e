"""What operators that only move data cost on this CPU, eager and compiled, one thread: `python tests/benchmarks/moving.py`.

Prints, per operator and layout, its time over the time that a copy of as many bytes takes: the coefficients `pool_bytes`,
`light_bytes`, `statistics_bytes` and (of softmax) `attention_bytes` of a target. Fits of CPUs start from these ratios. Compiling
takes a few seconds per row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from statistics import geometric_mean
from time import perf_counter

import torch
from torch import Tensor
from torch.nn import functional

Moving = Callable[[Tensor], Tensor]


def over_channels(x: Tensor) -> Tensor:
    """Layer norm of the channels of an image, as ConvNeXt has it."""
    return functional.layer_norm(x.permute(0, 2, 3, 1), (x.shape[1],)).permute(0, 3, 1, 2)


WINDOWS: dict[str, tuple[Moving, tuple[int, ...]]] = {
    "max 3x3, stride 2": (lambda x: functional.max_pool2d(x, 3, 2, 1), (64, 112, 112)),
    "max 2x2, stride 2": (lambda x: functional.max_pool2d(x, 2, 2), (64, 224, 224)),
    "average 2x2, stride 2": (lambda x: functional.avg_pool2d(x, 2, 2), (256, 56, 56)),
    "average 3x3, stride 1": (lambda x: functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False), (96, 56, 56)),
    "adaptive average to 7x7": (lambda x: functional.adaptive_avg_pool2d(x, 7), (512, 7, 7)),
}
MEANS: dict[str, tuple[Moving, tuple[int, ...]]] = {
    "global average": (lambda x: functional.adaptive_avg_pool2d(x, 1), (2048, 7, 7)),
    "mean of an excitation": (lambda x: x.mean((2, 3), keepdim=True), (256, 56, 56)),
}
LIGHT: dict[str, tuple[Moving, tuple[int, ...]]] = {
    "scale, shift and ReLU": (lambda x: functional.relu(x * 1.1 + 0.3), (256, 56, 56)),
    "the same, small": (lambda x: functional.relu(x * 1.1 + 0.3), (256, 14, 14)),
    "SiLU": (functional.silu, (96, 56, 56)),
    "GELU": (functional.gelu, (197, 3072)),
}
STATISTICS: dict[str, tuple[Moving, tuple[int, ...]]] = {
    "layer norm, 96 wide": (lambda x: functional.layer_norm(x, (96,)), (3136, 96)),
    "layer norm, 384 wide": (lambda x: functional.layer_norm(x, (384,)), (197, 384)),
    "layer norm, 768 wide": (lambda x: functional.layer_norm(x, (768,)), (197, 768)),
    "layer norm over channels": (over_channels, (96, 56, 56)),
    "the same, small": (over_channels, (384, 14, 14)),
    "group norm, 1 group": (lambda x: functional.group_norm(x, 1), (64, 56, 56)),
    "group norm, 32 groups": (lambda x: functional.group_norm(x, 32), (256, 14, 14)),
}
SOFTMAX: dict[str, tuple[Moving, tuple[int, ...]]] = {
    "softmax, 49 wide": (lambda x: x.softmax(-1), (192, 49, 49)),
    "softmax, 197 wide": (lambda x: x.softmax(-1), (12, 197, 197)),
}
READ_TWICE = "group norm"
"""What a compiled kernel must read whole before it writes: the catalogue counts so too."""
TERMS = {"pool": WINDOWS, "means": MEANS, "light": LIGHT, "statistics": STATISTICS, "softmax": SOFTMAX}
COPIED = 16 << 20
"""Elements: far beyond the caches."""


def seconds(run: Callable[[], object], during: float = 1.0) -> float:
    """Lower quartile of one call."""
    run(), run()
    times, end = [], perf_counter() + during
    while perf_counter() < end:
        begin = perf_counter()
        run()
        times.append(perf_counter() - begin)
    return sorted(times)[len(times) // 4]


def copy_seconds_per_byte() -> float:
    """Of bytes read and written."""
    source, target = torch.randn(COPIED), torch.empty(COPIED)
    return seconds(lambda: target.copy_(source)) / (2 * 4 * COPIED)


def ratios(cases: dict[str, tuple[Moving, tuple[int, ...]]], per_byte: float) -> Iterator[tuple[str, float, float]]:
    """(operator and layout, eager, compiled)."""
    for name, (move, shape) in cases.items():
        compiled = torch.compile(move)
        image = torch.randn(1, *shape)
        layouts = {"": image} if len(shape) < 3 else {", channels last": image.to(memory_format=torch.channels_last)}
        for layout, x in {"": image, **layouts}.items():
            moved = 4 * (x.numel() + move(x).numel()) * per_byte
            read_again = 4 * x.numel() * per_byte if name.startswith(READ_TWICE) else 0.0
            yield name + layout, seconds(partial(move, x)) / moved, seconds(partial(compiled, x)) / (moved + read_again)


def main() -> None:
    torch.set_num_threads(1)
    per_byte = copy_seconds_per_byte()
    print("| term | operator | eager | compiled |\n|---|---|---|---|")
    with torch.inference_mode():
        for term, cases in TERMS.items():
            found = []
            for name, eager, compiled in ratios(cases, per_byte):
                found.append((eager, compiled))
                print(f"| {term} | {name} | {eager:.1f} | {compiled:.1f} |", flush=True)
            eager, compiled = (geometric_mean(times) for times in zip(*found, strict=True))
            print(f"| {term} | geometric mean | {eager:.1f} | {compiled:.1f} |", flush=True)


if __name__ == "__main__":
    main()
