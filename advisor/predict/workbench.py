"""A store's catalogue and evidence as arrays, loaded once for fitting, estimating and evaluating."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from advisor.locations import shipped
from advisor.predict import answers, memory, processes
from advisor.predict.answers import MemoryRow
from advisor.predict.evidence import Cell, collect
from advisor.predict.features import Key, tabulate
from advisor.predict.intervals import CrossFit
from advisor.predict.latencies import Subject
from advisor.predict.latency import Hierarchy
from advisor.predict.predictor import Predictor
from advisor.predict.settings import Settings
from advisor.records import Complexity, Device, Estimate, Measurement, Target

SETTINGS = "latency settings"
"""Name under which a store keeps tuned settings."""


class Evidenced(Protocol):
    """What is needed of a store."""

    def devices(self) -> list[Device]: ...
    def device(self, device_id: str) -> Device: ...
    def complexities(self) -> dict[Key, Complexity]: ...
    def families(self) -> dict[str, str]: ...
    def only_timm(self) -> set[str]: ...
    def measurements(self, device: str | None = None) -> list[Measurement]: ...
    def write_estimates(self, target: Target, batch_size: int, rows: Sequence[Estimate]) -> None: ...
    def add_estimates(self, target: Target, batch_size: int, rows: Sequence[Estimate]) -> None: ...
    def write_predictor(self, target: Target, content: Mapping[str, Any]) -> None: ...
    def predictor(self, target: Target) -> dict[str, Any] | None: ...
    def meta(self, key: str) -> str | None: ...
    def evidence_state(self) -> str: ...
    def forget_estimates(self, keep: Collection[Target] = ()) -> None: ...
    def writing(self) -> AbstractContextManager[None]: ...


@dataclass
class Workbench:
    """The catalogue and the evidence of a store as arrays, loaded once."""

    store: Evidenced
    complexities: list[Complexity]
    subject: Subject
    sizes: memory.Sizes
    constants: dict[tuple[str, str], memory.RuntimeMemory]
    processes: processes.Processes
    measurements: dict[str, list[Measurement]]
    """By device."""
    cross: CrossFit
    _memory: dict[tuple[Cell | None, str, str, str, int], list[MemoryRow]] = field(default_factory=dict)

    @staticmethod
    def of(store: Evidenced, further: Mapping[str, Complexity] = MappingProxyType({})) -> Workbench:
        """Everything of a store that fitting needs; `further` architectures by family stand at the end of the catalogue."""
        complexities = [*store.complexities().values(), *further.values()]
        subject = Subject(tabulate(complexities), tuple(c.uncounted for c in complexities))
        measurements = store.measurements()
        by_device: dict[str, list[Measurement]] = {}
        for m in measurements:
            by_device.setdefault(m.target.device, []).append(m)
        devices = {d.id: d for d in store.devices()}
        families = store.families() | {c.signature: family for family, c in further.items()}
        evidence = collect(measurements, subject.table, families, devices)
        constants = memory.load(shipped("benchmarks_db") / "runtime_memory.toml")
        sizes = memory.Sizes.of(complexities, store.only_timm())
        weighed = processes.collect(measurements, subject.table.keys, sizes, families, devices, constants)
        full = Hierarchy(evidence, np.ones(len(evidence.rows), dtype=bool), settings=kept_settings(store))
        return Workbench(store, complexities, subject, sizes, constants, weighed, by_device, CrossFit(full))

    def narrowed(self, signature: str) -> Workbench:
        """The same evidence with a catalogue of one architecture: the whole one takes most of the time of a single question."""
        rows = [i for i, c in enumerate(self.complexities) if c.signature == signature]
        complexities = [self.complexities[i] for i in rows]
        subject = Subject(tabulate(complexities), tuple(c.uncounted for c in complexities))
        sizes = self.sizes.take(np.array(rows, dtype=np.int64))
        return replace(self, complexities=complexities, subject=subject, sizes=sizes, _memory={})

    def estimates(self, predictor: Predictor, batch_size: int) -> list[Estimate]:
        """Estimates of the catalogue on the predictor's target."""
        target, keys = predictor.target, set(self.subject.table.keys)
        mine = [m for m in self.measurements.get(target.device, ()) if (m.signature, m.resolution) in keys]
        found = answers.comparable(mine, target, batch_size)
        memory = answers.observed(
            mine, target, batch_size, self.subject.table.keys, self._memory_of(target, batch_size)
        )
        return answers.estimates(predictor, self.subject, batch_size, found, memory)

    def kind_of(self, target: Target) -> str:
        """Which memory its processes take: gpu, jetson or cpu."""
        return memory.memory_kind(self.store.device(target.device), target)

    def _memory_of(self, target: Target, batch_size: int) -> list[MemoryRow]:
        kind = self.kind_of(target)
        learnt = self.processes.learnt(target, kind)
        place = Cell.of(target) if learnt is not None and learnt.place is not None else None
        key = (place, target.runtime, kind, target.precision, batch_size)
        if key not in self._memory:
            constants = self.constants.get((target.runtime, kind))
            found = memory.estimate(self.sizes, constants, target, batch_size, learnt)
            self._memory[key] = answers.memory_rows(found, len(self.complexities))
        return self._memory[key]


def kept_settings(store: Evidenced) -> Settings:
    """Those found by tuning here, else the usual ones. Raises DataError where what was kept is not as expected."""
    kept = store.meta(SETTINGS)
    return Settings() if kept is None else Settings.from_json(json.loads(kept))
