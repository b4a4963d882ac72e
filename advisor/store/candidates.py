"""The one query of an answer: weights, architectures and estimates of a target, joined, as light rows."""

from __future__ import annotations

import json
import sqlite3
from functools import partial
from typing import NamedTuple

from advisor.errors import DataError
from advisor.records import Candidate, Makeup, Target
from advisor.store.targets import find_target

_QUERY = """
SELECT a.signature, a.family, w.model, w.tag, w.resolution, w.top1, w.license, c.params, c.macs,
       e.latency_ms, e.latency_low, e.latency_high, e.latency_extrapolated, e.throughput_img_s,
       e.memory_mib, e.memory_low, e.memory_high
FROM estimates e
JOIN weights w ON w.arch_id = e.arch_id AND w.resolution = e.resolution
JOIN complexity c INDEXED BY complexity_sizes ON c.arch_id = e.arch_id AND c.resolution = e.resolution
JOIN architectures a ON a.id = e.arch_id
WHERE e.target_id = ? AND e.batch_size = ? AND w.top1 IS NOT NULL
"""


def candidates(db: sqlite3.Connection, target: Target, batch_size: int) -> list[Candidate]:
    """Every set of weights with a known top-1 whose architecture has an estimate at the weights' resolution."""
    key = find_target(db, target)
    return list(map(partial(tuple.__new__, Candidate), db.execute(_QUERY, (key, batch_size))))


def candidates_of(db: sqlite3.Connection, target: Target, batch_size: int, signature: str) -> list[Candidate]:
    """The same of one architecture."""
    arguments = (find_target(db, target), batch_size, signature)
    return list(map(partial(tuple.__new__, Candidate), db.execute(_QUERY + "AND a.signature = ?", arguments)))


def makeup(db: sqlite3.Connection, model: str, resolution: int) -> Makeup | None:
    """What a model is made of, or None where it was not traced at the resolution."""
    query = """SELECT a.family, c.classes, c.extras FROM models m JOIN architectures a ON a.id = m.arch_id
               JOIN complexity c ON c.arch_id = m.arch_id WHERE m.name = ? AND c.resolution = ?"""
    row = db.execute(query, (model, resolution)).fetchone()
    if row is None:
        return None
    classes = {name: tuple(values) for name, values in json.loads(row[1]).items()}
    return Makeup(
        row[0],
        {name: int(values[0]) for name, values in classes.items()},
        {name: float(values[1]) for name, values in classes.items()},
        {name: float(values[4]) for name, values in classes.items()},
        int(json.loads(row[2]).get("max_branching", 1)),
    )


def precision_accuracies(db: sqlite3.Connection, precision: str) -> dict[tuple[str, str, int], tuple[float, str]]:
    """(model, weights tag, resolution) -> (top-1 percent, source) observed at a precision."""
    query = "SELECT model, tag, resolution, top1, source FROM precision_accuracy WHERE precision = ?"
    return {(model, tag, size): (top1, source) for model, tag, size, top1, source in db.execute(query, (precision,))}


_ACCURACIES = ("top1", "top5", "real_top1", "v2_top1", "a_top1", "r_top1", "sketch_top1")


def accuracies(db: sqlite3.Connection, column: str) -> dict[tuple[str, str, int], tuple[float, str]]:
    """(model, weights tag, resolution) -> (percent, source) on the test set that `column` of the weights is of."""
    if column not in _ACCURACIES:
        raise DataError(f"weights have no accuracy called {column!r}; known: {', '.join(_ACCURACIES)}")
    query = f"SELECT model, tag, resolution, {column}, source FROM weights WHERE {column} IS NOT NULL"  # noqa: S608 - a constant
    return {(model, tag, size): (percent, source) for model, tag, size, percent, source in db.execute(query)}


def precision_doubts(db: sqlite3.Connection, runtime: str, precision: str) -> dict[str, str]:
    """Family -> why its accuracy is in doubt at a precision in a runtime, with the source."""
    query = "SELECT family, reason, source FROM precision_doubts WHERE runtime = ? AND precision = ?"
    return {family: f"{reason} ({source})" for family, reason, source in db.execute(query, (runtime, precision))}


class PowerRow(NamedTuple):
    """A metered power on a target at a batch size."""

    signature: str
    resolution: int
    power_w: float
    scope: str
    latency_ms: float | None
    """Of the batch, where the same observation states it."""
    grade: str
    source: str


_POWER = """
SELECT a.signature, m.resolution, o.power_w, o.power_scope, o.latency_ms, m.grade, s.name
FROM observations o INDEXED BY observations_with_power
JOIN measurements m ON m.id = o.id
JOIN targets t ON t.id = m.target_id JOIN architectures a ON a.id = m.arch_id JOIN sources s ON s.id = o.source_id
WHERE o.power_w IS NOT NULL AND o.batch_size = ? AND t.device = ? AND t.compute_unit = ? AND t.power_mode = ? AND t.runtime = ?
  AND t.precision = ? AND t.memory_format = ? AND t.threads = ? AND o.timing_scope = 'forward'
ORDER BY m.grade, m.id
"""


def power(db: sqlite3.Connection, target: Target, batch_size: int) -> list[PowerRow]:
    """Metered power in exactly this power mode of a target, best documented first: another mode draws another power."""
    key = (
        batch_size, target.device, target.compute_unit, target.power_mode, target.runtime, target.precision,
        target.memory_format, target.threads,
    )  # fmt: skip
    return [PowerRow(*row) for row in db.execute(_POWER, key)]
