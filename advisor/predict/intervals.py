"""How wide an interval must be: errors on networks, families and devices that a fit has not seen.

Half-widths are in natural logarithms: value / e^h to value x e^h holds 90 %. Where enough families were measured a network's
half-width follows its own doubt (the standard deviation of its deviation), by the quantile of errors over doubts of networks held
out; one quantile for families never seen, one for new networks of families that were. Knows no store.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from advisor.predict.evidence import REGIMES, Cell, Evidence, Pool, source_sd_of
from advisor.predict.features import Floats, Ints
from advisor.predict.latency import Hierarchy, Said

CONFIDENCE = 0.9
NORMAL_90 = 1.645
"""Standard deviations of a normal distribution within which 90 % lie."""
FOLDS = 10
_FEW_ENOUGH = 20
"""Families of a cell up to which each is left out alone; more are left out in FOLDS groups."""
TWICE = log(2.0)
UNKNOWN_DEVICE = 1.3 * TWICE
"""Half-width where too few devices are known to leave one out."""
_ENOUGH_DEVICES, _FEW_DEVICES = 4, 3
_LEAST_NEW_DEVICE, _LEAST = 0.35, 0.05
MANY_FAMILIES, _FEW_FAMILIES, _MENTIONED = 20, 5, 9
"""Families from which errors alone say how wide 90 % is; below, the largest error would. From which they say anything (docs/prediction.md
has how well); and below which the answer says that they are few."""
_USUAL_SCALE, _USUAL_WEIGHT = 0.45, 4.0
"""Errors over doubts on targets with 30 families or more follow Student's t of 3 degrees of freedom times this (their 90 % quantile says
0.38 to 0.52, on one target 0.78); it counts as so many families."""
_HEAVY = 3.0
"""Degrees of freedom of that."""
_SETTLED, _MOST_STEPS = 1e-9, 200
_NOISE = 0.03
"""Added to every doubt: no number repeats exactly (Lei et al. 2018, J. Am. Stat. Assoc. 113, section 5.2, scale errors so)."""


@dataclass(frozen=True)
class Spread:
    """Half-width of an interval in one regime, and what limits it in words."""

    half_width: float
    """Of a typical network of a new family where it follows doubts, else of every network."""
    note: str = ""
    by_doubt: float = 0.0
    """Half-width over doubt of networks of new families; 0: every network has the same half-width."""
    by_doubt_known: float = 0.0
    """The same of networks of families that were measured on the target."""
    habit: float = 0.0
    """What the best documented source may be off by as a whole."""

    def half_widths(self, sd: Floats, relatives: NDArray[np.bool_]) -> Floats:
        """Of networks with these standard deviations of their deviations, of measured families or not."""
        if not self.by_doubt:
            return np.full(len(sd), self.half_width)
        inner = np.where(relatives, self.by_doubt_known, self.by_doubt) * (sd + _NOISE)
        return np.asarray(np.hypot(np.maximum(inner, _LEAST), self.habit), dtype=np.float64)


@dataclass
class CrossFit:
    """Predictions of rows by fits that saw neither them nor anything like them: families, architectures or devices left out."""

    full: Hierarchy
    _hierarchies: dict[tuple[str, frozenset[str]], Hierarchy] = field(default_factory=dict)
    spreads: dict[Pool, dict[str, Spread]] = field(default_factory=dict)

    def _names(self, kind: str) -> list[str]:
        evidence = self.full.evidence
        if kind == "family":
            return list(evidence.families)
        return [m.signature if kind == "architecture" else m.target.device for m in evidence.measurements]

    def without(self, kind: str, names: frozenset[str]) -> Hierarchy:
        """The hierarchy without some families, architectures or devices. Large evidence is fitted once for each set."""
        key = (kind, names)
        if key not in self._hierarchies:
            keep = np.array([name not in names for name in self._names(kind)], dtype=bool)
            self._hierarchies[key] = Hierarchy(self.full.evidence, keep, self.full, self.full.settings)
        return self._hierarchies[key]

    def folds(self, kind: str, cell: Cell) -> list[frozenset[str]]:
        """What is left out together: single families where a cell has few, else groups that are the same for all cells."""
        evidence = self.full.evidence
        mine = evidence.where(cell)
        if kind == "family" and len({evidence.families[i] for i in mine}) <= _FEW_ENOUGH:
            return [frozenset([name]) for name in sorted({evidence.families[i] for i in mine})]
        groups: dict[int, set[str]] = {}
        for name in set(self._names(kind)):
            groups.setdefault(zlib.crc32(name.encode()) % FOLDS, set()).add(name)
        return [frozenset(names) for _, names in sorted(groups.items())]

    def held_out(self, kind: str, cell: Cell, pool: Pool, power: float) -> tuple[Said, Ints]:
        """What is said of each row of a cell by the fit without its family or architecture, and the number of its fold."""
        names = self._names(kind)
        mine = self.full.evidence.where(cell)
        fold_of = {name: number for number, fold in enumerate(self.folds(kind, cell)) for name in fold}
        number_of = np.array([fold_of[names[i]] for i in mine], dtype=np.int64)
        log_ratio, log_ms, sd = (np.zeros(len(mine)) for _ in range(3))
        for number, fold in enumerate(self.folds(kind, cell)):
            out = number_of == number
            if out.any():
                said = self.without(kind, fold).said(cell, pool, power).take(out)
                log_ratio[out], log_ms[out], sd[out] = said.log_ratio, said.log_ms, said.sd
        return Said(log_ratio, log_ms, sd, mine), number_of

    def new_device(self, pool: Pool, power: float) -> dict[str, tuple[Floats, NDArray[np.str_]]]:
        """Device -> log ratios of its rows as said by the others, and their regimes."""
        evidence, found = self.full.evidence, dict[str, tuple[Floats, NDArray[np.str_]]]()
        cells = sorted({evidence.cells[i] for i in evidence.where(pool)})
        for device in sorted({cell.device for cell in cells}):
            others = self.without("device", frozenset([device]))
            said = [others.said(cell, pool, power) for cell in cells if cell.device == device]
            rows = np.concatenate([one.rows for one in said])
            found[device] = np.concatenate([one.log_ratio for one in said]), evidence.regimes[rows]
        return found


def family_quantile(values: Floats, families: Sequence[str], level: float = CONFIDENCE) -> float | None:
    """Quantile of |values| where each family weighs one and an unseen family counts too; None below enough families."""
    return family_bound(np.abs(values), families, level)


def family_bound(values: Floats, families: Sequence[str], level: float) -> float | None:
    """Bound that a value of an unseen family stays under with probability `level`: each family weighs one, the unseen one too.

    None below enough families: 9 for 90 %, 19 for 95 % (Dunn, Wasserman and Ramdas, arXiv 1809.07441).
    """
    size = Counter(families)
    if len(size) + 1 < round(1.0 / (1.0 - level), 6):
        return None
    order = np.argsort(values, kind="stable")
    weight = np.cumsum([1.0 / size[families[i]] for i in order]) / (len(size) + 1)
    return float(values[order][min(int(np.searchsorted(weight, level)), len(order) - 1)])


def doubts(said: Said) -> Floats:
    """How far off each row may well be, before calibration."""
    return np.asarray(said.sd + _NOISE, dtype=np.float64)


def scores(said: Said) -> Floats:
    """Errors over doubts."""
    return np.asarray(said.log_ratio / doubts(said), dtype=np.float64)


def measured_cell(cross: CrossFit, cell: Cell, pool: Pool, power: float) -> dict[str, Spread]:
    """Spread in each regime in which the cell has rows."""
    evidence = cross.full.evidence
    few = len({evidence.families[i] for i in evidence.where(cell)}) < MANY_FAMILIES
    said = _said_here(cross, cell, pool, power) if few else cross.held_out("family", cell, pool, power)[0]
    known = None if few else cross.held_out("architecture", cell, pool, power)[0]
    spreads = {}
    regimes, current = evidence.regimes[said.rows], evidence.current(said.rows)
    for name in sorted(set(regimes.tolist())):
        mine = (regimes == name) & current
        spreads[name] = spread_of(evidence, said.take(mine), None if known is None else known.take(mine))
    return spreads


def _said_here(cross: CrossFit, cell: Cell, pool: Pool, power: float) -> Said:
    """What is said of each row of a cell without the cell's own rows of its family; what is known of it elsewhere stays known."""
    evidence = cross.full.evidence
    cross.full.borrowed(cell, pool, power)  # made once, for all folds
    mine = evidence.where(cell)
    families = np.array([evidence.families[i] for i in mine])
    parts = []
    for name in sorted(set(families.tolist())):
        said = cross.full.less(mine[families == name]).said(cell, pool, power)
        parts.append(said.take(np.array([evidence.families[i] == name for i in said.rows], dtype=bool)))
    return Said.joined(parts)


def spread_of(evidence: Evidence, said: Said, known: Said | None = None) -> Spread:
    """Spread from rows of one regime said without their families; `known`: the same rows said without their architecture only."""
    families = [evidence.families[i] for i in said.rows]
    habit = NORMAL_90 * min(source_sd_of(evidence.measurements[i]) for i in said.rows)
    if len(set(families)) < MANY_FAMILIES:
        return _of_few(said, families, habit)
    new = family_quantile(scores(said), families) or NORMAL_90
    again = (None if known is None else family_quantile(scores(known), families)) or new
    return _by_doubt(new, again, said, habit)


def _by_doubt(new: float, again: float, said: Said, habit: float, note: str = "") -> Spread:
    typical = new * (float(np.median(said.sd)) + _NOISE)
    return Spread(float(np.hypot(max(typical, _LEAST), habit)), note, new, again, habit)


def _of_few(said: Said, families: Sequence[str], habit: float) -> Spread:
    """Too few families for a quantile: their errors over doubts move what is usual; below _FEW_FAMILIES at least twice and half."""
    names = sorted(set(families))
    count = "1 model family was" if len(names) == 1 else f"{len(names)} model families were"
    if len(names) >= _FEW_FAMILIES:
        ratio = few_quantile(scores(said), families)
        note = f"interval from the {len(names)} model families measured here and what is usual elsewhere"
        return _by_doubt(ratio, ratio, said, habit, note if len(names) < _MENTIONED else "")
    errors = [float((said.log_ratio[[f == name for f in families]] ** 2).mean()) for name in names]
    widened = NORMAL_90 * float(np.sqrt(np.mean(errors))) * (1.0 + 1.0 / len(names))
    note = f"interval widened: only {count} measured here, {_FEW_FAMILIES} are needed for a tested one"
    return Spread(max(TWICE, float(np.hypot(widened, habit))), note)


def few_quantile(values: Floats, families: Sequence[str]) -> float:
    """90 % half-width over doubt from errors over doubt, each family weighing one: errors of Student's t of unknown scale.

    The scale is the most probable one (Lange, Little and Taylor 1989, J. Am. Stat. Assoc. 84, section 3: far errors weigh less), well
    measured targets counting as some families; that it comes from few widens the interval as it would with normal errors.
    """
    size, squares = Counter(families), values**2
    share = np.array([1.0 / size[name] for name in families])
    freedom, found, before = _USUAL_WEIGHT + len(size), _USUAL_SCALE**2, 0.0
    for _ in range(_MOST_STEPS):
        if abs(found - before) <= _SETTLED * found:
            break
        weights = share * (_HEAVY + 1.0) / (_HEAVY + squares / found)
        before, found = found, float(_USUAL_WEIGHT * _USUAL_SCALE**2 + weights @ squares) / freedom
    few = float(stdtrit(freedom, 0.5 + CONFIDENCE / 2)) / NORMAL_90
    return float(np.sqrt(found) * stdtrit(_HEAVY, 0.5 + CONFIDENCE / 2)) * few


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
