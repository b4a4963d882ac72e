"""The charts of the lecture, live: complexity, speed on two devices, memory, and the front under the current budgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import get_current_worker

from advisor.errors import AdvisorError
from advisor.recommend.charts import KINDS, Chart, Panel, Point
from advisor.tui.messages import Status
from advisor.tui.typing import AppWidget
from advisor.tui.widgets.keys import Keys
from advisor.tui.widgets.plot import Plot, key_of
from advisor.tui.widgets.status import StatusLine
from advisor.units import significant
from advisor.workflows import charting, charting_memory, exploring

_TITLES = {
    "accuracy-complexity": "Complexity",
    "accuracy-speed": "Speed",
    "memory-complexity": "Memory",
    "pareto": "Front",
}
_ORDER = ("pareto", "accuracy-complexity", "accuracy-speed", "memory-complexity")


class ChartsScreen(AppWidget, Screen[str]):
    """One chart at a time, with one panel or two side by side. Ends with the key of what was picked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"kind('{kind}')", _TITLES[kind]) for n, kind in enumerate(_ORDER, 1)),
        Binding("t", "accuracy", "Top-1/5", tooltip="Top-1 or top-5 accuracy"),
        Binding("n", "panels", "More panels", tooltip="The next panel, where not all have room"),
        Binding("escape", "dismiss('')", "Back"),
    ]
    kind: var[str] = var("pareto", init=False)
    accuracy: var[str] = var("top-1", init=False)
    first: var[int] = var(0, init=False)
    """Of the panels, the first that is shown."""

    class Read(Message):
        """The worker has read a chart."""

        def __init__(self, chart: Chart) -> None:
            super().__init__()
            self.chart = chart

    class Failed(Message):
        """There is no such chart, for a reason."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self, start: str) -> None:
        super().__init__()
        self._start = start
        self._chart: Chart | None = None

    def compose(self) -> ComposeResult:
        """Two plots, of which one may be hidden, and what is under the cursor."""
        yield Static(id="target", markup=False)
        with Container(id="plots"):
            yield Plot(id="left")
            yield Plot(id="right")
        yield Static(id="legend", markup=False)
        yield Static(id="point", markup=False)
        with VerticalScroll(id="claims"):
            yield Static(id="claims-text", markup=False)
        yield StatusLine(id="status", markup=False)
        yield Keys(id="keys")

    def on_mount(self) -> None:
        """Begin with the front under the current budgets."""
        self.query_one("#left", Plot).focus()
        self.read()

    def on_resize(self, event: events.Resize) -> None:
        """One panel or two."""
        self._show()

    def watch_kind(self) -> None:
        """Another chart."""
        self.first = 0
        self.read()

    def watch_accuracy(self) -> None:
        """Another accuracy."""
        self.read()

    def watch_first(self) -> None:
        """Other panels."""
        self._show()

    @work(thread=True, exclusive=True, group="chart", exit_on_error=False)
    def read(self) -> None:
        """Read the data of the chart."""
        worker = get_current_worker()
        try:
            found: Message = self.Read(self._makers()[self.kind]())
        except AdvisorError as error:
            found = self.Failed(str(error))
        if not worker.is_cancelled:
            self.post_message(found)

    def _makers(self) -> dict[str, Callable[[], Chart]]:
        loaded = self.advisor.loaded
        return {
            "accuracy-complexity": self._complexity,
            "accuracy-speed": self._speed,
            "memory-complexity": charting_memory.memory_complexity,
            "pareto": lambda: exploring.front(loaded, self.advisor.asked, self.accuracy) if loaded else _nothing(),
        }

    def _complexity(self) -> Chart:
        asked = self.advisor.asked
        return charting.accuracy_complexity(
            accuracy=self.accuracy, library=asked.library or None, license=asked.license or None
        )

    def _speed(self) -> Chart:
        """The lecture's graphics card beside the device that was asked about."""
        asked, loaded = self.advisor.asked, self.advisor.loaded
        here = loaded.device.id if loaded else None
        return charting.accuracy_speed(
            against=None if here == "titan-xp" else here, accuracy=self.accuracy, batch_size=asked.batch_size,
            library=asked.library or None, license=asked.license or None,
        )  # fmt: skip

    @on(Read)
    def _read(self, message: Read) -> None:
        self._chart = message.chart
        self._show()
        plot = self.query_one("#left", Plot)
        if not plot.point_at(self._start) and plot.cursor is None:
            plot.action_go(1, 0)

    @on(Failed)
    def _say(self, message: Failed) -> None:
        self.advisor.status = Status("error", message.reason)

    def _show(self) -> None:
        chart = self._chart
        if chart is None:
            return
        panels = chart.panels[self.first : self.first + self._room]
        shared = [p.y for panel in panels for p in panel.points] if chart.kind == "accuracy-speed" else []
        for number, plot in enumerate(self.query(Plot)):
            plot.display = number < max(len(panels), 1)
            plot.border_title = panels[number].title if number < len(panels) else ""
            plot.show(chart.kind, panels[number] if number < len(panels) else None, shared)
        more = (
            f" · panels {self.first + 1}-{self.first + len(panels)} of {len(chart.panels)}"
            if len(chart.panels) > len(panels)
            else ""
        )
        self.query_one("#target", Static).update(f"{chart.title}{more}")
        self.query_one("#legend", Static).update(self.query_one("#left", Plot).legend)
        self.query_one("#claims-text", Static).update("\n".join(_sentences(chart)))
        self.refresh_bindings()

    def shows(self, number: int) -> bool:
        """Whether the chart of a key is on the screen."""
        return self._chart is not None and self._chart.kind == _ORDER[number - 1]

    @property
    def _room(self) -> int:
        return 2 if self.size.width >= 120 else 1

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """More panels only where there are more."""
        return action != "panels" or (self._chart is not None and len(self._chart.panels) > self._room)

    @on(Plot.Pointed)
    def _describe(self, message: Plot.Pointed) -> None:
        panel = message.plot.panel
        if panel is not None:
            self.query_one("#point", Static).update(described(message.point, panel))

    @on(Plot.Picked)
    def _pick(self, message: Plot.Picked) -> None:
        self.dismiss(key_of(message.point))

    def action_kind(self, kind: str) -> None:
        """Another chart."""
        self.kind = kind

    def action_accuracy(self) -> None:
        """The other accuracy."""
        self.accuracy = "top-5" if self.accuracy == "top-1" else "top-1"

    def action_panels(self) -> None:
        """The next panels, after the last the first."""
        if self._chart is not None:
            following = self.first + self._room
            self.first = following if following < len(self._chart.panels) else 0


def _nothing() -> Chart:
    return Chart(KINDS[-1], "the target is being read", "", ())


def described(point: Point, panel: Panel) -> str:
    """A point in words: names, both axes with their units, size, how it is known."""
    name = f"{point.model}.{point.weights}".rstrip(".")
    spread = ""
    if point.low is not None and point.high is not None and point.low < point.high:
        spread = f" ({significant(point.low)}-{significant(point.high)})"
    across = f"{panel.x.name} {significant(point.x)}{spread if panel.interval == 'x' else ''} {panel.x.unit}"
    up = f"{panel.y.name} {significant(point.y)}{spread if panel.interval == 'y' else ''} {panel.y.unit}"
    basis = point.basis + (", extrapolated" if point.extrapolated else "")
    chance = "" if point.probability is None else f"; chance {point.probability:.0%}"
    return (
        f"X {name} at {point.resolution} px: {across}; {up}; {significant(point.size_m)} M parameters; {basis}{chance}"
    )


def _sentences(chart: Chart) -> list[str]:
    words = {True: "holds", False: "does not hold", None: "cannot be said"}
    claims = [f"• The lecture: {c.claim}. {words[c.holds].capitalize()}: {c.found}." for c in chart.claims]
    fits = [f"• {panel.title}: {_fitted(panel)}" for panel in chart.panels if panel.lines]
    bounds = [f"• ┆ {bound.label}" for panel in chart.panels[:1] for bound in panel.bounds]
    return [*claims, *fits, *bounds, *(f"• {note}" for note in chart.notes)]


def _fitted(panel: Panel) -> str:
    line = panel.lines[0]
    if line.fit is None:
        return line.reason
    fit = line.fit
    return (
        f"line: {significant(fit.slope)} {line.slope_unit}, {significant(fit.intercept)} {panel.y.unit} at none, "
        f"R2 {fit.r2:.2f} over {fit.n} networks"
    )
