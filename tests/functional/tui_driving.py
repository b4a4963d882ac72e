"""Drives the interface in tests: waits for what must come instead of for a time, and reads the screen as text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from advisor.tui.app import AdvisorApp

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


async def see(pilot: Pilot, *words: str) -> str:
    """Wait until the screen shows all the words; returns the screen."""
    await until(pilot, lambda: all(word in text(pilot.app) for word in words))
    return text(pilot.app)


async def write(pilot: Pilot, words: str) -> None:
    """Type a text."""
    await pilot.press(*("space" if c == " " else c for c in words))


def text(app) -> str:
    """What the screen shows, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)
