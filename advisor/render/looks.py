"""How points look and what the legend says of it. Colours are Okabe and Ito's; a shape or a size says what a colour says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.lines import Line2D

from advisor.recommend.charts import Chart, Panel, Point

INK, MUTED, GRID, PAPER = "#1b1b1b", "#555555", "#dddddd", "#fffffe"
BLUE, ORANGE, GREEN, VERMILION, PURPLE, GREY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#999999"
_BASES = {"measured": ("o", BLUE), "calibrated": ("^", ORANGE), "predicted": ("s", GREEN)}
_ROLES = {"front": VERMILION, "dominated": BLUE, "unsure": PURPLE, "excluded": GREY}
_ROLE_WORDS = {
    "front": "on the front", "dominated": "meets the budgets, beaten", "unsure": "would, but extrapolated or in doubt",
    "excluded": "a budget is not met surely enough",
}  # fmt: skip
_SIZES_M = (10.0, 30.0, 100.0, 300.0)
"""Upper ends, in millions of parameters, of the steps of a point's size; larger ones are the last step."""
_MARKER_PT = (3.0, 4.5, 6.5, 9.0, 12.5)


def groups_of(chart: Chart, panel: Panel) -> list[list[Point]]:
    """The points of a panel as they are drawn: one list for each look, those that matter last and on top."""
    looks: dict[tuple[object, ...], list[Point]] = {}
    for point in panel.points:
        looks.setdefault(_look(chart.kind, point), []).append(point)
    return [looks[look] for look in sorted(looks, key=repr)]


def _look(kind: str, p: Point) -> tuple[object, ...]:
    """What makes points of one group; sorts the more important last."""
    if kind == "accuracy-complexity":
        return (bool(p.label), -_size_step(p.size_m))
    if kind == "pareto":
        return (("excluded", "unsure", "dominated", "front").index(p.role), p.basis)
    return (not p.extrapolated, -list(_BASES).index(p.basis), bool(p.label))


def _size_step(size_m: float) -> int:
    return sum(size_m > bound for bound in _SIZES_M)


def _complexity_style(p: Point) -> dict[str, Any]:
    size = _MARKER_PT[_size_step(p.size_m)]
    if p.label:
        return {
            "marker": "D",
            "color": ORANGE,
            "markersize": size,
            "markeredgecolor": INK,
            "markeredgewidth": 0.8,
            "zorder": 4,
        }
    return {"marker": "o", "color": BLUE, "markersize": size, "alpha": 0.4, "markeredgewidth": 0, "zorder": 3}


def _basis_style(p: Point) -> dict[str, Any]:
    marker, color = _BASES[p.basis]
    style: dict[str, Any] = {
        "marker": marker,
        "color": color,
        "markersize": 4.5,
        "zorder": 3,
        "markeredgewidth": 0.8,
    }
    if p.label:
        style |= {"markeredgecolor": INK, "markersize": 6.5, "zorder": 4}
    elif p.basis != "measured":
        style["alpha"] = 0.35 if p.extrapolated else 0.6
    return style | {"markerfacecolor": "none"} if p.extrapolated else style


def _pareto_style(p: Point) -> dict[str, Any]:
    marker, color = _BASES[p.basis][0], _ROLES[p.role]
    style: dict[str, Any] = {"marker": marker, "color": color, "markersize": 4, "zorder": 3, "markeredgewidth": 0.6}
    if p.role == "front":
        return style | {"markersize": 7, "markeredgecolor": INK, "zorder": 5}
    if p.role == "unsure":
        return style | {"markerfacecolor": "none", "alpha": 0.45}
    return style | {"alpha": 0.35, "markeredgewidth": 0, "markersize": 2.5 if p.role == "excluded" else 4.5}


STYLES: dict[str, Callable[[Point], dict[str, Any]]] = {
    "accuracy-complexity": _complexity_style, "accuracy-speed": _basis_style, "memory-complexity": _basis_style,
    "pareto": _pareto_style,
}  # fmt: skip


def handles_of(chart: Chart, points: Sequence[Point]) -> list[Line2D]:
    """The entries of the legend."""
    if chart.kind == "accuracy-complexity":
        return _size_handles(points)
    return (
        _role_handles(points) if chart.kind == "pareto" else _basis_handles(points, bool(chart.panels[0].memory_kind))
    )


def _handle(label: str, **style: Any) -> Line2D:  # noqa: ANN401 - matplotlib's own names and values
    return Line2D([], [], linestyle="none", label=label, **style)


def _size_handles(points: Sequence[Point]) -> list[Line2D]:
    labels = [f"up to {_SIZES_M[0]:g} M parameters"]
    labels += [f"{low:g} to {high:g} M" for low, high in pairwise(_SIZES_M)]
    labels.append(f"over {_SIZES_M[-1]:g} M")
    steps = {_size_step(p.size_m) for p in points}
    handles = [
        _handle(label, marker="o", color=BLUE, alpha=0.5, markeredgewidth=0, markersize=_MARKER_PT[step])
        for step, label in enumerate(labels)
        if step in steps
    ]
    if any(p.label for p in points):
        handles.append(_handle("network of the lecture", marker="D", color=ORANGE, markeredgecolor=INK, markersize=6))
    return handles


def _basis_handles(points: Sequence[Point], measured: bool) -> list[Line2D]:
    """One entry per basis that occurs, for hollow points and for bars."""
    handles = [
        _handle(basis, marker=marker, color=color, markersize=5)
        for basis, (marker, color) in _BASES.items()
        if any(p.basis == basis for p in points)
    ]
    if any(p.extrapolated for p in points):
        handles.append(_handle("hollow: extrapolated", marker="o", color=MUTED, markerfacecolor="none", markersize=5))
    if any(p.low is not None and p.low != p.high for p in points):
        what = "range observed" if measured else "90 % interval, of named points"
        handles.append(_handle(f"bar: {what}", marker="_", color=MUTED, markersize=9))
    return handles


def _role_handles(points: Sequence[Point]) -> list[Line2D]:
    """Shapes tell the basis, fill and size the role; a role is shown in the shape that most of its points have."""
    handles = [
        _handle(basis, marker=marker, color=MUTED, markersize=5)
        for basis, (marker, _) in _BASES.items()
        if any(p.basis == basis for p in points)
    ]
    for role, words in _ROLE_WORDS.items():
        bases = Counter(p.basis for p in points if p.role == role)
        if bases:
            sample = Point("", "", 0, "", 0.0, 0.0, 0.0, bases.most_common(1)[0][0], role=role)
            handles.append(_handle(words, **_pareto_style(sample)))
    return handles
