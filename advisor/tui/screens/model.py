"""One model: why it stands where it stands, layers, where time and memory go, the evidence, and code to load it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static, TabbedContent, TabPane
from textual.worker import get_current_worker

from advisor.errors import AdvisorError
from advisor.recommend.answer import Pick
from advisor.recommend.boards import Plan
from advisor.records import Layer
from advisor.render import snippets
from advisor.render.descriptions import class_grid, layer_grid
from advisor.render.dossiers import evidence_grid, memory_grid, parts_grid
from advisor.render.plans import plan_grid
from advisor.tui.messages import Status
from advisor.tui.typing import AppWidget
from advisor.tui.widgets.grids import GridTable
from advisor.tui.widgets.keys import Keys
from advisor.tui.widgets.status import StatusLine
from advisor.tui.widgets.why import Why
from advisor.workflows.dossier import Dossier, devices_for, dossier, traced_layers

_PANES = ("summary", "layers", "evidence", "devices", "code")


class ModelScreen(AppWidget, Screen[None]):
    """Everything about the pick it was opened with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"pane('{name}')", name.capitalize()) for n, name in enumerate(_PANES, 1)),
        Binding("y", "copy", "Copy code", tooltip="The code that loads and exports it, to the clipboard"),
        Binding("escape", "dismiss", "Back"),
    ]

    class Read(Message):
        """The worker has read the dossier."""

        def __init__(self, found: Dossier) -> None:
            super().__init__()
            self.found = found

    class Layers(Message):
        """The layers, or why there are none."""

        def __init__(self, layers: Sequence[Layer], reason: str) -> None:
            super().__init__()
            self.layers, self.reason = layers, reason

    class Planned(Message):
        """The devices were asked."""

        def __init__(self, plan: Plan) -> None:
            super().__init__()
            self.plan = plan

    class Failed(Message):
        """The worker could not read it."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self, pick: Pick) -> None:
        super().__init__()
        self.pick = pick
        self._planned = False

    def compose(self) -> ComposeResult:
        """A tab for each side of it."""
        pick = self.pick
        yield Static(
            f"{pick.model}.{pick.weights} at {pick.resolution} px on {pick.target.device}", id="target", markup=False
        )
        with TabbedContent(id="panes"):
            with TabPane("1 summary", id="summary"), VerticalScroll():
                yield Why(id="why")
                yield Static(id="guidelines", markup=False)
                yield GridTable(id="time")
                yield GridTable(id="memory")
                yield GridTable(id="classes")
            with TabPane("2 layers", id="layers"):
                yield Static("reading …", id="no-layers", markup=False)
                yield GridTable(id="layer-table")
            with TabPane("3 evidence", id="evidence"):
                yield Static("reading …", id="evidence-count", markup=False)
                yield GridTable(id="evidence-table")
            with TabPane("4 devices", id="devices"):
                yield Static("", id="devices-said", markup=False)
                yield GridTable(id="device-table")
            with TabPane("5 code", id="code"), VerticalScroll():
                yield Static(self.code, id="snippet", markup=False)
        yield StatusLine(id="status", markup=False)
        yield Keys(id="keys")

    @property
    def code(self) -> str:
        """Loads and exports the pick."""
        pick = self.pick
        export = snippets.exporting(pick.model, pick.resolution, pick.batch_size, pick.target.precision)
        return f"{snippets.loading(pick.model, pick.weights, pick.resolution)}\n{export}"

    def on_mount(self) -> None:
        """Show what is known at once, read the rest."""
        self.query_one(Why).show(self.pick, None)
        self.query_one("#memory", GridTable).show(memory_grid(self.pick))
        self.read()

    @work(thread=True, exclusive=True, group="model", exit_on_error=False, description="reads a model")
    def read(self) -> None:
        """Read the dossier, then trace the layers where none are shipped."""
        worker = get_current_worker()

        def say(message: Message) -> None:
            if not worker.is_cancelled:
                self.post_message(message)

        try:
            found = dossier(self.pick)
        except AdvisorError as error:
            say(self.Failed(str(error)))
            return
        say(self.Read(found))
        if found.layers:
            say(self.Layers(found.layers, ""))
        elif self.advisor.safe:
            say(self.Layers((), "no layers are shipped for this model, and here nothing is traced"))
        else:
            pick = self.pick
            say(self.Layers(*traced_layers(pick.model, pick.resolution, lambda: worker.is_cancelled)))

    @on(Read)
    def _show(self, message: Read) -> None:
        found = message.found
        self.query_one("#guidelines", Static).update("\n".join(f"• {words}" for words in found.guidelines))
        self.query_one("#time", GridTable).show(parts_grid(found.time_parts_ms))
        self.query_one("#classes", GridTable).show(class_grid(found.totals))
        self.query_one("#evidence-table", GridTable).show(evidence_grid(found.evidence))
        self.query_one("#evidence-count", Static).update(_counted(found))
        if not found.layers:
            self.query_one("#no-layers", Static).update("… tracing the layers")

    @on(Layers)
    def _show_layers(self, message: Layers) -> None:
        layers = message.layers
        self.query_one("#layer-table", GridTable).show(layer_grid(layers))
        self.query_one("#no-layers", Static).update(
            f"{len(layers)} layers; one image, fp32" if layers else f"! {message.reason}"
        )

    @work(thread=True, exclusive=True, group="plan", exit_on_error=False, description="asks every device")
    def plan(self) -> None:
        """Which devices would do, under the budgets of the question."""
        worker = get_current_worker()
        try:
            found: Message = self.Planned(devices_for(self.pick, self.advisor.asked))
        except AdvisorError as error:
            found = self.Failed(str(error))
        if not worker.is_cancelled:
            self.post_message(found)

    @on(Planned)
    def _show_plan(self, message: Planned) -> None:
        plan = message.plan
        self.query_one("#device-table", GridTable).show(plan_grid(plan))
        count = len({offer.device for offer in plan.offers})
        self.query_one("#devices-said", Static).update(
            f"{count} devices would run it within the same budgets, cheapest class of board first; {len(plan.unanswered)} are unknown"
        )

    @on(Failed)
    def _say(self, message: Failed) -> None:
        self.advisor.status = Status("error", message.reason)
        self.query_one("#devices-said", Static).update(f"! {message.reason}")

    def action_pane(self, name: str) -> None:
        """Bring a tab to the front and its table into focus."""
        self.query_one(TabbedContent).active = name
        if name == "devices" and not self._planned:
            self._planned = True
            self.query_one("#devices-said", Static).update(
                "… asking every device; the first time this may take a minute"
            )
            self.plan()
        tables = self.query(f"#{name} GridTable, #{name} VerticalScroll")
        if tables:
            tables.first().focus()

    def action_copy(self) -> None:
        """Copy the code."""
        self.app.copy_to_clipboard(self.code)
        self.notify("The code is in the clipboard, if your terminal allows that.")


def _counted(found: Dossier) -> str:
    here = sum(m.target.device == found.pick.target.device for m in found.evidence)
    if not found.evidence:
        return "This architecture was never measured: everything is predicted from its layers."
    return f"{len(found.evidence)} measurements of this architecture under any of its names, {here} of them on {found.pick.target.device}"
