"""A chart as text: its summary (front, fitted lines, claims) as tables, its points as CSV and JSON. Loads no matplotlib."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from advisor.recommend.charts import Axis, Chart, Claim, Line, Panel, Point
from advisor.render import as_json
from advisor.render.grid import Grid, as_csv, text
from advisor.units import significant

Named = tuple[str, Grid]
_HOLDS = {True: "holds", False: "does not hold", None: "cannot be said"}


def chart(found: Chart, fmt: str, width: int) -> str:
    """The chart in a format: table and markdown summarise it, csv and json hold every point."""
    if fmt == "json":
        return as_json.dump(as_data(found))
    if fmt == "csv":
        return as_csv(_points(found))
    parts = [found.title]
    parts += [f"{name}:\n{text(grid, fmt, width)}" for name, grid in summary(found)]
    if found.notes:
        parts.append("Notes:\n" + "\n".join(_bullet(note, width) for note in found.notes))
    return "\n\n".join(parts)


def _bullet(line: str, width: int) -> str:
    return textwrap.fill(
        line, width, initial_indent="  - ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def described(found: Chart) -> str:
    """The chart in one sentence or two, for who cannot see it."""
    axes = found.panels[0]
    said = [f"{axes.y.title} against {axes.x.title}; {sum(len(p.points) for p in found.panels)} points."]
    for panel in found.panels:
        front = panel.front
        if front:
            said.append(
                f"The front has {len(front)} networks, from {front[0].model} ({_figure(front[0].x, panel.x)}, "
                f"{_figure(front[0].y, panel.y)}) to {front[-1].model} ({_figure(front[-1].x, panel.x)}, {_figure(front[-1].y, panel.y)})."
            )
    said += [f"{claim.claim}: {_HOLDS[claim.holds]}; {claim.found}." for claim in found.claims]
    return " ".join(said)


def _figure(value: float, axis: Axis) -> str:
    return f"{value:.1f} %" if axis.unit == "%" else f"{significant(value)} {axis.unit}"


def summary(found: Chart) -> list[Named]:
    """What is on the chart, as named tables."""
    tables = {
        "accuracy-complexity": _networks, "accuracy-speed": _side_by_side, "memory-complexity": _lines, "pareto": _front,
    }  # fmt: skip
    named = [tables[found.kind](found)]
    if found.kind == "accuracy-complexity":
        named.insert(0, ("Claims of the lecture", _claims(found.claims)))
    elif found.claims:
        named.append(("Claim of the lecture", _claims(found.claims)))
    return [(name, grid) for name, grid in named if grid.rows]


def _claims(claims: Sequence[Claim]) -> Grid:
    return Grid(("claim", "today", "figures"), [(c.claim, _HOLDS[c.holds], c.found) for c in claims])


def _name(p: Point) -> str:
    return f"{p.model}.{p.weights}".rstrip(".")


def _networks(found: Chart) -> Named:
    (panel,) = found.panels
    rows = [
        (_name(p), str(p.resolution), significant(p.x), f"{p.y:.1f}", significant(p.size_m))
        for p in sorted(panel.points, key=lambda p: p.x)
        if p.label
    ]
    return "Networks of the lecture", Grid(
        ("model.weights", "px#", "GMACs#", f"{found.accuracy} %#", "params M#"), rows
    )


def _side_by_side(found: Chart) -> Named:
    one, other = found.panels
    theirs = {(p.model, p.weights, p.resolution): p for p in other.points}
    rows = []
    for p in sorted(one.points, key=lambda p: -p.x):
        match = theirs.get((p.model, p.weights, p.resolution))
        if p.label:
            rows.append((_name(p), str(p.resolution), f"{p.y:.1f}", *_speed(p), *_speed(match)))
    heads = ("model.weights", "px#", f"{found.accuracy} %#")
    sides = tuple(head for panel in found.panels for head in (f"{panel.title} images/s#", "basis"))
    return "Networks of the lecture on both", Grid((*heads, *sides), rows)


def _speed(p: Point | None) -> tuple[str, str]:
    return ("?", "unknown") if p is None else (_spread(p, p.x), _basis(p))


def _spread(p: Point, value: float) -> str:
    if p.low is None or p.high is None:
        return significant(value)
    return f"{significant(value)} ({significant(p.low)}-{significant(p.high)})"


def _basis(p: Point) -> str:
    return p.basis + (", extrapolated" if p.extrapolated else "")


def _lines(found: Chart) -> Named:
    rows = [_line(panel, line) for panel in found.panels for line in panel.lines]
    heads = ("device and setting", "memory", "networks#", "MiB per M params#", "MiB at none#", "R2#", "almost linear")
    return "Fitted lines", Grid(heads, rows)


def _line(panel: Panel, line: Line) -> tuple[str, ...]:
    kind, n, fit = panel.memory_kind or "accounted, not measured", str(len(panel.points)), line.fit
    if fit is None:
        return (panel.title, kind, n, "-", "-", "-", line.reason)
    verdict = {True: "yes", False: "no", None: "too few networks"}[line.linear]
    return (panel.title, kind, n, significant(fit.slope), significant(fit.intercept), f"{fit.r2:.2f}", verdict)


def _front(found: Chart) -> Named:
    (panel,) = found.panels
    heads = ("model.weights", "px#", f"{found.accuracy} %#", "latency ms#", "basis", "params M#", "chance#")
    rows = [
        (
            _name(p),
            str(p.resolution),
            f"{p.y:.1f}",
            _spread(p, p.x),
            _basis(p),
            significant(p.size_m),
            f"{p.probability or 0:.0%}",
        )
        for p in panel.front
    ]
    return f"The front on {panel.title}", Grid(heads, rows)


_COLUMNS = (
    "model",
    "weights",
    "resolution",
    "family",
    "size_m",
    "basis",
    "extrapolated",
    "low",
    "high",
    "role",
    "probability",
)


def _points(found: Chart) -> Grid:
    heads = ("panel", "x", "x_unit", "y", "y_unit", *_COLUMNS)
    rows = [
        (
            panel.title,
            _cell(p.x),
            panel.x.unit,
            _cell(p.y),
            panel.y.unit,
            *(_cell(getattr(p, name)) for name in _COLUMNS),
        )
        for panel in found.panels
        for p in panel.points
    ]
    return Grid(heads, rows)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def as_data(found: Chart) -> dict[str, Any]:
    """The whole chart as plain values."""
    return {
        "kind": found.kind,
        "title": found.title,
        "accuracy": found.accuracy or None,
        "panels": [_panel(panel) for panel in found.panels],
        "claims": [{**claim._asdict(), "figures": _numbers(claim.figures)} for claim in found.claims],
        "notes": list(found.notes),
    }


def _panel(panel: Panel) -> dict[str, Any]:
    target = None if panel.target is None else as_json.target(panel.target, panel.batch_size or 1)
    return {
        "title": panel.title,
        "x": {**panel.x._asdict(), "title": panel.x.title},
        "y": {**panel.y._asdict(), "title": panel.y.title},
        "interval_of": panel.interval or None,
        "target": target,
        "memory_kind": panel.memory_kind or None,
        "points": [_numbers(p._asdict()) for p in panel.points],
        "lines": [
            {**line._asdict(), "fit": None if line.fit is None else _numbers(line.fit._asdict())}
            for line in panel.lines
        ],
        "bounds": [bound._asdict() for bound in panel.bounds],
    }


def _numbers(values: Any) -> dict[str, Any]:  # noqa: ANN401 - any mapping of plain values
    """Six digits are more than any of these figures has."""
    return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in values.items()}
