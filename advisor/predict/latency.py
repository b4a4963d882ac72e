"""Latency predictors: coefficients from roots to pools to cells, each level correcting the one before as far as its rows say.

A root (one runtime on GPUs or CPUs) starts from rough physics, a pool (similar devices) from its root, a cell (one
target) from its pool; what is left of each network is a deviation (deviations.py), which starts from that on a similar device.
A device without rows is predicted by its pool through its profile. Knows no store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from advisor.predict.deviations import Borrowed, Deviation, Seen, applied, deviation
from advisor.predict.evidence import GOOD_SD, Cell, Evidence, Fitting, Pool, Root, root_of, rows_to_fit, thin_out
from advisor.predict.features import GENERATING, TERMS, Floats, Ints, design
from advisor.predict.model import HOST, Fit, Prior, Rows, device_share, fit, log_time, residuals
from advisor.predict.settings import Settings
from advisor.predict.software import Line

_PHYSICS = {
    "dense_macs": 2.5, "pointwise_macs": 2.5, "grouped_macs": 5.0, "depthwise_macs": 10.0, "linear_macs": 2.5, "attention_macs": 2.5,
    "dense_bytes": 1.0, "pointwise_bytes": 1.0, "grouped_bytes": 1.0, "depthwise_bytes": 1.5, "linear_bytes": 1.0,
    "attention_bytes": 1.0, "pool_bytes": 1.0, "light_bytes": 1.0, "statistics_bytes": 1.0, "weight_bytes": 1.5,
    "thin_weight_bytes": 1.5, "ops": 0.006, "one": 0.05, "copied_bytes": 1.0, "copied_one": 0.3,
}  # fmt: skip
"""Where fits start: inverse efficiencies, milliseconds per launched operator and of the constant."""
_CPU_PHYSICS = {
    "dense_macs": 1.4, "pointwise_macs": 1.2, "grouped_macs": 2.3, "depthwise_macs": 5.0, "linear_macs": 1.3, "attention_macs": 2.0,
    "pool_bytes": 15.0, "light_bytes": 1.5, "thin_weight_bytes": 2.0, "ops": 0.02, "one": 0.4,
}  # fmt: skip
"""The same for CPUs, as PyTorch showed them on one thread of a server's processor."""
_COMPILED_PHYSICS = {"statistics_bytes": 1.5}
"""What a compiler that generates kernels does otherwise: norms with statistics take per byte about one and a half times what scale and
activation take (tests/benchmarks/moving.py, on a CPU)."""
_COMPILED_CPU_PHYSICS = {"pool_bytes": 3.0, "light_bytes": 1.2, "statistics_bytes": 2.0}
"""The same on CPUs: eager loops over windows are not vectorised, compiled ones are (tests/benchmarks/moving.py)."""
_LAUNCH_MS = 0.03
"""One operator of an eager network on a desktop host, kernel launch and framework together."""
_KERNEL_SD = 0.12
"""Standard deviation of logarithms of the host terms of a pool that does not launch operator by operator: a kernel costs alike once
clocks are taken off."""
_ENOUGH_TO_LEND, _MORE_THAN_OWN = 100, 4
"""Rows from which a device's deviations say something of a similar one's: at least so many, and so many times its own."""
_DEVICE_BOUND = 0.7
"""Share of a row's time that the device must decide for the row to tell how the device deviates."""
_MOST_ALIKE = {Root: 20, Pool: 80}
"""Rows of one source on one target that a root or pool uses: more would add no knowledge of other devices."""


@dataclass(frozen=True)
class Said:
    """Predictions of the rows of a cell."""

    log_ratio: Floats
    """Logs of predicted over measured."""
    log_ms: Floats
    """Measured, shifts of sources and runs taken off."""
    sd: Floats
    """Of the deviation of each row's network."""
    rows: Ints
    """Positions in the evidence."""

    def take(self, chosen: NDArray[np.bool_]) -> Said:
        """Some of the rows."""
        return Said(self.log_ratio[chosen], self.log_ms[chosen], self.sd[chosen], self.rows[chosen])

    @staticmethod
    def joined(parts: Sequence[Said]) -> Said:
        """One after the other."""
        names = ("log_ratio", "log_ms", "sd", "rows")
        return Said(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass
class Hierarchy:
    """Fits of one evidence, made when asked for and kept. `keep` masks the rows that may be used: folds leave some out."""

    evidence: Evidence
    keep: NDArray[np.bool_]
    full: Hierarchy | None = None
    """The hierarchy on all rows: its prepared rows are shared."""
    settings: Settings = field(default_factory=Settings)
    _settled: dict[Cell, tuple[Rows, Ints]] = field(default_factory=dict)
    _deviations: dict[Cell, Deviation] = field(default_factory=dict)
    _lent: dict[tuple[Cell, tuple[tuple[Line, int], ...]], Borrowed] = field(default_factory=dict)
    _fits: dict[object, Fit] = field(default_factory=dict)
    _prepared: dict[object, tuple[Fitting, Ints]] = field(default_factory=dict)

    def less(self, rows: Ints) -> Hierarchy:
        """The same without some rows of one target. What other devices lend it stays, which these rows move by next to nothing, unless
        they were all there was of the newest software."""
        keep = self.keep.copy()
        keep[rows] = False
        return Hierarchy(self.evidence, keep, self.full or self, self.settings, _lent=dict(self._lent))

    def root(self, root: Root, power: float) -> Fit:
        """Fit of all rows of a runtime on GPUs or CPUs."""
        if root not in self._fits:
            fitting, chosen = self.prepared(root)
            s = self.settings
            prior = Prior.around(physics(root, power), (s.root_shared, s.root_own, s.root_host), s.of_kind)
            self._fits[root] = fit(fitting.rows.take(self.keep[chosen]), prior, power)
        return self._fits[root]

    def pool(self, pool: Pool, power: float) -> Fit:
        """Fit of a pool; its shifts of sources are in the order of its prepared rows."""
        if pool not in self._fits:
            fitting, chosen = self.prepared(pool)
            s = self.settings
            freedom = (s.pool_shared, s.pool_own, s.pool_host if power != 1.0 else _KERNEL_SD)
            prior = Prior.around(self.root(root_of(pool), power).theta, freedom, s.of_kind)
            self._fits[pool] = fit(fitting.rows.take(self.keep[chosen]), prior, power)
        return self._fits[pool]

    def cell(self, cell: Cell, pool: Pool, power: float) -> Fit:
        """Fit of one target to its rows as `settled`."""
        if cell not in self._fits:
            self._fits[cell] = self._cell(self.settled(cell, pool, power), cell, pool, power)
        return self._fits[cell]

    def _cell(self, settled: tuple[Rows, Ints], cell: Cell, pool: Pool, power: float) -> Fit:
        (rows, chosen), s = settled, self.settings
        own, of_kind = (s.cell_own, s.of_kind) if self._others(cell, pool) else (s.alone_own, s.alone_of_kind)
        freedom = (s.cell_shared, own, s.cell_host if power != 1.0 else s.cell_kernel)
        prior = Prior.around(self.expected(cell, pool, power), freedom, of_kind)
        return fit(rows.take(self.keep[chosen]), prior, power)

    def expected(self, cell: Cell, pool: Pool, power: float) -> Floats:
        """What the pool expects of a target: its coefficients, with the device's own host where that was seen."""
        theta: Floats = self.pool(pool, power).theta.copy()
        hosts = self.prepared(pool)[0].hosts
        if cell.device in hosts:
            theta[HOST] += self.pool(pool, power).hosts[hosts.index(cell.device)]
        return theta

    def settled(self, cell: Cell, pool: Pool, power: float) -> tuple[Rows, Ints]:
        """All rows of a cell less the shifts of their sources, deviating as on a similar device; and where they are in the evidence."""
        if cell not in self._settled:
            rows, chosen = self._unshifted(cell, pool, power)
            effect = self.borrowed(cell, pool, power).mean[self.evidence.rows[chosen]]
            self._settled[cell] = replace(rows, work=applied(rows.work, effect, power)), chosen
        return self._settled[cell]

    def deviation(self, cell: Cell, pool: Pool, power: float) -> Deviation:
        """How far every network of the table deviates from the cell's fit, what is borrowed included."""
        if cell not in self._deviations:
            rows = self.settled(cell, pool, power)
            borrowed = self.borrowed(cell, pool, power)
            fitted = self.cell(cell, pool, power)
            self._deviations[cell] = self._learnt(cell, rows, fitted, power, borrowed, self._versions(cell))
        return self._deviations[cell]

    def said(self, cell: Cell, pool: Pool, power: float) -> Said:
        """What the fit and the deviations say of every row of a cell, seen or not."""
        rows, chosen = self._unshifted(cell, pool, power)
        fitted, deviates = self.cell(cell, pool, power), self.deviation(cell, pool, power)
        at = self.evidence.rows[chosen]
        predicted = log_time(applied(rows.work, deviates.mean[at], power), fitted.theta, power)
        measured = rows.log_ms - fitted.runs[rows.run]
        return Said(predicted - measured, measured, deviates.sd[at], chosen)

    def borrowed(self, cell: Cell, pool: Pool, power: float) -> Borrowed:
        """Deviations on the device of the pool with the most rows at hand, by its own rows alone."""
        mate = self._mate(cell, pool)
        if mate is None:
            return Borrowed.nothing(len(self.evidence.table.keys))
        versions = self._versions(cell)
        key = mate, tuple(sorted(versions.items()))
        if key not in self._lent:
            rows = self._unshifted(mate, pool, power)
            fitted, nothing = self._cell(rows, mate, pool, power), Borrowed.nothing(len(self.evidence.table.keys))
            self._lent[key] = self._learnt(mate, rows, fitted, power, nothing, versions).on_similar()
        return self._lent[key]

    def _versions(self, cell: Cell) -> dict[Line, int]:
        """The newest software of each line of the cell: what predictions stand for."""
        own = self.evidence.where(cell)
        return self.evidence.newest_versions(own[self.keep[own]])

    def _others(self, cell: Cell, pool: Pool) -> Counter[Cell]:
        """Rows at hand of the pool's other devices."""
        here = self.evidence.where(pool)
        cells = (self.evidence.cells[i] for i in here[self.keep[here]])
        return Counter(other for other in cells if other.device != cell.device)

    def _mate(self, cell: Cell, pool: Pool) -> Cell | None:
        counts, own = self._others(cell, pool), self.evidence.where(cell)
        least = max(_ENOUGH_TO_LEND, _MORE_THAN_OWN * int(self.keep[own].sum()))
        best = max(counts, key=lambda one: (counts[one], one), default=None)
        return best if best is not None and counts[best] >= least else None

    def _learnt(
        self,
        cell: Cell,
        settled: tuple[Rows, Ints],
        fitted: Fit,
        power: float,
        borrowed: Borrowed,
        versions: Mapping[Line, int],
    ) -> Deviation:
        """From rows of the software nearest to `versions`: new software makes some networks much faster and others not at all."""
        rows, chosen = settled
        evidence, kept = self.evidence, self.keep[chosen]
        left = residuals(rows, fitted, power)
        bound = device_share(rows.work, fitted.theta, power) > _DEVICE_BOUND if power != 1.0 else kept
        usable = kept & bound
        usable[usable] = evidence.nearest(chosen[usable], versions)
        at = evidence.rows[chosen[usable]]
        seen = Seen(at, left[usable], (rows.sd[usable] / GOOD_SD) ** 2)
        shares = self._shares(cell, fitted, chosen[usable]) if len(at) else np.zeros((len(evidence.table.keys), 0))
        families, signatures = evidence.codes
        return deviation(evidence.table, families, signatures, shares, seen, borrowed, self.settings)

    def _shares(self, cell: Cell, fitted: Fit, rows: Ints) -> Floats:
        """Share of each term in the modelled time of every architecture, at the batch size that is usual on the target."""
        evidence = self.evidence
        usual = float(np.median([evidence.measurements[i].batch_size for i in rows]))
        everything = np.arange(len(evidence.table.keys))
        work = design(evidence.table, everything, usual, cell.precision, cell.runtime)
        parts = work * evidence.per_unit[cell] * np.exp(fitted.theta)
        return np.asarray(parts / parts.sum(1)[:, None], dtype=np.float64)

    def _unshifted(self, cell: Cell, pool: Pool, power: float) -> tuple[Rows, Ints]:
        """All rows of a cell less the shifts of their sources, and where they are in the evidence.

        A source that is alone on the target in its regime keeps its readings: that it reads slow on another device does not
        show that it does here, and predictions must stand beside what it measured.
        """
        fitting, chosen = self.prepared(cell)
        known = dict(zip(self.prepared(pool)[0].sources, self.pool(pool, power).sources, strict=True))
        regimes = [name.rpartition(" ")[2] for name in fitting.sources]
        shifts = [
            known.get(name, 0.0) if regimes.count(where) > 1 else 0.0
            for name, where in zip(fitting.sources, regimes, strict=True)
        ]
        return fitting.rows.less(np.array(shifts)), chosen

    def prepared(self, key: Root | Pool | Cell) -> tuple[Fitting, Ints]:
        """Rows of a root, pool or cell, ready for a fit, and where they are in the evidence."""
        if self.full is not None:
            return self.full.prepared(key)
        if key not in self._prepared:
            chosen = self.evidence.where(key)
            if not isinstance(key, Cell):
                chosen = thin_out(self.evidence, chosen, _MOST_ALIKE[type(key)])
            self._prepared[key] = rows_to_fit(self.evidence, chosen), chosen
        return self._prepared[key]


def physics(root: Root, power: float) -> Floats:
    """Rough physics as a start; a runtime that launches operator by operator pays more for each."""
    values = dict(_PHYSICS)
    if power != 1.0:
        values["ops"] = _LAUNCH_MS
    compiled = root.runtime in GENERATING
    if compiled:
        values |= _COMPILED_PHYSICS
    if root.compute_unit == "cpu":
        values |= _CPU_PHYSICS | (_COMPILED_CPU_PHYSICS if compiled else {})
    return np.log([values[name] for name in TERMS])
