"""Pictures of the main screens for the documents: `python -m advisor.tui.screenshots docs/screens`.

Walks through the interface as a user does, on the home that ADVISOR_HOME names, and writes what it sees as SVG, beside the version
of the library that drew it. They show a machine that no profile fits, so that they are the same wherever they are made.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from advisor.devices import Detection
from advisor.tui.app import AdvisorApp
from advisor.tui.screens.charts import ChartsScreen
from advisor.tui.screens.model import ModelScreen
from advisor.tui.widgets.grids import GridTable

_WIDE, _SMALL = (150, 42), (80, 24)
_PATIENCE = 1200
_LOOK_S = 0.1


DRAWN_BY = "drawn-by.txt"
"""File that names the library and its version: another one draws the same screen differently."""


def drawn_by() -> str:
    """The library that draws, and its version."""
    return f"textual {version('textual')}"


def _app() -> AdvisorApp:
    return AdvisorApp(safe=True, detect=lambda: Detection(None, "no profile fits this machine", {}))


async def _until(pilot: Pilot[None], true: Callable[[], object]) -> None:
    for _ in range(_PATIENCE):
        if true():
            await pilot.pause(5 * _LOOK_S)
            return
        await pilot.pause(_LOOK_S)
    raise TimeoutError("the screen never came")


async def _keep(pilot: Pilot[None], folder: Path, name: str) -> None:
    app = pilot.app
    for field in app.screen.query(Input):
        field.cursor_blink = False  # a cursor that comes and goes would make two pictures of one screen
    await pilot.pause(_LOOK_S)
    (folder / f"{name}.svg").write_text(app.export_screenshot(title="advisor", simplify=True), encoding="utf-8")
    print(folder / f"{name}.svg")


async def _questions(folder: Path) -> None:
    app = _app()
    async with app.run_test(size=_SMALL) as pilot:
        await _until(pilot, lambda: app.devices)
        app.ask(device="jetson-orin-nano-8gb")
        await _until(pilot, lambda: app.answer)
        app.screen.query_one("#devices").scroll_home(
            animate=False
        )  # else what was read first decides how far it is scrolled
        await _keep(pilot, folder, "start-device")
        await pilot.press(*"orin", "space", *"nano", "space", *"8gb", "enter")
        await pilot.press(*"50ms")
        await _until(pilot, lambda: app.answer and "max_latency_ms" in app.answer.budgets)
        await _keep(pilot, folder, "start-needs")
        await pilot.press("f2")
        await pilot.pause(5 * _LOOK_S)
        await _keep(pilot, folder, "advice-80x24")
        await pilot.press("l", "ctrl+u", *"1ms")
        await _until(pilot, lambda: app.answer and not app.answer.feasible)
        await _keep(pilot, folder, "infeasible")


async def _advice(folder: Path) -> None:
    app = _app()
    async with app.run_test(size=_WIDE) as pilot:
        await _until(pilot, lambda: app.devices)
        app.ask(device="jetson-orin-nano-8gb", max_latency="50ms")
        await pilot.press("f2")
        await _until(pilot, lambda: app.answer and "max_latency_ms" in app.answer.budgets)
        await pilot.press("space", "down", "space", "up")
        await _keep(pilot, folder, "advice")
        await pilot.press("c")
        await pilot.pause(5 * _LOOK_S)
        await _keep(pilot, folder, "compare")
        await pilot.press("escape", "enter")
        await _until(pilot, lambda: isinstance(app.screen, ModelScreen) and _filled(app))
        await _keep(pilot, folder, "model")
        await pilot.press("escape", "g")
        for key, name in zip("1234", ("front", "complexity", "speed", "memory"), strict=True):
            await pilot.press(key)
            await _until(pilot, lambda kind=key: isinstance(app.screen, ChartsScreen) and app.screen.shows(int(kind)))  # type: ignore[misc]
            await _keep(pilot, folder, f"chart-{name}")


def _filled(app: AdvisorApp) -> bool:
    return app.screen.query_one("#evidence-table", GridTable).virtual_size.height > 1


def main() -> None:
    """Write all of them."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DRAWN_BY).write_text(f"{drawn_by()}\n", encoding="utf-8")
    asyncio.run(_questions(folder))
    asyncio.run(_advice(folder))


if __name__ == "__main__":
    main()
