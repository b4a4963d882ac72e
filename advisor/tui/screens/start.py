"""The guided start: a few questions, each with a default, each skippable; what an answer leaves is said at once."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Static

from advisor.recommend.answer import Recommendation
from advisor.tui.questions import QUESTIONS
from advisor.tui.typing import AppWidget
from advisor.tui.widgets.keys import Keys
from advisor.tui.widgets.question import Question
from advisor.tui.widgets.status import StatusLine


class StartScreen(AppWidget, Screen[None]):
    """One question at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "forward", "Next", show=False),
        Binding("f3", "forward", "Skip", tooltip="Leave this question as it stands"),
        Binding("escape", "back", "Back"),
        Binding("f2", "finish", "Advice now", tooltip="Skip the other questions"),
    ]
    at: var[int] = var(0, init=False)

    def compose(self) -> ComposeResult:
        """All questions, one of them shown."""
        yield Static(id="target", markup=False)
        with Container(id="question"):
            yield from (question() for question in QUESTIONS)
        yield Static(id="so-far", markup=False)
        yield StatusLine(id="status", markup=False)
        yield Keys(id="keys")

    def on_mount(self) -> None:
        """Begin with the first question."""
        self.watch(self.advisor, "answer", self._show_answer)
        self.call_after_refresh(self.watch_at)  # once the questions have their fields

    def watch_at(self) -> None:
        """Bring a question to the front."""
        self.query_one("#target", Static).update(f"advisor · question {self.at + 1} of {len(QUESTIONS)} · Enter: next")
        for number, question in enumerate(self.query(Question)):
            question.display = number == self.at
        self._now.begin()  # at once: keys that are typed ahead belong to it

    @property
    def _now(self) -> Question:
        return list(self.query(Question))[self.at]

    def _show_answer(self, answer: Recommendation | None) -> None:
        self.query_one("#so-far", Static).update(_so_far(answer))

    def action_forward(self) -> None:
        """The next question, if nothing in this one must be mended."""
        if not self._now.unfinished():
            self._next()

    @on(Question.Done)
    def _next(self) -> None:
        """The next question, after the last the advice."""
        if self.at + 1 < len(QUESTIONS):
            self.at += 1
        else:
            self.action_finish()

    def action_back(self) -> None:
        """The question before; what is wrong with this one is said when it comes forward and is gone on from again."""
        self._now.withdraw()
        self.at = max(self.at - 1, 0)

    def action_finish(self) -> None:
        """The advice, with what was answered so far."""
        from advisor.tui.screens.advice import AdviceScreen

        if self._now.unfinished():
            return
        self.advisor.keep_session()
        self.app.switch_screen(AdviceScreen())


def _so_far(answer: Recommendation | None) -> str:
    if answer is None:
        return ""
    if answer.picks:
        best = answer.picks[0]
        return f"best so far: {best.model}, {best.top1:.1f} % top-1, of {answer.device}"
    help_ = "; ".join(r.sentence for r in answer.relaxations[:2]) or "no single budget would help"
    return f"Nothing meets all of this. What would help: {help_}"
