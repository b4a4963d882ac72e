"""A table of texts from `render`."""

from __future__ import annotations

from advisor.render.grid import Grid
from advisor.tui.widgets.rows import Rows


class GridTable(Rows):
    """Shows a Grid."""

    def show(self, grid: Grid) -> None:
        """Replace everything."""
        self.fill(grid.heads, grid.rows)
