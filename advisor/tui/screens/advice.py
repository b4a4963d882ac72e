"""The advice: picks, live budgets, and why the pick under the cursor stands where it stands."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from advisor.recommend.answer import Recommendation
from advisor.tui.typing import AppWidget
from advisor.tui.widgets.budgets import FIELDS, BudgetInput, Budgets
from advisor.tui.widgets.keys import Keys
from advisor.tui.widgets.picks import PicksTable
from advisor.tui.widgets.relaxing import Relaxations
from advisor.tui.widgets.rows import Rows
from advisor.tui.widgets.status import StatusLine
from advisor.tui.widgets.why import Why
from advisor.workflows import exploring
from advisor.workflows.exploring import Loaded

_MOST_COMPARED = 4
_AGAIN = (
    ("d", "device", "Device", "Another device"),
    ("t", "runtime", "Runtime", "Another runtime or precision"),
    ("i", "images", "Images", "How images arrive: the batch size"),
    ("o", "allowed", "Allowed", "Other libraries and licences"),
    ("y", "goal", "Best by", "What best means, and the test set of the accuracy"),
)
"""Questions of the guided start that can be asked again: key, name, title, explanation."""


class AdviceScreen(AppWidget, Screen[None]):
    """Where the question and the answer stand side by side."""

    AUTO_FOCUS = "#picks"

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(f.key, f"edit('{f.name}')", f.title.split()[0], tooltip=f"Budget: {f.title}") for f in FIELDS),
        Binding("space", "mark", "Mark", tooltip="Mark or unmark the model under the cursor, to compare"),
        Binding("c", "compare", "Compare", tooltip="The marked models side by side"),
        Binding("r", "relax", "Relax", tooltip="Move the budget that costs least, so that something fits"),
        Binding(
            "g", "charts", "Charts", tooltip="Accuracy against complexity, speed, memory; the front under these budgets"
        ),
        *(Binding(key, f"again('{name}')", title, tooltip=said) for key, name, title, said in _AGAIN),
        Binding("s", "save", "Save", tooltip="A report, and the command line that asks the same"),
        Binding("x", "measure", "Measure", tooltip="Time models on this machine"),
        Binding("e", "everything", "All rows", tooltip="Also more than two picks of a family"),
        Binding("n", "restart", "Questions", tooltip="Answer the questions again"),
        Binding("escape", "to_table", "Table", tooltip="Back to the picks"),
        Binding("q", "app.quit", "Quit"),
    ]

    def compose(self) -> ComposeResult:
        """Budgets, table, reasons."""
        yield Static(id="target", markup=False)
        with Container(id="desk"):
            yield Budgets(id="budgets")
            with Vertical(id="results"):
                yield PicksTable(id="picks")
                yield Relaxations(id="relaxations")
                yield Why(id="why")
        yield StatusLine(id="status", markup=False)
        yield Keys(id="keys")

    def on_mount(self) -> None:
        """Follow the application."""
        self.watch(self.advisor, "loaded", self._show_target)
        self.watch(self.advisor, "answer", self._show_answer)
        self.action_to_table()

    def _show_target(self, loaded: Loaded | None) -> None:
        if loaded is not None:
            self.query_one("#target", Static).update(_headline(loaded))

    def _show_answer(self, answer: Recommendation | None) -> None:
        self.query_one(PicksTable).show(answer)
        found = answer.relaxations if answer is not None and not answer.feasible else ()
        relaxations = self.query_one(Relaxations)
        if found or relaxations.display:
            relaxations.show(found)
            relaxations.display = bool(found)
            self.refresh_bindings()

    @on(PicksTable.Pointed)
    def _explain(self, event: PicksTable.Pointed) -> None:
        """After the table, which must not wait for sentences to be wrapped."""
        self.call_after_refresh(self.query_one(Why).show, event.pick, self.advisor.answer)

    @on(Relaxations.Chosen)
    def _relaxed(self, event: Relaxations.Chosen) -> None:
        self.advisor.ask(**event.changes)
        self.action_to_table()

    @on(BudgetInput.Submitted)
    def _next(self) -> None:
        self.action_to_table()

    @on(Rows.Chosen)
    def _open(self) -> None:
        """All about the model under the cursor."""
        from advisor.tui.screens.model import ModelScreen

        pick = self.query_one(PicksTable).pointed
        if pick is not None:
            self.app.push_screen(ModelScreen(pick))

    def action_mark(self) -> None:
        """Mark the model under the cursor, or take the mark away."""
        self.query_one(PicksTable).toggle_mark()

    def action_compare(self) -> None:
        """Two to four marked models side by side."""
        from advisor.tui.screens.compare import CompareScreen

        picks = self.query_one(PicksTable).marked_picks()
        if 2 <= len(picks) <= _MOST_COMPARED:
            self.app.push_screen(CompareScreen(picks))
        else:
            self.notify(f"Mark 2 to {_MOST_COMPARED} models with the space bar; {len(picks)} are marked.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Relaxing is offered only where something is to be relaxed."""
        if action == "relax":
            answer = self.advisor.answer
            return answer is not None and not answer.feasible and bool(answer.relaxations)
        if action == "measure":
            return not self.advisor.safe
        if action == "to_table":
            return not self.query_one(PicksTable).has_focus
        return True

    def action_edit(self, name: str) -> None:
        """Move the focus into a budget."""
        self.query_one(f"#{name}", BudgetInput).focus()

    def action_to_table(self) -> None:
        """Move the focus back to the picks."""
        self.query_one(PicksTable).focus()

    def action_relax(self) -> None:
        """Apply the relaxation that costs least."""
        self.query_one(Relaxations).apply()

    def action_again(self, name: str) -> None:
        """Ask one question of the guided start again."""
        from advisor.tui.questions import BY_NAME
        from advisor.tui.screens.single import SingleScreen

        self.app.push_screen(SingleScreen(BY_NAME[name]), lambda _: self.advisor.keep_session())

    def action_charts(self) -> None:
        """The charts, with the model under the cursor picked."""
        from advisor.tui.screens.charts import ChartsScreen

        self.app.push_screen(ChartsScreen(self.query_one(PicksTable).pointed_key), self._picked)

    def _picked(self, key: str | None) -> None:
        """What was picked in a chart is under the cursor of the table, as a further row where it was none."""
        table, loaded = self.query_one(PicksTable), self.advisor.loaded
        if key and not table.point_at(key) and loaded is not None:
            pick = exploring.pick_of(loaded, self.advisor.asked, key)
            if pick is not None:
                table.point_at_further(pick)

    def action_save(self) -> None:
        """A report and the equivalent command line."""
        from advisor.tui.screens.save import SaveScreen

        loaded, answer = self.advisor.loaded, self.advisor.answer
        if loaded is not None and answer is not None:
            self.app.push_screen(SaveScreen(loaded, answer))

    def action_measure(self) -> None:
        """Time models on this machine."""
        from advisor.tui.screens.measure import MeasureScreen

        self.app.push_screen(MeasureScreen(self.query_one(PicksTable).pointed))

    def action_everything(self) -> None:
        """Lift or set the limit of two picks per family."""
        self.advisor.ask(everything=not self.advisor.asked.everything)

    def action_restart(self) -> None:
        """The questions, with the answers given so far."""
        from advisor.tui.screens.start import StartScreen

        self.app.switch_screen(StartScreen())


def _headline(loaded: Loaded) -> Content:
    target = loaded.question.target
    mode = f", mode {target.power_mode}" if target.power_mode else ""
    words = (
        f" · {target.runtime} {target.precision} on {target.compute_unit}{mode} · batch {loaded.question.batch_size}"
    )
    return Content.assemble((target.device, "bold"), words)
