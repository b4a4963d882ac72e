"""Measurements as arrays, and how they are grouped: cells (one target), pools (similar devices) and roots (one way of running).

Chooses which rows may be fitted and how far each is trusted. Fits nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from advisor.predict import software
from advisor.predict.features import Floats, Ints, Key, Table, design
from advisor.predict.model import ANSWERING_SD, Rows
from advisor.predict.scaling import kind, power, rates
from advisor.records import Device, Measurement, Target

REGIMES = ("small", "medium", "large")
_LARGEST_SMALL, _SMALLEST_LARGE = 8, 32
FITTED_STATISTICS = ("p50", "mean")
_SD_BY_GRADE = {"A": 0.12, "B": 0.15, "C": 0.25, "D": 0.5}
GOOD_SD = _SD_BY_GRADE["A"]
_RUN_SD_BY_GRADE = {"A": 0.15, "B": 0.2, "C": 0.35, "D": 0.6}
_SOURCE_SD_BY_GRADE = {"A": 0.05, "B": 0.1, "C": 0.35, "D": 0.6}
_OWN_SOURCE_SD = 0.02
"""Of the harness, which reads 0.985 to 0.998 of what torch.utils.benchmark reads (docs/measurement.md)."""
_OWN_INTERVAL = ("ci_low", "ci_high")
"""Quantiles by which the harness's numbers are known: no other source states an interval."""
_RUNTIME_FAMILY = {"paddle-tensorrt": "tensorrt"}
_PRECISION_GROUP = {
    "fp32": "full", "tf32": "full", "fp16": "half", "bf16": "half", "amp_fp16": "amp", "amp_bf16": "amp", "int8+fp16": "int8",
}  # fmt: skip


class Cell(NamedTuple):
    """A target without what is pooled in its fit: power modes, options, software versions."""

    device: str
    compute_unit: str
    runtime: str
    precision: str
    memory_format: str
    threads: int

    @staticmethod
    def of(target: Target) -> Cell:
        """The cell of a target."""
        t = target
        return Cell(t.device, t.compute_unit, t.runtime, t.precision, t.memory_format, t.threads)


class Pool(NamedTuple):
    """Similar devices that run in the same way."""

    kind: str
    runtime: str
    precision: str
    memory_format: str


class Root(NamedTuple):
    """One runtime on GPUs or on CPUs."""

    compute_unit: str
    runtime: str


def pool_of(device: Device, target: Target) -> Pool:
    """The pool of a target."""
    precision = _PRECISION_GROUP.get(target.precision, target.precision)
    return Pool(kind(device, target), runtime_family(target.runtime), precision, target.memory_format)


def root_of(pool: Pool) -> Root:
    """What pools of all kinds of device and precisions have in common."""
    return Root("gpu" if pool.kind in ("gpu", "jetson") else "cpu", pool.runtime)


def runtime_family(runtime: str) -> str:
    """Runtimes that share their kernels share a pool."""
    return _RUNTIME_FAMILY.get(runtime, runtime)


def regime(batch_size: float) -> str:
    """small (up to 8), medium or large (from 32): latency is explained by other terms in each."""
    return "small" if batch_size <= _LARGEST_SMALL else "large" if batch_size >= _SMALLEST_LARGE else "medium"


@dataclass(frozen=True)
class Evidence:
    """Rows that can be fitted, in the order of measurement ids; every array has one entry per row."""

    measurements: tuple[Measurement, ...]
    table: Table
    rows: Ints
    work: Floats
    log_ms: Floats
    sd: Floats
    families: tuple[str, ...]
    regimes: NDArray[np.str_]
    source_ids: NDArray[np.str_]
    cells: tuple[Cell, ...]
    pools: tuple[Pool, ...]
    left_out: Mapping[str, int]
    """Reason -> rows that could not be fitted."""
    key_families: tuple[str, ...]
    """Family of every architecture of the table."""
    per_unit: Mapping[Cell, Floats]
    """Milliseconds per unit of each term at the rates of the cell's profile, in one of its power modes."""
    _where: dict[object, list[int]] = field(default_factory=dict)
    _sources: dict[object, dict[str, tuple[str, ...]]] = field(default_factory=dict)

    def take(self, kept: NDArray[np.bool_]) -> Evidence:
        """The evidence as if the other rows had never been measured."""
        at = np.flatnonzero(kept).tolist()
        return replace(
            self, measurements=tuple(self.measurements[i] for i in at), rows=self.rows[kept], work=self.work[kept],
            log_ms=self.log_ms[kept], sd=self.sd[kept], families=tuple(self.families[i] for i in at),
            regimes=self.regimes[kept], source_ids=self.source_ids[kept], cells=tuple(self.cells[i] for i in at),
            pools=tuple(self.pools[i] for i in at), _where={}, _sources={},
        )  # fmt: skip

    def as_own(self, rows: Collection[int]) -> Evidence:
        """The evidence with these rows doubted as if the harness had measured them; what they say, and whose habits they share, stays."""
        own = set(rows)
        measurements = (_as_own(m) if i in own else m for i, m in enumerate(self.measurements))
        return replace(self, measurements=tuple(measurements), _where={}, _sources={})

    def where(self, key: Root | Pool | Cell) -> Ints:
        """Rows of a root, pool or cell."""
        if not self._where:
            for i, (cell, pool) in enumerate(zip(self.cells, self.pools, strict=True)):
                for group in (cell, pool, root_of(pool)):
                    self._where.setdefault(group, []).append(i)
        return np.array(self._where.get(key, []), dtype=np.int64)

    @cached_property
    def codes(self) -> tuple[Ints, Ints]:
        """Numbers for the family and for the signature of every architecture of the table."""
        families = np.unique(np.array(self.key_families), return_inverse=True)[1]
        signatures = np.unique(np.array([signature for signature, _ in self.table.keys]), return_inverse=True)[1]
        return families.astype(np.int64), signatures.astype(np.int64)

    @cached_property
    def versions(self) -> Ints:
        """Of every row a number that rises with the version of its software; comparable within a line."""
        return software.ranked([m.target.software for m in self.measurements])

    def lines(self, rows: Ints) -> list[software.Line]:
        """Of some rows: source and options; those that are alike differ by software only."""
        return [(self.measurements[i].source, self.measurements[i].target.runtime_options) for i in rows]

    def newest_versions(self, rows: Ints) -> dict[software.Line, int]:
        """Line -> number of its newest version among some rows."""
        return software.newest(self.lines(rows), self.versions[rows])

    def of_newest(self, rows: Ints) -> Ints:
        """Those of some rows that are of the newest version of their line: what a person would measure today."""
        lines, newest = self.lines(rows), self.newest_versions(rows)
        chosen: Ints = rows[self.versions[rows] == np.array([newest[line] for line in lines], dtype=np.int64)]
        return chosen

    def nearest(self, rows: Ints, wanted: Mapping[software.Line, int]) -> NDArray[np.bool_]:
        """Which of some rows tell most of given versions (software.py); a network is another one in each regime."""
        regimes = np.array([REGIMES.index(name) for name in self.regimes[rows]], dtype=np.int64)
        networks = self.rows[rows] * len(REGIMES) + regimes
        return software.nearest(self.lines(rows), self.versions[rows], networks, wanted)

    def current(self, rows: Ints) -> NDArray[np.bool_]:
        """Which of some rows predictions stand for: of each architecture, regime and line those of the newest version."""
        return self.nearest(rows, self.newest_versions(rows))

    @cached_property
    def all_pools(self) -> list[Pool]:
        """Every pool that has rows."""
        return sorted(set(self.pools))

    def sources(self, key: Root | Pool | Cell) -> dict[str, tuple[str, ...]]:
        """Regime -> sources of the rows of a root, pool or cell."""
        if key not in self._sources:
            rows = self.where(key)
            pairs = sorted(set(zip(self.regimes[rows].tolist(), self.source_ids[rows].tolist(), strict=True)))
            self._sources[key] = {name: tuple(s for r, s in pairs if r == name) for name, _ in pairs}
        return self._sources[key]


def collect(
    measurements: Sequence[Measurement], table: Table, families: Mapping[str, str], devices: Mapping[str, Device]
) -> Evidence:
    """Evidence from accepted measurements of catalogued architectures."""
    kept, work, left_out, per_unit = _usable(sorted(measurements, key=lambda m: m.id), table, devices)
    return Evidence(
        measurements=tuple(kept),
        table=table,
        rows=table.rows((m.signature, m.resolution) for m in kept),
        work=work,
        log_ms=np.log([m.latency_ms or 1.0 for m in kept]),
        sd=np.array([_SD_BY_GRADE[m.grade] for m in kept]),
        families=tuple(families.get(m.signature, m.signature) for m in kept),
        regimes=np.array([regime(m.batch_size) for m in kept]),
        source_ids=np.array([m.source for m in kept]),
        cells=tuple(Cell.of(m.target) for m in kept),
        pools=tuple(pool_of(devices[m.target.device], m.target) for m in kept),
        left_out=left_out,
        key_families=tuple(families.get(signature, signature) for signature, _ in table.keys),
        per_unit=per_unit,
    )


def _usable(
    measurements: Sequence[Measurement], table: Table, devices: Mapping[str, Device]
) -> tuple[list[Measurement], Floats, dict[str, int], dict[Cell, Floats]]:
    known, left_out, per_unit = set(table.keys), dict[str, int](), dict[Cell, Floats]()
    by_target: dict[tuple[Cell, str], list[Measurement]] = {}
    for m in measurements:
        reason = _unfit(m, known)
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
        else:
            by_target.setdefault((Cell.of(m.target), m.target.power_mode), []).append(m)
    kept: list[Measurement] = []
    work: list[Floats] = [np.zeros((0, table.fixed.shape[1]))]
    for group in by_target.values():
        target = group[0].target
        found = rates(devices[target.device], target)
        if found.per_unit is None:
            left_out[found.reason] = left_out.get(found.reason, 0) + len(group)
            continue
        kept += group
        per_unit.setdefault(Cell.of(target), found.per_unit)
        work.append(_counts(group, target, table) * found.per_unit)
    order = sorted(range(len(kept)), key=lambda i: kept[i].id)
    return [kept[i] for i in order], np.concatenate(work)[order], left_out, per_unit


def _unfit(m: Measurement, known: set[Key]) -> str:
    if m.latency_ms is None:
        return "no latency stated"
    if m.statistic not in FITTED_STATISTICS:
        return f"statistic {m.statistic} is not typical latency"
    if m.timing_scope == "pipeline":
        return "a pipeline was timed, not the network"
    return "" if (m.signature, m.resolution) in known else "no complexity at this resolution"


def _counts(group: Sequence[Measurement], target: Target, table: Table) -> Floats:
    rows = table.rows((m.signature, m.resolution) for m in group)
    batch = np.array([m.batch_size for m in group], dtype=np.float64)
    copies = np.array([m.timing_scope == "forward+copies" for m in group], dtype=np.float64)
    return design(table, rows, batch, target.precision, target.runtime, copies)


def thin_out(evidence: Evidence, chosen: Ints, most: int) -> Ints:
    """At most so many rows of each source on each target, evenly spread; the same ones every time."""
    by_label: dict[tuple[str, ...], list[int]] = {}
    for i in chosen:
        m = evidence.measurements[i]
        by_label.setdefault((m.source, *map(str, evidence.cells[i]), m.target.software), []).append(int(i))
    kept: list[int] = []
    for members in by_label.values():
        kept += members[:: -(-len(members) // most)]
    return np.array(sorted(kept), dtype=np.int64)


@dataclass(frozen=True)
class Fitting:
    """Rows of an evidence made ready for a fit, with the names of the sources' shifts in their order."""

    rows: Rows
    sources: tuple[str, ...]
    hosts: tuple[str, ...]
    """Devices whose hosts launch their work, in the order of the rows' columns."""


def rows_to_fit(evidence: Evidence, chosen: Ints) -> Fitting:
    """Rows with the shifts they may have: one of their source in their regime, one of their run."""
    measured = [evidence.measurements[i] for i in chosen]
    lines = [source_line(m) for m in measured]
    names = {line: i for i, line in enumerate(dict.fromkeys(lines))}
    sources, source_sd = np.zeros((len(chosen), len(names))), np.zeros(len(names))
    for row, (line, m) in enumerate(zip(lines, measured, strict=True)):
        at = names[line]
        sources[row, at] = 1.0
        source_sd[at] = max(source_sd[at], source_sd_of(m))
    work, log_ms, sd = evidence.work[chosen], evidence.log_ms[chosen], evidence.sd[chosen]
    hosts = tuple(dict.fromkeys(m.target.device for m in measured if power(m.target) != 1.0))
    on_host = np.array([[m.target.device == host for host in hosts] for m in measured], dtype=np.float64)
    on_host = on_host.reshape(len(measured), len(hosts))
    return Fitting(Rows(work, log_ms, sd, sources, source_sd, *_runs(measured), on_host), tuple(names), hosts)


def source_sd_of(m: Measurement) -> float:
    """How far a measurement's source may read off as a whole (standard deviation in logs).

    A number with an interval of its own is the harness's: what degrades it is noise of that number, not a habit of the source.
    """
    return _OWN_SOURCE_SD if _OWN_INTERVAL[0] in m.quantiles else _SOURCE_SD_BY_GRADE[m.grade]


def _as_own(m: Measurement) -> Measurement:
    return replace(m, quantiles=dict.fromkeys(_OWN_INTERVAL, m.latency_ms or 0.0))


def _runs(measured: Sequence[Measurement]) -> tuple[Ints, Floats]:
    """The run of each row and how far a run may be shifted: the newest software of a line stands for the answer."""
    newest = _newest(measured)
    names: dict[tuple[str, ...], int] = {}
    spreads: list[float] = []
    runs = np.zeros(len(measured), dtype=np.int64)
    for row, m in enumerate(measured):
        line, stated = _line(m), m.target.software
        runs[row] = names.setdefault((*line, stated), len(names))
        if len(names) > len(spreads):
            spreads.append(ANSWERING_SD if newest[line] == stated else _RUN_SD_BY_GRADE[m.grade])
    return runs, np.array(spreads)


def source_line(m: Measurement) -> str:
    """A source's habits show by regime: idle clocks and the cost of a call weigh on small batches only."""
    return f"{m.source} {regime(m.batch_size)}"


def _line(m: Measurement) -> tuple[str, ...]:
    """Runs of one source on one target that differ by software only."""
    t = m.target
    return (
        m.source,
        t.device,
        t.runtime,
        t.precision,
        t.memory_format,
        t.power_mode,
        str(t.threads),
        t.runtime_options,
    )


def _newest(measured: Sequence[Measurement]) -> dict[tuple[str, ...], str]:
    """Newest software of each line that has more than one version; the answer is about that one."""
    seen: dict[tuple[str, ...], set[str]] = {}
    for m in measured:
        seen.setdefault(_line(m), set()).add(m.target.software)
    return {line: max(found, key=software.version) if len(found) > 1 else "\0" for line, found in seen.items()}
