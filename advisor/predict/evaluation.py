"""evaluate: how good predictions are on networks, families and devices that the fit did not see, beside simple baselines.

Splits (docs/prediction.md): S1 a new network of a known family, S2 a new family, S3 a new device whose networks are known elsewhere,
S4 a new device and new families. Everything learned is learned without the held-out rows: coefficients of every level, shifts of
sources and runs, deviations, descriptors' scales, anchors, interval widths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from advisor.predict import baselines, memory_evaluation
from advisor.predict.evidence import Cell, Evidence, Pool
from advisor.predict.features import Floats, Ints
from advisor.predict.intervals import CrossFit, doubts, family_quantile, scores
from advisor.predict.latency import Said
from advisor.predict.records import LEAST_FAMILIES, Baseline, Evaluation, TargetEvaluation
from advisor.predict.scaling import power
from advisor.predict.workbench import Evidenced, Workbench
from advisor.records import Target

_ENOUGH_ROWS, _ENOUGH_FAMILIES = 400, 20
_BUDGETS = np.linspace(0.05, 0.95, 19)
SPLITS = {"S1": "architecture", "S2": "family"}


@dataclass(frozen=True)
class HeldOut:
    """Rows of a target with what was said without them, and what is needed to score it."""

    said: Said
    families: tuple[str, ...]
    folds: Ints
    baselines: dict[str, Floats]
    """Name -> log of predicted over measured, fitted on the same folds."""

    def take(self, chosen: NDArray[np.bool_]) -> HeldOut:
        """Some of the rows."""
        families = tuple(np.array(self.families)[chosen].tolist())
        folds = self.folds[chosen] if len(self.folds) else self.folds
        simple = {name: values[chosen] for name, values in self.baselines.items()}
        return HeldOut(self.said.take(chosen), families, folds, simple)


def evaluate(store: Evidenced, targets: Sequence[Target] | None, on_progress: Callable[[str], None]) -> Evaluation:
    """Errors per measured target (or per target given), architectures and families held out; then devices; then memory.
    Deterministic."""
    bench = Workbench.of(store)
    wanted = None if targets is None else {Cell.of(target) for target in targets}
    memory = memory_evaluation.evaluate(bench, None if wanted is None else set(wanted))
    return Evaluation(tuple(_latency(bench, wanted, on_progress)), tuple(memory))


def _latency(bench: Workbench, wanted: set[Cell] | None, on_progress: Callable[[str], None]) -> list[TargetEvaluation]:
    cross, evidence = bench.cross, bench.cross.full.evidence
    cells = {
        cell: (pool, power(m.target))
        for cell, pool, m in zip(evidence.cells, evidence.pools, evidence.measurements, strict=True)
    }
    found = []
    for cell, (pool, head) in sorted(cells.items()):
        if wanted is None or cell in wanted:
            on_progress(f"{cell.device} {cell.runtime} {cell.precision}, networks and families held out")
            found += within_target(cross, cell, pool, head)
    found += _new_devices(cross, cells, wanted)
    for cell in _transferable(cross, cells, wanted):
        on_progress(f"{cell.device} {cell.runtime} {cell.precision} as a new device")
        found += _transfers(cross, cell, *cells[cell])
    return found


def _transferable(cross: CrossFit, cells: dict[Cell, tuple[Pool, float]], wanted: set[Cell] | None) -> list[Cell]:
    """Cells with enough rows of enough families that hiding all but a few says something."""
    evidence = cross.full.evidence
    return [
        cell for cell in sorted(cells)
        if (wanted is None or cell in wanted)
        and len(evidence.where(cell)) >= _ENOUGH_ROWS
        and len({evidence.families[i] for i in evidence.where(cell)}) >= _ENOUGH_FAMILIES
    ]  # fmt: skip


def _transfers(cross: CrossFit, cell: Cell, pool: Pool, head: float) -> list[TargetEvaluation]:
    """S3 and S4 of a target at every K."""
    from advisor.predict import transfer  # loads scikit-learn

    found = []
    for split, hide in (("S3", transfer.new_device), ("S4", transfer.new_device_and_family)):
        for measured in transfer.SIZES:
            said, simple = hide(cross.full, cell, pool, head, measured)
            families = tuple(cross.full.evidence.families[i] for i in said.rows)
            rows = HeldOut(said, families, np.zeros(0, dtype=np.int64), simple)
            found.append(summary(cell, f"{split} K={measured}", rows, cross.full.evidence))
    return found


def within_target(cross: CrossFit, cell: Cell, pool: Pool, head: float) -> list[TargetEvaluation]:
    """S1 and S2 of a target with enough families."""
    evidence = cross.full.evidence
    if len({evidence.families[i] for i in evidence.where(cell)}) < LEAST_FAMILIES:
        return []
    return [summary(cell, split, held_out(cross, kind, cell, pool, head), evidence) for split, kind in SPLITS.items()]


def held_out(cross: CrossFit, kind: str, cell: Cell, pool: Pool, head: float) -> HeldOut:
    """Rows of a cell, each predicted by the fit without its architecture or family, and by the baselines on the same folds."""
    evidence = cross.full.evidence
    said, folds = cross.held_out(kind, cell, pool, head)
    families = tuple(evidence.families[i] for i in said.rows)
    simple = {name: np.full(len(folds), np.nan) for name in baselines.WITHIN}
    counts = baselines.counts(evidence, said.rows)
    for number in np.unique(folds):
        out = folds == number
        for name, columns in baselines.WITHIN.items():
            if (~out).any():
                simple[name][out] = baselines.fitted(counts[:, columns], said.log_ms, ~out)[out] - said.log_ms[out]
    return HeldOut(said, families, folds, simple)


def _new_devices(
    cross: CrossFit, cells: dict[Cell, tuple[Pool, float]], wanted: set[Cell] | None
) -> list[TargetEvaluation]:
    """S3 without a single row of the device (K = 0): every device of a pool with others, by its pool without it."""
    found = []
    devices: dict[Pool, set[str]] = {}
    for cell, (pool, _) in cells.items():
        devices.setdefault(pool, set()).add(cell.device)
    for cell, (pool, head) in sorted(cells.items()):
        if len(devices[pool]) > 1 and (wanted is None or cell in wanted):
            said = cross.without("device", frozenset([cell.device])).said(cell, pool, head)
            families = tuple(cross.full.evidence.families[i] for i in said.rows)
            rows = HeldOut(said, families, np.zeros(0, dtype=np.int64), {})
            found.append(summary(cell, "S3 K=0", rows, cross.full.evidence))
    return found


def summary(cell: Cell, split: str, every: HeldOut, evidence: Evidence) -> TargetEvaluation:
    """Figures of the held-out rows that predictions stand for, those of the newest software; beside them the error of `every` row."""
    rows = every.take(evidence.current(every.said.rows))
    ratio = rows.said.log_ratio
    error = np.abs(np.expm1(ratio))
    older = len(ratio) < len(every.said.rows) or split in (*SPLITS, "S3 K=0")
    coverage, width, undecided = _intervals(rows)
    by_family = [error[[f == name for f in rows.families]].mean() for name in sorted(set(rows.families))]
    return TargetEvaluation(
        _target_of(cell), split, len(error), len(by_family), float(error.mean()), float(np.median(error)),
        float(np.expm1(np.median(ratio))), float((error <= 0.1).mean()), float((error <= 0.2).mean()),
        float(np.quantile(error, 0.9)), float(np.mean(by_family)),
        float(np.abs(np.expm1(every.said.log_ratio)).mean()) if older else None,
        _spearman(ratio, rows.said.log_ms), coverage, width, undecided,
        tuple(_baseline(name, values, rows.said.log_ms) for name, values in rows.baselines.items() if np.isfinite(values).any()),
    )  # fmt: skip


def _target_of(cell: Cell) -> Target:
    return Target(cell.device, cell.compute_unit, "", cell.runtime, cell.precision, cell.memory_format, cell.threads)


def _baseline(name: str, log_ratio: Floats, log_ms: Floats) -> Baseline:
    """A rule that says nothing of some rows is scored on the others."""
    known = np.isfinite(log_ratio)
    error = np.abs(np.expm1(log_ratio[known]))
    rank = _spearman(log_ratio[known], log_ms[known])
    return Baseline(name, float(known.mean()), float(error.mean()), float((error <= 0.2).mean()), rank)


def _spearman(log_ratio: Floats, log_ms: Floats) -> float | None:
    """Rank correlation of predicted and measured latency."""
    predicted, measured = rankdata(log_ms + log_ratio), rankdata(log_ms)
    if len(measured) < LEAST_FAMILIES or np.ptp(predicted) == 0 or np.ptp(measured) == 0:
        return None
    return float(np.corrcoef(predicted, measured)[0, 1])


def _intervals(rows: HeldOut) -> tuple[float | None, float | None, float | None]:
    """(family-averaged share inside the 90 % interval, its median width as a factor, share of rows undecided); widths come from the
    families of the other folds."""
    inside, widths = np.zeros(len(rows.families)), np.zeros(len(rows.families))
    families = np.array(rows.families)
    scored = scores(rows.said)
    for number in np.unique(rows.folds):
        out = rows.folds == number
        quantile = family_quantile(scored[~out], families[~out].tolist())
        if quantile is None:
            return None, None, None
        inside[out], widths[out] = np.abs(scored[out]) <= quantile, quantile * doubts(rows.said)[out]
    if not len(rows.folds):
        return None, None, None
    open_ones = _undecided(rows.said, widths)
    names = sorted(set(rows.families))
    covered, undecided = ([values[families == name].mean() for name in names] for values in (inside, open_ones))
    return float(np.mean(covered)), float(np.exp(np.median(widths))), float(np.mean(undecided))


def _undecided(said: Said, widths: Floats) -> Floats:
    """Of each row the share of budgets that its interval holds."""
    budgets = np.quantile(said.log_ms, _BUDGETS)
    centre = said.log_ms + said.log_ratio
    apart = np.abs(budgets[None] - centre[:, None])
    return np.asarray((apart < widths[:, None]).mean(axis=1), dtype=np.float64)
