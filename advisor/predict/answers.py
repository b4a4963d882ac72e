"""Estimates of a whole catalogue on one target: what was measured, else what the target's predictor says. Knows no store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from advisor.predict.deviations import applied
from advisor.predict.evidence import FITTED_STATISTICS, REGIMES, Cell, regime, source_line
from advisor.predict.features import Floats, Key, Table, design, group_macs
from advisor.predict.intervals import NORMAL_90
from advisor.predict.memory import MemoryEstimates
from advisor.predict.model import device_share, log_time
from advisor.predict.predictor import AS_MODELLED, Deviates, Predictor, lengthened
from advisor.predict.processes import weighed
from advisor.predict.software import newest_first
from advisor.predict.support import Networks, extrapolations
from advisor.records import GRADES, Estimate, Measurement, Quantity, Target

MEMORY_SOURCE = "runtime-memory"
"""Id of the shipped constants in benchmarks_db/sources.toml; runtime_memory.toml cites each."""
_EXTRAPOLATED_WIDER = 1.5
_TOO_WIDE = log(10.0)
"""Half-width beyond which nothing is picked: a number that may be ten times as much is none to decide by."""
_HALF = 0.5
_NOISE_BY_GRADE = {"A": 0.08, "B": 0.12, "C": 0.2, "D": 0.4}
"""Half-width of a single measurement's interval: repeatability and what the source left unsaid, in logs."""
_REPEATS = 0.05
"""Half-width, in logs, of a number measured with its own interval, on another day of the same machine."""
_MEMORY_REPEATS = 0.05
"""Share by which peak memory differs between runs and library builds of one version."""
_NOTABLE_HABIT, _CONTRADICTION = 0.15, 0.35
"""Logs from which a source's habit, or a difference between sources, is said."""

_SAID_TOO_WIDE = "its interval spans more than ten times its value: measure it, or others here, first"

MemoryRow: TypeAlias = tuple["Quantity | None", str, Mapping[str, float]]
"""Memory, the reason where it is unknown, its parts."""


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
    work = design(table, rows, float(batch_size), target.precision, target.runtime, cache=predictor.cache)
    readings = [predictor.readings.get(key, AS_MODELLED) for key in table.keys]
    parts = lengthened(work * predictor.coefficients, readings)
    macs = group_macs(table).sum(1)
    where = regime(batch_size)
    mean, sd, relatives = _deviations(predictor, table.keys)
    spread = predictor.spreads[where]
    common = (*predictor.notes, *((spread.note,) if spread.note else ()), *_alone(predictor, where))
    assert predictor.support is not None  # noqa: S101 - only a predictor with a reason has none
    outside, reasons = extrapolations(predictor.support, Networks(parts, macs, table.attention), predictor.where)
    sd = np.hypot(sd, np.abs(np.array(readings)).max(1) / NORMAL_90)
    widths = _half_widths(predictor, where, parts, sd, relatives) * np.where(outside, _EXTRAPOLATED_WIDER, 1.0)
    wide = widths > _TOO_WIDE
    flags = [
        common if not (r or u or w) else (*r, *((_SAID_TOO_WIDE,) if w else ()), *_uncounted(u), *common)
        for r, u, w in zip(reasons, subject.uncounted, wide.tolist(), strict=True)
    ]
    least = (work * predictor.least).sum(1)
    values = np.maximum(_times(predictor.power, parts, mean), least)
    return Latencies(values, widths, least, (outside | wide).tolist(), flags)


def _half_widths(predictor: Predictor, where: str, parts: Floats, sd: Floats, relatives: NDArray[np.bool_]) -> Floats:
    """Of every architecture. Where launches set the pace, rows of large batches say nothing of them: no narrower than for smaller ones."""
    widths = predictor.spreads[where].half_widths(sd, relatives)
    if predictor.power == 1.0:
        return widths
    launched = device_share(parts, np.zeros(parts.shape[1]), predictor.power) < _HALF
    for smaller in REGIMES[: REGIMES.index(where)]:
        wider = np.maximum(widths, predictor.spreads[smaller].half_widths(sd, relatives))
        widths = np.where(launched, wider, widths)
    return widths


def _alone(predictor: Predictor, where: str) -> tuple[str, ...]:
    """What to know before the target is compared with others: its only source may read slow, and then all of it seems slow."""
    sources = predictor.sources.get(where, ()) if where in predictor.calibrated else ()
    habit = predictor.habits.get(f"{sources[0]} {where}", 0.0) if len(sources) == 1 else 0.0
    if abs(habit) <= _NOTABLE_HABIT:
        return ()
    than = "slower" if habit > 0 else "faster"
    return (
        f"only {sources[0]} measured here, which reads {exp(abs(habit)):.1f} times {than} than others on similar devices: "
        f"they may not be {'faster' if habit > 0 else 'slower'} than this one",
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


def estimates(
    predictor: Predictor,
    subject: Subject,
    batch_size: int,
    measured: Mapping[Key, Sequence[Measurement]],
    memory: Sequence[MemoryRow],
) -> list[Estimate]:
    """One row per architecture and resolution. `measured` holds what `comparable` found; `memory` is in the table's order."""
    known = {key: _measured(rows, predictor) for key, rows in measured.items()}
    if predictor.reason:
        return _without_latency(predictor, subject, batch_size, known, memory)
    found = predict_latencies(predictor, subject, batch_size)
    where = regime(batch_size)
    basis, sources = ("calibrated" if where in predictor.calibrated else "predicted"), predictor.sources.get(where, ())
    low = np.maximum(found.value * np.exp(-found.half_width), found.least)
    high = found.value * np.exp(found.half_width)
    numbers = zip(found.value.tolist(), low.tolist(), high.tolist(), strict=True)
    rows = []
    for i, ((signature, resolution), (value, least, most)) in enumerate(zip(subject.table.keys, numbers, strict=True)):
        latency, throughput, flags = known.get((signature, resolution), (None, None, found.flags[i]))
        if latency is None:
            latency = Quantity(value, least, most, basis, found.extrapolated[i], sources)
        size, reason, parts = memory[i]
        rows.append(Estimate(signature, resolution, batch_size, latency, "", throughput, size, reason, parts, flags))
    return rows


def observed(
    measurements: Sequence[Measurement],
    target: Target,
    batch_size: int,
    keys: Sequence[Key],
    memory: Sequence[MemoryRow],
) -> list[MemoryRow]:
    """Memory rows in the order of `keys`: as measured on the target where it was, with a latency or without, else as predicted."""
    found: dict[Key, list[Measurement]] = {}
    for m in measurements:
        if weighed(m) and m.batch_size == batch_size and Cell.of(m.target) == Cell.of(target):
            found.setdefault((m.signature, m.resolution), []).append(m)
    return [_held(found[key], row) if key in found else row for key, row in zip(keys, memory, strict=True)]


def as_measured(known: Estimate, rows: Sequence[Measurement], predictor: Predictor) -> Estimate:
    """The estimate of an architecture once it was measured."""
    latency, throughput, flags = _measured(rows, predictor)
    key, predicted = (known.signature, known.resolution), (known.memory, known.memory_reason, known.memory_parts_mib)
    ((memory, reason, parts),) = observed(rows, predictor.target, known.batch_size, [key], [predicted])
    return known._replace(
        latency=latency, latency_reason="", throughput_img_s=throughput, memory=memory, memory_reason=reason,
        memory_parts_mib=parts, flags=flags,
    )  # fmt: skip


def _held(rows: Sequence[Measurement], predicted: MemoryRow) -> MemoryRow:
    """What weights and activations do not explain is the runtime's."""
    best = min(rows, key=lambda m: (GRADES.index(m.grade), m.id))
    value, parts = best.memory_mib or 0.0, dict(predicted[2])
    if parts:
        parts["runtime"] = max(0.0, value - parts["weights"] - parts["activations"])
    held = Quantity(
        value, value * (1 - _MEMORY_REPEATS), value * (1 + _MEMORY_REPEATS), "measured", False, (best.source,)
    )
    return held, "", parts


def _without_latency(
    predictor: Predictor,
    subject: Subject,
    batch_size: int,
    known: Mapping[Key, tuple[Quantity | None, float | None, tuple[str, ...]]],
    memory: Sequence[MemoryRow],
) -> list[Estimate]:
    rows = []
    for (signature, resolution), (size, why, parts) in zip(subject.table.keys, memory, strict=True):
        latency, throughput, flags = known.get((signature, resolution), (None, None, ()))
        reason = "" if latency is not None else predictor.reason
        rows.append(Estimate(signature, resolution, batch_size, latency, reason, throughput, size, why, parts, flags))
    return rows


def comparable(measurements: Sequence[Measurement], target: Target, batch_size: int) -> dict[Key, list[Measurement]]:
    """Measurements of this very target and batch, forward only, of typical latency; the mode may be unstated."""
    found: dict[Key, list[Measurement]] = {}
    for m in measurements:
        same = Cell.of(m.target) == Cell.of(target) and m.batch_size == batch_size and m.timing_scope == "forward"
        if (
            same
            and m.latency_ms
            and m.statistic in FITTED_STATISTICS
            and m.target.power_mode in ("", target.power_mode)
        ):
            found.setdefault((m.signature, m.resolution), []).append(m)
    return found


def _measured(
    rows: Sequence[Measurement], predictor: Predictor
) -> tuple[Quantity | None, float | None, tuple[str, ...]]:
    """The most comparable, then best documented, then newest measurement.

    The interval covers what the other sources say, and what the source's habit on similar devices casts doubt on.
    """
    newest: dict[str, Measurement] = {}
    for m in sorted(rows, key=lambda m: _preference(m, predictor.target)):
        newest.setdefault(m.source, m)
    best = next(iter(newest.values()))
    value, habit = best.latency_ms or 0.0, predictor.habits.get(source_line(best), 0.0)
    bounds = [_bounds(m) for m in newest.values() if m.grade != "D" or m is best]
    low, high = min(low for low, _ in bounds), max(high for _, high in bounds)
    flags = [*best.caveats]
    if abs(habit) > _NOTABLE_HABIT:
        low, high = min(low, log(value) - habit), max(high, log(value) - habit)
        flags.append(
            f"{best.source} reads {exp(abs(habit)):.1f} times {'slower' if habit > 0 else 'faster'} than others on similar devices"
        )
    if len(bounds) > 1 and high - low > _CONTRADICTION:
        flags.append(f"sources differ: {', '.join(f'{m.source} {m.latency_ms:.3g} ms' for m in newest.values())}")
    return Quantity(value, exp(low), exp(high), "measured", False, tuple(newest)), best.throughput_img_s, tuple(flags)


def of_measurement(m: Measurement) -> Quantity:
    """What one measurement alone says of the latency (ms of the whole batch)."""
    low, high = _bounds(m)
    return Quantity(m.latency_ms or 0.0, exp(low), exp(high), "measured", False, (m.source,))


def _bounds(m: Measurement) -> tuple[float, float]:
    """Logs between which the time lies by one measurement: its own interval, but no closer than another day repeats it."""
    value, noise = log(m.latency_ms or 1.0), _NOISE_BY_GRADE[m.grade]
    if not {"ci_low", "ci_high"} <= set(m.quantiles):
        return value - noise, value + noise
    repeat = noise if m.grade != "A" else _REPEATS
    return min(log(m.quantiles["ci_low"]), value - repeat), max(log(m.quantiles["ci_high"]), value + repeat)


def _preference(m: Measurement, target: Target) -> tuple[object, ...]:
    return (
        m.target.power_mode != target.power_mode, m.target.runtime_options != target.runtime_options, GRADES.index(m.grade),
        not m.target.software,
        newest_first(m.target.software), m.statistic != "p50", m.id,
    )  # fmt: skip


def memory_rows(found: MemoryEstimates, count: int) -> list[MemoryRow]:
    """(memory, reason where unknown, parts) of every architecture."""
    if found.reason:
        return [(None, found.reason, {})] * count
    listed = (found.value, found.low, found.high, found.weights, found.activations, found.runtime)
    columns = zip(*(c.tolist() for c in listed), strict=True)
    evidence = found.sources or (MEMORY_SOURCE,)
    return [
        (
            Quantity(v, lo, hi, found.basis, False, evidence),
            "",
            {"weights": w, "activations": a, "runtime": r},
        )
        for v, lo, hi, w, a, r in columns
    ]
