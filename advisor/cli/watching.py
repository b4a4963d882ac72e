"""Progress of a measurement on stderr: a bar on a terminal, a line for each launch elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, TextIO

import click

from advisor.units import format_ms

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from advisor.measure.campaign import Step


class Bar:
    """Shows what runs, what is left and how long it will take."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def step(self, step: Step) -> None:
        """Take note of a launch that begins or has ended."""
        if self._stream.isatty():
            self._draw(step)
        elif step.status:
            click.echo(f"advisor: {step.done}/{step.planned} {_ended(step)}", err=True)

    def _draw(self, step: Step) -> None:
        if self._progress is None:
            self._progress = _progress(self._stream)
            self._progress.start()
            self._task = self._progress.add_task("", total=step.planned, left="")
        if step.status and step.verdict != "accepted":
            self._progress.console.print(f"  {_ended(step)}", highlight=False)
        task = self._task
        assert task is not None  # noqa: S101 - set with the bar
        running = f"{step.job.model} batch {step.job.batch_size}, launch {step.job.replicate + 1}"
        self._progress.update(
            task, completed=step.done, total=step.planned, description=running, left=_left(step.left_s)
        )
        self._progress.refresh()


def _progress(stream: TextIO) -> Progress:
    """Redrawn between launches only: a thread that redraws would disturb what is timed."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as RichProgress

    columns = (BarColumn(20), MofNCompleteColumn(), TextColumn("{task.description}"), TextColumn("{task.fields[left]}"))
    return RichProgress(*columns, console=Console(file=stream), auto_refresh=False, transient=True)


def _ended(step: Step) -> str:
    job = step.job
    said = f"{job.model} {job.resolution} px batch {job.batch_size}, launch {job.replicate + 1}"
    figure = f"{format_ms(step.p50_ms)} " if step.p50_ms is not None else ""
    again = f" (attempt {step.attempt - 1})" if step.attempt > 2 else ""
    why = f": {'; '.join(step.reasons)}" if step.reasons and step.verdict != "accepted" else ""
    return f"{said}{again}: {figure}{step.verdict if step.status == 'ok' else step.status}{why}"


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"about {seconds / 60:.0f} min left" if seconds >= 90 else f"about {seconds:.0f} s left"
