"""evaluate: how good predictions are on families and devices that the fit did not see, beside a line in multiply-accumulates.

Everything learned is learned without the held-out rows: coefficients of every level, shifts of sources and runs, interval widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.stats import rankdata

from advisor.predict.evidence import Cell, Pool
from advisor.predict.features import Floats, group_macs
from advisor.predict.intervals import CrossFit, family_quantile
from advisor.predict.model import log_time, residuals
from advisor.predict.records import TargetEvaluation
from advisor.predict.scaling import power
from advisor.predict.workbench import Evidenced, Workbench
from advisor.records import Target

LEAST_FAMILIES = 3


@dataclass(frozen=True)
class HeldOut:
    """Rows of a target with what was predicted without them (log of predicted over measured), and their families."""

    log_ratio: Floats
    log_ms: Floats
    families: tuple[str, ...]
    folds: NDArray[np.int64]
    baseline: Floats | None = None


def evaluate(store: Evidenced, targets: Sequence[Target] | None = None) -> list[TargetEvaluation]:
    """Errors per measured target (or per target given), families held out; then per pool, devices held out. Deterministic."""
    bench = Workbench.of(store)
    cross = CrossFit(bench.cross.full, warm=False)
    evidence = cross.full.evidence
    wanted = None if targets is None else {Cell.of(target) for target in targets}
    cells = {
        cell: (pool, m.target)
        for cell, pool, m in zip(evidence.cells, evidence.pools, evidence.measurements, strict=True)
    }
    found = []
    for cell, (pool, target) in sorted(cells.items()):
        if wanted is None or cell in wanted:
            held_out = new_family(cross, cell, pool, power(target))
            if len(set(held_out.families)) >= LEAST_FAMILIES:
                found.append(_summary(_target_of(cell), "family", held_out))
    if wanted is None:
        found += _new_devices(cross, dict(cells.values()))
    return found


def _target_of(cell: Cell) -> Target:
    return Target(cell.device, cell.compute_unit, "", cell.runtime, cell.precision, cell.memory_format, cell.threads)


def new_family(cross: CrossFit, cell: Cell, pool: Pool, head: float) -> HeldOut:
    """Rows of a cell, each predicted by the fit without its family, and by the baseline on the same folds."""
    evidence = cross.full.evidence
    _, chosen = cross.full.prepared(cell)
    families = tuple(evidence.families[i] for i in chosen)
    folds = np.array([cross.fold_of(family) for family in families], dtype=np.int64)
    log_ratio, baseline, log_ms = (np.zeros(len(chosen)) for _ in range(3))
    macs = _batch_macs(cross, chosen)
    for number in np.unique(folds):
        hierarchy, mine = cross.fold(int(number)), folds == number
        rows, _ = hierarchy.settled(cell, pool, head)
        fitted = hierarchy.cell(cell, pool, head)
        log_ratio[mine] = -residuals(rows, fitted, head)[mine]
        settled = rows.log_ms - fitted.runs[rows.run]
        log_ms[mine] = settled[mine]
        baseline[mine] = _line(macs[~mine], settled[~mine], macs[mine]) - settled[mine] if (~mine).any() else np.nan
    return HeldOut(log_ratio, log_ms, families, folds, baseline)


def _batch_macs(cross: CrossFit, chosen: NDArray[np.int64]) -> Floats:
    evidence = cross.full.evidence
    batch = np.array([evidence.measurements[i].batch_size for i in chosen], dtype=np.float64)
    return np.asarray(group_macs(evidence.table)[evidence.rows[chosen]].sum(1) * batch / 1e9, dtype=np.float64)


def _line(macs: Floats, log_ms: Floats, wanted: Floats) -> Floats:
    """Log of a non-negative line in multiply-accumulates, fitted for relative error."""
    weight = np.exp(-log_ms)[:, None]
    design = np.stack([macs, np.ones(len(macs))], axis=1)
    slope, constant = nnls(design * weight, np.ones(len(macs)))[0]
    return np.asarray(np.log(np.maximum(slope * wanted + constant, 1e-9)), dtype=np.float64)


def _new_devices(cross: CrossFit, pools: dict[Pool, Target]) -> list[TargetEvaluation]:
    """Every device of a pool with others, predicted by its pool without it."""
    found = []
    for pool, example in sorted(pools.items()):
        fitting, chosen = cross.full.prepared(pool)
        cells = [cross.full.evidence.cells[i] for i in chosen]
        devices = {cell.device for cell in cells}
        for device in sorted(devices) if len(devices) > 1 else ():
            mine = np.array([cell.device == device for cell in cells])
            fitted = cross.without(device).pool(pool, power(example))
            rows = fitting.rows.take(mine).less(fitted.sources)
            families = tuple(cross.full.evidence.families[i] for i in chosen[mine])
            ratio = log_time(rows.work, fitted.theta, power(example)) - rows.log_ms
            cell = next(cell for cell in cells if cell.device == device)
            found.append(
                _summary(_target_of(cell), "device", HeldOut(ratio, rows.log_ms, families, np.zeros(0, np.int64)))
            )
    return found


def _summary(target: Target, held_out: str, rows: HeldOut) -> TargetEvaluation:
    error = np.abs(np.expm1(rows.log_ratio))
    base = None if rows.baseline is None or np.isnan(rows.baseline).any() else rows.baseline
    base_error = None if base is None else np.abs(np.expm1(base))
    return TargetEvaluation(
        target, held_out, len(error), len(set(rows.families)),
        float(error.mean()), float(np.median(error)), float(np.expm1(np.median(rows.log_ratio))),
        float((error <= 0.1).mean()), float((error <= 0.2).mean()), _spearman(rows.log_ratio, rows.log_ms), _coverage(rows),
        None if base_error is None else float(base_error.mean()),
        None if base_error is None else float((base_error <= 0.2).mean()),
        None if base is None else _spearman(base, rows.log_ms),
    )  # fmt: skip


def _spearman(log_ratio: Floats, log_ms: Floats) -> float | None:
    """Rank correlation of predicted and measured latency."""
    predicted, measured = rankdata(log_ms + log_ratio), rankdata(log_ms)
    if len(measured) < LEAST_FAMILIES or np.ptp(predicted) == 0 or np.ptp(measured) == 0:
        return None
    return float(np.corrcoef(predicted, measured)[0, 1])


def _coverage(rows: HeldOut) -> float | None:
    """Share inside the 90 % interval whose width comes from the families of the other folds."""
    if not len(rows.folds):
        return None
    inside: list[bool] = []
    for number in np.unique(rows.folds):
        others, mine = rows.folds != number, rows.folds == number
        width = family_quantile(
            rows.log_ratio[others], [f for f, kept in zip(rows.families, others, strict=True) if kept]
        )
        if width is None:
            return None
        inside += (np.abs(rows.log_ratio[mine]) <= width).tolist()
    return float(np.mean(inside))
