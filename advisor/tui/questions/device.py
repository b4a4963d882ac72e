"""Which device."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input, OptionList

from advisor.tui.widgets.devices import HERE, DeviceList
from advisor.tui.widgets.question import Question


class DeviceQuestion(Question):
    """This machine, a known device, or one that is described."""

    TITLE = "Which device will the model run on?"
    WHY = "Time and memory are facts about a device: the same model is 50 times slower on a Raspberry Pi than on a graphics card."

    def compose(self) -> ComposeResult:
        """The list."""
        yield from self.heading()
        yield DeviceList()

    def begin(self) -> None:
        """Ready to type."""
        self.screen.set_focus(self.query_one(Input))

    def choose(self, options: OptionList, option_id: str) -> None:
        """Take a device; what belongs to the former one is forgotten."""
        device = "" if option_id == HERE else option_id
        if device != self.advisor.asked.device:
            self.advisor.ask(device=device, runtime="", precision="", power_mode="")

    def go_on(self, widget: object) -> None:
        """One choice is the whole answer."""
        self.post_message(self.Done())
