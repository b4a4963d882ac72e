"""The table of texts: bars come where something does not fit, and only there."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("textual")
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from advisor.tui.widgets.rows import Rows


class OneTable(App[None]):
    """A table that fills the screen."""

    def compose(self) -> ComposeResult:
        yield Rows(id="rows")


def bars(sequence: list[tuple[int, int]], size: tuple[int, int] = (40, 12)) -> list[tuple[bool, bool]]:
    """(horizontal, vertical) after filling with (rows, width of a cell), one after the other."""
    found = []

    async def run() -> None:
        app = OneTable()
        async with app.run_test(size=size) as pilot:
            for count, width in sequence:
                await filled(app, pilot, count, width)
                rows = app.query_one(Rows)
                found.append((rows.show_horizontal_scrollbar, rows.show_vertical_scrollbar))

    asyncio.run(run())
    return found


async def filled(app: App[None], pilot: Pilot[None], count: int, width: int) -> None:
    app.query_one(Rows).fill(["head"], [["x" * width]] * count)
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
    assert bars(sequence) == expected


def test_every_row_can_be_reached_though_the_table_grows_in_steps():
    async def run() -> None:
        app = OneTable()
        async with app.run_test(size=(40, 12)) as pilot:
            await filled(app, pilot, 27, 10)
            rows = app.query_one(Rows)
            await pilot.press("tab", "end")
            await pilot.pause()
            assert rows.cursor == 26
            assert rows.scroll_offset.y + rows.size.height > 27

    asyncio.run(run())


def test_a_narrower_terminal_lets_what_no_longer_fits_be_scrolled():
    async def run() -> None:
        app = OneTable()
        async with app.run_test(size=(40, 12)) as pilot:
            await filled(app, pilot, 3, 30)
            rows = app.query_one(Rows)
            assert not rows.show_horizontal_scrollbar
            await pilot.resize_terminal(25, 12)
            for _ in range(3):
                await pilot.pause()
            assert rows.show_horizontal_scrollbar

    asyncio.run(run())
