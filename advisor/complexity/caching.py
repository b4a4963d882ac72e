"""What PyTorch's caching allocator reserves on a GPU for a sequence of allocations. Pure arithmetic; needs no GPU.

The rules are those of c10/cuda/CUDACachingAllocator.cpp in PyTorch (round_size, get_allocation_size, get_pool, should_split,
free_block), without expandable segments, CUDA graphs and limits of the split size, which are off by default: requests up to 1 MiB come
from segments of 2 MiB, below 10 MiB from segments of 20 MiB, larger ones from segments of their own; the smallest free block that is
large enough serves a request and is split; freed neighbours of a segment merge; no segment is given back.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil

LEAST = 512
"""Bytes: every request is rounded up to a multiple."""
SMALL = 2**20
"""Largest request that is served from the small segments."""
SMALL_SEGMENT, LARGE_SEGMENT = 2 * 2**20, 20 * 2**20
OWN_SEGMENT = 10 * 2**20
"""Requests from this size on get a segment of their own, rounded up to GRAIN."""
GRAIN = 2 * 2**20
RESERVED = {
    "reserved_b1": (1, 1.0), "reserved_b8": (8, 1.0), "reserved_b64": (64, 1.0),
    "reserved_half_b1": (1, 0.5), "reserved_half_b8": (8, 0.5), "reserved_half_b64": (64, 0.5),
}  # fmt: skip
"""What the catalogue says of every architecture: (batch size, share of the bytes of fp32)."""
_FORWARDS = 8
"""Forwards after which nothing more is expected; nearly always the second one shows it."""


def rounded(nbytes: int, grain: int = LEAST) -> int:
    """Size as the allocator hands it out."""
    return -(-nbytes // grain) * grain


def segment_of(size: int) -> int:
    """Bytes of the segment that is reserved for a request that no free block can serve."""
    if size <= SMALL:
        return SMALL_SEGMENT
    return LARGE_SEGMENT if size < OWN_SEGMENT else rounded(size, GRAIN)


@dataclass(slots=True)
class _Pool:
    """Free blocks of small or of large segments."""

    least_rest: int
    """Smallest remainder that is split off a block."""
    free: list[tuple[int, int]] = field(default_factory=list)
    """(size, address), ordered."""
    ends: dict[int, int] = field(default_factory=dict)
    """End of a free block -> its address."""
    sizes: dict[int, int] = field(default_factory=dict)
    """Address of a free block -> its size."""

    def take(self, size: int) -> tuple[int, int] | None:
        """The smallest free block of at least `size`, as (size, address)."""
        at = bisect_left(self.free, (size, 0))
        if at == len(self.free):
            return None
        found = self.free[at]
        self._forget(found)
        return found

    def give(self, size: int, address: int) -> None:
        """A block is free; it joins its free neighbours."""
        before = self.ends.get(address)
        if before is not None:
            block = (self.sizes[before], before)
            self._forget(block)
            size, address = size + block[0], before
        after = self.sizes.get(address + size)
        if after is not None:
            self._forget((after, address + size))
            size += after
        insort(self.free, (size, address))
        self.ends[address + size], self.sizes[address] = address, size

    def _forget(self, block: tuple[int, int]) -> None:
        size, address = block
        del self.free[bisect_left(self.free, block)], self.ends[address + size], self.sizes[address]


@dataclass(slots=True)
class CachingAllocator:
    """Blocks handed out, and what was reserved for them."""

    reserved: int = 0
    """Bytes of all segments: as torch.cuda.memory_reserved()."""
    _small: _Pool = field(default_factory=lambda: _Pool(LEAST))
    _large: _Pool = field(default_factory=lambda: _Pool(SMALL + 1))
    _used: dict[int, int] = field(default_factory=dict)
    _next: int = 0

    def allocate(self, nbytes: int) -> int:
        """Address of a block for a request of at least one byte."""
        size = rounded(nbytes)
        pool = self._pool(size)
        whole, address = pool.take(size) or self._segment(segment_of(size))
        if whole - size >= pool.least_rest:
            pool.give(whole - size, address + size)
            whole = size
        self._used[address] = whole
        return address

    def free(self, address: int) -> None:
        """Give a block back to its segment, which stays reserved."""
        size = self._used.pop(address)
        pool = self._pool(size)
        pool.give(size, address)

    def _pool(self, size: int) -> _Pool:
        return self._small if size <= SMALL else self._large

    def _segment(self, size: int) -> tuple[int, int]:
        address, self._next = self._next, self._next + size + LEAST  # a gap: segments never merge
        self.reserved += size
        return size, address


def reserved(held: Iterable[int], history: Sequence[int], share: float = 1.0) -> int:
    """Bytes reserved by a model of these tensors (bytes each) that runs on and on; `share` of all bytes at another precision.

    `history` is one forward: n > 0 allocates n bytes, -k frees what the k-th allocation (from 1) got. The image comes with the forward,
    and what is not freed goes when it is over. A later forward finds other free blocks than the first did and may need segments more.
    """
    allocator = CachingAllocator()
    for nbytes in held:
        if nbytes:
            allocator.allocate(ceil(nbytes * share))
    before = -1
    for _ in range(_FORWARDS):
        if allocator.reserved == before:
            break
        before = allocator.reserved
        _forward(allocator, history, share)
    return allocator.reserved


def _forward(allocator: CachingAllocator, history: Sequence[int], share: float) -> None:
    used: dict[int, int] = {}
    count = 0
    for event in history:
        if event < 0:
            allocator.free(used.pop(-event))
        else:
            count += 1
            used[count] = allocator.allocate(ceil(event * share))
    for address in used.values():
        allocator.free(address)


def grown(one: Sequence[int], eight: Sequence[int], batch: int) -> list[int]:
    """History of a forward of more images than eight: every allocation grows as it did from one image to eight.

    Where the two run other operators, in proportion to the images.
    """
    alike = len(one) == len(eight) and all(
        (a > 0) == (b > 0) and (a > 0 or a == b) for a, b in zip(one, eight, strict=True)
    )
    before = one if alike else [0] * len(eight)
    span = 7 if alike else 8
    return [
        last if last < 0 else last + (last - first) * (batch - 8) // span
        for first, last in zip(before, eight, strict=True)
    ]
