"""What is known of each shipped source as a whole: statistic and timing scope of its figures, standing doubts.

The table is benchmarks_db/mapping/sources.csv; a source that is not in it states them per row or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import DataError
from advisor.records import MEMORY_KINDS, STATISTICS, TIMING_SCOPES
from advisor.store.importers.csvfile import read_rows
from advisor.store.importers.grades import CAUSES

_COLUMNS = ("source", "group", "statistic", "timing_scope", "samples", "memory_kind", "causes", "reason")


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One row of the table. Sources of one group may list the same observation."""

    group: str
    statistic: str
    timing_scope: str
    samples: int | None
    memory_kind: str
    causes: tuple[str, ...]


Known = Mapping[str, SourceFacts]


def load(folder: Path) -> dict[str, SourceFacts]:
    """The table of `folder` (benchmarks_db/mapping) by source id. Raises DataError."""
    path = folder / "sources.csv"
    return {row["source"]: _facts(row, path) for row in (entry.cells for entry in read_rows(path, _COLUMNS, _COLUMNS))}


def _facts(row: dict[str, str], path: Path) -> SourceFacts:
    causes = tuple(row["causes"].split())
    ok = (
        row["statistic"] in STATISTICS
        and row["timing_scope"] in TIMING_SCOPES
        and row["memory_kind"] in (*MEMORY_KINDS, "")
    )
    if not ok or any(cause not in CAUSES for cause in causes):
        raise DataError(
            f"{path}: source {row['source']!r} names an unknown statistic, timing scope, memory kind or cause"
        )
    samples = int(row["samples"]) if row["samples"] else None
    return SourceFacts(row["group"], row["statistic"], row["timing_scope"], samples, row["memory_kind"], causes)
