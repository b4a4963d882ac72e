"""Pictures of charts: into a file, or as text for a page. matplotlib is loaded here, on the first picture, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.errors import DataError, MissingExtra, UsageError

if TYPE_CHECKING:
    from types import ModuleType

    from advisor.recommend.charts import Chart

SUFFIXES = (".svg", ".png", ".html")


def checked_picture(path: str) -> Path:
    """The file to draw into. Raises UsageError for a suffix that is not drawn, MissingExtra without matplotlib."""
    found = Path(path)
    if found.suffix.casefold() not in SUFFIXES:
        ending = f"ends in {found.suffix!r}" if found.suffix else "has no suffix"
        raise UsageError(f"{path!r} {ending}; pictures are {', '.join(SUFFIXES)}, points are --format json or csv")
    _pictures()
    return found


def save_chart(chart: Chart, path: Path) -> int:
    """Draw into a file, whole or not at all; returns its size in bytes. Raises UsageError, MissingExtra, DataError."""
    pictures = _pictures()
    makers: dict[str, Callable[[], bytes]] = {
        ".svg": lambda: pictures.svg(chart).encode(),
        ".png": lambda: pictures.png(chart),
        ".html": lambda: pictures.html(chart).encode(),
    }
    content = makers[checked_picture(str(path)).suffix.casefold()]()
    _write_whole(path, content)
    return len(content)


def inline_svg(chart: Chart, prefix: str | None = None) -> str:
    """The chart as an `<svg>` element for an HTML page; `prefix` tells its ids from those of other charts in the page.

    Raises MissingExtra without matplotlib.
    """
    text: str = _pictures().inline_svg(chart, prefix or chart.kind)
    return text


def _pictures() -> ModuleType:
    try:
        from advisor.render import pictures
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise MissingExtra("drawing a chart", "charts") from error
    return pictures


def _write_whole(path: Path, content: bytes) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            scratch.write_bytes(content)
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}") from error
