"""The line that says what goes on: what is read, what was found, what is wrong and what to do."""

from __future__ import annotations

from textual.widgets import Static

from advisor.recommend.answer import Recommendation
from advisor.tui.messages import Status
from advisor.tui.typing import AppWidget


class StatusLine(AppWidget, Static):
    """Follows the application's status and answer."""

    def on_mount(self) -> None:
        """Follow the application."""
        self.watch(self.advisor, "status", self._show)
        self.watch(self.advisor, "answer", lambda _: self._show(self.advisor.status))

    def _show(self, status: Status) -> None:
        self.set_class(status.kind == "error", "-error")
        words = {"working": f"… {status.text}", "error": f"! {status.text}"}
        said = words.get(status.kind, summary(self.advisor.answer))
        self.update(said, layout=len(said) > self.size.width or self.size.height > 1)


def summary(answer: Recommendation | None) -> str:
    """How many fit, in a line."""
    if answer is None:
        return ""
    return next((note for note in answer.notes if "meet every budget" in note), "")
