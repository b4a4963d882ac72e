"""Recommendations and predictions as text."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence

from advisor.recommend.answer import Pick, Recommendation
from advisor.recommend.budgets import TITLES, describe
from advisor.recommend.flat import Cell, flat, flat_predictions
from advisor.recommend.reports import Prediction
from advisor.records import Quantity
from advisor.render import as_json
from advisor.render.grid import Grid, as_csv, text
from advisor.units import significant

_MARKS = {"non-commercial": " (!)", "unknown": " (?)"}


def recommendation(answer: Recommendation, fmt: str, width: int) -> str:
    """The whole answer in a format. CSV holds the picks only: notes would break its columns."""
    if fmt == "json":
        return as_json.dump(as_json.recommendation(answer))
    if fmt == "csv":
        return as_csv(_flat(flat(answer.picks)))
    picks = text(_picks(answer.picks, fmt), fmt, width)
    parts = [_headline(answer), picks if answer.picks else "Nothing meets all budgets."]
    parts += _relaxed(answer, width) + _why(answer, width) + _measure_first(answer, fmt, width) + _notes(answer, width)
    return "\n\n".join(parts)


def _flat(rows: Sequence[Mapping[str, Cell]]) -> Grid:
    heads = tuple(rows[0]) if rows else ("rank", "model")
    return Grid(heads, [tuple(_cell(value) for value in row.values()) for row in rows])


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _headline(answer: Recommendation) -> str:
    bounds = ", ".join(f"{TITLES[name]} {describe(name, bound)}" for name, bound in answer.budgets.items())
    return f"{answer.device} at {answer.confidence:.0%} confidence; {bounds or 'no budgets'}"


Column = tuple[str, Callable[[Pick], str]]
_COLUMNS: tuple[Column, ...] = (
    ("##", lambda p: str(p.rank or "-")),
    ("model.weights", lambda p: f"{p.model}.{p.weights}".rstrip(".")),
    ("px#", lambda p: str(p.resolution)),
    ("top-1 %#", lambda p: f"{p.top1:.1f}"),
    ("latency ms#", lambda p: spread(p.latency_ms)),
    ("img/s#", lambda p: number(p.throughput_img_s)),
    ("memory MiB#", lambda p: number(p.memory_mib)),
    ("basis", lambda p: basis(p.latency_ms)),
    ("chance#", lambda p: f"{p.probability:.0%}"),
    ("licence", lambda p: p.license + _MARKS.get(p.license_kind, "")),
)
_MORE_COLUMNS: tuple[Column, ...] = (
    ("params M#", lambda p: significant(p.params_m)),
    ("GMACs#", lambda p: significant(p.gmacs)),
)
"""Only where there is room: Markdown."""


def _picks(picks: Sequence[Pick], fmt: str) -> Grid:
    columns = _COLUMNS if fmt == "table" else (*_COLUMNS, *_MORE_COLUMNS)
    return Grid(tuple(head for head, _ in columns), [tuple(cell(p) for _, cell in columns) for p in picks])


def spread(quantity: Quantity | None) -> str:
    """`4.57 (4.1-5.2)`; `?` where unknown."""
    if quantity is None:
        return "?"
    return f"{significant(quantity.value)} ({significant(quantity.low)}-{significant(quantity.high)})"


def number(quantity: Quantity | None) -> str:
    """The value to three digits; `?` where unknown."""
    return "?" if quantity is None else significant(quantity.value)


def basis(quantity: Quantity | None) -> str:
    """measured, calibrated or predicted, with a mark where extrapolated."""
    if quantity is None:
        return "unknown"
    return quantity.basis + (", extrapolated" if quantity.extrapolated else "")


def _bullets(lines: Sequence[str], width: int) -> str:
    return "\n".join(
        textwrap.fill(
            line, width, initial_indent="  - ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
        for line in lines
    )


def _why(answer: Recommendation, width: int) -> list[str]:
    if not answer.picks:
        return []
    best = answer.picks[0]
    return [f"Why {best.model}:\n" + _bullets([*best.reasons, f"to measure it: {best.measure_command}"], width)]


def _relaxed(answer: Recommendation, width: int) -> list[str]:
    if not answer.relaxations:
        return []
    return ["What would make it feasible:\n" + _bullets([r.sentence for r in answer.relaxations], width)]


def _measure_first(answer: Recommendation, fmt: str, width: int) -> list[str]:
    if not answer.measure_first:
        return []
    commands = [f"{p.model}: {p.reasons[0]}; settle it with: {p.measure_command}" for p in answer.measure_first]
    return [
        "Might fit, measure first:\n"
        + text(_picks(answer.measure_first, fmt), fmt, width)
        + "\n"
        + _bullets(commands, width)
    ]


def _notes(answer: Recommendation, width: int) -> list[str]:
    return ["Notes:\n" + _bullets(answer.notes, width)] if answer.notes else []


def predictions(found: Sequence[Prediction], fmt: str, width: int) -> str:
    """Predictions in a format."""
    if fmt == "json":
        return as_json.dump({"predictions": [_prediction(p) for p in found]})
    if fmt == "csv":
        return as_csv(_flat(flat_predictions(found)))
    heads = ("model", "px#", "latency ms#", "basis", "memory MiB#", "remarks")
    rows = [
        (p.model, str(p.resolution), spread(p.latency_ms), basis(p.latency_ms), spread(p.memory_mib), _remarks(p))
        for p in found
    ]
    return text(Grid(heads, rows), fmt, width)


def _remarks(p: Prediction) -> str:
    reasons = [p.latency_reason, p.memory_reason, *p.flags]
    return "; ".join(reason for reason in reasons if reason)


def _prediction(p: Prediction) -> dict[str, object]:
    return {
        "model": p.model,
        "resolution": p.resolution,
        "target": as_json.target(p.target, p.batch_size),
        **as_json.quantity("latency_ms", p.latency_ms, p.latency_reason),
        **as_json.quantity("memory_mib", p.memory_mib, p.memory_reason),
        "flags": list(p.flags),
    }
