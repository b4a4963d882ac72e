"""One table of texts in four clothes: rich, CSV, Markdown (JSON has its own shapes)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Grid:
    """Column heads and rows of text; a head that ends in `#` is a number, aligned to the right."""

    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    whole: frozenset[str] = frozenset()
    """Heads of names: in a table no cell of theirs is broken, nor any word of the others; lines are longer where that takes it."""


def as_csv(grid: Grid) -> str:
    """RFC 4180 with a header row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head.rstrip("#") for head in grid.heads)
    writer.writerows(grid.rows)
    return out.getvalue().rstrip("\n")


def as_markdown(grid: Grid) -> str:
    """A pipe table."""
    lines = ["| " + " | ".join(head.rstrip("#") for head in grid.heads) + " |"]
    lines.append("|" + "|".join("---:" if head.endswith("#") else "---" for head in grid.heads) + "|")
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in grid.rows]
    return "\n".join(lines)


_GAP, _EDGES = 3, 2
"""Columns of the terminal between two columns of a table, and around all of them."""


def least_width(grid: Grid) -> int:
    """Columns of a terminal that the table takes at least, if no name and no word is broken."""
    return sum(_least(grid)) + _around(grid)


def _around(grid: Grid) -> int:
    return _GAP * (len(grid.heads) - 1) + _EDGES


def _columns(grid: Grid) -> list[tuple[str, ...]]:
    return list(zip(*((head.rstrip("#") for head in grid.heads), *grid.rows), strict=True))


def _least(grid: Grid) -> list[int]:
    """Width of each column's longest word; of a column of names that of its longest cell."""
    return [
        max(map(len, cells) if head in grid.whole else (len(word) for cell in cells for word in cell.split() or [""]))
        for head, cells in zip(grid.heads, _columns(grid), strict=True)
    ]


def _widths(grid: Grid, room: int) -> list[int]:
    """Of each column, in `room` columns for all: their least, and of what is left those first that lack the least."""
    found, most = _least(grid), [max(map(len, cells)) for cells in _columns(grid)]
    left = room - sum(found)
    for at in sorted(range(len(most)), key=lambda at: most[at] - found[at]):
        more = max(0, min(most[at] - found[at], left))
        found[at], left = found[at] + more, left - more
    return found


def as_table(grid: Grid, width: int) -> str:
    """A table for a terminal of `width` columns; cells wrap, nothing is cut off."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    widths = _widths(grid, width - _around(grid)) if grid.whole else [None] * len(grid.heads)
    for head, fixed in zip(grid.heads, widths, strict=True):
        justify: Literal["left", "right"] = "right" if head.endswith("#") else "left"
        table.add_column(head.rstrip("#"), justify=justify, overflow="fold", width=fixed)
    for row in grid.rows:
        table.add_row(*(_plain(cell) for cell in row))
    room = max(width, least_width(grid)) if grid.whole else width
    console = Console(width=room, file=io.StringIO(), force_terminal=False)
    with console.capture() as capture:
        console.print(table)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    return "\n".join(lines).strip("\n")


def _plain(cell: str) -> str:
    from rich.markup import escape

    return escape(cell)


def text(grid: Grid, fmt: str, width: int) -> str:
    """The grid in a format: table, csv or markdown."""
    if fmt == "csv":
        return as_csv(grid)
    return as_markdown(grid) if fmt == "markdown" else as_table(grid, width)
