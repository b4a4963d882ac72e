"""One question of the guided start: what it asks, why it is asked, and a way to answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.containers import Container
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from advisor.tui.typing import AppWidget


class Question(AppWidget, Container):
    """A question. Enter answers and goes on; the last field's Enter goes to the next question."""

    TITLE: ClassVar[str] = ""
    WHY: ClassVar[str] = ""

    class Done(Message):
        """This question is answered, and nothing in it must be mended."""

    def heading(self) -> Iterator[Widget]:
        """The question and the reason for it."""
        yield Static(self.TITLE, classes="title", markup=False)
        yield Static(self.WHY, classes="why", markup=False)

    def begin(self) -> None:
        """Called when the question comes to the front."""
        fields = self._fields()
        if fields:
            self.screen.set_focus(fields[0])

    def unfinished(self) -> bool:
        """Whether something must be mended before going on; it is said. Questions with texts override this."""
        return False

    def withdraw(self) -> None:
        """Take back what was said of the texts: the question is left, or they matter no more."""
        for field in self.query(Input):
            self.advisor.take_back(field.id or "")

    def _fields(self) -> list[Widget]:
        return [w for w in self.query("Input, OptionList") if w.can_focus and w.display]

    def go_on(self, widget: Widget) -> None:
        """From a field to the next, from the last to the next question if nothing must be mended."""
        fields = self._fields()
        at = fields.index(widget)
        if at + 1 < len(fields):
            self.screen.set_focus(fields[at + 1])
        elif not self.unfinished():
            self.post_message(self.Done())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in a field."""
        event.stop()
        self.go_on(event.input)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter or a click on an option."""
        event.stop()
        self.choose(event.option_list, event.option_id or "")
        self.go_on(event.option_list)

    def choose(self, options: OptionList, option_id: str) -> None:
        """An option was chosen; questions with options override this."""
