"""The one query of an answer: weights, architectures and estimates of a target, joined, as light rows."""

from __future__ import annotations

import sqlite3
from functools import partial

from advisor.records import Candidate, Target
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


def precision_accuracies(db: sqlite3.Connection, precision: str) -> dict[tuple[str, str, int], tuple[float, str]]:
    """(model, weights tag, resolution) -> (top-1 percent, source) observed at a precision."""
    query = "SELECT model, tag, resolution, top1, source FROM precision_accuracy WHERE precision = ?"
    return {(model, tag, size): (top1, source) for model, tag, size, top1, source in db.execute(query, (precision,))}
