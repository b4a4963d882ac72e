"""Estimates of a whole catalogue on one target: what was measured, else what the target's predictor says. Knows no store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log
from typing import TypeAlias

import numpy as np

from advisor.predict.evidence import FITTED_STATISTICS, Cell, regime, source_line
from advisor.predict.features import Key
from advisor.predict.latencies import NOTABLE_HABIT, Subject, predict_latencies
from advisor.predict.memory import MemoryEstimates
from advisor.predict.predictor import Predictor
from advisor.predict.processes import weighed
from advisor.predict.software import newest_first
from advisor.records import GRADES, Estimate, Measurement, Quantity, Target

MEMORY_SOURCE = "runtime-memory"
"""Id of the shipped constants in benchmarks_db/sources.toml; runtime_memory.toml cites each."""
_NOISE_BY_GRADE = {"A": 0.08, "B": 0.12, "C": 0.2, "D": 0.4}
"""Half-width of a single measurement's interval: repeatability and what the source left unsaid, in logs."""
_REPEATS = 0.05
"""Half-width, in logs, of a number measured with its own interval, on another day of the same machine."""
_MEMORY_REPEATS = 0.05
"""Share by which peak memory differs between runs and library builds of one version."""
_CONTRADICTION = 0.35
"""Log from which a difference between sources is said."""

MemoryRow: TypeAlias = tuple["Quantity | None", str, Mapping[str, float]]
"""Memory, the reason where it is unknown, its parts."""


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
    if abs(habit) > NOTABLE_HABIT:
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
