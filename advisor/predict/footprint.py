"""Peak memory learnt from processes that were measured: what a runtime takes on a device, how much more than its live activations a
network needs, and how far off that was for families left out. Arrays in, coefficients out; knows no store.

    peak = runtime of the device + library + weights + live factor x live activations + churn x sqrt(activations moved)

in MiB. The library is what timm takes beside torchvision where a network is defined in it. The root is what copies in other
layouts and the allocator's slack were seen to grow with.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from advisor.predict.features import Floats, Ints
from advisor.predict.intervals import family_bound

FOLDS = 10
_NOISE = 0.12
"""Share of a network's part by which one measurement differs from the law."""
_LEAST_MIB = 10.0
"""Added to the part before its share counts: a page more or less says nothing."""
_LEAST_PART = 0.25
_LEVEL = 0.95
"""Of each bound: between both lies the 90 % interval."""


@dataclass(frozen=True)
class Prior:
    """Expected (mean, standard deviation) of the coefficients, from what is known without measurements here."""

    base: tuple[float, float]
    live: tuple[float, float]
    churn: tuple[float, float]
    library: tuple[float, float]
    least_live: float = 0.0
    """No process was ever smaller than what is alive in it times this."""


@dataclass(frozen=True)
class Seen:
    """Measured processes, one row each, in MiB."""

    peak: Floats
    weights: Floats
    """As held: the weights at the precision times the runtime's factor."""
    live: Floats
    churn: Floats
    """Square root of the activations moved."""
    library: Floats
    """1 where the process loaded timm, else 0."""
    place: Ints
    """Number of the device and mode whose runtime is shared."""
    families: tuple[str, ...]

    def take(self, rows: Ints) -> Seen:
        """Some of the rows."""
        families = tuple(self.families[i] for i in rows)
        return Seen(
            self.peak[rows], self.weights[rows], self.live[rows], self.churn[rows], self.library[rows],
            self.place[rows], families,
        )  # fmt: skip


@dataclass(frozen=True)
class Law:
    """Coefficients of the sum above."""

    live: float
    churn: float
    library: float
    """MiB."""
    bases: tuple[float, ...]
    """MiB of the runtime, by place."""

    def part(self, weights: Floats, live: Floats, churn: Floats) -> Floats:
        """MiB of networks without what their process takes anyway."""
        return weights + self.live * live + self.churn * churn

    def base(self, seen: Seen) -> Floats:
        """MiB that the process of each row takes without a network."""
        return np.asarray(np.array(self.bases)[seen.place] + self.library * seen.library, dtype=np.float64)


@dataclass(frozen=True)
class Footprint:
    """What was learnt."""

    law: Law
    below: float | None
    """Log by which the part of an unseen family may be smaller (95 %); None with too few families."""
    above: float | None


@dataclass(frozen=True)
class HeldOut:
    """Peaks of the rows as said by fits without their families, in MiB."""

    part: Floats
    base: Floats
    above: Floats
    """Log of the bound that the other families give each row; NaN where they are too few."""


def fitted(seen: Seen, prior: Prior) -> Footprint:
    """Coefficients of all rows, and bounds from families left out."""
    errors = _errors(seen, *_crossed(seen, prior))
    below, above = (family_bound(values, seen.families, _LEVEL) for values in (-errors, errors))
    return Footprint(_solved(seen, prior, int(seen.place.max()) + 1), below, above)


def _solved(seen: Seen, prior: Prior, places: int) -> Law:
    """Ridge regression towards the prior, rows weighted by the share of their part."""
    columns = np.concatenate(
        [np.stack([seen.live, seen.churn, seen.library], axis=1), np.eye(places)[seen.place]], axis=1
    )
    expected = seen.weights + prior.live[0] * seen.live + prior.churn[0] * seen.churn
    weight = 1.0 / (_NOISE * (expected + _LEAST_MIB))
    known = np.array([prior.live, prior.churn, prior.library, *[prior.base] * places])
    precision = np.diag(known[:, 1] ** -2.0)
    scaled = columns * weight[:, None]
    right = scaled.T @ ((seen.peak - seen.weights) * weight) + precision @ known[:, 0]
    matrix = scaled.T @ scaled + precision
    found = np.linalg.solve(matrix, right)
    if found[0] < prior.least_live:  # the others as they are best beside it
        found[0] = prior.least_live
        found[1:] = np.linalg.solve(matrix[1:, 1:], right[1:] - matrix[1:, 0] * found[0])
    found = np.maximum(found, 0.0)
    return Law(float(found[0]), float(found[1]), float(found[2]), tuple(found[3:].tolist()))


def held_out(seen: Seen, prior: Prior) -> HeldOut:
    """Every row said by a fit without its family, with a bound from the families that fit did see; families in ten groups."""
    part, base = _crossed(seen, prior)
    above = np.full(len(part), np.nan)
    for inside, outside in _folds(seen):
        others = seen.take(inside)
        bound = family_bound(_errors(others, *_crossed(others, prior)), others.families, _LEVEL)
        above[outside] = np.nan if bound is None else bound
    return HeldOut(part, base, above)


def _crossed(seen: Seen, prior: Prior) -> tuple[Floats, Floats]:
    """(part, what the process takes anyway) of every row by the fit without its family."""
    part, base = np.zeros(len(seen.peak)), np.zeros(len(seen.peak))
    for inside, outside in _folds(seen):
        law, rows = _solved(seen.take(inside), prior, int(seen.place.max()) + 1), seen.take(outside)
        part[outside], base[outside] = law.part(rows.weights, rows.live, rows.churn), law.base(rows)
    return part, base


def _folds(seen: Seen) -> Iterator[tuple[Ints, Ints]]:
    """(rows of the other families, rows of the families left out)."""
    fold = np.array([zlib.crc32(name.encode()) % FOLDS for name in seen.families])
    for number in np.unique(fold):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _errors(seen: Seen, part: Floats, base: Floats) -> Floats:
    """Log of true over said part; a process smaller than its runtime counts as a quarter of its part."""
    true = np.maximum(seen.peak - base, _LEAST_PART * part)
    return np.asarray(np.log(true / part), dtype=np.float64)
