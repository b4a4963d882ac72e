"""How images arrive: sets the batch size, and for a stream the latency."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from advisor.errors import UsageError
from advisor.tui.widgets.question import Question
from advisor.units import latency_ms, throughput_img_s
from advisor.workflows.answering import checked_batch


class ImagesQuestion(Question):
    """One at a time, in batches, or as a stream."""

    TITLE = "How do images arrive?"
    WHY = (
        "A batch uses a device better, but its latency is that of all its images together. "
        "A stream of N images a second leaves 1/N second for each."
    )
    KINDS: ClassVar[dict[str, str]] = {
        "one": "one at a time (batch 1)",
        "batch": "in batches of N",
        "stream": "a stream at N frames per second (batch 1, latency at most 1/N s)",
    }

    def compose(self) -> ComposeResult:
        """The kinds, and N where it matters."""
        yield from self.heading()
        yield OptionList(
            *(Option(words, id=kind) for kind, words in self.KINDS.items()), id="kinds", classes="short", compact=True
        )
        with Container(classes="row", id="count-row"):
            yield Label("", id="count-title")
            yield Input(compact=True, id="count")

    def on_mount(self) -> None:
        """One image at a time unless a batch was asked."""
        self._kind = "one"
        self.query_one("#count-row").display = False
        self.query_one(OptionList).highlighted = 1 if self.advisor.asked.batch_size > 1 else 0

    def choose(self, options: OptionList, option_id: str) -> None:
        """Batches and streams need a number; what was said of the number for another kind is taken back."""
        self.withdraw()
        self._kind = option_id
        wants = option_id != "one"
        self.query_one("#count-row").display = self.query_one(Input).display = wants
        self.query_one("#count-title", Label).update("N, e.g. 8" if option_id == "batch" else "N, e.g. 30fps")
        if not wants:
            self.advisor.ask(batch_size=1)

    def unfinished(self) -> bool:
        """Whether N is wanted and is none: it is said, and the cursor put there. Else it is taken."""
        if self._kind == "one":
            return False
        field = self.query_one("#count", Input)
        try:
            changes = self._changes(field.value.strip())
        except UsageError as error:
            self.advisor.complain("count", str(error))
            field.focus()
            return True
        self.withdraw()
        self.advisor.ask(**changes)
        return False

    def _changes(self, text: str) -> dict[str, object]:
        if self._kind == "batch":
            if not text.isdecimal():
                raise UsageError(f"batch size {text!r} is not a whole number; accepted: 8")
            checked_batch(int(text))
            return {"batch_size": int(text)}
        rate = throughput_img_s(f"{text}fps" if text.isdecimal() else text)
        longest, asked = 1000 / rate, self.advisor.asked.max_latency
        if asked and latency_ms(asked) <= longest:
            return {"batch_size": 1}
        return {"batch_size": 1, "max_latency": f"{longest:.4g}ms"}

    def _fields(self) -> list[Widget]:
        fields = super()._fields()
        return fields if self.query_one("#count-row").display else fields[:1]
