"""Two to four picks side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from advisor.recommend.answer import Pick
from advisor.render.dossiers import compared_grid
from advisor.tui.typing import AppWidget
from advisor.tui.widgets.grids import GridTable
from advisor.tui.widgets.keys import Keys


class CompareScreen(AppWidget, Screen[None]):
    """A column for each, a line for each figure."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Back")]

    def __init__(self, picks: Sequence[Pick]) -> None:
        super().__init__()
        self._picks = picks

    def compose(self) -> ComposeResult:
        """One table."""
        yield Static(f"{len(self._picks)} models on {self._picks[0].target.device}", id="target", markup=False)
        yield GridTable(id="compared")
        yield Keys(id="keys")

    def on_mount(self) -> None:
        """Fill it."""
        self.query_one(GridTable).show(compared_grid(self._picks))
