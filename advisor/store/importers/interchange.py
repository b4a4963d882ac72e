"""The interchange CSV: the columns of the published files plus optional statistic and timing_scope. Input only.

One row is one observation; a bad row is rejected with its line, unknown columns are refused by name.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from advisor.records import MEMORY_KINDS, POWER_SCOPES, STATISTICS, TIMING_SCOPES, Observation
from advisor.store.importers import observations
from advisor.store.importers.csvfile import BadCell, choice, integer, number, read_rows, shown
from advisor.store.importers.grades import SEPARATOR
from advisor.store.importers.notes import Noted, read_note
from advisor.store.importers.observations import (
    MAX_BATCH,
    MAX_LATENCY_MS,
    MAX_MEMORY,
    MAX_POWER_W,
    MAX_RESOLUTION,
    MAX_THROUGHPUT,
    MIN_LATENCY_MS,
    ReadResult,
)
from advisor.store.importers.sources import Known, SourceFacts
from advisor.store.importers.timm import is_result_file, parse_name

COLUMNS = (
    "source_id", "model", "library_hint", "device", "runtime", "precision", "batch_size", "resolution", "latency_ms",
    "throughput_img_s", "memory_mb", "top1", "top5", "params_m", "gmacs", "power_mode", "note", "statistic",
    "timing_scope", "power_w", "power_scope", "memory_kind",
)  # fmt: skip
REQUIRED = ("model", "device", "runtime", "precision", "batch_size")
_MIB_PER_MB = 1e6 / 2**20
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_UNKNOWN_SOURCE = SourceFacts("", "mean", "forward", None, "unstated", ())


def read(path: Path, known: Known) -> ReadResult:
    """All rows of an interchange CSV. Raises DataError for a file that is not one."""
    if is_result_file(path.name):
        parse_name(path.name)  # says what to do instead
    result = ReadResult()
    for row in read_rows(path, REQUIRED, COLUMNS):
        try:
            if row.problem:
                raise BadCell(row.problem)
            result.add(row.line, observation_of(row.cells, known))
        except BadCell as bad:
            result.rejected.append((row.line, str(bad)))
    return result


def observation_of(cells: dict[str, str], known: Known) -> Observation:
    """The observation a row states, with the statistic and scope of its source. Raises BadCell."""
    cells = {**dict.fromkeys(COLUMNS, ""), **cells}
    source = cells["source_id"] = _source(cells["source_id"])
    figures = _figures(cells)
    facts = known.get(source, _UNKNOWN_SOURCE)
    noted = _noted(cells)
    statistic, scope, doubts = _timing(cells, facts, source in known)
    latency, statistic, quantiles = _typical(figures.pop("latency_ms"), statistic, noted.quantiles)
    comment = [cells["note"]] if cells["note"] and source not in known else []
    return observations.make(
        source=source, locator=noted.locator, model=_named(cells, "model"), library_hint=cells["library_hint"],
        device=_named(cells, "device"), runtime=cells["runtime"], precision=cells["precision"],
        power_mode=cells["power_mode"], latency_ms=latency, **figures, statistic=statistic, timing_scope=scope,
        samples=noted.samples or facts.samples, memory_kind=_memory_kind(cells, facts, figures),
        quantiles=quantiles, accelerators=noted.accelerators, **_power(cells, noted),
        note=SEPARATOR.join(dict.fromkeys([*facts.causes, *doubts, *noted.tokens, *comment])),
    )  # fmt: skip


def _power(cells: dict[str, str], noted: Noted) -> dict[str, Any]:
    """Power in its own column, or in the note of a known source; what it was metered on may be unstated."""
    watts = number(cells, "power_w", 0, MAX_POWER_W) or noted.power_w
    scope = choice(cells, "power_scope", POWER_SCOPES)
    if scope and watts is None:
        raise BadCell("power_scope is stated without power_w")
    return {"power_w": watts, "power_scope": (scope or "unstated") if watts else ""}


def _memory_kind(cells: dict[str, str], facts: SourceFacts, figures: dict[str, Any]) -> str:
    """What the memory is of, in its own column or as the source is known to mean it."""
    kind = choice(cells, "memory_kind", MEMORY_KINDS)
    if not figures["memory_mib"]:
        if kind:
            raise BadCell("memory_kind is stated without memory_mb")
        return ""
    return kind or facts.memory_kind or "unstated"


def _source(text: str) -> str:
    if text and not _SOURCE.fullmatch(text):
        raise BadCell(f"source_id {shown(text)} must be letters, digits, '.', '_', '+', '-' (at most 64)")
    return text or "user"


def _named(cells: dict[str, str], column: str) -> str:
    if not cells[column]:
        raise BadCell(f"{column} is empty")
    return cells[column]


def _figures(cells: dict[str, str]) -> dict[str, Any]:
    if cells["memory_mb"] and not cells["memory_mb"].strip("0."):
        cells["memory_mb"] = ""  # a printed 0 means that the source did not measure it
    memory = number(cells, "memory_mb", 0, MAX_MEMORY)
    batch = integer(cells, "batch_size", 1, MAX_BATCH)
    if batch is None:
        raise BadCell("batch_size is empty")
    figures = {
        "batch_size": batch,
        "resolution": integer(cells, "resolution", 1, MAX_RESOLUTION),
        "latency_ms": number(cells, "latency_ms", MIN_LATENCY_MS, MAX_LATENCY_MS),
        "throughput_img_s": number(cells, "throughput_img_s", 0, MAX_THROUGHPUT),
        "memory_mib": None if memory is None else memory * _MIB_PER_MB,
    }
    for name, high in (("top1", 100), ("top5", 100), ("params_m", 1e7), ("gmacs", 1e9)):
        number(cells, name, 0, high)
    if all(figures[name] is None for name in ("latency_ms", "throughput_img_s", "memory_mib")):
        analytic = " (an analytic estimate, no timing)" if "ANALYTIC" in cells["note"] else ""
        raise BadCell(f"states neither latency nor throughput nor memory{analytic}")
    return figures


def _noted(cells: dict[str, str]) -> Noted:
    try:
        return read_note(cells) or Noted()
    except ValueError as error:
        raise BadCell(f"note {shown(cells['note'])} is not as {cells['source_id']} writes them ({error})") from error


def _timing(cells: dict[str, str], facts: SourceFacts, is_known: bool) -> tuple[str, str, list[str]]:
    statistic, scope = choice(cells, "statistic", STATISTICS), choice(cells, "timing_scope", TIMING_SCOPES)
    doubts = []
    if not is_known:
        doubts += ["statistic-unstated"] * (not statistic) + ["scope-unstated"] * (not scope)
    return statistic or facts.statistic, scope or facts.timing_scope, doubts


def _typical(
    latency: float | None, statistic: str, quantiles: dict[str, float]
) -> tuple[float | None, str, dict[str, float]]:
    """The median becomes the headline where a source prints it beside the mean."""
    if latency is None or statistic != "mean" or "p50" not in quantiles:
        return latency, statistic, quantiles
    rest = {name: value for name, value in quantiles.items() if name != "p50"}
    return quantiles["p50"], "p50", {"mean": latency, **rest}
