"""Which libraries and licences."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from advisor.tui.widgets.question import Question

_LIBRARIES = {"": "torchvision and timm", "torchvision": "torchvision only", "timm": "timm only"}
_LICENSES = {"": "any (each answer names its licence)", "permissive": "permissive only (Apache, MIT, BSD and the like)"}


class AllowedQuestion(Question):
    """What may be used."""

    TITLE = "Which libraries and licences are allowed?"
    WHY = "Many of the most accurate weights may not be used commercially. torchvision alone is smaller and knows fewer models."

    def compose(self) -> ComposeResult:
        """Two lists."""
        yield from self.heading()
        yield Label("library")
        yield _options("library", _LIBRARIES)
        yield Label("licence of the weights")
        yield _options("license", _LICENSES)

    def begin(self) -> None:
        """Highlight what was asked."""
        asked = self.advisor.asked
        self.query_one("#library", OptionList).highlighted = list(_LIBRARIES).index(asked.library)
        self.query_one("#license", OptionList).highlighted = list(_LICENSES).index(asked.license)
        super().begin()

    def choose(self, options: OptionList, option_id: str) -> None:
        """Take a choice."""
        self.advisor.ask(**{str(options.id): option_id.partition(":")[2]})


def _options(name: str, choices: dict[str, str]) -> OptionList:
    return OptionList(
        *(Option(words, id=f"{name}:{value}") for value, words in choices.items()),
        id=name, classes="short", compact=True, markup=False,
    )  # fmt: skip
