"""Describing a device that nobody has a profile of: a few figures of its data sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import get_current_worker

from advisor.devices.stated import FACTS, KINDS
from advisor.errors import AdvisorError
from advisor.tui.typing import AppWidget
from advisor.tui.widgets.keys import Keys
from advisor.workflows import describing

_KINDS = {"gpu": "a graphics card", "jetson": "a Jetson board", "cpu": "a processor", "sbc": "a single-board computer"}


class DescribeScreen(AppWidget, ModalScreen[str]):
    """Ends with the id of the new profile, or with an empty text."""

    AUTO_FOCUS = "#name"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "add", "Add", tooltip="Keep the profile and predict for it"),
        Binding("escape", "dismiss('')", "Back"),
    ]

    class Added(Message):
        """The profile is kept."""

        def __init__(self, device_id: str) -> None:
            super().__init__()
            self.device_id = device_id

    class Said(Message):
        """What goes on, or what is wrong."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def compose(self) -> ComposeResult:
        """Name, kind and figures."""
        with VerticalScroll(classes="dialog", can_focus=False):
            yield Label("From a data sheet: what you leave empty is unknown.", classes="title")
            with Container(classes="row"):
                yield Label("name")
                yield Input(placeholder="e.g. Acme Board 8GB", compact=True, id="name")
            yield Label("It is …")
            yield OptionList(*(Option(_KINDS[kind], id=kind) for kind in KINDS), compact=True, id="kind")
            for key, title in FACTS.items():
                with Container(classes="row"):
                    yield Label(title)
                    yield Input(compact=True, id=key)
            yield Static(id="said", markup=False)
            yield Keys(id="keys")

    def on_mount(self) -> None:
        """A kind is always chosen."""
        self.query_one(OptionList).highlighted = 0

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _next(self) -> None:
        self.focus_next()

    def action_add(self) -> None:
        """Keep it."""
        kind = self.query_one(OptionList).highlighted_option
        figures = {key: self.query_one(f"#{key}", Input).value for key in FACTS}
        self.add(self.query_one("#name", Input).value, str(kind.id if kind else ""), figures)

    @work(thread=True, exclusive=True, group="describe", exit_on_error=False, description="adds a device")
    def add(self, name: str, kind: str, figures: Mapping[str, str]) -> None:
        """Keep the profile and predict for it."""
        worker = get_current_worker()

        def say(message: Message) -> None:
            if not worker.is_cancelled:
                self.post_message(message)

        try:
            device = describing.describe_device(name, kind, figures, on_progress=lambda s: say(self.Said(f"… {s}")))
            say(self.Added(device.id))
        except AdvisorError as error:
            say(self.Said(f"! {error}"))

    @on(Said)
    def _said(self, message: Said) -> None:
        self.query_one("#said", Static).update(message.words)

    @on(Added)
    def _added(self, message: Added) -> None:
        self.dismiss(message.device_id)
