"""A table of texts with a cursor. Lines are put together once, so that all rows are repainted within a few milliseconds.

Textual's own DataTable renders each cell by itself: 25 rows of 13 columns take it longer than ranking the whole catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

_CURSOR = "›"
_STEP = 8
"""Lines by which a table that does not fit grows."""


class Rows(ScrollView, can_focus=True):
    """Rows of cells under heads; a head that ends in `#` is a number, aligned to the right. The heads stay when scrolling."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--head", "rows--even", "rows--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "to(-1)", show=False),
        Binding("down", "to(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "to(-1000000)", show=False),
        Binding("end", "to(1000000)", show=False),
        Binding("left", "scroll_left", show=False),
        Binding("right", "scroll_right", show=False),
        Binding("enter", "choose", show=False),
    ]
    cursor: var[int] = var(0, init=False)
    """Row under the cursor, from 0."""

    class Moved(Message):
        """The cursor is on another row."""

    class Chosen(Message):
        """Enter, or a click on the row under the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._head, self._lines = "", list[str]()

    def fill(
        self, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int] = (), cursor: int = 0
    ) -> None:
        """Replace everything. `widths`, where given, are those of the columns; longer cells end in an ellipsis."""
        right = [head.endswith("#") for head in heads]
        shown = [head.removesuffix("#") for head in heads]
        columns = list(zip(shown, *rows, strict=True))
        wide = widths or [max(map(cell_len, column)) for column in columns]
        self._head = _line(shown, wide, right)
        self._lines = [_line(row, wide, right) for row in rows]
        self._fit()
        with self.prevent(self.Moved):
            self.cursor = max(min(cursor, len(rows) - 1), 0)
        self._keep_in_sight()
        self.refresh()

    def on_resize(self) -> None:
        """What fitted may not fit now."""
        self._fit()

    def _fit(self) -> None:
        """How far there is to scroll, in steps: whenever it changes the whole screen is laid out, which takes longer than all rows."""
        width, height = cell_len(self._head) + 1, len(self._lines) + 1
        if not self.styles.auto_dimensions:
            view = self.container_size
            width = 0 if width <= view.width - self.styles.scrollbar_size_vertical else width
            height = height if not view.height or height <= view.height else -(-height // _STEP) * _STEP
        if (width, height) != self.virtual_size:
            self.virtual_size = Size(width, height)

    def validate_cursor(self, cursor: int) -> int:
        """Within the rows."""
        return max(min(cursor, len(self._lines) - 1), 0)

    def watch_cursor(self) -> None:
        """Show where the cursor is, and tell."""
        self._keep_in_sight()
        self.refresh()
        self.post_message(self.Moved())

    def _keep_in_sight(self) -> None:
        self.scroll_to_region(
            Region(int(self.scroll_x), self.cursor, 1, 2), animate=False, force=True, x_axis=False, immediate=True
        )

    def action_to(self, steps: int) -> None:
        """Move the cursor by some rows."""
        self.cursor += steps

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is in sight."""
        self.cursor += pages * max(self.size.height - 2, 1)

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self._lines:
            self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to what is clicked; a second click chooses it."""
        at = event.get_content_offset(self)
        row = -1 if at is None or at.y == 0 else at.y - 1 + int(self.scroll_y)
        if row == self.cursor:
            self.action_choose()
        elif 0 <= row < len(self._lines):
            self.cursor = row

    def render_line(self, y: int) -> Strip:
        """The heads, or a row."""
        number, width = y - 1 + int(self.scroll_y), self.size.width
        style, line = self.rich_style, ""
        if y == 0:
            style, line = style + self.get_component_rich_style("rows--head"), f" {self._head}"
        elif number < len(self._lines):
            here = number == self.cursor
            line = f"{_CURSOR if here else ' '}{self._lines[number]}"
            if here:
                style += self.get_component_rich_style("rows--cursor")
            elif number % 2:
                style += self.get_component_rich_style("rows--even")
        start = int(self.scroll_x)
        return Strip([Segment(line, style)]).crop_extend(start, start + width, style)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    return " ".join(map(_cell, cells, widths, right))


def _cell(words: str, width: int, right: bool) -> str:
    if words.isascii() and len(words) <= width:
        return words.rjust(width) if right else words.ljust(width)
    spare = width - cell_len(words)
    if spare < 0:
        return set_cell_size(words, width - 1) + "…"
    return " " * spare + words if right else words + " " * spare
