"""What a target's predictor says of the latency of a whole catalogue, how sure it is, and in which words. Knows no store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from advisor.predict.deviations import applied
from advisor.predict.evidence import REGIMES, regime
from advisor.predict.features import GENERATING, Floats, Key, Table, design, group_macs
from advisor.predict.intervals import NORMAL_90
from advisor.predict.model import device_share, log_time
from advisor.predict.predictor import AS_MODELLED, Deviates, Predictor, lengthened
from advisor.predict.support import Networks, extrapolations
from advisor.records import READS_OTHERWISE

NOTABLE_HABIT = 0.15
"""Log from which a source's habit is said."""
_EXTRAPOLATED_WIDER = 1.5
_TOO_WIDE = log(10.0)
"""Half-width beyond which nothing is picked: a number that may be ten times as much is none to decide by."""
_HALF = 0.5
_SAID_UNLIKE = (
    "what takes most of its time, or one of its size, was measured on similar devices only: interval as on a new device"
)
_SAID_TOO_WIDE = "its interval spans more than ten times its value: measure it, or others here, first"


@dataclass(frozen=True)
class Subject:
    """The catalogue in the order of its table, with what could not be counted."""

    table: Table
    uncounted: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Latencies:
    """Predicted milliseconds and half-widths of every architecture, and the words that go with them."""

    value: Floats
    half_width: Floats
    least: Floats
    """What the device takes at its peak rate."""
    extrapolated: Sequence[bool]
    flags: Sequence[tuple[str, ...]]


def predict_latencies(predictor: Predictor, subject: Subject, batch_size: int) -> Latencies:
    """What the predictor says of every architecture of the catalogue."""
    table, target = subject.table, predictor.target
    rows = np.arange(len(table.keys))
    work = design(table, rows, float(batch_size), target.precision, target.runtime)
    readings = [predictor.readings.get(key, AS_MODELLED) for key in table.keys]
    parts = lengthened(work * predictor.coefficients, readings)
    macs = group_macs(table).sum(1)
    where = regime(batch_size)
    mean, sd, relatives = _deviations(predictor, table.keys)
    spread = predictor.spreads[where]
    common = (*predictor.notes, *((spread.note,) if spread.note else ()), *_alone(predictor, where))
    assert predictor.support is not None  # noqa: S101 - only a predictor with a reason has none
    networks = Networks(parts, macs, table.attention)
    outside, reasons = extrapolations(predictor.support, networks, predictor.where)
    sd = np.hypot(sd, np.abs(np.array(readings)).max(1) / NORMAL_90)
    widths = _half_widths(predictor, where, parts, sd, relatives) * np.where(outside, _EXTRAPOLATED_WIDER, 1.0)
    unlike = _unlike(predictor, where, networks, widths) & ~outside
    widths = np.where(unlike, predictor.elsewhere[where].half_width, widths) if unlike.any() else widths
    wide = widths > _TOO_WIDE
    doubts = [
        (*((_SAID_UNLIKE,) if u else ()), *((_SAID_TOO_WIDE,) if w else ()))
        for u, w in zip(unlike.tolist(), wide.tolist(), strict=True)
    ]
    flags = [
        common if not (r or d or u) else (*r, *d, *_uncounted(u), *common)
        for r, d, u in zip(reasons, doubts, subject.uncounted, strict=True)
    ]
    least = (work * predictor.least).sum(1)
    values = np.maximum(_times(predictor.power, parts, mean), least)
    if target.runtime in GENERATING and batch_size > 1:
        # what only a batch of one pays must not make it slower than a larger one
        one = lengthened(design(table, rows, 1.0, target.precision, target.runtime) * predictor.coefficients, readings)
        values = np.maximum(values, _times(predictor.power, one, mean))
    return Latencies(values, widths, least, (outside | wide).tolist(), flags)


def _unlike(predictor: Predictor, where: str, networks: Networks, widths: Floats) -> NDArray[np.bool_]:
    """Networks whose main operators or size were measured on similar devices, but not on this one; where that makes them less sure."""
    if predictor.own is None or where not in predictor.calibrated or where not in predictor.elsewhere:
        return np.zeros(len(widths), dtype=bool)
    return extrapolations(predictor.own, networks, "")[0] & (widths < predictor.elsewhere[where].half_width)


def _half_widths(predictor: Predictor, where: str, parts: Floats, sd: Floats, relatives: NDArray[np.bool_]) -> Floats:
    """Of every architecture. Where launches set the pace, rows of large batches say nothing of them: no narrower than for smaller ones."""
    widths = predictor.spreads[where].half_widths(sd, relatives)
    if predictor.power == 1.0:
        return widths
    launched = device_share(parts, np.zeros(parts.shape[1]), predictor.power) < _HALF
    smaller = [predictor.spreads[name] for name in REGIMES[: REGIMES.index(where)] if name in predictor.spreads]
    for spread in smaller:
        widths = np.where(launched, np.maximum(widths, spread.half_widths(sd, relatives)), widths)
    return widths


def _alone(predictor: Predictor, where: str) -> tuple[str, ...]:
    """What to know before the target is compared with others: its only source may read slow, and then all of it seems slow."""
    sources = predictor.sources.get(where, ()) if where in predictor.calibrated else ()
    habit = predictor.habits.get(f"{sources[0]} {where}", 0.0) if len(sources) == 1 else 0.0
    if abs(habit) <= NOTABLE_HABIT:
        return ()
    than, seems = ("slower", "slow") if habit > 0 else ("faster", "fast")
    return (
        f"only {sources[0]} {READS_OTHERWISE} {exp(abs(habit)):.1f} times {than} than others on similar devices: "
        f"beside boards that others measured this one seems {seems}",
    )


def _deviations(predictor: Predictor, keys: Sequence[Key]) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """(mean, standard deviation, whether of a measured family) of how networks deviate; of one that the fit did not know: none."""
    usual = Deviates(0.0, max((d.sd for d in predictor.deviations.values()), default=0.0), False)
    known = [predictor.deviations.get(key, usual) for key in keys]
    return (
        np.array([d.mean for d in known]), np.array([d.sd for d in known]), np.array([d.relative for d in known], dtype=bool)
    )  # fmt: skip


def _uncounted(ops: tuple[str, ...]) -> tuple[str, ...]:
    return (f"not counted, so the prediction may be too low: {', '.join(ops)}",) if ops else ()


def _times(power: float, parts: Floats, deviates: Floats) -> Floats:
    """Milliseconds of networks that deviate, in logs; copies are not part of a forward pass."""
    return np.exp(log_time(applied(parts, deviates, power), np.zeros(parts.shape[1]), power))
