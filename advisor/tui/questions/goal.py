"""What `best` means: the objective, and the test set that accuracy is of."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from advisor.recommend.objectives import OBJECTIVES
from advisor.recommend.testsets import TEST_SETS
from advisor.tui.widgets.question import Question

_MEANINGS = {"balanced": "balanced: accuracy against latency and memory"}


class GoalQuestion(Question):
    """Asked again from the advice only: accuracy is what nearly everyone means."""

    TITLE = "What does best mean?"
    WHY = "Among the models that keep all budgets, the best by this comes first. What is closer than the noise is shown as a tie."

    def compose(self) -> ComposeResult:
        """Two lists."""
        yield from self.heading()
        yield Label("best by")
        options = [Option(_MEANINGS.get(name, name), id=name) for name in OBJECTIVES]
        yield OptionList(*options, id="objective", classes="short", compact=True, markup=False)
        yield Label("accuracy on")
        sets = [Option(known.title, id=name) for name, known in TEST_SETS.items()]
        yield OptionList(*sets, id="accuracy_on", compact=True, markup=False)

    def begin(self) -> None:
        """Highlight what was asked."""
        asked = self.advisor.asked
        self.query_one("#objective", OptionList).highlighted = list(OBJECTIVES).index(asked.objective)
        self.query_one("#accuracy_on", OptionList).highlighted = list(TEST_SETS).index(asked.accuracy_on)
        super().begin()

    def choose(self, options: OptionList, option_id: str) -> None:
        """Take a choice."""
        self.advisor.ask(**{str(options.id): option_id})
