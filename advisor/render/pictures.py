"""A chart as SVG text, PNG bytes or one self-contained HTML page. Loads matplotlib; nothing else of render does."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape

from matplotlib import rc_context

from advisor.recommend.charts import Chart, Panel, Point
from advisor.render.chart_texts import described, summary
from advisor.render.drawing import MOST_PANELS, POINTS, RC, figure_of
from advisor.render.grid import Grid
from advisor.render.looks import groups_of
from advisor.render.svg import refined
from advisor.units import significant

_DPI = 150


def png(chart: Chart) -> bytes:
    """The picture in 150 dots per inch."""
    out = io.BytesIO()
    with rc_context(RC):
        said = {"Title": chart.title, "Description": described(chart)}
        figure_of(chart).savefig(out, format="png", dpi=_DPI, metadata=said)
    return out.getvalue()


def svg(chart: Chart) -> str:
    """A picture file: text stays text, colours follow the reader's light or dark surroundings."""
    return refined(_drawn(chart), chart.title, described(chart), "c")


def inline_svg(chart: Chart, prefix: str) -> str:
    """The `<svg>` element for a page, each point with its name and figures; `prefix` must differ within the page."""
    return refined(_drawn(chart), chart.title, described(chart), prefix, _tips(chart), inline=True)


def _drawn(chart: Chart) -> str:
    out = io.StringIO()
    with rc_context(RC):
        figure_of(chart).savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _tips(chart: Chart) -> dict[str, list[str]]:
    """Id of each group of points -> what to say of each of them."""
    return {
        f"{POINTS}-{at}-{number}": [_tip(panel, point) for point in points]
        for at, panel in enumerate(chart.panels[:MOST_PANELS])
        for number, points in enumerate(groups_of(chart, panel))
    }


def _tip(panel: Panel, p: Point) -> str:
    basis = p.basis + (", extrapolated" if p.extrapolated else "")
    return (
        f"{p.model}{'.' + p.weights if p.weights else ''} at {p.resolution} px: {significant(p.x)} {panel.x.unit}, "
        f"{significant(p.y)} {panel.y.unit}, {significant(p.size_m)} M parameters, {basis}"
    )


_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b; background: #fffffe; }
table { border-collapse: collapse; } th, td { padding: .2rem .7rem; text-align: left; border-bottom: 1px solid #bbb; }
.number { text-align: right; font-variant-numeric: tabular-nums; } figure { margin: 1rem 0; } .wide { overflow-x: auto; }
@media (prefers-color-scheme: dark) { body { color: #ececec; background: #14171c; } th, td { border-color: #3c4048; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(chart: Chart) -> str:
    """One page with the picture, its table, the claims and the notes; it loads nothing."""
    title = escape(chart.title)
    body = [
        f"<h1>{title}</h1>",
        f"<figure>{inline_svg(chart, 'c')}</figure>",
        *(f'<h2>{escape(name)}</h2>\n<div class="wide">{_table(grid)}</div>' for name, grid in summary(chart)),
        "<h2>Notes</h2>",
        _list(chart.notes),
    ]
    head = (
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n<style>{_STYLE}</style>'
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{chr(10).join(body)}\n</body>\n</html>\n'
    )


def _table(grid: Grid) -> str:
    numeric = [' class="number"' if head.endswith("#") else "" for head in grid.heads]
    heads = "".join(
        f'<th scope="col"{mark}>{escape(head.rstrip("#"))}</th>' for head, mark in zip(grid.heads, numeric, strict=True)
    )
    rows = "\n".join(
        "<tr>" + "".join(f"<td{mark}>{escape(cell)}</td>" for cell, mark in zip(row, numeric, strict=True)) + "</tr>"
        for row in grid.rows
    )
    return f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _list(lines: Sequence[str]) -> str:
    return "<ul>\n" + "\n".join(f"<li>{escape(line)}</li>" for line in lines) + "\n</ul>"
