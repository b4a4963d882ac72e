"""A panel of a chart on a grid of character cells: scales, ticks, points as marks, lines in braille dots. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from advisor.recommend.charts import Axis, Bound, Panel, Point

Cell = tuple[int, int]
"""Column and row on the canvas, from the upper left."""
_BRAILLE = 0x2800
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_MARGIN, _FOOT = 7, 2
"""Columns for the labels of the y axis; rows for the labels of the x axis and its title."""
_MOST_TICKS = 9
_FEW_DECADES = 3.5


class Scale(NamedTuple):
    """One axis: from the lowest to the highest value shown."""

    low: float
    high: float
    log: bool

    def share(self, value: float) -> float:
        """Where a value lies, 0 to 1 within the axis."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round values to label."""
        found = self._log_ticks() if self.log else self._linear_ticks()
        return [value for value in found if self.low <= value <= self.high]

    def _log_ticks(self) -> list[float]:
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        steps = (1.0, 2.0, 5.0) if math.log10(self.high / self.low) < _FEW_DECADES else (1.0,)
        return [step * 10.0**decade for decade in decades for step in steps]

    def _linear_ticks(self) -> list[float]:
        raw = (self.high - self.low) / 6
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
        first = math.ceil(self.low / step)
        return [round((first + n) * step, 10) for n in range(_MOST_TICKS)]


class Mark(NamedTuple):
    """How a kind of point is drawn, and what it means. The order in a legend is from the back to the front."""

    glyph: str
    style: str
    meaning: str


class Drawing(NamedTuple):
    """A canvas of (character, style name) and where each point of the panel lies on it."""

    rows: list[list[tuple[str, str]]]
    at: list[Cell]
    left: int
    bottom: int


def scale_of(values: Sequence[float], log: bool) -> Scale:
    """A scale that holds all values with a little room on both sides. Values of a log axis are positive."""
    low, high = min(values), max(values)
    if log:
        ratio = max((high / low) ** 0.04, 1.02)
        return Scale(low / ratio, high * ratio, True)
    room = max((high - low) * 0.04, abs(high) * 1e-3, 1e-9)
    return Scale(low - room, high + room, False)


def draw(
    panel: Panel,
    width: int,
    height: int,
    mark: Callable[[Point], Mark],
    marks: Sequence[Mark],
    shared: Sequence[float] = (),
) -> Drawing:
    """The panel on `width` x `height` cells; `mark` says how a point looks, `marks` which lies above which.

    `shared` are values that the y axis holds as well, so that panels side by side have the same.
    """
    canvas = _Canvas(width, height)
    x = scale_of([p.x for p in panel.points] or [1.0], panel.x.log)
    y = scale_of([*(p.y for p in panel.points), *shared] or [1.0], panel.y.log)
    frame = _Frame(canvas, x, y)
    frame.axes(panel.x, panel.y)
    for bound in panel.bounds:
        frame.bound(bound)
    for line in panel.lines:
        if line.fit is not None:
            frame.curve(lambda value, fit=line.fit: fit.slope * value + fit.intercept)  # type: ignore[misc]
    at = [frame.cell(p.x, p.y) for p in panel.points]
    order = {m: n for n, m in enumerate(marks)}
    found = [mark(p) for p in panel.points]
    for number in sorted(range(len(at)), key=lambda n: order[found[n]]):
        canvas.put(at[number], found[number].glyph, found[number].style)
    frame.labels([(cell, p.label) for cell, p in zip(at, panel.points, strict=True) if p.label])
    return Drawing(canvas.rows, at, frame.left, frame.bottom)


class _Canvas:
    """Characters with style names."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.rows = [[(" ", "")] * width for _ in range(height)]

    def put(self, cell: Cell, glyph: str, style: str) -> None:
        column, row = cell
        if 0 <= column < self.width and 0 <= row < self.height:
            self.rows[row][column] = (glyph, style)

    def write(self, column: int, row: int, words: str, style: str) -> None:
        for shift, glyph in enumerate(words):
            self.put((column + shift, row), glyph, style)

    def blank(self, column: int, row: int, count: int) -> bool:
        if not (0 <= row < self.height and column >= 0 and column + count <= self.width):
            return False
        return all(glyph in " \u2506\u2508" for glyph, _ in self.rows[row][column : column + count])


class _Frame:
    """The area within the axes."""

    def __init__(self, canvas: _Canvas, x: Scale, y: Scale) -> None:
        self._canvas, self._x, self._y = canvas, x, y
        self.left, self.top = _MARGIN, 1
        self.bottom = canvas.height - _FOOT - 1
        """Row of the x axis."""
        self._columns, self._rows = canvas.width - self.left - 1, self.bottom - self.top

    def cell(self, x: float, y: float) -> Cell:
        return self._column(x), self._row(y)

    def _column(self, x: float) -> int:
        return self.left + 1 + min(int(self._x.share(x) * self._columns), self._columns - 1)

    def _row(self, y: float) -> int:
        return self.bottom - 1 - min(int(self._y.share(y) * self._rows), self._rows - 1)

    def axes(self, x: Axis, y: Axis) -> None:
        canvas = self._canvas
        canvas.write(0, 0, y.title, "title")
        for row in range(self.top, self.bottom):
            canvas.put((self.left, row), "│", "axis")
        canvas.write(self.left, self.bottom, "└" + "─" * self._columns, "axis")
        for value in self._y.ticks():
            words = f"{value:g}"[: _MARGIN - 1]
            canvas.write(self.left - 1 - len(words), self._row(value), words, "axis")
            canvas.put((self.left, self._row(value)), "┤", "axis")
        self._x_ticks()
        title = x.title[: canvas.width]
        canvas.write(max(canvas.width - len(title), 0), canvas.height - 1, title, "title")

    def _x_ticks(self) -> None:
        free = 0
        for value in self._x.ticks():
            words, column = f"{value:g}", self._column(value)
            start = min(max(column - len(words) // 2, 0), self._canvas.width - len(words))
            self._canvas.put((column, self.bottom), "┴", "axis")
            if start >= free:
                self._canvas.write(start, self.bottom + 1, words, "axis")
                free = start + len(words) + 1

    def bound(self, bound: Bound) -> None:
        """Dotted lines where a band or budget begins and ends, as far as that is on the axis."""
        scale = self._x if bound.axis == "x" else self._y
        for value in (bound.low, bound.high):
            if value is None or not scale.low <= value <= scale.high:
                continue
            if bound.axis == "x":
                for row in range(self.top, self.bottom):
                    self._canvas.put((self._column(value), row), "┆", "bound")
            else:
                for column in range(self.left + 1, self._canvas.width):
                    self._canvas.put((column, self._row(value)), "┈", "bound")

    def curve(self, of: Callable[[float], float]) -> None:
        """A function in braille dots, two to a column."""
        dots: dict[Cell, int] = {}
        for step in range(2 * self._columns):
            share = (step + 0.5) / (2 * self._columns)
            x = (
                self._x.low * (self._x.high / self._x.low) ** share
                if self._x.log
                else self._x.low + share * (self._x.high - self._x.low)
            )
            y = of(x)
            if (self._y.log and y <= 0) or not self._y.low <= y <= self._y.high:
                continue
            fine = 4 * self._rows - 1 - min(int(self._y.share(y) * 4 * self._rows), 4 * self._rows - 1)
            cell = (self.left + 1 + step // 2, self.top + fine // 4)
            dots[cell] = dots.get(cell, 0) | _DOTS[fine % 4][step % 2]
        for cell, bits in dots.items():
            self._canvas.put(cell, chr(_BRAILLE + bits), "line")

    def labels(self, found: Iterable[tuple[Cell, str]]) -> None:
        """Names beside their points, where there is room."""
        for (column, row), words in found:
            for start in (column + 1, column - len(words)):
                if start > self.left and self._canvas.blank(start, row, len(words)):
                    self._canvas.write(start, row, words, "label")
                    break


def nearest(at: Sequence[Cell], cell: Cell, reach: float = math.inf) -> int | None:
    """The point nearest to a cell, within a reach in columns; a row counts as two columns."""
    best = min(range(len(at)), key=lambda n: _distance(at[n], cell), default=None)
    return best if best is not None and _distance(at[best], cell) <= reach else None


def towards(at: Sequence[Cell], start: int, dx: int, dy: int) -> int:
    """The next point in a direction; the same where there is none further."""
    column, row = at[start]
    ahead = [
        (along + 2 * aside, n)
        for n, (c, r) in enumerate(at)
        if (along := (c - column) * dx + 2 * (r - row) * dy) > 0
        for aside in [abs((c - column) * dy) + abs(2 * (r - row) * dx)]
    ]
    return min(ahead)[1] if ahead else start


def _distance(one: Cell, other: Cell) -> float:
    return math.hypot(one[0] - other[0], 2 * (one[1] - other[1]))
