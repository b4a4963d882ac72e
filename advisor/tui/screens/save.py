"""Saving the answer: the command line that asks the same, and a report in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static
from textual.worker import get_current_worker

from advisor.errors import AdvisorError
from advisor.recommend.answer import Recommendation
from advisor.tui.typing import AppWidget
from advisor.tui.widgets.keys import Keys
from advisor.workflows.exploring import Loaded
from advisor.workflows.reporting import save_report


class SaveScreen(AppWidget, ModalScreen[None]):
    """A folder, and Enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "save", "Save", tooltip="Write the report into the folder"),
        Binding("f6", "copy", "Copy command", tooltip="The command line, to the clipboard"),
        Binding("escape", "dismiss", "Back"),
    ]

    class Said(Message):
        """How it went."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(self, loaded: Loaded, answer: Recommendation) -> None:
        super().__init__()
        self._loaded, self._answer = loaded, answer

    @property
    def command(self) -> str:
        """The command line that gives the same answer."""
        return self.advisor.asked._replace(device=self._answer.device).command(len(self._answer.picks) or 1)

    def compose(self) -> ComposeResult:
        """The command and the folder; where strangers are at the keys no folder."""
        with Vertical(classes="dialog"):
            yield Label("The same answer from the command line:", classes="title")
            yield Static(self.command, id="command", markup=False)
            if not self.advisor.safe:
                yield Label("A report (Markdown and HTML) into the folder:", classes="title")
                yield Input(str(Path.cwd()), id="folder", compact=True, select_on_focus=False)
            yield Static(id="said", markup=False)
            yield Keys(id="keys")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No files where strangers are at the keys."""
        return action != "save" or not self.advisor.safe

    @on(Input.Submitted)
    def action_save(self) -> None:
        """Write it."""
        self.query_one("#said", Static).update("… writing")
        self.write(Path(self.query_one(Input).value).expanduser())

    @work(thread=True, exclusive=True, group="save", exit_on_error=False)
    def write(self, folder: Path) -> None:
        """Write the report."""
        worker = get_current_worker()
        try:
            files = save_report(self._loaded, self._answer, self.advisor.asked, folder)
            words = "\n".join((f"Written into {files[0].parent}:", *(file.name for file in files)))
        except AdvisorError as error:
            words = f"! {error}"
        if not worker.is_cancelled:
            self.post_message(self.Said(words))

    @on(Said)
    def _say(self, message: Said) -> None:
        self.query_one("#said", Static).update(message.words)

    def action_copy(self) -> None:
        """Copy the command line."""
        self.app.copy_to_clipboard(self.command)
        self.query_one("#said", Static).update("The command is in the clipboard, if your terminal allows that.")
