"""Recommendations and predictions as text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from advisor.recommend.answer import Recommendation
from advisor.recommend.budgets import TITLES, describe
from advisor.recommend.flat import Cell, flat, flat_predictions
from advisor.recommend.reasons import DOMINATED
from advisor.recommend.testsets import TEST_SETS
from advisor.render import as_json
from advisor.render.grid import Grid, as_csv, text
from advisor.render.picks import basis, legend, spread, table
from advisor.units import format_confidence

if TYPE_CHECKING:
    from advisor.recommend.reports import Prediction


def recommendation(answer: Recommendation, fmt: str, width: int) -> str:
    """The whole answer in a format. CSV holds the picks only: notes would break its columns."""
    if fmt == "json":
        return as_json.dump(as_json.recommendation(answer))
    if fmt == "csv":
        return as_csv(_flat(flat(answer.picks)))
    parts = [_filled(headline(answer), width), *_found(answer, fmt, width)]
    parts += _relaxed(answer, width) + _why(answer, width) + _price(answer, width)
    parts += _measure_first(answer, fmt, width) + _notes(answer, width)
    return "\n\n".join(parts)


def _found(answer: Recommendation, fmt: str, width: int) -> list[str]:
    if not answer.picks:
        return ["Nothing meets all budgets."]
    told = _filled(legend(answer, fmt, width), width)
    beaten = [f"{p.rank} is {reason}" for p in answer.picks for reason in p.reasons if reason.startswith(DOMINATED)]
    return [table(answer, answer.picks, fmt, width), told + ("\n" + bullets(beaten, width) if beaten else "")]


def _flat(rows: Sequence[Mapping[str, Cell]]) -> Grid:
    heads = tuple(rows[0]) if rows else ("rank", "model")
    return Grid(heads, [tuple(_cell(value) for value in row.values()) for row in rows])


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def headline(answer: Recommendation) -> str:
    """Device, confidence and budgets in a line."""
    bounds = ", ".join(f"{TITLES[name]} {describe(name, bound)}" for name, bound in answer.budgets.items())
    if answer.accuracy_on != "top-1":
        bounds += f"{', ' if bounds else ''}accuracy of {TEST_SETS[answer.accuracy_on].title}"
    return f"{answer.device} at {format_confidence(answer.confidence)} confidence; {bounds or 'no budgets'}"


def _filled(line: str, width: int) -> str:
    return textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)


def bullets(lines: Sequence[str], width: int) -> str:
    """Lines as a list, wrapped."""
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
    return [
        f"Why {best.model}.{best.weights}".rstrip(".")
        + ":\n"
        + bullets([*best.reasons, f"to measure it: {best.measure_command}"], width)
    ]


def _relaxed(answer: Recommendation, width: int) -> list[str]:
    if not answer.relaxations or answer.picks:
        return []
    return ["What would make it feasible:\n" + bullets([r.sentence for r in answer.relaxations], width)]


def _price(answer: Recommendation, width: int) -> list[str]:
    """What a looser budget would buy, and what a stricter one would not cost."""
    sentences = [r.sentence for r in answer.relaxations] + [t.sentence for t in answer.tightenings]
    return ["Price of the budgets:\n" + bullets(sentences, width)] if answer.picks and sentences else []


def _measure_first(answer: Recommendation, fmt: str, width: int) -> list[str]:
    if not answer.measure_first:
        return []
    commands = [f"{p.model}: {p.reasons[0]}; settle it with: {p.measure_command}" for p in answer.measure_first]
    return [
        "Might fit, measure first:\n"
        + table(answer, answer.measure_first, fmt, width)
        + "\n"
        + bullets(commands, width)
    ]


def _notes(answer: Recommendation, width: int) -> list[str]:
    return ["Notes:\n" + bullets(answer.notes, width)] if answer.notes else []


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
