"""Why the pick under the cursor stands where it stands, or what would help where nothing fits."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from advisor.recommend.answer import Pick, Recommendation
from advisor.render.picks import legend


class Why(VerticalScroll):
    """Sentences about one pick."""

    can_focus = True

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static(id="why-text", markup=False)

    def show(self, pick: Pick | None, answer: Recommendation | None) -> None:
        """The reasons of a pick and the prices of the budgets; without a pick the notes of the answer."""
        parts = [] if pick is None else _reasons(pick, answer)
        if answer is not None:
            parts += _prices(answer) if pick is not None else [Content(f"• {note}") for note in answer.notes]
        self.query_one(Static).update(Content("\n").join(parts))
        self.scroll_home(animate=False)


def _prices(answer: Recommendation) -> list[Content]:
    """What a looser budget would buy, what a stricter one would not cost, and what the marks of the table mean."""
    if not answer.picks:
        return []
    sentences = [*(r.sentence for r in answer.relaxations), *(t.sentence for t in answer.tightenings)]
    head = [Content.styled("Price of the budgets", "bold")] if sentences else []
    return [*head, *(Content(f"• {s}") for s in sentences), Content(legend(answer, "", 0))]


def _reasons(pick: Pick, answer: Recommendation | None) -> list[Content]:
    open_ = answer is not None and pick in answer.measure_first
    title = "Why" if pick.rank else "Might fit, measure first:" if open_ else "Picked in a chart:"
    name = f"{pick.model}.{pick.weights}".rstrip(".")
    head = Content.assemble((f"{title} {name}", "bold"), f" at {pick.resolution} px, weights {pick.license}")
    lines = [Content(f"• {reason}") for reason in pick.reasons if reason]
    lines.append(Content(f"• to measure it: {pick.measure_command}"))
    return [head, *lines]
