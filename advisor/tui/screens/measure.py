"""Measuring on this machine: progress, log, cancel. A process of its own measures, so that the screen does not disturb it."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Label, Log, ProgressBar, Static
from textual.worker import get_current_worker

from advisor.errors import AdvisorError
from advisor.recommend.answer import Pick
from advisor.tui.typing import AppWidget
from advisor.tui.widgets.keys import Keys
from advisor.workflows.children import Done
from advisor.workflows.supervising import Wanted, measure_watched


class MeasureScreen(AppWidget, Screen[None]):
    """A budget of time; then what comes of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "f5", "begin(True)", "Measure this model", tooltip="The model under the cursor, at its resolution and batch"
        ),
        Binding(
            "f6",
            "begin(False)",
            "Calibrate",
            tooltip="The models that tell most about this machine, then what is lacking",
        ),
        Binding("f8", "stop", "Stop", tooltip="After the launch that runs; twice: at once. What is done is kept"),
        Binding("escape", "leave", "Back"),
    ]

    class Line(Message):
        """Something was said."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Count(Message):
        """A launch has ended."""

        def __init__(self, done: int, planned: int) -> None:
            super().__init__()
            self.done, self.planned = done, planned

    class Ended(Message):
        """It is over, or could not begin."""

        def __init__(self, words: str, changed: bool) -> None:
            super().__init__()
            self.words, self.changed = words, changed

    def __init__(self, pick: Pick | None) -> None:
        super().__init__()
        self._pick = pick
        self._measuring, self._stops = False, 0

    def compose(self) -> ComposeResult:
        """Budget, progress, log."""
        name = f"{self._pick.model} at {self._pick.resolution} px" if self._pick else "no model is under the cursor"
        yield Static(f"Measure on this machine · {name}", id="target", markup=False)
        with Container(classes="row"):
            yield Label("stop after")
            yield Input("10min", compact=True, id="time", select_on_focus=False)
        yield ProgressBar(total=1, id="progress", show_eta=False)
        yield Log(id="log")
        yield Static(
            "Numbers go into this home, for the profile of this machine; advice about it follows them.",
            id="said",
            markup=False,
        )
        yield Keys(id="keys")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Begin only what does not run, stop only what runs."""
        if action == "begin":
            return not self._measuring and (self._pick is not None or not parameters[0])
        return self._measuring if action == "stop" else True

    def action_begin(self, model: bool) -> None:
        """Begin."""
        self._measuring, self._stops = True, 0
        self.query_one(Log).clear()
        self.query_one(ProgressBar).update(total=None, progress=0)
        self.query_one("#said", Static).update("… measuring; other work on this machine spoils the numbers")
        self.refresh_bindings()
        self.measure(Wanted(self._pick if model else None, self.query_one(Input).value.strip()))

    @work(thread=True, exclusive=True, group="measure", exit_on_error=False, description="measures")
    def measure(self, wanted: Wanted) -> None:
        """Measure in a process and hand on what it says."""
        worker = get_current_worker()
        try:
            done = measure_watched(
                wanted, lambda words: self._tell(self.Line(words)), lambda n, of: self._tell(self.Count(n, of)),
                lambda: 2 if worker.is_cancelled else self._stops,
            )  # fmt: skip
            self._tell(self.Line(done.output))
            self._tell(self.Ended(verdict(done), True))
        except AdvisorError as error:
            self._tell(self.Ended(f"! {error}", False))

    def _tell(self, message: Message) -> None:
        if self.is_attached:
            self.post_message(message)

    @on(Line)
    def _line(self, message: Line) -> None:
        self.query_one(Log).write_lines(message.words.splitlines())

    @on(Count)
    def _count(self, message: Count) -> None:
        self.query_one(ProgressBar).update(total=message.planned, progress=message.done)

    @on(Ended)
    def _ended(self, message: Ended) -> None:
        self._measuring = False
        self.query_one("#said", Static).update(message.words)
        self.refresh_bindings()
        if message.changed:
            self.advisor.retry()

    def action_stop(self) -> None:
        """Ask it to stop."""
        self._stops += 1
        words = "… stops after the launch that runs" if self._stops == 1 else "… stops at once"
        self.query_one("#said", Static).update(words)

    def action_leave(self) -> None:
        """Back, but not while it runs."""
        if self._measuring:
            self.query_one("#said", Static).update("It runs: F8 stops it.")
        else:
            self.dismiss()


def verdict(done: Done) -> str:
    """How a measurement ended, in a sentence: of one that failed, what its report or else its last words say."""
    if done.code == 0:
        return "Measured; the advice follows the new numbers."
    if done.code in (130, -2):
        return "Stopped; what was measured is kept. 'advisor measure --resume' goes on."
    stopped = next((line for line in done.output.splitlines() if line.startswith("stopped: ")), "")
    last = done.said[-1].removeprefix("advisor: ") if done.said else ""
    return f"! {stopped or f'it ended with code {done.code}: {last}'}"
