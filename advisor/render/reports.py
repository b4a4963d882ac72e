"""An answer as a document: Markdown, and one HTML file that needs nothing beside it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from advisor.recommend.answer import Pick, Recommendation
from advisor.render.answers import headline, recommendation
from advisor.render.grid import Grid
from advisor.render.picks import full_grid, legend
from advisor.render.snippets import loading

_IN_FULL = 5
"""Picks with their reasons and code; the table holds all."""
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #8886; text-align: left; }
.n { text-align: right; }
pre { background: #8882; padding: .6rem; overflow-x: auto; }
.wide { overflow-x: auto; }
svg { max-width: 100%; height: auto; }
"""


def markdown(answer: Recommendation, command: str, made: str) -> str:
    """The whole answer with the command that gives it again; `made` says when and from what."""
    parts = [
        f"# Image models for {answer.device}",
        made,
        f"```\n{command}\n```",
        recommendation(answer, "markdown", 160),
    ]
    if answer.picks:
        best = answer.picks[0]
        parts.append(f"To load the first:\n\n```python\n{loading(best.model, best.weights, best.resolution)}```")
    return "\n\n".join(parts) + "\n"


def html(answer: Recommendation, command: str, made: str, charts: Sequence[str], remarks: Sequence[str] = ()) -> str:
    """One page. `charts` are `<svg>` elements, put in as they are; `remarks` say what is not in the page and why."""
    title = escape(f"Image models for {answer.device}")
    body = [
        f"<h1>{title}</h1>", _p(made), _p(headline(answer)), f"<pre>{escape(command)}</pre>", *_answer(answer),
        *(f"<figure>{chart}</figure>" for chart in charts), _list(remarks),
    ]  # fmt: skip
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def _answer(answer: Recommendation) -> list[str]:
    parts = [_p("Nothing meets all budgets.")]
    if answer.picks:
        parts = [_table(full_grid(answer, answer.picks)), _p(legend(answer, "html", 0))]
    sentences = [*(r.sentence for r in answer.relaxations), *(t.sentence for t in answer.tightenings)]
    if sentences:
        parts += [_h2("Price of the budgets" if answer.feasible else "What would make it feasible"), _list(sentences)]
    for pick in answer.picks[:_IN_FULL]:
        parts += [_h2(f"{pick.rank}. {pick.model}"), _list((*pick.reasons, f"to measure it: {pick.measure_command}"))]
        parts += [f"<pre>{escape(loading(pick.model, pick.weights, pick.resolution))}</pre>"]
    if answer.measure_first:
        parts += [_h2("Might fit, measure first"), _table(full_grid(answer, answer.measure_first))]
        parts += [_list(_to_measure(pick) for pick in answer.measure_first)]
    return [*parts, _h2("Notes"), _list(answer.notes)]


def _to_measure(pick: Pick) -> str:
    return f"{pick.model}: {pick.reasons[0]}; settle it with: {pick.measure_command}"


def _h2(words: str) -> str:
    return f"<h2>{escape(words)}</h2>"


def _p(words: str) -> str:
    return f"<p>{escape(words)}</p>"


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines if line)
    return f"<ul>{items}</ul>" if items else ""


def _table(grid: Grid) -> str:
    classes = [' class="n"' if head.endswith("#") else "" for head in grid.heads]
    heads = "".join(
        f"<th{c}>{escape(head.rstrip('#') or '#')}</th>" for c, head in zip(classes, grid.heads, strict=True)
    )
    rows = "".join(
        "<tr>" + "".join(f"<td{c}>{escape(cell)}</td>" for c, cell in zip(classes, row, strict=True)) + "</tr>"
        for row in grid.rows
    )
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
