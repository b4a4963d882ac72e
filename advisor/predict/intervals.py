"""How wide an interval must be: residuals on families and devices that a fit has not seen.

Half-widths are in natural logarithms: value / e^h to value x e^h holds 90 %. Knows no store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log

import numpy as np
from numpy.typing import NDArray

from advisor.predict.evidence import REGIMES, SOURCE_SD_BY_GRADE, Cell, Pool
from advisor.predict.features import Floats
from advisor.predict.latency import Hierarchy
from advisor.predict.model import log_time, residuals

CONFIDENCE = 0.9
NORMAL_90 = 1.645
"""Standard deviations of a normal distribution within which 90 % lie."""
ENOUGH_FAMILIES = 9
"""Below this many families the family-weighted 90 % quantile does not exist."""
FOLDS = 10
TWICE = log(2.0)
UNKNOWN_DEVICE = 1.3 * TWICE
"""Half-width where too few devices are known to leave one out."""
_ENOUGH_DEVICES, _FEW_DEVICES = 4, 3
_LEAST_NEW_DEVICE, _LEAST_THIN, _LEAST = 0.35, 0.3, 0.1


@dataclass(frozen=True)
class Spread:
    """Half-width of an interval in one regime, and what limits it in words."""

    half_width: float
    note: str = ""


@dataclass
class CrossFit:
    """Residuals of rows under fits that saw neither their family nor, for devices, their device."""

    full: Hierarchy
    warm: bool = True
    _folds: dict[int, Hierarchy] = field(default_factory=dict)
    _others: dict[str, Hierarchy] = field(default_factory=dict)
    _fold_of: dict[str, int] = field(default_factory=dict)
    spreads: dict[Pool, dict[str, Spread]] = field(default_factory=dict)

    def fold(self, number: int) -> Hierarchy:
        """The hierarchy without the families of a fold."""
        if number not in self._folds:
            keep = np.array([self.fold_of(family) != number for family in self.full.evidence.families], dtype=bool)
            self._folds[number] = Hierarchy(self.full.evidence, keep, self.full, self.warm)
        return self._folds[number]

    def fold_of(self, family: str) -> int:
        """The fold a family is left out in; the same every time."""
        if not self._fold_of:
            self._fold_of.update({name: i % FOLDS for i, name in enumerate(sorted(set(self.full.evidence.families)))})
        return self._fold_of[family]

    def without(self, device: str) -> Hierarchy:
        """The hierarchy without a device."""
        if device not in self._others:
            keep = np.array([cell.device != device for cell in self.full.evidence.cells], dtype=bool)
            self._others[device] = Hierarchy(self.full.evidence, keep, self.full, self.warm)
        return self._others[device]

    def new_family(self, cell: Cell, pool: Pool, power: float) -> Floats:
        """Log residual of each row of a cell under the fits without its family."""
        _, chosen = self.full.prepared(cell)
        folds = np.array([self.fold_of(self.full.evidence.families[i]) for i in chosen])
        found = np.zeros(len(chosen))
        for number in sorted(set(folds.tolist())):
            held_out = self.fold(number)
            rows, _ = held_out.settled(cell, pool, power)
            found[folds == number] = residuals(rows, held_out.cell(cell, pool, power), power)[folds == number]
        return found

    def new_device(self, pool: Pool, power: float) -> dict[str, tuple[Floats, NDArray[np.str_]]]:
        """Device -> log residuals of its rows under its pool without it, and their regimes."""
        evidence, found = self.full.evidence, dict[str, tuple[Floats, NDArray[np.str_]]]()
        fitting, chosen = self.full.prepared(pool)
        at = np.array([evidence.cells[i].device for i in chosen])
        for device in sorted(set(at.tolist())):
            fitted = self.without(device).pool(pool, power)
            mine = at == device
            rows = fitting.rows.take(mine).less(fitted.sources)
            found[device] = rows.log_ms - log_time(rows.work, fitted.theta, power), evidence.regimes[chosen[mine]]
        return found


def family_quantile(values: Floats, families: Sequence[str], level: float = CONFIDENCE) -> float | None:
    """Quantile of |values| where each family weighs one and an unseen family counts too; None below enough families."""
    names = sorted(set(families))
    if len(names) < ENOUGH_FAMILIES:
        return None
    size = dict.fromkeys(names, 0)
    for name in families:
        size[name] += 1
    order = np.argsort(np.abs(values), kind="stable")
    weight = np.cumsum([1.0 / size[families[i]] for i in order]) / (len(names) + 1)
    return float(np.abs(values)[order][min(int(np.searchsorted(weight, level)), len(order) - 1)])


def measured_cell(cross: CrossFit, cell: Cell, pool: Pool, power: float) -> dict[str, Spread]:
    """Spread in each regime in which the cell has rows."""
    evidence = cross.full.evidence
    _, chosen = cross.full.prepared(cell)
    found = cross.new_family(cell, pool, power)
    spreads = {}
    rows_regime = evidence.regimes[chosen]
    for name in sorted(set(rows_regime.tolist())):
        mine = rows_regime == name
        families = [evidence.families[i] for i in chosen[mine]]
        habit = NORMAL_90 * min(SOURCE_SD_BY_GRADE[evidence.measurements[i].grade] for i in chosen[mine])
        spreads[name] = _with_habit(_of_families(found[mine], families), habit)
    return spreads


def _of_families(values: Floats, families: Sequence[str]) -> Spread:
    quantile = family_quantile(values, families)
    if quantile is not None:
        return Spread(max(quantile, _LEAST))
    names = sorted(set(families))
    mean_square = [float((values[[f == name for f in families]] ** 2).mean()) for name in names]
    said = "1 model family was" if len(names) == 1 else f"{len(names)} model families were"
    half_width = max(_LEAST_THIN, NORMAL_90 * float(np.sqrt(np.mean(mean_square)))) * (1.0 + 1.0 / len(names))
    return Spread(
        half_width, f"interval widened: only {said} measured here, {ENOUGH_FAMILIES} are needed for a tested one"
    )


def _with_habit(spread: Spread, habit: float) -> Spread:
    """Adds what the best documented source may be off by as a whole."""
    return Spread(float(np.hypot(spread.half_width, habit)), spread.note)


def new_device(cross: CrossFit, pool: Pool, power: float) -> dict[str, Spread]:
    """Spread in each regime for a device of the pool that has no rows in it."""
    if pool not in cross.spreads:
        left_out = cross.new_device(pool, power)
        cross.spreads[pool] = {name: _of_devices(left_out, name) for name in REGIMES}
    return dict(cross.spreads[pool])


def _of_devices(left_out: dict[str, tuple[Floats, NDArray[np.str_]]], name: str) -> Spread:
    errors = []
    for values, regimes in left_out.values():
        mine = regimes == name
        if mine.any():
            errors.append(float(np.quantile(np.abs(values[mine]), CONFIDENCE)))
    if len(errors) < _FEW_DEVICES:
        return Spread(
            UNKNOWN_DEVICE, f"interval assumed: {len(errors)} similar device(s) measured, too few to leave one out"
        )
    least = _LEAST_NEW_DEVICE if len(errors) >= _ENOUGH_DEVICES else TWICE
    return Spread(max(least, *errors))
