"""Drives the interface in tests: waits for what must come instead of for a time, and reads the screen as text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from advisor.tui.app import AdvisorApp
from advisor.tui.screens.advice import AdviceScreen
from advisor.tui.widgets.picks import PicksTable

PATIENCE_S = 240


def drive(script: Callable[[AdvisorApp, Pilot], Awaitable[None]], *, size=(120, 40), safe=False) -> None:
    """Run a script against the interface, at a size in columns and rows."""

    async def run() -> None:
        app = AdvisorApp(safe=safe)
        async with app.run_test(size=size, notifications=True) as pilot:
            await script(app, pilot)

    asyncio.run(run())


async def until(pilot: Pilot, true: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, f"it never came; the screen says:\n{text(pilot.app)}"
        await pilot.pause(0.02)
    await pilot.pause()


async def answered(app, pilot: Pilot) -> None:
    """Wait until the advice is in front and has picks."""
    await until(pilot, lambda: isinstance(app.screen, AdviceScreen) and app.answer and models(app))


async def see(pilot: Pilot, *words: str) -> str:
    """Wait until the screen shows all the words; returns the screen."""
    await until(pilot, lambda: all(word in text(pilot.app) for word in words))
    return text(pilot.app)


async def write(pilot: Pilot, words: str) -> None:
    """Type a text."""
    await pilot.press(*("space" if c == " " else c for c in words))


def table(app) -> PicksTable:
    """The picks of the advice in front."""
    return app.screen.query_one(PicksTable)


def models(app) -> list[str]:
    """The ranked models of the table, best first; not what is to be measured."""
    return [pick.model for pick in table(app)._picks.values() if pick.rank]


def text(app) -> str:
    """What the screen shows, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def faintest(app) -> tuple[float, str]:
    """The least contrast of any text on the screen with what is behind it (WCAG 2.2, 1.4.3), and the text."""
    strips = app.screen._compositor.render_strips()
    shown = [s for strip in strips for s in strip if any(c.isalnum() or c in "?·◆" for c in s.text) and s.style]
    return min((_contrast(s.style), s.text.strip()) for s in shown)


def _contrast(style) -> float:
    dark, light = sorted(_luminance(colour.get_truecolor()) for colour in (style.color, style.bgcolor))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour) -> float:
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
