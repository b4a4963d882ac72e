"""What pooling costs on this CPU, eager and compiled, one thread: `python tests/benchmarks/pooling.py`.

Prints, per operator and layout, its time over the time that a copy of as many bytes takes: the coefficient `pool_bytes` of a target.
Fits of CPUs start from these ratios. Compiling takes a few seconds per row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from statistics import geometric_mean
from time import perf_counter

import torch
from torch import Tensor
from torch.nn import functional

Pool = Callable[[Tensor], Tensor]
CASES: dict[str, tuple[Pool, tuple[int, int, int]]] = {
    "max 3x3, stride 2": (lambda x: functional.max_pool2d(x, 3, 2, 1), (64, 112, 112)),
    "max 2x2, stride 2": (lambda x: functional.max_pool2d(x, 2, 2), (64, 224, 224)),
    "average 2x2, stride 2": (lambda x: functional.avg_pool2d(x, 2, 2), (256, 56, 56)),
    "average 3x3, stride 1": (lambda x: functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False), (96, 56, 56)),
    "adaptive average to 7x7": (lambda x: functional.adaptive_avg_pool2d(x, 7), (512, 7, 7)),
    "global average": (lambda x: functional.adaptive_avg_pool2d(x, 1), (2048, 7, 7)),
    "mean of an excitation": (lambda x: x.mean((2, 3), keepdim=True), (256, 56, 56)),
}
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


def ratios(per_byte: float) -> Iterator[tuple[str, str, float, float]]:
    """(operator, layout, eager, compiled)."""
    for name, (pool, shape) in CASES.items():
        compiled = torch.compile(pool)
        for layout, format_ in (("nchw", torch.contiguous_format), ("channels last", torch.channels_last)):
            x = torch.randn(1, *shape).to(memory_format=format_)
            moved = 4 * (x.numel() + pool(x).numel()) * per_byte
            yield name, layout, seconds(partial(pool, x)) / moved, seconds(partial(compiled, x)) / moved


def main() -> None:
    torch.set_num_threads(1)
    print("| pooling | layout | eager | compiled |\n|---|---|---|---|")
    with torch.inference_mode():
        found = []
        for name, layout, eager, compiled in ratios(copy_seconds_per_byte()):
            found.append((eager, compiled))
            print(f"| {name} | {layout} | {eager:.1f} | {compiled:.1f} |", flush=True)
    print(
        f"| geometric mean | | {geometric_mean(e for e, _ in found):.1f} | {geometric_mean(c for _, c in found):.1f} |"
    )


if __name__ == "__main__":
    main()
