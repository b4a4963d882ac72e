"""Strict reading of CSV files from anywhere: what is wrong becomes one DataError or a reason for one line.

Never a traceback. Knows nothing of what the columns mean.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from advisor.errors import DataError

MAX_BYTES = 1 << 30
"""Larger files are refused: a million measurements take a fifth of this."""
MAX_TEXT = 2000
"""Characters of one cell; notes of published files stay below 700."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][+-]?[0-9]{1,2})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Row:
    """One data row: `cells` by column, or `problem` saying why it has none."""

    line: int
    cells: dict[str, str]
    problem: str = ""


class BadCell(ValueError):
    """A cell that is not what its column promises; the text is the reason for the user."""


def shown(text: str, limit: int = 60) -> str:
    """Foreign text made safe for a message: quoted, control characters escaped, shortened."""
    return repr(text if len(text) <= limit else text[:limit] + "...")


def checked_file(path: Path) -> Path:
    """The path if it is a regular file of sane size. Raises DataError."""
    try:
        if not path.is_file():
            raise DataError(f"{path}: no such file" if not path.exists() else f"{path}: not a regular file")
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise DataError(f"{shown(str(path))}: cannot be read ({error})") from error
    if size > MAX_BYTES:
        raise DataError(
            f"{path}: {size / 2**20:.0f} MiB is more than the {MAX_BYTES >> 20} MiB an import may have; split it"
        )
    return path


def _lines(file: TextIO, path: Path) -> Iterator[str]:
    for number, line in enumerate(file, start=1):
        if "\0" in line:
            raise DataError(f"{path}:{number}: holds NUL bytes; a UTF-8 text file is expected")
        yield line


def read_rows(path: Path, required: Iterable[str], accepted: Iterable[str]) -> Iterator[Row]:
    """Data rows of a UTF-8 CSV file (BOM allowed) whose header has all `required` and only `accepted` columns.

    Raises DataError.
    """
    checked_file(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _rows(csv.reader(_lines(file, path), strict=True), path, list(required), list(accepted))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start} of a block)") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def _rows(reader: Iterator[list[str]], path: Path, required: list[str], accepted: list[str]) -> Iterator[Row]:
    header: list[str] | None = None
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise DataError(f"{path}:{reader.line_num}: broken CSV, check the quotes ({error})") from error  # type: ignore[attr-defined]
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = _checked_header([cell.strip() for cell in cells], path, required, accepted)
        else:
            yield _row(reader.line_num, header, cells)  # type: ignore[attr-defined]
    if header is None:
        raise DataError(f"{path}: empty; expected a header row with {', '.join(required)}")


def _checked_header(header: list[str], path: Path, required: list[str], accepted: list[str]) -> list[str]:
    unknown = [name for name in header if name not in accepted]
    missing = [name for name in required if name not in header]
    twice = sorted({name for name in header if header.count(name) > 1})
    if unknown:
        names = ", ".join(map(shown, unknown[:8]))
        raise DataError(f"{path}: unknown column{'s' * (len(unknown) > 1)} {names}; accepted: {', '.join(accepted)}")
    if twice:
        raise DataError(f"{path}: column {', '.join(twice)} appears twice")
    if missing:
        raise DataError(f"{path}: required column{'s' * (len(missing) > 1)} missing: {', '.join(missing)}")
    return header


def _row(line: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        return Row(line, {}, f"has {len(cells)} cells where the header has {len(header)}")
    for name, cell in zip(header, cells, strict=True):
        if len(cell) > MAX_TEXT:
            return Row(line, {}, f"column {name} holds {len(cell)} characters; at most {MAX_TEXT} are accepted")
        if _CONTROL.search(cell):
            return Row(line, {}, f"column {name} holds control characters: {shown(cell)}")
    return Row(line, {name: cell.strip() for name, cell in zip(header, cells, strict=True)})


def number(cells: dict[str, str], name: str, low: float, high: float) -> float | None:
    """A finite number strictly above `low` and at most `high`; None for an empty cell. Raises BadCell."""
    text = cells.get(name, "")
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise BadCell(f"{name} {shown(text)} is not a number")
    value = float(text)
    if not low < value <= high:
        raise BadCell(f"{name} {shown(text)} must be greater than {low:g} and at most {high:g}")
    return value


def integer(cells: dict[str, str], name: str, low: int, high: int) -> int | None:
    """A whole number from `low` to `high` (`1024.0` is one); None for an empty cell. Raises BadCell."""
    value = number(cells, name, low - 1, high)
    if value is None:
        return None
    if value != int(value):
        raise BadCell(f"{name} {shown(cells[name])} is not a whole number")
    return int(value)


def choice(cells: dict[str, str], name: str, allowed: tuple[str, ...]) -> str:
    """One of `allowed`, or '' for an empty cell. Raises BadCell."""
    text = cells.get(name, "")
    if text and text not in allowed:
        raise BadCell(f"{name} {shown(text)} is not one of {', '.join(allowed)}")
    return text
