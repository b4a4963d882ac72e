"""How good predictions are on a new device of which K networks were measured: splits S3 and S4 of the evaluation.

The K networks are spread over what could be measured (medoids of k-means over descriptors, of different families); they are not
scored. Uses scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans  # type: ignore[import-untyped]

from advisor.predict.baselines import NEAREST, nearest_device
from advisor.predict.evidence import Cell, Evidence, Pool
from advisor.predict.features import Floats, Ints
from advisor.predict.latency import Hierarchy, Said
from advisor.predict.process import standardised

SIZES = (5, 10, 20)
"""K: networks measured on the new device."""
REDRAWS, FAMILY_FOLDS = 6, 5
_SIZE_COLUMNS, _SIZE_WEIGHT = 9, 2.0
"""Descriptors of size come first and count twice: how large a network is says most of its time."""
_SEED = 7


def new_device(full: Hierarchy, cell: Cell, pool: Pool, power: float, measured: int) -> tuple[Said, dict[str, Floats]]:
    """S3: other networks, which may have been measured on other devices; all redraws one after the other."""
    return _joined(list(_draws(full, cell, pool, power, measured, [frozenset()])))


def new_device_and_family(
    full: Hierarchy, cell: Cell, pool: Pool, power: float, measured: int
) -> tuple[Said, dict[str, Floats]]:
    """S4: networks of families that are absent from other devices and from the K as well."""
    evidence = full.evidence
    names = np.array(sorted({evidence.families[i] for i in evidence.where(cell)}))
    np.random.default_rng(_SEED).shuffle(names)
    folds = [frozenset(fold.tolist()) for fold in np.array_split(names, FAMILY_FOLDS)]
    return _joined(list(_draws(full, cell, pool, power, measured, folds)))


def _draws(
    full: Hierarchy, cell: Cell, pool: Pool, power: float, measured: int, folds: Sequence[frozenset[str]]
) -> Iterator[tuple[Said, Floats]]:
    evidence = full.evidence
    mine = evidence.of_newest(evidence.where(cell))
    elsewhere = np.array([other.device != cell.device for other in evidence.cells], dtype=bool)
    for redraw in range(REDRAWS):
        for number, fold in enumerate(folds):
            absent = np.array([family in fold for family in evidence.families], dtype=bool)
            usable = mine[~absent[mine]]
            keys = medoids(evidence, usable, measured, seed(redraw) + number)
            keep = elsewhere & ~absent
            shown = usable[np.isin(evidence.rows[usable], keys)]
            keep[shown] = True
            said = Hierarchy(evidence, keep, full, full.settings).said(cell, pool, power)
            scored = np.isin(said.rows, mine) & ~keep[said.rows] & (absent[said.rows] if fold else True)
            kept = said.take(scored)
            unknown = np.full(len(kept.rows), np.nan)
            yield kept, unknown if fold else nearest_device(evidence, cell, kept.rows, shown)


def seed(redraw: int) -> int:
    """Of the medoids of a redraw."""
    return _SEED + 100 * redraw


def medoids(evidence: Evidence, rows: Ints, count: int, seed: int) -> Ints:
    """Architectures of the rows, so many, spread over all of them, of different families while there are some; positions in the table."""
    keys, first = np.unique(evidence.rows[rows], return_index=True)
    families = np.array([evidence.families[i] for i in rows[first]])
    where = standardised(evidence.table.descriptors, keys)[keys]
    where[:, :_SIZE_COLUMNS] *= _SIZE_WEIGHT
    found = KMeans(min(count, len(keys)), n_init=1, random_state=seed).fit(where)
    apart = ((where[None] - found.cluster_centers_[:, None]) ** 2).sum(2)
    return keys[_of_different_families(apart, families)]


def _of_different_families(apart: Floats, families: NDArray[np.str_]) -> Ints:
    """For each centre (row) the nearest network (column) of a family not taken yet, the clearest centres first; once each."""
    chosen: list[int] = []
    for distances in apart[np.argsort(apart.min(axis=1))]:
        taken = np.isin(families, families[chosen])
        free = distances if taken.all() else np.where(taken, np.inf, distances)
        chosen.append(int(np.argmin(free)))
    return np.unique(np.array(chosen, dtype=np.int64))


def _joined(parts: Sequence[tuple[Said, Floats]]) -> tuple[Said, dict[str, Floats]]:
    """What the model says, and what simple rules say of the same rows."""
    said = Said.joined([part for part, _ in parts])
    return said, {NEAREST: np.concatenate([simple for _, simple in parts])}
