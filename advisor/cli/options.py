"""Options that several commands share, the choice of format, and progress on stderr."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from advisor.records import PRECISIONS, RUNTIMES
from advisor.render import FORMATS

Command = TypeVar("Command", bound=Callable[..., Any])


def width() -> int:
    """Columns to lay tables out for; generous where stdout is no terminal."""
    import shutil

    return shutil.get_terminal_size((160, 24)).columns if sys.stdout.isatty() else 160


def format_option(command: Command) -> Command:
    """--format table|json|csv|markdown; table unless asked."""
    return click.option(
        "--format",
        "fmt",
        type=click.Choice(FORMATS),
        default="table",
        help="Form of the output.",
    )(command)


def example(line: str) -> Callable[[Command], Command]:
    """A command line at the end of the help; a test runs it. Stands below `@click.command()`, which reads the docstring."""

    def attached(command: Command) -> Command:
        command.__doc__ = f"{inspect.cleandoc(command.__doc__ or '')}\n\n\b\nExample:\n  {line}"
        return command

    return attached


def device_option(command: Command) -> Command:
    """--device ID."""
    return click.option("--device", metavar="ID", help="A profile's id, name or alias; without it, this machine.")(
        command
    )


_TARGET_OPTIONS = (
    click.option(
        "--batch-size", type=int, default=1, show_default=True, help="Images per batch; latency is of the whole batch."
    ),
    click.option("--resolution", type=int, help="Only this input resolution (side in pixels)."),
    click.option("--runtime", type=click.Choice(RUNTIMES), help="Instead of the profile's default runtime."),
    click.option("--precision", type=click.Choice(PRECISIONS), help="Instead of the default precision."),
    click.option("--power-mode", metavar="M", help="A power mode of the board ('advisor devices show ID')."),
    click.option("--threads", type=click.IntRange(min=1), help="CPU threads, on CPU targets."),
    click.option("--memory-format", type=click.Choice(["nchw", "nhwc"]), help="Layout of activations."),
)


def target_options(command: Command) -> Command:
    """Everything that replaces a part of the default target."""
    for option in reversed(_TARGET_OPTIONS):
        command = option(command)
    return device_option(command)


def warning(sentence: str) -> None:
    """Say on stderr what the user must know though the answer does not depend on it."""
    click.echo(f"advisor: {sentence}", err=True)


def progress(stage: str) -> None:
    """Say on stderr what is being prepared; only slow first-time work calls this."""
    click.echo(f"advisor: preparing {stage} ...", err=True)


_BUDGET_OPTIONS = (
    click.option("--max-latency", metavar="TIME", help="Of the whole batch, e.g. 50ms or 0.05s."),
    click.option("--min-throughput", metavar="RATE", help="E.g. 30fps."),
    click.option("--max-memory", metavar="SIZE", help="Of the process, e.g. 1GB (10^9) or 1GiB (2^30)."),
    click.option(
        "--min-accuracy", metavar="SHARE", help="ImageNet-1k top-1 unless asked on another test set, e.g. 75% or 0.75."
    ),
    click.option("--max-params", metavar="COUNT", help="E.g. 30M."),
    click.option(
        "--max-power", metavar="POWER", help="Mean electrical power while it runs, e.g. 15W; where it was measured."
    ),
    click.option("--max-energy", metavar="ENERGY", help="Per image, e.g. 0.2J or 150mJ; where power was measured."),
)


def budget_options(command: Command) -> Command:
    """Every bound on an index."""
    for option in reversed(_BUDGET_OPTIONS):
        command = option(command)
    return command


def latency_stat_option(command: Command) -> Command:
    """--latency-stat p50|p90."""
    return click.option(
        "--latency-stat",
        type=click.Choice(["p50", "p90"]),
        default="p50",
        show_default=True,
        help="Which latency is bounded.",
    )(command)


def confidence_option(command: Command) -> Command:
    """--confidence P."""
    return click.option(
        "--confidence",
        metavar="P",
        default="0.9",
        show_default=True,
        help="Least chance to meet all budgets; also of the intervals.",
    )(command)
