"""One question of the guided start by itself, asked again from the advice."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from advisor.tui.typing import AppWidget
from advisor.tui.widgets.keys import Keys
from advisor.tui.widgets.question import Question
from advisor.tui.widgets.status import StatusLine
from advisor.workflows.questioning import Asked


class SingleScreen(AppWidget, ModalScreen[None]):
    """Ends with the answer, or as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", tooltip="Back, with everything asked as before")
    ]

    def __init__(self, question: type[Question]) -> None:
        super().__init__()
        self._question = question
        self._before = Asked()

    def compose(self) -> ComposeResult:
        """The question."""
        with Vertical(classes="dialog tall"):
            yield self._question()
            yield StatusLine(id="status", markup=False)
            yield Keys(id="keys")

    def on_mount(self) -> None:
        """Ready for an answer."""
        self._before = self.advisor.asked
        self.call_after_refresh(self.query_one(Question).begin)

    @on(Question.Done)
    def _answered(self) -> None:
        self.dismiss()

    def action_leave(self) -> None:
        """As it was."""
        self.query_one(Question).withdraw()
        self.advisor.asked = self._before
        self.dismiss()
