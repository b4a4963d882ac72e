"""Latency predictors: coefficients from roots to pools to cells, each level correcting the one before as far as its rows say.

A root (one runtime on GPUs or CPUs) starts from rough physics, a pool (similar devices) from its root, a cell (one
target) from its pool. A device without rows is predicted by its pool through its profile. Knows no store.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from advisor.predict.evidence import Cell, Evidence, Fitting, Pool, Root, root_of, rows_to_fit, thin_out
from advisor.predict.features import TERMS, Floats, Ints
from advisor.predict.model import HOST, Fit, Prior, Rows, fit

_PHYSICS = {
    "dense_macs": 2.5, "pointwise_macs": 2.5, "grouped_macs": 5.0, "depthwise_macs": 10.0, "linear_macs": 2.5, "attention_macs": 2.5,
    "dense_bytes": 1.0, "pointwise_bytes": 1.0, "grouped_bytes": 1.0, "depthwise_bytes": 1.5, "linear_bytes": 1.0, "attention_bytes": 1.0,
    "light_bytes": 1.0, "statistics_bytes": 1.0, "weight_bytes": 1.5, "thin_weight_bytes": 1.5, "ops": 0.006, "one": 0.05, "copied_bytes": 1.0, "copied_one": 0.3,
}  # fmt: skip
"""Where fits start: inverse efficiencies, milliseconds per launched operator and of the constant."""
_LAUNCH_MS = 0.03
"""One operator of an eager network on a desktop host, kernel launch and framework together."""
_ROOT_SD, _POOL_SD, _CELL_SD = (0.7, 1.0, 0.7), (0.35, 0.4, 0.35), (0.35, 0.35, 0.3)
"""(all terms of the device together, each alone, terms of the host): how far a level may leave the one before, as
standard deviations of logarithms."""
_KERNEL_SD = 0.12
"""The same for the host terms of a pool that does not launch operator by operator: a kernel costs alike once clocks are taken off."""
_MOST_ALIKE = {Root: 20, Pool: 80}
"""Rows of one source on one target that a root or pool uses: more would add no knowledge of other devices."""


@dataclass
class Hierarchy:
    """Fits of one evidence, made when asked for and kept. `keep` masks the rows that may be used: folds leave some out."""

    evidence: Evidence
    keep: NDArray[np.bool_]
    full: Hierarchy | None = None
    """The hierarchy on all rows: its prepared rows are shared."""
    warm: bool = True
    """Start from the solutions on all rows: faster, and equal within the tolerance of a fit."""
    _fits: dict[object, Fit] = field(default_factory=dict)
    _prepared: dict[object, tuple[Fitting, Ints]] = field(default_factory=dict)

    def root(self, root: Root, power: float) -> Fit:
        """Fit of all rows of a runtime on GPUs or CPUs."""
        if root not in self._fits:
            fitting, chosen = self.prepared(root)
            start = self.full.root(root, power) if self.full and self.warm else None
            prior = Prior.around(_physics(root, power), *_ROOT_SD)
            self._fits[root] = fit(fitting.rows.take(self.keep[chosen]), prior, power, start)
        return self._fits[root]

    def pool(self, pool: Pool, power: float) -> Fit:
        """Fit of a pool; its shifts of sources are in the order of its prepared rows."""
        if pool not in self._fits:
            fitting, chosen = self.prepared(pool)
            start = self.full.pool(pool, power) if self.full and self.warm else None
            shared, own, host = _POOL_SD
            prior = Prior.around(
                self.root(root_of(pool), power).theta, shared, own, host if power != 1.0 else _KERNEL_SD
            )
            self._fits[pool] = fit(fitting.rows.take(self.keep[chosen]), prior, power, start)
        return self._fits[pool]

    def cell(self, cell: Cell, pool: Pool, power: float) -> Fit:
        """Fit of one target; the shifts that its pool found for sources are taken off its rows."""
        if cell not in self._fits:
            rows, chosen = self.settled(cell, pool, power)
            start = self.full.cell(cell, pool, power) if self.full and self.warm else None
            prior = Prior.around(self.expected(cell, pool, power), *_CELL_SD)
            self._fits[cell] = fit(rows.take(self.keep[chosen]), prior, power, start)
        return self._fits[cell]

    def expected(self, cell: Cell, pool: Pool, power: float) -> Floats:
        """What the pool expects of a target: its coefficients, with the device's own host where that was seen."""
        theta: Floats = self.pool(pool, power).theta.copy()
        hosts = self.prepared(pool)[0].hosts
        if cell.device in hosts:
            theta[HOST] += self.pool(pool, power).hosts[hosts.index(cell.device)]
        return theta

    def settled(self, cell: Cell, pool: Pool, power: float) -> tuple[Rows, Ints]:
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


def _physics(root: Root, power: float) -> Floats:
    """Rough physics as a start; a runtime that launches operator by operator pays more for each."""
    values = dict(_PHYSICS)
    if power != 1.0:
        values["ops"] = _LAUNCH_MS
    if root.compute_unit == "cpu":
        values |= {"depthwise_macs": 4.0, "one": 0.3}
    return np.log([values[name] for name in TERMS])
