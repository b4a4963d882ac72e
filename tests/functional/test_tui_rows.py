"""The table of texts: bars come where something does not fit, and only there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

pytest.importorskip("textual")
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from advisor.tui.widgets.rows import Rows


class OneTable(App[None]):
    """A table that fills the screen."""

    def compose(self) -> ComposeResult:
        yield Rows(id="rows")


def drive(script: Callable[[Rows, Pilot[None]], Awaitable[None]]) -> None:
    """Run a script against a table of 40 x 12."""

    async def run() -> None:
        app = OneTable()
        async with app.run_test(size=(40, 12)) as pilot:
            await script(app.query_one(Rows), pilot)

    asyncio.run(run())


async def filled(rows: Rows, pilot: Pilot[None], count: int, width: int) -> None:
    """So many rows of one cell, laid out."""
    rows.fill(["head"], [["x" * width]] * count)
    await laid_out(pilot)


async def laid_out(pilot: Pilot[None]) -> None:
    """A bar that comes makes room for itself in the next layout."""
    for _ in range(3):
        await pilot.pause()


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        ([(3, 10), (30, 10), (3, 10)], [(False, False), (False, True), (False, False)]),
        ([(0, 0), (30, 36), (25, 20)], [(False, False), (False, True), (False, True)]),
        ([(3, 60), (3, 10)], [(True, False), (False, False)]),
        ([(30, 60), (2, 10)], [(True, True), (False, False)]),
    ],
)
def test_bars_come_and_go_with_what_does_not_fit(sequence, expected):
    found = []

    async def fill_each(rows, pilot):
        for count, width in sequence:
            await filled(rows, pilot, count, width)
            found.append((rows.show_horizontal_scrollbar, rows.show_vertical_scrollbar))

    drive(fill_each)
    assert found == expected


def test_every_row_can_be_reached_though_the_table_grows_in_steps():
    async def to_the_end(rows, pilot):
        await filled(rows, pilot, 27, 10)
        await pilot.press("tab", "end")
        await pilot.pause()
        assert rows.cursor == 26
        assert rows.scroll_offset.y + rows.size.height > 27

    drive(to_the_end)


def test_a_narrower_terminal_lets_what_no_longer_fits_be_scrolled():
    async def narrow(rows, pilot):
        await filled(rows, pilot, 3, 30)
        assert not rows.show_horizontal_scrollbar
        await pilot.resize_terminal(25, 12)
        await laid_out(pilot)
        assert rows.show_horizontal_scrollbar

    drive(narrow)
