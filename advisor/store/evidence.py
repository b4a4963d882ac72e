"""Observations and the measurements they map to. Facts are only ever added or re-mapped, never edited."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any

from advisor.records import Measurement, Observation, Target
from advisor.store.targets import COLUMNS, target_id
from advisor.store.texts import Texts

_OBSERVATION = (
    "locator", "model", "library_hint", "device", "runtime", "precision", "batch_size", "resolution", "latency_ms",
    "throughput_img_s", "memory_mib", "memory_kind", "statistic", "timing_scope", "samples", "memory_format", "power_mode",
    "threads", "software",
)  # fmt: skip
_PRINTED = attrgetter(*_OBSERVATION)
_BATCH = 500
"""Placeholders in one query; SQLite allows at least 999."""


Outcome = tuple[str, str]
"""(accepted, duplicate or rejected; why)."""


class EvidenceWriter:
    """Adds observations with their outcome; remembers row ids, so that 20,000 rows take a second."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._texts = Texts(db)
        self._targets: dict[Target, int] = {}
        self._arch = dict(db.execute("SELECT name, arch_id FROM models"))
        self._sources: dict[str, int] = dict(db.execute("SELECT name, id FROM sources"))

    def known(self, ids: Iterable[str]) -> dict[str, Outcome]:
        """Those of the observations that are in the database already, with what became of them then."""
        found: dict[str, Outcome] = {}
        batch = list(ids)
        for start in range(0, len(batch), _BATCH):
            part = batch[start : start + _BATCH]
            query = f"SELECT id, outcome, reason FROM observations WHERE id IN ({', '.join('?' * len(part))})"  # noqa: S608 - placeholders
            found.update({key: (outcome, reason) for key, outcome, reason in self._db.execute(query, part)})
        return found

    def forget(self, observation_id: str) -> None:
        """Drop an observation that is to be added anew."""
        self._db.execute("DELETE FROM observations WHERE id = ?", (observation_id,))

    def add(self, seen: Iterable[tuple[Observation, Outcome]], origin: str) -> None:
        """Store observations that are not known yet."""
        self._db.executemany(
            f"INSERT INTO observations VALUES ({', '.join('?' * 29)})",  # noqa: S608 - placeholders only
            (self._row(observation, origin, outcome) for observation, outcome in seen),
        )

    def _row(self, seen: Observation, origin: str, outcome: Outcome) -> tuple[Any, ...]:
        return (
            seen.id, self._source(seen.source, origin), origin, *outcome, *_PRINTED(seen),
            json.dumps(dict(seen.quantiles)) if seen.quantiles else "{}", seen.note, seen.accelerators, seen.power_w,
            seen.power_scope,
        )  # fmt: skip

    def add_measurements(self, found: Iterable[Measurement]) -> None:
        """Store the measurements of accepted observations."""
        rows = [self._measurement(m) for m in found]
        self._db.executemany("INSERT INTO measurements VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def _measurement(self, m: Measurement) -> tuple[Any, ...]:
        if m.target not in self._targets:
            self._targets[m.target] = target_id(self._db, m.target)
        caveats = self._texts.id(m.caveats)
        return (m.id, m.model, self._arch[m.model], m.resolution, self._targets[m.target], m.grade, caveats)

    def _source(self, name: str, origin: str) -> int:
        if name not in self._sources:
            self._db.execute(
                "INSERT INTO sources (name, origin, title, url, license, citation) VALUES (?, ?, ?, '', 'unknown', '')",
                (name, origin, name),
            )
            (self._sources[name],) = self._db.execute("SELECT id FROM sources WHERE name = ?", (name,)).fetchone()
        return self._sources[name]


def write_sources(db: sqlite3.Connection, sources: Iterable[tuple[str, str, str, str, str]]) -> None:
    """Insert shipped sources: (name, title, url, licence, citation)."""
    db.executemany(
        """INSERT INTO sources (name, origin, title, url, license, citation) VALUES (?, 'shipped', ?, ?, ?, ?)
           ON CONFLICT (name) DO UPDATE SET origin = 'shipped', title = excluded.title, url = excluded.url,
           license = excluded.license, citation = excluded.citation""",
        sources,
    )


def observations(
    db: sqlite3.Connection, origin: str | None = None, outcome: str | None = None
) -> Iterator[Observation]:
    """Stored observations, optionally of one origin (shipped, user) or outcome, in the order of their ids."""
    query = f"""SELECT o.id, s.name, {", ".join("o." + name for name in _OBSERVATION)}, o.quantiles, o.note, o.accelerators,
                       o.power_w, o.power_scope
                FROM observations o JOIN sources s ON s.id = o.source_id
                WHERE (?1 IS NULL OR o.origin = ?1) AND (?2 IS NULL OR o.outcome = ?2) ORDER BY o.id"""  # noqa: S608 - constants
    for row in db.execute(query, (origin, outcome)):
        *fields, quantiles, note, accelerators, power, scope = row
        yield Observation(*[*fields, json.loads(quantiles), note, accelerators, power, scope])


def forget(db: sqlite3.Connection, source: str, chosen: Callable[[Observation], bool]) -> int:
    """Remove the user's own observations of a source that are chosen; their measurements go with them."""
    mine = [seen.id for seen in observations(db, origin="user") if seen.source == source and chosen(seen)]
    db.executemany("DELETE FROM observations WHERE id = ? AND origin = 'user'", [(key,) for key in mine])
    return len(mine)


def measurements(db: sqlite3.Connection, device: str | None = None) -> list[Measurement]:
    """Accepted measurements, of one device id if given, in the order of their ids."""
    target_columns = ", ".join("t." + column.strip() for column in COLUMNS.split(","))
    query = f"""SELECT m.id, s.name, m.model, a.signature, m.resolution, o.batch_size, o.latency_ms, o.throughput_img_s, o.memory_mib,
                       o.memory_kind, o.statistic, o.timing_scope, m.grade, m.caveats, o.quantiles, o.samples, m.target_id,
                       {target_columns}
                FROM measurements m JOIN observations o ON o.id = m.id JOIN sources s ON s.id = o.source_id
                JOIN architectures a ON a.id = m.arch_id JOIN targets t ON t.id = m.target_id
                WHERE (?1 IS NULL OR t.device = ?1) ORDER BY m.id"""  # noqa: S608 - column names are constants
    texts, known = Texts(db), dict[int, Target]()
    return [_measurement(row, texts, known) for row in db.execute(query, (device,))]


def _measurement(row: tuple[Any, ...], texts: Texts, known: dict[int, Target]) -> Measurement:
    *fields, caveats, quantiles, samples, key = row[:17]
    if key not in known:
        known[key] = Target(*row[17:])
    tail = [texts.value(caveats), "accepted", json.loads(quantiles), samples]
    return Measurement(*[*fields[:6], known[key], *fields[6:], *tail])


def tail_ratios(db: sqlite3.Connection, kind: str, runtime: str, statistic: str) -> list[tuple[float, str]]:
    """(ratio of a tail statistic to the typical latency, source) of measurements on one kind of device and runtime."""
    query = """SELECT o.latency_ms, o.quantiles, s.name FROM measurements m JOIN observations o ON o.id = m.id
               JOIN sources s ON s.id = o.source_id JOIN targets t ON t.id = m.target_id JOIN devices d ON d.id = t.device
               WHERE t.runtime = ? AND json_extract(d.profile, '$.kind') = ? AND o.quantiles <> '{}' AND o.latency_ms > 0"""
    found = []
    for latency, text, source in db.execute(query, (runtime, kind)):
        quantiles = json.loads(text)
        typical = quantiles.get("p50", latency)
        if statistic in quantiles and quantiles[statistic] >= typical:
            found.append((quantiles[statistic] / typical, source))
    return found


def per_device(db: sqlite3.Connection) -> dict[str, int]:
    """Device id -> number of measurements."""
    query = "SELECT t.device, count(*) FROM measurements m JOIN targets t ON t.id = m.target_id GROUP BY t.device"
    return dict(db.execute(query))


def targets_of(db: sqlite3.Connection, device: str) -> list[tuple[str, int]]:
    """(target in words, measurements) of a device, most measured first."""
    query = """SELECT t.runtime || ' ' || t.precision || ' ' || t.compute_unit
                      || CASE WHEN t.threads > 0 THEN ' ' || t.threads || ' threads' ELSE '' END
                      || CASE WHEN t.power_mode <> '' THEN ' ' || t.power_mode ELSE '' END AS words, count(*)
               FROM measurements m JOIN targets t ON t.id = m.target_id WHERE t.device = ? GROUP BY words ORDER BY 2 DESC, 1"""
    return list(db.execute(query, (device,)))


def ways(db: sqlite3.Connection) -> set[tuple[str, str, str, str, str, int]]:
    """(device, compute unit, runtime, precision, memory format, threads) that have measurements."""
    query = """SELECT DISTINCT t.device, t.compute_unit, t.runtime, t.precision, t.memory_format, t.threads FROM targets t
               WHERE EXISTS (SELECT 1 FROM measurements m WHERE m.target_id = t.id)"""
    return set(db.execute(query))
