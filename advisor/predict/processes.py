"""Peak memory in the evidence: which measurements count, as rows to learn from, by runtime and kind of memory. Knows no store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from advisor.predict.evidence import Cell
from advisor.predict.features import Floats, Key
from advisor.predict.footprint import Footprint, Seen, fitted
from advisor.predict.memory import Learnt, RuntimeMemory, Sizes, memory_kind
from advisor.records import Device, Measurement, Target

PROCESS_KINDS = ("process_peak", "cuda_reserved+context", "board_delta")
"""Kinds that are what a process needs; an engine's or the activations' size is a part of it."""


def weighed(m: Measurement) -> bool:
    """Whether a measurement says what a process needs."""
    return m.memory_mib is not None and m.memory_kind in PROCESS_KINDS


@dataclass(frozen=True)
class Group:
    """Measured processes of a runtime on a kind of memory."""

    measurements: tuple[Measurement, ...]
    seen: Seen
    places: tuple[Cell, ...]
    constants: RuntimeMemory


@dataclass
class Processes:
    """All measured processes with what was learnt of them, worked out when first asked for."""

    groups: Mapping[tuple[str, str], Group]
    """(runtime, kind of memory) -> rows."""
    _fits: dict[tuple[str, str], Footprint] = field(default_factory=dict)

    def learnt(self, target: Target, kind: str) -> Learnt | None:
        """What applies to a target; None where no process of its runtime was measured on that kind of memory."""
        group = self.groups.get((target.runtime, kind))
        if group is None:
            return None
        if (target.runtime, kind) not in self._fits:
            self._fits[target.runtime, kind] = fitted(group.seen, group.constants.prior())
        cell = Cell.of(target)
        place = group.places.index(cell) if cell in group.places else None
        rows = [m for m in group.measurements if place is None or Cell.of(m.target) == cell]
        return Learnt(self._fits[target.runtime, kind], place, tuple(sorted({m.source for m in rows})))


def collect(
    measurements: Iterable[Measurement],
    keys: Sequence[Key],
    sizes: Sizes,
    families: Mapping[str, str],
    devices: Mapping[str, Device],
    constants: Mapping[tuple[str, str], RuntimeMemory],
) -> Processes:
    """Group what was measured. Left out: architectures that were not traced, runtimes of which nothing is known."""
    at = {key: i for i, key in enumerate(keys)}
    found: dict[tuple[str, str], list[Measurement]] = {}
    for m in measurements:
        if weighed(m) and (m.signature, m.resolution) in at:
            group = m.target.runtime, memory_kind(devices[m.target.device], m.target)
            if group in constants:
                found.setdefault(group, []).append(m)
    return Processes({group: _group(rows, at, sizes, families, constants[group]) for group, rows in found.items()})


def _group(
    rows: Sequence[Measurement],
    at: Mapping[Key, int],
    sizes: Sizes,
    families: Mapping[str, str],
    constants: RuntimeMemory,
) -> Group:
    rows = sorted(rows, key=lambda m: m.id)
    places = tuple(sorted({Cell.of(m.target) for m in rows}))
    held = [_held(m, at, sizes, constants.caching) for m in rows]
    weights, live, churn = (np.concatenate([one[i] for one in held]) for i in range(3))
    seen = Seen(
        np.array([m.memory_mib or 0.0 for m in rows]), weights * constants.weights_factor[1], live, churn,
        np.array([float(m.model.startswith("timm/")) for m in rows]),
        np.array([places.index(Cell.of(m.target)) for m in rows]), tuple(families[m.signature] for m in rows),
    )  # fmt: skip
    return Group(tuple(rows), seen, places, constants)


def _held(m: Measurement, at: Mapping[Key, int], sizes: Sizes, caching: bool) -> tuple[Floats, Floats, Floats]:
    row = np.array([at[m.signature, m.resolution]])
    return sizes.take(row).held(m.target.precision, float(m.batch_size), caching)
