"""What would have to give where nothing fits: one line per budget, chosen to be applied."""

from __future__ import annotations

from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from advisor.recommend.answer import Relaxation

FIELD_OF = {
    "max_latency_ms": "max_latency",
    "min_throughput_img_s": "min_throughput",
    "max_memory_mib": "max_memory",
    "min_accuracy_percent": "min_accuracy",
    "max_params": "max_params",
    "max_power_w": "max_power",
    "max_energy_mj": "max_energy",
}
"""Budget -> field of the question; the memory of the device is no field."""


class Relaxations(OptionList):
    """The relaxations of an answer; Enter applies one."""

    class Chosen(Message):
        """A budget is to be moved."""

        def __init__(self, changes: dict[str, str]) -> None:
            super().__init__()
            self.changes = changes

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._found: tuple[Relaxation, ...] = ()

    def show(self, found: tuple[Relaxation, ...]) -> None:
        """Replace the lines."""
        self._found = found
        self.set_options(Option(r.sentence, disabled=r.budget not in FIELD_OF) for r in found)
        self.highlighted = next((i for i, r in enumerate(found) if r.budget in FIELD_OF), None)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Apply the line."""
        event.stop()
        self.apply(event.option_index)

    def apply(self, index: int | None = None) -> None:
        """Move the budget of a line, by default of the one highlighted."""
        at = self.highlighted if index is None else index
        if at is not None:
            self.post_message(self.Chosen(changes_of(self._found, at)))


def changes_of(found: tuple[Relaxation, ...], index: int) -> dict[str, str]:
    """The change of the question that a relaxation stands for. Where several must give together, the others come next."""
    chosen = found[index]
    return {FIELD_OF[chosen.budget]: _typed(chosen.needed)} if chosen.budget in FIELD_OF else {}


def _typed(needed: str) -> str:
    """A formatted bound as it would be typed: `45.2 ms` -> `45.2ms`."""
    return needed.replace(" ", "")
