"""What a compiler that generates kernels moves: TorchInductor calls libraries for convolutions and products and generates all else.

A generated operator goes on in the kernel of an input where no library call lies between; a kernel reads what others made once, and
writes only what others read. Overlapping windows read their neighbours and group norms read the whole image first, so they start a
kernel; copies in another order do after a reduction. Concatenations are written in place by the kernels of their inputs. As
torch/_inductor/scheduler.py and lowering.py of PyTorch do, without most of their exceptions (tests/benchmarks/fusion.py compares).

Convolutions get images with their channels last in memory. Where such an image is another look at what was written as tokens, or with
channels as the last axis, a batch of one gets a stride that is none (convert_to_reinterpret_view in torch/_inductor/ir.py), by which
PyTorch does not know the layout (suggest_memory_format): the image is copied, and the library brings it and its output into a layout
of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from advisor.complexity.recording import PUT_TOGETHER

if TYPE_CHECKING:
    from advisor.complexity.ledger import Holding
    from advisor.complexity.raw import Counted
    from advisor.complexity.recording import Read

KINDS = ("light", "statistics", "softmax", "pool")
"""What a kernel is timed as: the last of these that any of its operators is."""
_LIBRARY = ("conv", "linear", "attention", "other")


@dataclass(eq=False, slots=True)
class Kernel:
    """Operators that are computed together."""

    kind: str
    nbytes: int = 0
    """Read from other kernels and written for them."""
    taken: dict[int, tuple[Holding, int]] = field(default_factory=dict)
    """Bytes read of each tensor of others, by identity; the tensor is kept so that no other takes its place."""
    written: bool = False
    """Whether others read anything of it: then it runs before them."""
    into: Kernel | None = None
    """The kernel that it became part of."""

    def whole(self) -> Kernel:
        """The kernel that it is now."""
        now = self
        while now.into is not None:
            now = now.into
        return now

    def take_in(self, other: Kernel) -> None:
        """Compute here what another kernel would have."""
        for held, nbytes in other.taken.values():
            self.read_of(held, nbytes)
        self.kind = max(self.kind, other.kind, key=KINDS.index)
        other.into = self

    def read_of(self, held: Holding, nbytes: int) -> None:
        """Read a tensor, or another part of it; no byte twice."""
        known = self.taken.get(id(held), (held, 0))[1]
        total = min(known + nbytes, held.nbytes) if held.nbytes else known + nbytes
        self.taken[id(held)] = (held, total)
        self.nbytes += total - known


@dataclass(slots=True)
class Generated:
    """The kernels of one forward, made as its operators come."""

    kernels: list[Kernel] = field(default_factory=list)
    calls: int = 0
    """Of libraries."""
    relaid: int = 0
    """Bytes moved where convolutions do not know the layout of their image; in batches of one only."""

    def step(
        self, op: str, counted: Counted, reads: Sequence[Read], made: Holding, nbytes: int, left: Holding | None = None
    ) -> None:
        """Note an operator and its output `made` of so many bytes, before its reads are counted as such.

        `left`: what a part of the output's storage still holds, where only another part is written.
        """
        if not made.dynamic:
            return
        dynamic = [read for read in reads if read.held.dynamic]
        made.nbytes, made.calls = nbytes, max((read.held.calls for read in dynamic), default=0)
        if left is not None:
            made.calls = max(made.calls, left.calls)
            _written(left)
        if op in PUT_TOGETHER:
            self._concatenated(dynamic)
        elif counted.op_class.startswith(_LIBRARY):
            self.calls += 1
            made.calls += 1
            self.relaid += _relaid(reads[0], nbytes) if counted.op_class.startswith("conv") else 0
            for read in dynamic:
                _written(read.held)
        else:
            made.kernel = self._generated(counted, dynamic, made.calls, op)

    def _concatenated(self, reads: Sequence[Read]) -> None:
        """Kernels write their part of the whole; what a library made, or others read as well, is copied."""
        copied = 0
        for read in reads:
            _written(read.held)
            if read.held.kernel is None or read.held.readers:
                copied += 2 * read.nbytes
        if copied:
            self.kernels.append(Kernel("light", copied))

    def _generated(self, counted: Counted, reads: Sequence[Read], calls: int, op: str) -> Kernel:
        kind = _kind(counted, op)
        twice = "group_norm" in op
        mine = None if twice or _overlaps(counted, kind) else _joined(reads, calls, counted.op_class == "move")
        if mine is None:
            mine = Kernel(kind)
            self.kernels.append(mine)
        mine.kind = max(mine.kind, kind, key=KINDS.index)
        for read in reads:
            _take(mine, read, twice, alone=kind != "light")
        return mine

    def totals(self) -> Mapping[str, int]:
        """Bytes moved by kind of kernel and between layouts; and how many kernels and calls there are. Writing the network's outputs is
        not in it."""
        left = [one for one in self.kernels if one.into is None]
        moved = {kind: sum(one.nbytes for one in left if one.kind == kind) for kind in KINDS}
        return moved | {"relaid": self.relaid, "kernels": len(left) + self.calls}


def _relaid(image: Read, nbytes: int) -> int:
    """The image copied and brought into another layout, the output brought back; each is read and written."""
    return 4 * image.nbytes + 2 * nbytes if image.turned and image.held.dynamic else 0


def takes_statistics(counted: Counted, op: str) -> bool:
    """Whether it is a norm that computes its statistics at inference; those of a batch norm are known."""
    return counted.op_class == "norm" and "batch_norm" not in op


def _kind(counted: Counted, op: str) -> str:
    if counted.op_class == "softmax":
        return "softmax"
    if takes_statistics(counted, op):
        return "statistics"
    windowed = counted.op_class == "pool" and (counted.window is not None or not counted.spreads)
    return "pool" if windowed else "light"


def _overlaps(counted: Counted, kind: str) -> bool:
    """Whether it reads an element more than once: what it reads must have been written."""
    return kind == "pool" and (counted.window is None or counted.window[0] != counted.window[1])


def _joined(reads: Sequence[Read], calls: int, moves: bool) -> Kernel | None:
    """The kernel of the largest input that as many library calls lie before; another order does not go on with a reduction.

    None that another input's kernel waits for: it would wait for itself.
    """
    near = {
        id(k): (k, read.nbytes) for read in reads if read.held.calls == calls and (k := _kernel(read.held)) is not None
    }
    free = [
        (kernel, nbytes)
        for kernel, nbytes in near.values()
        if not any(_waits(other, kernel) for other, _ in near.values() if other is not kernel)
    ]
    found = max(free, key=lambda one: one[1])[0] if free else None
    return None if moves and found is not None and found.kind in ("statistics", "softmax") else found


def _waits(kernel: Kernel, other: Kernel) -> bool:
    """Whether one kernel reads, through others, what another makes; library calls in between do not count."""
    seen, ahead = {id(kernel)}, [kernel]
    while ahead:
        for held, _ in ahead.pop().taken.values():
            maker = _kernel(held)
            if maker is other:
                return True
            if maker is not None and id(maker) not in seen:
                seen.add(id(maker))
                ahead.append(maker)
    return False


def _kernel(held: Holding) -> Kernel | None:
    return None if held.kernel is None else held.kernel.whole()


def _take(mine: Kernel, read: Read, twice: bool, alone: bool) -> None:
    """Read a tensor that another kernel made; or make it here, where nobody else waits for that kernel."""
    maker = _kernel(read.held)
    if maker is mine:
        return
    if maker is not None and not (alone or maker.written or read.held.readers) and maker.kind == "light":
        mine.take_in(maker)
        return
    _written(read.held)
    mine.read_of(read.held, read.nbytes)
    mine.nbytes += read.nbytes if twice else 0


def _written(held: Holding) -> None:
    """A tensor that another kernel reads is written, once."""
    maker = _kernel(held)
    if maker is not None and not held.written:
        maker.nbytes += held.nbytes
        maker.written = held.written = True
