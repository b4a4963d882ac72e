"""What the model must keep: accuracy, time, memory; and the power mode of boards that have some."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from advisor.tui.messages import Devices
from advisor.tui.widgets.budgets import BudgetInput, Field
from advisor.tui.widgets.question import Question

NEEDS = (
    Field("max_latency", "latency at most", "", "50ms"),
    Field("min_accuracy", "top-1 accuracy at least", "", "75%"),
    Field("max_memory", "memory at most", "", "1GB"),
    Field("max_power", "power at most", "", "15W"),
)


class NeedsQuestion(Question):
    """Budgets and the power mode."""

    TITLE = "What must it keep?"
    WHY = (
        "These are the budgets: among the models that most probably keep all of them, the most accurate comes first. "
        "Leave empty what does not matter. Up and down step a value; the line below says at once how many models are left."
    )

    def compose(self) -> ComposeResult:
        """A field for each and the modes."""
        yield from self.heading()
        for field in NEEDS:
            with Container(classes="row"):
                yield Label(field.title)
                yield BudgetInput(field, str(getattr(self.advisor.asked, field.name)))
        yield Label("power mode: less power, lower clocks, slower", id="modes-title")
        yield OptionList(id="modes", classes="short", compact=True, markup=False)

    def on_mount(self) -> None:
        """Follow the question and the device."""
        self.watch(self.advisor, "devices", self._show_modes)

    def begin(self) -> None:
        """Show the modes of the device that was chosen."""
        self._show_modes(self.advisor.devices)
        for field in self.query(BudgetInput):
            field.restore(getattr(self.advisor.asked, field.field.name))
        super().begin()

    def _show_modes(self, devices: Devices | None) -> None:
        device = devices.named(self.advisor.asked.device) if devices else None
        modes = device.power_modes if device else ()
        self.query_one("#modes-title").display = self.query_one(OptionList).display = bool(modes)
        if device and modes:
            usual = device.default_target.power_mode or "not set"
            options = [
                Option(f"as the profile says ({usual})", id="usual"),
                *(Option(m.name, id=f"mode-{m.name}") for m in modes),
            ]
            self.query_one(OptionList).set_options(options)
            self.query_one(OptionList).highlighted = 0

    def unfinished(self) -> bool:
        """Whether a text is no quantity as it stands now: it is said again, and the cursor put there."""
        for field in self.query(BudgetInput):
            if not field.take():
                field.focus()
                return True
        return False

    def on_input_changed(self, event: Input.Changed) -> None:
        """Ask with every valid change."""
        event.stop()
        if isinstance(event.input, BudgetInput):
            event.input.take()

    def choose(self, options: OptionList, option_id: str) -> None:
        """Take a power mode."""
        self.advisor.ask(power_mode=option_id.removeprefix("mode-") if option_id != "usual" else "")
