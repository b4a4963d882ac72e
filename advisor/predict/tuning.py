"""Search for the model's few settings: the least error on families left out, each family counting the same. Uses Optuna.

The study is kept in a file, so that a search on the same evidence goes on where it stopped; the sampler's seed is fixed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from advisor.predict.evidence import Cell, Evidence, Pool
from advisor.predict.intervals import CrossFit
from advisor.predict.latency import Hierarchy, Said
from advisor.predict.scaling import power
from advisor.predict.settings import Settings

if TYPE_CHECKING:
    import optuna

_SEARCHED = (
    "root_own",
    "pool_own",
    "cell_own",
    "broad",
    "broad_length",
    "narrow",
    "narrow_length",
    "family",
    "own",
    "noise",
)
_FACTOR = 3.0
"""Each is searched between a third and three times what it is by default."""
_LEAST_ROWS, _LEAST_FAMILIES, _LARGEST = 15, 4, 6
"""Targets that count: so many rows and families; of those with hundreds of rows the largest."""
_MANY_ROWS = 400
MOST_TRIALS = 50
_SEED = 0


class Study(NamedTuple):
    """Where a search is kept, and the evidence it is about: errors on other evidence are not to be compared with."""

    file: Path
    evidence: str


def tuned(
    evidence: Evidence, start: Settings, trials: int, kept: Study, on_progress: Callable[[str], None]
) -> tuple[Settings, float, float]:
    """(best settings found so far, their error, that of `start`): mean over targets of family-averaged absolute log errors."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{kept.file}", study_name=f"latency-{kept.evidence}", load_if_exists=True, direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=_SEED, n_startup_trials=5),
    )  # fmt: skip
    cells = _counting(evidence)
    if not study.trials:
        study.enqueue_trial({name: getattr(start, name) for name in _SEARCHED})

    def objective(trial: optuna.Trial) -> float:
        found = _suggested(trial, start)
        value = error(evidence, cells, found)
        on_progress(f"trial {trial.number + 1}: {100 * value:.2f} % on families left out")
        return value

    study.optimize(objective, n_trials=min(trials, MOST_TRIALS))
    first = study.trials[0].value
    return replace(start, **study.best_params), study.best_value, study.best_value if first is None else first


def _suggested(trial: optuna.Trial, start: Settings) -> Settings:
    values = {}
    for name in _SEARCHED:
        usual = getattr(start, name)
        values[name] = trial.suggest_float(name, usual / _FACTOR, usual * _FACTOR, log=True)
    return replace(start, **values)


def _counting(evidence: Evidence) -> list[tuple[Cell, Pool, float]]:
    found: list[tuple[Cell, Pool, float]] = []
    large: list[tuple[Cell, Pool, float]] = []
    for cell in sorted(set(evidence.cells)):
        rows = evidence.where(cell)
        families = {evidence.families[i] for i in rows}
        if len(rows) >= _LEAST_ROWS and len(families) >= _LEAST_FAMILIES:
            entry = (cell, evidence.pools[rows[0]], power(evidence.measurements[rows[0]].target))
            (large if len(rows) > _MANY_ROWS else found).append(entry)
    large.sort(key=lambda entry: (-len(evidence.where(entry[0])), entry[0]))
    return found + large[:_LARGEST]


def error(evidence: Evidence, cells: list[tuple[Cell, Pool, float]], settings: Settings) -> float:
    """Mean over targets of the family-averaged absolute log error on families left out."""
    cross = CrossFit(Hierarchy(evidence, np.ones(len(evidence.rows), dtype=bool), settings=settings))
    return float(np.mean([_by_family(evidence, cross.held_out("family", *entry)[0]) for entry in cells]))


def _by_family(evidence: Evidence, said: Said) -> float:
    families = np.array([evidence.families[i] for i in said.rows])
    errors = np.abs(said.log_ratio)
    return float(np.mean([errors[families == name].mean() for name in np.unique(families)]))
