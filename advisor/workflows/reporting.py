"""Saves an answer as files that can be read without this program."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import advisor
from advisor.errors import DataError, MissingExtra, NotEnoughEvidence
from advisor.recommend.answer import Recommendation
from advisor.recommend.charts import ACCURACIES, Chart
from advisor.workflows import charting, charting_memory
from advisor.workflows.drawing import inline_svg
from advisor.workflows.exploring import Loaded, front
from advisor.workflows.questioning import Asked


def save_report(loaded: Loaded, answer: Recommendation, asked: Asked, folder: Path) -> tuple[Path, Path]:
    """Write the answer as Markdown and as one HTML page with charts; returns both files. Raises DataError.

    Files of the same name are replaced: they are the same question's. Without matplotlib the page says that it has no charts.
    """
    from advisor.render import reports

    command = asked._replace(device=answer.device).command(len(answer.picks) or 1)
    made = f"Made by advisor {advisor.__version__} on {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC; the same answer again:"
    stem = folder / f"advisor-{answer.device}"
    files = stem.with_suffix(".md"), stem.with_suffix(".html")
    charts, remarks = _charts(loaded, asked)
    _write(files[0], reports.markdown(answer, command, made))
    _write(files[1], reports.html(answer, command, made, charts, remarks))
    return files


def _charts(loaded: Loaded, asked: Asked) -> tuple[list[str], list[str]]:
    """(charts as `<svg>` elements, why those that are lacking are)."""
    makers: tuple[Callable[[], Chart], ...] = (
        lambda: front(loaded, asked, asked.accuracy_on if asked.accuracy_on in ACCURACIES else "top-1"),
        charting.accuracy_complexity,
        lambda: charting.accuracy_speed(against=None if loaded.device.id == "titan-xp" else loaded.device.id),
        charting_memory.memory_complexity,
    )
    charts: list[str] = []
    remarks: list[str] = []
    for make in makers:
        try:
            charts.append(inline_svg(make()))
        except NotEnoughEvidence as error:
            remarks.append(f"a chart is lacking: {error}")
        except MissingExtra as error:
            return [], [f"no charts: {error}"]
    return charts, remarks


def _write(path: Path, content: str) -> None:
    """Whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False) as file:
            file.write(content)
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}; choose another folder") from error
