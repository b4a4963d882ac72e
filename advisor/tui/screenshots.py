"""Pictures of the main screens for the documents: `python -m advisor.tui.screenshots docs/screens`.

Walks through the interface as a user does, on the home that ADVISOR_HOME names, and writes what it sees as SVG.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from advisor.tui.app import AdvisorApp
from advisor.tui.screens.charts import ChartsScreen
from advisor.tui.screens.model import ModelScreen
from advisor.tui.widgets.grids import GridTable

_WIDE, _SMALL = (150, 42), (80, 24)
_PATIENCE = 1200
_LOOK_S = 0.1


async def _until(pilot: Pilot[None], true: Callable[[], object]) -> None:
    for _ in range(_PATIENCE):
        if true():
            await pilot.pause(5 * _LOOK_S)
            return
        await pilot.pause(_LOOK_S)
    raise TimeoutError("the screen never came")


def _keep(app: AdvisorApp, folder: Path, name: str) -> None:
    (folder / f"{name}.svg").write_text(app.export_screenshot(title="advisor", simplify=True), encoding="utf-8")
    print(folder / f"{name}.svg")


async def _questions(folder: Path) -> None:
    app = AdvisorApp(safe=True)
    async with app.run_test(size=_SMALL) as pilot:
        await _until(pilot, lambda: app.devices)
        app.ask(device="jetson-orin-nano-8gb")
        await _until(pilot, lambda: app.answer)
        _keep(app, folder, "start-device")
        await pilot.press(*"orin", "space", *"nano", "space", *"8gb", "enter")
        await pilot.press(*"50ms")
        await _until(pilot, lambda: app.answer and "max_latency_ms" in app.answer.budgets)
        _keep(app, folder, "start-needs")
        await pilot.press("f2")
        await pilot.pause(5 * _LOOK_S)
        _keep(app, folder, "advice-80x24")
        await pilot.press("l", "ctrl+u", *"1ms")
        await _until(pilot, lambda: app.answer and not app.answer.feasible)
        _keep(app, folder, "infeasible")


async def _advice(folder: Path) -> None:
    app = AdvisorApp(safe=True)
    async with app.run_test(size=_WIDE) as pilot:
        await _until(pilot, lambda: app.devices)
        app.ask(device="jetson-orin-nano-8gb", max_latency="50ms")
        await pilot.press("f2")
        await _until(pilot, lambda: app.answer and "max_latency_ms" in app.answer.budgets)
        await pilot.press("space", "down", "space", "up")
        _keep(app, folder, "advice")
        await pilot.press("c")
        await pilot.pause(5 * _LOOK_S)
        _keep(app, folder, "compare")
        await pilot.press("escape", "enter")
        await _until(pilot, lambda: isinstance(app.screen, ModelScreen) and _filled(app))
        _keep(app, folder, "model")
        await pilot.press("escape", "g")
        for key, name in zip("1234", ("front", "complexity", "speed", "memory"), strict=True):
            await pilot.press(key)
            await _until(pilot, lambda kind=key: isinstance(app.screen, ChartsScreen) and app.screen.shows(int(kind)))  # type: ignore[misc]
            _keep(app, folder, f"chart-{name}")


def _filled(app: AdvisorApp) -> bool:
    return app.screen.query_one("#evidence-table", GridTable).virtual_size.height > 1


def main() -> None:
    """Write all of them."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_questions(folder))
    asyncio.run(_advice(folder))


if __name__ == "__main__":
    main()
