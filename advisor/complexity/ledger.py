"""Which storages are alive during a traced forward, how large, and what each holds. Owns liveness; knows no operator costs."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor.complexity.caching import rounded
from advisor.complexity.raw import Field

if TYPE_CHECKING:
    import torch

    from advisor.complexity.generated import Kernel


@dataclass(slots=True)
class Holding:
    """What a storage holds now: changed in place by operators that write to it."""

    dynamic: bool
    """Depends on the image."""
    depth: int = 0
    field: Field | None = None
    producer: str = ""
    """`conv` while only a convolution (and a folded norm) wrote it; `conv+act` once an activation followed; `pointwise` where each
    element was computed from those at its place, so that a compiler goes on in the same kernel."""
    digest: str = ""
    """Identity of the computation that led here; empty for plain parameters and constants."""
    readers: int = 0
    nbytes: int = 0
    """Of the whole storage; 0 where unknown."""
    shape: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    """Of what was written (of the whole, where parts were); it may be looked at in others."""
    calls: int = 0
    """Library calls on the longest way here, where a compiler generates all else (see generated)."""
    kernel: Kernel | None = None
    """The generated kernel that made it."""
    written: bool = False
    """Whether the kernel had to write it for others."""


class Ledger:
    """Live storages by identity; a weak reference tells when the last tensor on one is gone."""

    def __init__(self, parameters: dict[int, int]) -> None:
        self._holdings: dict[int, Holding] = {}
        self._alive: dict[int, tuple[int, int, weakref.ref[torch.UntypedStorage]]] = {}
        self.history: list[int] = []
        """Bytes of each storage when it is allocated, and -k when the k-th of them is freed."""
        self._allocated = 0
        self._parameters = parameters
        self.live_bytes = 0
        self.peak_bytes = 0
        self.peak_step = 0
        self.largest_bytes = 0
        self.max_branching = 0

    def holding(self, tensor: torch.Tensor) -> Holding:
        """What the tensor's storage holds; one never seen is a constant that the module owns."""
        known = self._holdings.get(tensor.untyped_storage()._cdata)
        return known if known is not None else Holding(dynamic=False)

    def take_parameters(self, tensor: torch.Tensor) -> int:
        """Parameters in the tensor's storage that no earlier operator has been given; buffers hold none."""
        key = tensor.untyped_storage()._cdata
        count = self._parameters.get(key, 0)
        if count:
            self._parameters[key] = 0
        return count

    def write(self, tensor: torch.Tensor, holding: Holding, step: int) -> None:
        """Note that an operator wrote the tensor: a new storage is allocated, a known one keeps its place."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._parameters:
            return
        self._holdings[key] = holding
        if key not in self._alive:
            self._allocate(key, storage, step)

    def read(self, holding: Holding) -> None:
        """Note one more reader of a storage."""
        holding.readers += 1
        if holding.dynamic:
            self.max_branching = max(self.max_branching, holding.readers)

    def _allocate(self, key: int, storage: torch.UntypedStorage, step: int) -> None:
        size, number = rounded(storage.nbytes()), 0
        if size:
            self._allocated += 1
            number = self._allocated
            self.history.append(storage.nbytes())
        self._alive[key] = (size, number, weakref.ref(storage, lambda _: self._free(key)))
        self.live_bytes += size
        self.largest_bytes = max(self.largest_bytes, size)
        if self.live_bytes > self.peak_bytes:
            self.peak_bytes, self.peak_step = self.live_bytes, step

    def _free(self, key: int) -> None:
        size, number, _ = self._alive.pop(key)
        if number:
            self.history.append(-number)
        self._holdings.pop(key, None)
        self.live_bytes -= size
