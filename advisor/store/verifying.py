"""Proves that a database is whole: SQLite's own checks, foreign keys, and counts that must add up."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.store.schema import VERSION
from advisor.store.store import Store


@dataclass(frozen=True, slots=True)
class Check:
    """One statement about the database and whether it holds."""

    name: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True)
class SourceCount:
    """What became of the rows of one source."""

    source: str
    license: str
    rows: int
    accepted: int
    duplicate: int
    rejected: int


_COUNTS = {
    "models": "SELECT count(*) FROM models",
    "architectures": "SELECT count(*) FROM architectures",
    "architectures_with_resolution": "SELECT count(*) FROM complexity",
    "weights": "SELECT count(*) FROM weights",
    "weights_with_accuracy": "SELECT count(*) FROM weights WHERE top1 IS NOT NULL",
    "measurements": "SELECT count(*) FROM measurements",
    "sources": "SELECT count(*) FROM sources",
    "sources_with_measurements": "SELECT count(DISTINCT o.source_id) FROM measurements m JOIN observations o ON o.id = m.id",
    "devices": "SELECT count(*) FROM devices",
    "devices_with_measurements": "SELECT count(DISTINCT t.device) FROM measurements m JOIN targets t ON t.id = m.target_id",
    "targets": "SELECT count(*) FROM targets",
    "predictions": "SELECT count(*) FROM estimates WHERE latency_basis IN ('calibrated', 'predicted')",
}


def counts(store: Store) -> dict[str, int]:
    """How much is in the database, by name."""
    found = {"schema_version": VERSION}
    found.update({name: int(store.db.execute(query).fetchone()[0]) for name, query in _COUNTS.items()})
    return found


def by_source(store: Store) -> list[SourceCount]:
    """Rows of every source by outcome."""
    query = """SELECT s.name, s.license, count(*), sum(o.outcome = 'accepted'), sum(o.outcome = 'duplicate'), sum(o.outcome = 'rejected')
               FROM observations o JOIN sources s ON s.id = o.source_id GROUP BY s.id ORDER BY s.name"""
    return [SourceCount(*row) for row in store.db.execute(query)]


def rejections(store: Store) -> list[tuple[str, str, int]]:
    """(source, reason, rows) of what was rejected, most rows first."""
    query = """SELECT s.name, o.reason, count(*) FROM observations o JOIN sources s ON s.id = o.source_id
               WHERE o.outcome = 'rejected' GROUP BY s.id, o.reason ORDER BY 3 DESC"""
    return list(store.db.execute(query))


def checks(store: Store) -> list[Check]:
    """Every check with its figures; all hold in an intact database."""
    return [
        _integrity(store),
        _foreign_keys(store),
        _sources_add_up(store),
        _accepted_are_measured(store),
        _signatures(store),
        _finite(store),
    ]


def _integrity(store: Store) -> Check:
    (answer,) = store.db.execute("PRAGMA integrity_check(1)").fetchone()
    return Check("SQLite integrity", answer == "ok", str(answer))


def _foreign_keys(store: Store) -> Check:
    broken = store.db.execute("PRAGMA foreign_key_check").fetchall()
    return Check("foreign keys", not broken, f"{len(broken)} rows point to nothing")


def _sources_add_up(store: Store) -> Check:
    rows = by_source(store)
    wrong = [r.source for r in rows if r.rows != r.accepted + r.duplicate + r.rejected]
    total = sum(r.rows for r in rows)
    sums = f"{total} = {sum(r.accepted for r in rows)} accepted + {sum(r.duplicate for r in rows)} duplicate"
    return Check("rows of every source add up", not wrong, f"{sums} + {sum(r.rejected for r in rows)} rejected")


def _accepted_are_measured(store: Store) -> Check:
    query = """SELECT (SELECT count(*) FROM observations WHERE outcome = 'accepted'), count(*) FROM measurements m
               JOIN observations o ON o.id = m.id AND o.outcome = 'accepted'"""
    accepted, measured = store.db.execute(query).fetchone()
    return Check(
        "accepted rows are measurements", accepted == measured, f"{accepted} accepted, {measured} measurements"
    )


def _signatures(store: Store) -> Check:
    query = """SELECT count(*) FROM measurements m LEFT JOIN complexity c ON c.arch_id = m.arch_id AND c.resolution = m.resolution
               WHERE c.arch_id IS NULL"""
    (missing,) = store.db.execute(query).fetchone()
    return Check("measurements have complexity", missing == 0, f"{missing} without")


def _finite(store: Store) -> Check:
    query = """SELECT count(*) FROM observations o JOIN measurements m ON m.id = o.id
               WHERE NOT coalesce(o.latency_ms, o.throughput_img_s, o.memory_mib) > 0"""
    (wrong,) = store.db.execute(query).fetchone()
    return Check("figures are positive", wrong == 0, f"{wrong} are not")
