"""How far each network deviates from the additive model on a target: learnt from those measured there, and from another device.

A deviation is the natural logarithm of true over modelled time of the device's part. It belongs to a network on a target, not to a
batch size, so a larger batch never becomes faster by it. Knows no store.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.predict.features import Floats, Ints, Table
from advisor.predict.model import DEVICE
from advisor.predict.process import Points, learn, prior_variance, standardised
from advisor.predict.settings import Settings

_LARGEST = 2.5
"""Standard deviations beyond which a deviation is the network's own affair: it keeps it, others are not thought to resemble it in that."""
_MEASURED_SHARE, _GUESSED_SHARE = 0.9, 0.7
"""Share of a deviation on one device that is expected on a similar one: where the network was measured there, and where not."""
_LEFT_WHERE_MEASURED = 0.4
"""How far a network measured on a similar device may still deviate, relative to one that was not."""


@dataclass(frozen=True)
class Deviation:
    """Of every architecture of the table."""

    mean: Floats
    sd: Floats
    seen: NDArray[np.bool_]
    """Measured here."""
    relatives: NDArray[np.bool_]
    """Of a family of which a network was measured here."""

    def on_similar(self) -> Borrowed:
        """What of it is expected on a similar device."""
        return Borrowed(np.where(self.seen, _MEASURED_SHARE, _GUESSED_SHARE) * self.mean, self.seen)


@dataclass(frozen=True)
class Borrowed:
    """Deviations expected from another device, and of which networks they were measured there."""

    mean: Floats
    seen: NDArray[np.bool_]

    @staticmethod
    def nothing(count: int) -> Borrowed:
        """Where there is no similar device."""
        return Borrowed(np.zeros(count), np.zeros(count, dtype=bool))

    def amplitude(self) -> Floats:
        """How far each network may deviate from it."""
        return np.where(self.seen, _LEFT_WHERE_MEASURED, 1.0)


@dataclass(frozen=True)
class Seen:
    """Rows of a target bound by its device: position in the table, log of measured over modelled time, variance (1: a good one)."""

    at: Ints
    residual: Floats
    variance: Floats


def deviation(
    table: Table, families: Ints, signatures: Ints, shares: Floats, seen: Seen, borrowed: Borrowed, settings: Settings
) -> Deviation:
    """Learn from the rows seen; `shares` are of each network's modelled time on the target, `families` and `signatures` codes."""
    amplitude, count = borrowed.amplitude(), len(table.keys)
    if not len(seen.at):
        unknown, nowhere = Points(np.zeros((count, 0)), families, signatures, amplitude), np.zeros(count, dtype=bool)
        return Deviation(borrowed.mean, np.sqrt(prior_variance(unknown, settings)), nowhere, nowhere)
    keys, values, noise = _merged(seen)
    where = standardised(np.concatenate([table.descriptors, shares], axis=1), keys)
    points = Points(where, families, signatures, amplitude)
    most = _LARGEST * np.sqrt(prior_variance(points.take(keys), settings))
    shared = np.clip(values, -most, most)
    mean, sd = learn(points.take(keys), shared, noise, settings).expected(points)
    mean[keys] += values - shared
    measured = np.zeros(count, dtype=bool)
    measured[keys] = True
    return Deviation(borrowed.mean + mean, sd, measured, np.isin(families, families[keys]))


def _merged(seen: Seen) -> tuple[Ints, Floats, Floats]:
    """One value for each network: the mean of its rows by their weights, and its variance; repeats are not independent."""
    keys, where = np.unique(seen.at, return_inverse=True)
    weight = 1.0 / seen.variance
    total = np.bincount(where, weight)
    values = np.bincount(where, weight * seen.residual) / total
    count = np.bincount(where)
    return keys, values, np.asarray(count / total * count**-0.3, dtype=np.float64)


def applied(work: Floats, effect: Floats, power: float) -> Floats:
    """Work of rows on a device that deviates: its own terms, or all but copies where host and device add up."""
    changed: Floats = work.copy()
    columns = DEVICE if power != 1.0 else slice(0, DEVICE.stop + 2)
    changed[:, columns] *= np.exp(effect)[:, None]
    return changed
