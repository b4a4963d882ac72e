"""A Gaussian process over networks: what was seen of some says what to expect of those that resemble them, and how surely.

Two networks resemble each other by their descriptors (Matern 3/2 at two lengths, Rasmussen and Williams 2006, eq. 4.17), by family,
and most where they are one architecture. Works on arrays only; knows no device and no file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from advisor.predict.features import Floats, Ints
from advisor.predict.settings import Settings

_CLIP = 4.0
"""Standard deviations from the mean beyond which a descriptor says only `far`."""
_SAME = 1e-6


@dataclass(frozen=True)
class Points:
    """Networks: standardised descriptors, codes of families and architectures, and how far each may deviate at all (1: fully)."""

    where: Floats
    families: Ints
    signatures: Ints
    amplitude: Floats

    def take(self, chosen: Ints | NDArray[np.bool_]) -> Points:
        """Some of the networks."""
        return Points(
            self.where[chosen], self.families[chosen], self.signatures[chosen], self.amplitude[chosen]
        )  # fmt: skip


@dataclass(frozen=True)
class Process:
    """What was learnt."""

    settings: Settings
    points: Points
    weights: Floats
    factor: Floats
    """Lower Cholesky factor of the covariance of what was seen."""

    def expected(self, points: Points) -> tuple[Floats, Floats]:
        """(mean, standard deviation) at other networks."""
        between = _covariance(points, self.points, self.settings)
        spread = solve_triangular(self.factor, between.T, lower=True, check_finite=False)
        variance = prior_variance(points, self.settings) - (spread**2).sum(0)
        return between @ self.weights, np.sqrt(np.maximum(variance, _SAME))


def learn(points: Points, values: Floats, noise: Floats, settings: Settings) -> Process:
    """From values at points; `noise` is the variance of each in multiples of that of a good row."""
    covariance = _covariance(points, points, settings)
    covariance[np.diag_indices_from(covariance)] += settings.noise * noise
    factor, lower = cho_factor(covariance, lower=True, check_finite=False)
    return Process(settings, points, cho_solve((factor, lower), values, check_finite=False), np.tril(factor))


def standardised(descriptors: Floats, seen: Ints) -> Floats:
    """Columns centred and scaled by the rows `seen`, far values clipped; columns that do not vary there are left out."""
    centre, scale = descriptors[seen].mean(0), descriptors[seen].std(0)
    varying = scale > _SAME
    scaled = (descriptors[:, varying] - centre[varying]) / scale[varying]
    return np.asarray(np.clip(scaled, -_CLIP, _CLIP), dtype=np.float64)


def prior_variance(points: Points, settings: Settings) -> Floats:
    """Of networks that nothing seen resembles."""
    whole = settings.broad + settings.narrow + settings.family + settings.own
    return np.asarray(points.amplitude**2 * whole, dtype=np.float64)


def _covariance(left: Points, right: Points, settings: Settings) -> Floats:
    distance = _distances(left.where, right.where)
    found = settings.broad * _matern(distance, settings.broad_length) + settings.narrow * _matern(
        distance, settings.narrow_length
    )
    relatives = left.families[:, None] == right.families[None]
    found += settings.family * relatives * _matern(distance, settings.family_length)
    found += settings.own * (left.signatures[:, None] == right.signatures[None])
    return np.asarray(found * left.amplitude[:, None] * right.amplitude[None], dtype=np.float64)


def _distances(left: Floats, right: Floats) -> Floats:
    """Root mean square over descriptors, so that lengths do not depend on how many there are."""
    squares = (left**2).sum(1)[:, None] + (right**2).sum(1)[None] - 2.0 * left @ right.T
    return np.asarray(np.sqrt(np.maximum(squares, 0.0) / max(left.shape[1], 1)), dtype=np.float64)


def _matern(distance: Floats, length: float) -> Floats:
    scaled = np.sqrt(3.0) * distance / length
    return np.asarray((1.0 + scaled) * np.exp(-scaled), dtype=np.float64)
