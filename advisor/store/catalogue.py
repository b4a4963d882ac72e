"""Rows of the catalogue: architectures, models, complexity, weights. Writes shipped text, reads records."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from advisor.errors import DataError, UnknownName
from advisor.records import ClassTotals, Complexity, Model, Rated, Weights

_ACCURACIES = ("top1", "top5", "real_top1", "v2_top1", "a_top1", "r_top1", "sketch_top1")


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a shipped CSV file; raises DataError where it is missing."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    except FileNotFoundError as error:
        raise DataError(f"shipped file {path} is missing; reinstall arch-advisor") from error


def _number(text: str) -> float | None:
    return float(text) if text else None


def _integer(text: str) -> int | None:
    return int(float(text)) if text else None


def write_catalogue(db: sqlite3.Connection, folder: Path) -> None:
    """Insert the shipped catalogue (see benchmarks_db/README.md); the tables must be empty."""
    models = list(rows_of(folder / "models.csv"))
    families: dict[str, str] = {}
    for row in models:
        families.setdefault(row["signature"], row["family"])
    db.executemany("INSERT INTO architectures (signature, family) VALUES (?, ?)", families.items())
    ids = architecture_ids(db)
    db.executemany(
        "INSERT INTO models VALUES (?, ?, ?, ?, ?)",
        [
            (r["name"], r["library"], ids[r["signature"]], int(r["default_resolution"]), int(r["fixed_resolution"]))
            for r in models
        ],
    )
    _write_aliases(db, folder)
    _write_complexity(db, folder, ids)
    _write_weights(db, folder)


def _write_aliases(db: sqlite3.Connection, folder: Path) -> None:
    rows: list[tuple[str, str | None, str]] = [
        (r["alias"], r["name"], r["reason"]) for r in rows_of(folder / "aliases.csv")
    ]
    rows += [(r["name"], None, r["reason"]) for r in rows_of(folder / "dropped.csv")]
    db.executemany("INSERT OR IGNORE INTO model_aliases VALUES (?, ?, ?)", rows)


def _write_complexity(db: sqlite3.Connection, folder: Path, ids: Mapping[str, int]) -> None:
    totals = (
        "resolution", "params", "macs", "activations", "weight_bytes", "n_ops", "n_kernels", "depth",
        "peak_live_bytes_b1", "peak_live_bytes_b8",
    )  # fmt: skip
    db.executemany(
        "INSERT INTO complexity VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (ids[r["signature"]], *(int(r[key]) for key in totals), r["classes"], r["uncounted"], r["extras"])
            for r in rows_of(folder / "complexity.csv")
        ],
    )


def _write_weights(db: sqlite3.Connection, folder: Path) -> None:
    arch = dict(db.execute("SELECT name, arch_id FROM models"))
    db.executemany(
        "INSERT INTO weights VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                r["model"], arch[r["model"]], r["tag"], int(r["resolution"]), *(_number(r[key]) for key in _ACCURACIES),
                r["license"], _integer(r["train_resolution"]), r["source"],
            )
            for r in rows_of(folder / "weights.csv")
        ],
    )  # fmt: skip


def write_precision_accuracy(db: sqlite3.Connection, path: Path) -> None:
    """Insert accuracy of published weights that was observed after conversion to another precision."""
    db.executemany(
        "INSERT INTO precision_accuracy VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (r["model"], r["tag"], int(r["resolution"]), r["precision"], float(r["top1"]), int(r["runs"]), r["source"])
            for r in rows_of(path)
        ],
    )


def write_precision_doubts(db: sqlite3.Connection, path: Path) -> None:
    """Insert families that are known to lose accuracy at a precision in a runtime."""
    rows = [(r["family"], r["runtime"], r["precision"], r["reason"], r["source"]) for r in rows_of(path)]
    db.executemany("INSERT INTO precision_doubts VALUES (?, ?, ?, ?, ?)", rows)


def architecture_ids(db: sqlite3.Connection) -> dict[str, int]:
    """Signature -> row id."""
    return dict(db.execute("SELECT signature, id FROM architectures"))


def all_models(db: sqlite3.Connection) -> list[Model]:
    """Every registered model name."""
    query = """SELECT m.name, m.library, a.family, a.signature, m.default_resolution, m.fixed_resolution
               FROM models m JOIN architectures a ON a.id = m.arch_id ORDER BY m.name"""
    return [
        Model(name, library, family, signature, size, bool(fixed))
        for name, library, family, signature, size, fixed in db.execute(query)
    ]


def find_model(db: sqlite3.Connection, name: str) -> Model:
    """The model called `name`: `library/name`, a bare name (torchvision first), or a deprecated alias. Raises UnknownName."""
    by_name = {model.name: model for model in all_models(db)}
    aliases = dict(db.execute("SELECT alias, model FROM model_aliases"))
    for asked in (name, f"torchvision/{name}", f"timm/{name}"):
        if asked in by_name:
            return by_name[asked]
        if asked in aliases:
            return _aliased(db, by_name, aliases, asked)
    known = [*by_name, *(full.partition("/")[2] for full in by_name)]
    raise UnknownName("model", name, known, "'advisor models list' shows all")


def _aliased(
    db: sqlite3.Connection, models: Mapping[str, Model], aliases: Mapping[str, str | None], asked: str
) -> Model:
    current = aliases[asked]
    if current is None:
        (reason,) = db.execute("SELECT reason FROM model_aliases WHERE alias = ?", (asked,)).fetchone()
        raise UnknownName("model", asked, models, f"{reason}; 'advisor models list' shows all")
    return models[current]


def complexities(db: sqlite3.Connection) -> dict[tuple[str, int], Complexity]:
    """(signature, resolution) -> complexity, the whole catalogue."""
    query = "SELECT a.signature, c.* FROM complexity c JOIN architectures a ON a.id = c.arch_id"
    return {(row[0], row[2]): _complexity(row) for row in db.execute(query)}


def complexity_of(db: sqlite3.Connection, signature: str) -> dict[int, Complexity]:
    """Resolution -> complexity of one architecture."""
    query = "SELECT a.signature, c.* FROM complexity c JOIN architectures a ON a.id = c.arch_id WHERE a.signature = ?"
    return {row[2]: _complexity(row) for row in db.execute(query, (signature,))}


def _complexity(row: tuple[Any, ...]) -> Complexity:
    signature, _, resolution, *totals, classes, uncounted, extras = row
    sums = {name: ClassTotals(*values) for name, values in json.loads(classes).items()}
    return Complexity(*[signature, resolution, *totals, sums, tuple(json.loads(uncounted)), json.loads(extras)])


def families(db: sqlite3.Connection) -> dict[str, str]:
    """Signature -> family."""
    return dict(db.execute("SELECT signature, family FROM architectures"))


def only_timm(db: sqlite3.Connection) -> set[str]:
    """Signatures of the architectures of which no model is torchvision's."""
    query = """SELECT a.signature FROM architectures a
               WHERE a.id NOT IN (SELECT arch_id FROM models WHERE library = 'torchvision')"""
    return {signature for (signature,) in db.execute(query)}


def weights_of(db: sqlite3.Connection, model: str) -> list[Weights]:
    """All weights of a model, most accurate first."""
    query = """SELECT model, tag, resolution, top1, top5, real_top1, v2_top1, a_top1, r_top1, sketch_top1, license,
                      train_resolution, source FROM weights WHERE model = ? ORDER BY top1 DESC"""
    return [Weights(*row) for row in db.execute(query, (model,))]


def best_weights(db: sqlite3.Connection) -> dict[str, Weights]:
    """Model -> its most accurate weights, where any accuracy is known."""
    query = """SELECT model, tag, resolution, max(top1), top5, real_top1, v2_top1, a_top1, r_top1, sketch_top1, license,
                      train_resolution, source FROM weights WHERE top1 IS NOT NULL GROUP BY model"""
    return {row[0]: Weights(*row) for row in db.execute(query)}


def rated(db: sqlite3.Connection) -> list[Rated]:
    """Every set of weights with a known accuracy whose architecture was counted at that resolution, by name."""
    query = """SELECT a.signature, a.family, w.model, w.tag, w.resolution, w.top1, w.top5, w.license, c.params, c.macs
               FROM weights w JOIN architectures a ON a.id = w.arch_id
               JOIN complexity c ON c.arch_id = w.arch_id AND c.resolution = w.resolution
               WHERE w.top1 IS NOT NULL OR w.top5 IS NOT NULL ORDER BY w.model, w.tag, w.resolution"""
    return [Rated(*row) for row in db.execute(query)]


def parameters(db: sqlite3.Connection) -> dict[str, int]:
    """Signature -> parameters, which do not depend on the resolution (largest where they do: position embeddings)."""
    query = "SELECT a.signature, max(c.params) FROM complexity c JOIN architectures a ON a.id = c.arch_id GROUP BY a.id"
    return dict(db.execute(query))
