"""What is shown where the home cannot be used: what is wrong, where, and what to do."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from advisor.locations import database, home
from advisor.tui.typing import AppWidget
from advisor.tui.widgets.keys import Keys


class TroubleScreen(AppWidget, Screen[None]):
    """One explanation; R tries again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", "Try again"),
        Binding("escape", "dismiss", "Back"),
        Binding("q", "app.quit", "Quit"),
    ]

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._reason = reason

    def compose(self) -> ComposeResult:
        """The explanation."""
        with VerticalScroll():
            yield Static(_explained(self._reason), markup=False, id="trouble")
        yield Keys(id="keys")

    def action_retry(self) -> None:
        """Try again."""
        self.dismiss()
        self.advisor.retry()


def _explained(reason: str) -> str:
    return (
        "The database of advisor cannot be used.\n\n"
        f"What happened:  {reason}\n"
        f"Home:           {home()}\n"
        f"Database:       {database()}\n\n"
        "What to do, one of:\n"
        "  • point ADVISOR_HOME at a folder that can be written, and start again;\n"
        "  • move the database away: it is built anew from the shipped evidence, without your own measurements\n"
        "    (these are also in the folder 'measurements' of the home, and in what 'advisor db export' wrote);\n"
        "  • see what is wrong: advisor db verify\n\n"
        "Nothing was changed. R tries again."
    )
