"""One table of texts in four clothes: rich, CSV, Markdown (JSON has its own shapes)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grid:
    """Column heads and rows of text; a head that ends in `#` is a number, aligned to the right."""

    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


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


def as_table(grid: Grid, width: int) -> str:
    """A table for a terminal of `width` columns; cells wrap, nothing is cut off."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for head in grid.heads:
        table.add_column(head.rstrip("#"), justify="right" if head.endswith("#") else "left", overflow="fold")
    for row in grid.rows:
        table.add_row(*(_plain(cell) for cell in row))
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
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
