"""The budgets, as fields that are typed into or stepped with the arrow keys; every valid change is asked at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.geometry import Size
from textual.reactive import Reactive
from textual.widgets import Input, Label

from advisor.errors import UsageError
from advisor.tui.stepping import SCALES, stepped
from advisor.tui.typing import AppWidget
from advisor.workflows.questioning import Asked


class Field(NamedTuple):
    """A budget on the screen."""

    name: str
    """Of the field in the question."""
    title: str
    key: str
    """That moves the focus here."""
    hint: str


FIELDS = (
    Field("max_latency", "latency ≤", "l", "50ms"),
    Field("min_throughput", "rate ≥", "f", "30fps"),
    Field("max_memory", "memory ≤", "m", "1GiB"),
    Field("min_accuracy", "top-1 ≥", "a", "75%"),
    Field("max_params", "params ≤", "p", "30M"),
    Field("max_power", "power ≤", "w", "15W"),
    Field("confidence", "chance ≥", "b", "90%"),
)


class BudgetInput(AppWidget, Input):
    """One bound: text with a unit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(True)", "Up", tooltip="The next rounder value above"),
        Binding("down", "step(False)", "Down", tooltip="The next rounder value below"),
        Binding("ctrl+u", "clear", "Clear", tooltip="No bound"),
    ]

    virtual_size = Reactive(Size(0, 0))
    """Without a layout: what is typed moves nothing else, and the answer's thread must not wait for the screen."""

    def __init__(self, field: Field, value: str) -> None:
        super().__init__(value, placeholder=f"e.g. {field.hint}", compact=True, id=field.name, select_on_focus=False)
        self.field = field

    def action_step(self, up: bool) -> None:
        """Move the bound; a text that cannot be read stays as it is, and the status says what is wrong with it."""
        try:
            self.value = stepped(self.field.name, self.value, up)
            self.cursor_position = len(self.value)
        except UsageError as error:
            self.advisor.complain(self.field.name, str(error))

    def action_clear(self) -> None:
        """No bound, wherever the cursor stands."""
        self.value = ""

    def restore(self, value: str) -> None:
        """Show what is asked. A text that was wrong is gone, and what was said of it."""
        with self.prevent(Input.Changed):
            self.value = value
        self._mended()

    def take(self) -> bool:
        """Ask with what was typed, or say what is wrong with it; whether nothing is."""
        text = self.value.strip()
        try:
            if text or self.field.name == "confidence":
                SCALES[self.field.name].parse(text)
        except UsageError as error:
            self.advisor.complain(self.field.name, str(error))
            self.add_class("-wrong")
            return False
        self._mended()
        self.advisor.ask(**{self.field.name: text})
        return True

    def _mended(self) -> None:
        self.remove_class("-wrong")
        self.advisor.take_back(self.field.name)


class Budgets(AppWidget, Container):
    """All fields, in a row or a column as the room allows."""

    def __init__(self, fields: Sequence[Field] = FIELDS, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._fields = fields

    def compose(self) -> ComposeResult:
        """A title and an input for each."""
        for field in self._fields:
            with Container(classes="budget"):
                yield Label(field.title)
                yield BudgetInput(field, str(getattr(self.advisor.asked, field.name)))

    def on_mount(self) -> None:
        """Show what was asked elsewhere."""
        self.watch(self.advisor, "asked", self._show, init=False)

    def _show(self, asked: Asked) -> None:
        for field in self.query(BudgetInput):
            value = getattr(asked, field.field.name)
            if field.value.strip() != value and not field.has_class("-wrong"):
                with self.prevent(Input.Changed):
                    field.value = value

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if isinstance(event.input, BudgetInput):
            event.input.take()
