"""A chart as a matplotlib figure. With looks.py and labels.py the only code that knows matplotlib; imported only to draw."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from advisor.recommend.charts import Bound, Chart, Line, Panel
from advisor.render.labels import place_labels
from advisor.render.looks import GREEN, GRID, INK, MUTED, PAPER, PURPLE, STYLES, VERMILION, groups_of, handles_of
from advisor.units import significant

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans", "font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "advisor", "text.color": INK,
    "axes.edgecolor": MUTED, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "axes.facecolor": PAPER,
    "figure.facecolor": PAPER, "axes.spines.top": False, "axes.spines.right": False, "text.parse_math": False,
}  # fmt: skip
"""Colours stand for themselves in light and for their dark counterpart where svg.py says so."""

_COLUMNS, _WIDTHS_IN = 2, {1: 9.2, 2: 13.0}
_ACROSS = {1: 4, 2: 6}
"""Columns of panels -> entries of the legend side by side."""
_PANEL_IN, _HEAD_IN, _AXIS_IN, _BETWEEN_IN, _LEFT_IN, _LINE_IN = 4.8, 0.45, 0.5, 1.0, 0.75, 0.16
_FEW = 40
MOST_PANELS = 6
"""Of one picture; the table and the data hold all."""
POINTS = "points"
"""Beginning of the ids of groups of points, so that svg.py finds them; the rest is their number in `drawn_points`."""


class _Sheet(NamedTuple):
    """Sizes of a picture in inches: axes over a legend over the caption."""

    rows: int
    columns: int
    width: float
    foot: float
    legend: float
    head: float

    @property
    def height(self) -> float:
        return self.bottom + self.rows * _PANEL_IN + (self.rows - 1) * _BETWEEN_IN + self.head

    @property
    def bottom(self) -> float:
        """Lower edge of the axes."""
        return self.foot + self.legend + _AXIS_IN


def figure_of(chart: Chart) -> Figure:
    """The picture of a chart: panels side by side, a legend, and below them the claims and what is unequal."""
    panels = chart.panels[:MOST_PANELS]
    caption = _caption(chart, 140 if len(panels) == 1 else 200)
    handles = handles_of(chart, [p for panel in panels for p in panel.points])
    sheet = _sheet(panels, len(handles), len(caption))
    with rc_context(RC):
        figure = Figure(figsize=(sheet.width, sheet.height))
        axes = _axes(figure, sheet, chart.kind == "accuracy-speed")
        for spare in axes[len(panels) :]:
            spare.remove()
        for at, (panel, ax) in enumerate(zip(panels, axes, strict=False)):
            _draw(chart, panel, ax, at)
        _surround(figure, sheet, chart.title, handles, caption)
        for panel, ax in zip(panels, axes, strict=False):
            place_labels(figure, ax, [p for p in panel.points if p.label], INK, PAPER)
    return figure


def _sheet(panels: Sequence[Panel], entries: int, caption_lines: int) -> _Sheet:
    columns = min(len(panels), _COLUMNS)
    legend = 0.12 + 0.19 * -(-entries // _ACROSS[columns])
    titled = max(bool(panel.title) + len(panel.lines) for panel in panels)
    head = _HEAD_IN + _LINE_IN * titled
    return _Sheet(
        -(-len(panels) // columns), columns, _WIDTHS_IN[columns], 0.2 + _LINE_IN * caption_lines, legend, head
    )


def _axes(figure: Figure, sheet: _Sheet, shared: bool) -> list[Axes]:
    where = {
        "left": _LEFT_IN / sheet.width, "right": 1 - 0.25 / sheet.width, "bottom": sheet.bottom / sheet.height,
        "top": 1 - sheet.head / sheet.height, "hspace": _BETWEEN_IN / _PANEL_IN, "wspace": 0.06 if shared else 0.18,
    }  # fmt: skip
    return list(figure.subplots(sheet.rows, sheet.columns, squeeze=False, sharey=shared, gridspec_kw=where).flat)


def _surround(figure: Figure, sheet: _Sheet, title: str, handles: Sequence[Line2D], caption: Sequence[str]) -> None:
    """Title above, legend and caption below."""
    left, height = _LEFT_IN / sheet.width, sheet.height
    figure.suptitle(title, x=left, y=1 - 0.1 / height, ha="left", va="top", fontsize=12)
    at, columns = (0.5, (sheet.foot + sheet.legend / 2) / height), min(len(handles), _ACROSS[sheet.columns])
    figure.legend(handles=handles, loc="center", bbox_to_anchor=at, ncols=columns, frameon=False, fontsize=8)
    figure.text(0.2 / sheet.width, (sheet.foot - 0.08) / height, "\n".join(caption), va="top", fontsize=8, color=MUTED)


def _caption(chart: Chart, columns: int) -> list[str]:
    words = {True: "holds", False: "does not hold", None: "cannot be said"}
    said = [f"The lecture: {c.claim}. {words[c.holds].capitalize()}: {c.found}." for c in chart.claims[:MOST_PANELS]]
    if chart.kind in ("accuracy-speed", "pareto"):
        said += [f"{note}." for note in chart.notes if note.startswith(("unequal", "equal", "budgets"))]
    if len(chart.panels) > MOST_PANELS:
        said.append(f"{MOST_PANELS} of {len(chart.panels)} panels are drawn.")
    return [line for sentence in said for line in textwrap.wrap(sentence, columns, break_on_hyphens=False)]


def _draw(chart: Chart, panel: Panel, ax: Axes, at: int) -> None:
    _frame(panel, ax)
    if chart.kind == "pareto":
        front = panel.front
        ax.plot(
            [p.x for p in front], [p.y for p in front], color=VERMILION, linewidth=1, drawstyle="steps-post", zorder=2
        )
    for number, points in enumerate(groups_of(chart, panel)):
        style = STYLES[chart.kind](points[0])
        (line,) = ax.plot([p.x for p in points], [p.y for p in points], linestyle="none", **style)
        line.set_gid(f"{POINTS}-{at}-{number}")
    _intervals(panel, ax)
    _fitted(panel, ax)
    for bound in panel.bounds:
        _bound(bound, ax)


def _frame(panel: Panel, ax: Axes) -> None:
    ax.set_title("\n".join([panel.title, *map(_fit_words, panel.lines)]), fontsize=9, loc="left", color=INK)
    for name, axis, shown in (("x", ax.xaxis, panel.x), ("y", ax.yaxis, panel.y)):
        if shown.log:
            ax.set(**{f"{name}scale": "log"})
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.set_minor_formatter(NullFormatter())
            axis.set_major_formatter(FuncFormatter(lambda value, _: significant(value, 1)))
    ax.set_xlabel(panel.x.title)
    ax.set_ylabel(panel.y.title)
    ax.label_outer(remove_inner_ticks=False) if len(ax.get_shared_y_axes().get_siblings(ax)) > 1 else None
    ax.grid(visible=True, color=GRID, linewidth=0.6)
    ax.set_axisbelow(True)


def _fit_words(line: Line) -> str:
    """The fitted line as an equation with its R2, or why there is none."""
    if line.fit is None:
        return line.reason
    fit, sign = line.fit, "+" if line.fit.intercept >= 0 else "-"
    return (
        f"{significant(fit.slope)} {line.slope_unit} {sign} {significant(abs(fit.intercept))} MiB, "
        f"R² = {fit.r2:.2f} ({fit.n} networks)"
    )


def _intervals(panel: Panel, ax: Axes) -> None:
    """Bars of the points that carry a name, and of all where they are few; a thousand bars would hide the points."""
    barred = [(p, (p.low, p.high)) for p in panel.points if p.low is not None and p.high is not None and p.high > p.low]
    if len(barred) > _FEW:
        barred = [(p, ends) for p, ends in barred if p.label]
    for p, ends in barred:
        xs, ys = (ends, (p.y, p.y)) if panel.interval == "x" else ((p.x, p.x), ends)
        ax.plot(xs, ys, color=MUTED, linewidth=0.7, alpha=0.6, zorder=2)


def _fitted(panel: Panel, ax: Axes) -> None:
    for fit in (line.fit for line in panel.lines if line.fit is not None):
        ends = [min(p.x for p in panel.points), max(p.x for p in panel.points)]
        heights = [fit.intercept + fit.slope * x for x in ends]
        ax.plot(ends, heights, color=VERMILION, linewidth=1.4, linestyle="--", zorder=2)


def _bound(bound: Bound, ax: Axes) -> None:
    """A band between two values, or a dotted line at a budget."""
    color = GREEN if bound.axis == "x" else PURPLE
    if bound.low is not None and bound.high is not None:
        (ax.axvspan if bound.axis == "x" else ax.axhspan)(
            bound.low, bound.high, color=color, alpha=0.15, linewidth=0, zorder=1
        )
        at, side = (bound.low * bound.high) ** 0.5, "center"
    else:
        at, side = bound.high or bound.low or 0.0, "right"
        (ax.axvline if bound.axis == "x" else ax.axhline)(at, color=color, linewidth=1.2, linestyle=":", zorder=2)
    if bound.axis == "x":
        ax.text(
            at,
            0.01,
            bound.label,
            transform=ax.get_xaxis_transform(),
            ha=side,
            va="bottom",
            rotation=90,
            fontsize=8,
            color=INK,
        )
    else:
        above = "center" if side == "center" else "bottom"
        ax.text(0.01, at, bound.label, transform=ax.get_yaxis_transform(), ha="left", va=above, fontsize=8, color=INK)
