"""The application: what is asked, what was read, the answer. Screens watch these three and change only the first."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen
from textual.worker import Worker, WorkerState, get_current_worker

from advisor.devices import FAMILY_DEFAULTS, Detection
from advisor.errors import AdvisorError, DataError, StoreError
from advisor.recommend.answer import Recommendation
from advisor.tui import messages
from advisor.tui.commands import KeyCommands
from advisor.tui.messages import Devices, Status
from advisor.workflows import describing, exploring, remembering
from advisor.workflows.exploring import Loaded
from advisor.workflows.questioning import Asked

SHOWN = 25
"""Picks in the table: more than anyone compares, few enough to repaint at once."""


class AdvisorApp(App[None]):
    """Guided questions, then the advice."""

    TITLE = "advisor"
    CSS_PATH = "advisor.tcss"
    COMMANDS = App.COMMANDS | {KeyCommands}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "show_help_panel", "Help", tooltip="Keys of the widget in focus"),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
    ]

    asked: var[Asked] = var(Asked, init=False)
    loaded: var[Loaded | None] = var(None)
    answer: var[Recommendation | None] = var(None)
    devices: var[Devices | None] = var(None)
    status: var[Status] = var(Status)

    def __init__(self, *, safe: bool = False, detect: Callable[[], Detection] = describing.detect_device) -> None:
        super().__init__()
        self._detect = detect
        self.safe = safe
        """Where strangers may be at the keys: keeps no session, writes no file, measures nothing."""
        self._kept = False
        """There is a session in the home, which is to be as the last screen was."""
        self._fresh = False
        """Nothing was asked yet: which device is to be asked about depends on which are found."""
        self._of_question = Status()
        """What was last said that is about no field: it shows again when a field is mended."""

    def on_mount(self) -> None:
        """Go on where the last session ended, else begin with the questions, which need to know the devices."""
        from advisor.tui.screens.advice import AdviceScreen
        from advisor.tui.screens.start import StartScreen

        session, damage = (remembering.Session(), "") if self.safe else remembering.recall()
        if session.theme in self.available_themes:
            self.theme = session.theme
        if damage:
            self.notify(damage, title="Last session", severity="warning", timeout=15)
        self.find_devices()
        self._fresh, self._kept = session.asked is None, session.asked is not None
        if session.asked is None:
            self.push_screen(StartScreen())
        else:
            self.push_screen(AdviceScreen())
            self.asked = session.asked

    def on_unmount(self) -> None:
        """Keep the question as it was last. What was frozen is let go, so that libraries can clean up after themselves."""
        if self._kept:
            self.keep_session()
        gc.unfreeze()

    def ask(self, **changes: object) -> None:
        """Change the question; the answer follows."""
        self.asked = self.asked._replace(**changes)  # type: ignore[arg-type]

    def watch_status(self, status: Status) -> None:
        """Remember what is said of the question, which may have no answer."""
        if not status.field:
            self._of_question = status

    def complain(self, field: str, words: str) -> None:
        """Say what is wrong with the text in a field."""
        self.status = Status("error", words, field)

    def take_back(self, field: str) -> None:
        """Nothing is wrong with a field: if that was said and still shows, what is said of the question shows again."""
        if self.status.field == field:
            self.status = self._of_question

    def watch_asked(self, asked: Asked) -> None:
        """Answer in memory where the target was read already, else read it first."""
        if self.loaded is not None and self.loaded.place == asked.place:
            self.rank(self.loaded, asked)
        else:
            self.load(asked)

    @work(thread=True, exclusive=True, group="answer", exit_on_error=False, description="reads a target")
    def load(self, asked: Asked) -> None:
        """Read a target from the database, preparing it where that was never done."""
        say = _speaker(self)
        say(messages.Preparing("reading what is known of the device"))
        try:
            loaded = exploring.load(asked, lambda stage: say(messages.Preparing(stage)))
            gc.freeze()  # thousands of records that live long: looking through them again and again stalls the screen
            say(messages.Prepared(loaded))
        except (StoreError, DataError) as error:
            say(messages.HomeBroken(str(error)))
        except AdvisorError as error:
            say(messages.NotAnswered(asked, str(error)))

    @work(thread=True, exclusive=True, group="answer", exit_on_error=False, description="answers from memory")
    def rank(self, loaded: Loaded, asked: Asked) -> None:
        """Answer from memory."""
        say = _speaker(self)
        try:
            say(messages.Ranked(asked, exploring.answer(loaded, asked, SHOWN)))
        except AdvisorError as error:
            say(messages.NotAnswered(asked, str(error)))

    @work(thread=True, exclusive=True, group="devices", exit_on_error=False)
    def find_devices(self) -> None:
        """Read the profiles and look at this machine."""
        say = _speaker(self)
        try:
            known = describing.devices(on_progress=lambda stage: say(messages.Preparing(stage)))
            say(messages.DevicesFound(Devices(known, self._detect())))
        except AdvisorError as error:
            say(messages.HomeBroken(str(error)))

    @on(messages.Preparing)
    def _working(self, message: messages.Preparing) -> None:
        self.status = Status("working", message.stage)

    @on(messages.Prepared)
    def _prepared(self, message: messages.Prepared) -> None:
        self.loaded = message.loaded
        self.watch_asked(self.asked)

    @on(messages.Ranked)
    def _ranked(self, message: messages.Ranked) -> None:
        if message.asked == self.asked:
            self.status = Status()
            self.answer = message.answer

    @on(messages.NotAnswered)
    def _not_answered(self, message: messages.NotAnswered) -> None:
        if message.asked == self.asked:
            self.status = Status("error", message.reason)
            self.answer = None

    @on(messages.DevicesFound)
    def _devices_found(self, message: messages.DevicesFound) -> None:
        self.devices = message.devices
        if self._fresh:
            self._fresh = False
            known = self.asked.device or message.devices.here.device_id
            self.load(self.asked) if known else self.ask(device=FAMILY_DEFAULTS["jetson"])

    @on(messages.HomeBroken)
    def _home_broken(self, message: messages.HomeBroken) -> None:
        from advisor.tui.screens.trouble import TroubleScreen

        self.status = Status("error", message.reason)
        if not isinstance(self.screen, TroubleScreen):
            self.push_screen(TroubleScreen(message.reason))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Textual's own, less what writes a file where strangers are at the keys."""
        for command in super().get_system_commands(screen):
            if not (self.safe and command.title == "Screenshot"):
                yield command

    def retry(self) -> None:
        """Try again what failed for want of a database."""
        self.find_devices()
        if not self._fresh:
            self.load(self.asked)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that failed in a way nobody foresaw is said; the screen goes on."""
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            self.status = Status("error", f"internal error in {event.worker.name!r}: {type(error).__name__}: {error}")

    def keep_session(self) -> None:
        """Keep the question and the theme for the next time."""
        if self.safe:
            return
        self._kept = True
        try:
            remembering.remember(remembering.Session(self.asked, self.theme))
        except DataError as error:
            self.notify(str(error), severity="warning")


def _speaker(app: AdvisorApp) -> Callable[[Message], None]:
    """Posts a worker's messages, until it was replaced by a later one."""
    worker = get_current_worker()

    def say(message: Message) -> None:
        if not worker.is_cancelled:
            app.post_message(message)

    return say
