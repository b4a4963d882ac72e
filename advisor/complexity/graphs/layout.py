"""How views of a tensor lie in memory: which reshapes need a copy. Pure arithmetic on shapes and strides, as PyTorch's."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from advisor.complexity.graphs.graph import Shape


def contiguous(shape: Shape) -> Shape:
    """Strides, in elements, of a tensor that is written in order."""
    return tuple(prod(shape[i + 1 :]) for i in range(len(shape)))


def channels_last(shape: Shape) -> Shape:
    """Strides of a batch of images whose channels are next to each other."""
    _, channels, rows, columns = shape
    return rows * columns * channels, 1, columns * channels, channels


def dense(shape: Shape, strides: Shape) -> bool:
    """Whether the tensor is a permutation of one written in order: operators keep such a layout."""
    step = 1
    for size, stride in sorted(zip(shape, strides, strict=True), key=lambda pair: (pair[1], pair[0])):
        if size != 1 and stride != step:
            return False
        step *= size
    return True


def viewed(shape: Shape, strides: Shape, wanted: Shape) -> Shape | None:
    """Strides of the same memory in another shape, or None where it takes a copy (after ATen's computeStride)."""
    if not shape or 0 in shape:
        return contiguous(wanted)
    found, at = [0] * len(wanted), len(wanted) - 1
    base, elements, placed = strides[-1], 1, 1
    for d in range(len(shape) - 1, -1, -1):
        elements *= shape[d]
        if d and (shape[d - 1] == 1 or strides[d - 1] == elements * base):
            continue
        while at >= 0 and (placed < elements or wanted[at] == 1):
            found[at] = placed * base
            placed *= wanted[at]
            at -= 1
        if placed != elements:
            return None
        if d:
            base, elements, placed = strides[d - 1], 1, 1
    return tuple(found) if at == -1 else None


def permuted(values: Shape, order: Sequence[int]) -> Shape:
    """The values in another order of axes."""
    return tuple(values[i] for i in order)


def expanded(shape: Shape, strides: Shape, wanted: Shape) -> Shape:
    """Strides after broadcasting: repeated axes do not move."""
    missing = len(wanted) - len(shape)
    pairs = zip(((1,) * missing + shape), ((0,) * missing + strides), wanted, strict=True)
    return tuple(0 if size == 1 and size != new else stride for size, stride, new in pairs)
