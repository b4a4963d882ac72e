"""Materialised estimates and fitted predictors: what `recommend` reads and `predict` writes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from advisor.records import Estimate, Quantity, Target
from advisor.store.targets import find_target, target_id
from advisor.store.texts import Texts

_PLACEHOLDERS = ", ".join("?" * 22)


class EstimateWriter:
    """Writes many estimates; one instance per transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._texts = Texts(db)
        self._ids = dict(db.execute("SELECT signature, id FROM architectures"))

    def write(self, target: Target, batch_size: int, estimates: Iterable[Estimate]) -> None:
        """Replace the estimates of a target at a batch size."""
        key = target_id(self._db, target)
        self._db.execute("DELETE FROM estimates WHERE target_id = ? AND batch_size = ?", (key, batch_size))
        self.add(target, batch_size, estimates)

    def add(self, target: Target, batch_size: int, estimates: Iterable[Estimate]) -> None:
        """Keep estimates of some architectures beside those of others."""
        key = target_id(self._db, target)
        self._db.executemany(
            f"INSERT OR REPLACE INTO estimates VALUES ({_PLACEHOLDERS})",  # noqa: S608 - placeholders only
            (self._row(key, batch_size, estimate) for estimate in estimates),
        )

    def _row(self, key: int, batch_size: int, e: Estimate) -> tuple[Any, ...]:
        parts = e.memory_parts_mib
        return (
            key, batch_size, self._ids[e.signature], e.resolution,
            *_numbers(e.latency), int(e.latency is not None and e.latency.extrapolated), self._evidence(e.latency),
            self._texts.id((e.latency_reason,) if e.latency_reason else ()), e.throughput_img_s,
            *_numbers(e.memory), self._evidence(e.memory), self._texts.id((e.memory_reason,) if e.memory_reason else ()),
            parts.get("weights"), parts.get("activations"), parts.get("runtime"), self._texts.id(e.flags),
        )  # fmt: skip

    def _evidence(self, quantity: Quantity | None) -> int:
        return self._texts.id(quantity.evidence if quantity else ())


def _numbers(quantity: Quantity | None) -> tuple[float | str | None, ...]:
    return (None,) * 4 if quantity is None else (quantity.value, quantity.low, quantity.high, quantity.basis)


_QUERY = """
SELECT a.signature, e.resolution, e.latency_ms, e.latency_low, e.latency_high, e.latency_basis, e.latency_extrapolated,
       e.latency_evidence, e.latency_reason, e.throughput_img_s, e.memory_mib, e.memory_low, e.memory_high, e.memory_basis,
       e.memory_evidence, e.memory_reason, e.weights_mib, e.activations_mib, e.runtime_mib, e.flags
FROM estimates e JOIN architectures a ON a.id = e.arch_id WHERE e.target_id = ? AND e.batch_size = ?"""


def has_estimates(db: sqlite3.Connection, target: Target, batch_size: int, signature: str | None = None) -> bool:
    """Whether estimates of a target at a batch size were kept: of every architecture and size, or of one architecture."""
    key = find_target(db, target)
    if key is None:
        return False
    if signature is not None:
        query = """SELECT 1 FROM estimates WHERE target_id = ? AND batch_size = ?
                   AND arch_id = (SELECT id FROM architectures WHERE signature = ?) LIMIT 1"""
        return db.execute(query, (key, batch_size, signature)).fetchone() is not None
    query = """SELECT (SELECT count(*) FROM estimates WHERE target_id = ? AND batch_size = ?)
                      >= (SELECT count(*) FROM complexity INDEXED BY complexity_sizes)"""
    return bool(db.execute(query, (key, batch_size)).fetchone()[0])


def read_estimates(db: sqlite3.Connection, target: Target, batch_size: int) -> list[Estimate]:
    """Materialised estimates of a target at a batch size; empty where none were computed."""
    texts = Texts(db)
    return [_estimate(row, batch_size, texts) for row in db.execute(_QUERY, (find_target(db, target), batch_size))]


def read_estimate(
    db: sqlite3.Connection, target: Target, batch_size: int, signature: str, resolution: int
) -> Estimate | None:
    """One materialised estimate, or None."""
    query = f"{_QUERY} AND a.signature = ? AND e.resolution = ?"
    row = db.execute(query, (find_target(db, target), batch_size, signature, resolution)).fetchone()
    return None if row is None else _estimate(row, batch_size, Texts(db))


def _estimate(row: tuple[Any, ...], batch_size: int, texts: Texts) -> Estimate:
    latency = _quantity(row[2:6], bool(row[6]), texts.value(row[7]))
    memory = _quantity(row[10:14], False, texts.value(row[14]))
    parts = {
        name: value
        for name, value in zip(("weights", "activations", "runtime"), row[16:19], strict=True)
        if value is not None
    }
    return Estimate(
        row[0], row[1], batch_size, latency, "".join(texts.value(row[8])), row[9],
        memory, "".join(texts.value(row[15])), parts, texts.value(row[19]),
    )  # fmt: skip


def _quantity(numbers: tuple[Any, ...], extrapolated: bool, evidence: tuple[str, ...]) -> Quantity | None:
    value, low, high, basis = numbers
    return None if value is None else Quantity(value, low, high, basis, extrapolated, evidence)


def write_predictor(db: sqlite3.Connection, target: Target, content: Mapping[str, Any]) -> None:
    """Keep a fitted predictor as JSON; loading it runs no code."""
    db.execute(
        "INSERT INTO predictors VALUES (?, ?) ON CONFLICT (target_id) DO UPDATE SET content = excluded.content",
        (target_id(db, target), json.dumps(content, allow_nan=False)),
    )


def read_predictor(db: sqlite3.Connection, target: Target) -> dict[str, Any] | None:
    """The fitted predictor of a target, or None."""
    row = db.execute("SELECT content FROM predictors WHERE target_id = ?", (find_target(db, target),)).fetchone()
    return None if row is None else dict(json.loads(row[0]))


def forget(db: sqlite3.Connection, keep: Collection[Target]) -> None:
    """Drop every estimate and predictor of targets that are not kept: the evidence or the catalogue has changed."""
    kept = [(find_target(db, target),) for target in keep]
    db.execute("CREATE TEMP TABLE kept (target_id INTEGER)")
    db.executemany("INSERT INTO kept VALUES (?)", [row for row in kept if row != (None,)])
    db.execute("DELETE FROM estimates WHERE target_id NOT IN (SELECT target_id FROM kept)")
    db.execute("DELETE FROM predictors WHERE target_id NOT IN (SELECT target_id FROM kept)")
    db.execute("DROP TABLE kept")
