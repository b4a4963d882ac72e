"""A chart's panel on the terminal, whose points are picked with the arrow keys or the mouse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip
from textual.widget import Widget

from advisor.recommend.charts import Panel, Point
from advisor.tui.plotting import Drawing, Mark, draw, nearest, towards

_REACH = 6


def _by_size(point: Point) -> int:
    return 0 if point.size_m < 10 else 1 if point.size_m < 50 else 2


def _by_basis(point: Point) -> int:
    return 0 if point.extrapolated else {"predicted": 1, "calibrated": 2, "measured": 3}.get(point.basis, 1)


def _by_role(point: Point) -> int:
    return {"excluded": 0, "unsure": 1, "dominated": 2, "front": 3}.get(point.role, 0)


_SIZES = (
    Mark("·", "faint", "below 10 M parameters"),
    Mark("o", "point", "10 to 50 M"),
    Mark("O", "strong", "50 M and more"),
)
_BASES = (
    Mark("·", "faint", "extrapolated"),
    Mark("+", "point", "predicted"),
    Mark("o", "point", "calibrated"),
    Mark("●", "strong", "measured"),
)
_ROLES = (
    Mark("·", "faint", "misses a budget"),
    Mark("?", "faint", "extrapolated"),
    Mark("o", "point", "meets all"),
    Mark("◆", "strong", "on the front"),
)
MARKS: Mapping[str, tuple[Sequence[Mark], Callable[[Point], int]]] = {
    "accuracy-complexity": (_SIZES, _by_size),
    "accuracy-speed": (_BASES, _by_basis),
    "memory-complexity": (_BASES, _by_basis),
    "pareto": (_ROLES, _by_role),
}
"""By kind of chart: the marks from the back to the front, and which a point has."""


def key_of(point: Point) -> str:
    """As in the table: what tells one candidate from all others."""
    return f"{point.model} {point.weights} {point.resolution}"


class Plot(Widget, can_focus=True):
    """One pair of axes."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"plot--{name}" for name in ("axis", "title", "faint", "point", "strong", "line", "bound", "label", "cursor")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left,right,up,down",
            "nothing",
            "Next point",
            key_display="←→↑↓",
            tooltip="The next point in that direction",
        ),
        Binding("left", "go(-1,0)", show=False),
        Binding("right", "go(1,0)", show=False),
        Binding("up", "go(0,-1)", show=False),
        Binding("down", "go(0,1)", show=False),
        Binding("enter", "pick", "Pick", tooltip="The model of this point"),
    ]
    cursor: var[int | None] = var(None)

    class Pointed(Message):
        """The cursor is on another point."""

        def __init__(self, plot: Plot, point: Point) -> None:
            super().__init__()
            self.plot, self.point = plot, point

    class Picked(Pointed):
        """A point was chosen with Enter or a second click."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.panel: Panel | None = None
        self._kind = "pareto"
        self._shared: Sequence[float] = ()
        self._drawing: Drawing | None = None

    def show(self, kind: str, panel: Panel | None, shared: Sequence[float] = ()) -> None:
        """Another panel; the cursor stays on its candidate where that is still there."""
        before = self.pointed
        self.panel, self._kind, self._shared = panel, kind, shared
        self.cursor = None
        self._redraw()
        if before is not None:
            self.point_at(key_of(before))

    def on_resize(self) -> None:
        """Another size, another drawing."""
        self._redraw()

    def _redraw(self) -> None:
        width, height = self.size
        if self.panel is None or width < 20 or height < 6:
            self._drawing = None
        else:
            marks, which = MARKS[self._kind]
            self._drawing = draw(self.panel, width, height, lambda point: marks[which(point)], marks, self._shared)
        self.refresh()

    @property
    def pointed(self) -> Point | None:
        """The point under the cursor."""
        return None if self.panel is None or self.cursor is None else self.panel.points[self.cursor]

    @property
    def legend(self) -> str:
        """What the marks mean."""
        return "   ".join(f"{m.glyph} {m.meaning}" for m in MARKS[self._kind][0])

    def point_at(self, key: str) -> bool:
        """Put the cursor on a candidate; False where it is not in the panel."""
        points = self.panel.points if self.panel else ()
        at = next((n for n, point in enumerate(points) if key_of(point) == key), None)
        if at is not None:
            self.cursor = at
        return at is not None

    def watch_cursor(self) -> None:
        """Tell who describes the point."""
        if self.pointed is not None:
            self.post_message(self.Pointed(self, self.pointed))

    def action_go(self, dx: int, dy: int) -> None:
        """The next point in a direction; the first where there was none."""
        if self._drawing is None or not self._drawing.at:
            return
        self.cursor = 0 if self.cursor is None else towards(self._drawing.at, self.cursor, dx, dy)

    def action_pick(self) -> None:
        """Choose the point under the cursor."""
        if self.pointed is not None:
            self.post_message(self.Picked(self, self.pointed))

    def on_click(self, event: events.Click) -> None:
        """Point at what was clicked; a second click picks it."""
        at = event.get_content_offset(self)
        if self._drawing is None or at is None:
            return
        found = nearest(self._drawing.at, (at.x, at.y), _REACH)
        if found is not None and found == self.cursor:
            self.action_pick()
        elif found is not None:
            self.cursor = found

    def render_line(self, y: int) -> Strip:
        """One row of cells."""
        base = self.rich_style
        if self._drawing is None or y >= len(self._drawing.rows):
            return Strip.blank(self.size.width, base)
        row = list(self._drawing.rows[y])
        if self.cursor is not None and self._drawing.at[self.cursor][1] == y:
            row[self._drawing.at[self.cursor][0]] = ("X", "cursor")
        styles = {name: base + self.get_component_rich_style(f"plot--{name}", partial=True) for _, name in row if name}
        return Strip([Segment(glyph, styles.get(name, base)) for glyph, name in row]).simplify()
