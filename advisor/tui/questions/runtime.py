"""Which runtime and precision are possible."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from advisor.records import PRECISIONS
from advisor.tui.widgets.question import Question

_USUAL = "usual"


class RuntimeQuestion(Question):
    """Of those the device supports."""

    TITLE = "Which runtime and precision are possible?"
    WHY = (
        "The same model is several times faster in TensorRT at fp16 than in PyTorch at fp32. The default is what is usual on the "
        "device and has the most measurements; a precision is only worth choosing where your software can use it."
    )

    def compose(self) -> ComposeResult:
        """Two lists."""
        yield from self.heading()
        yield Label("runtime")
        yield OptionList(id="runtimes", classes="short", compact=True, markup=False)
        yield Label("precision")
        yield OptionList(id="precisions", compact=True, markup=False)

    def begin(self) -> None:
        """Show what the device that was chosen supports."""
        asked, devices = self.advisor.asked, self.advisor.devices
        device = devices.named(asked.device) if devices else None
        runtimes = device.runtimes if device else ()
        usual = f" ({device.default_target.runtime} {device.default_target.precision})" if device else ""
        _fill(self.query_one("#runtimes", OptionList), f"the device's default{usual}", runtimes, asked.runtime)
        _fill(self.query_one("#precisions", OptionList), "the runtime's default", PRECISIONS, asked.precision)
        super().begin()

    def choose(self, options: OptionList, option_id: str) -> None:
        """Take a runtime or a precision."""
        value = "" if option_id == _USUAL else option_id
        if options.id == "runtimes":
            self.advisor.ask(runtime=value, precision="")
        else:
            self.advisor.ask(precision=value)


def _fill(options: OptionList, usual: str, values: tuple[str, ...], chosen: str) -> None:
    options.set_options([Option(usual, id=_USUAL), *(Option(value, id=value) for value in values)])
    options.highlighted = values.index(chosen) + 1 if chosen in values else 0
