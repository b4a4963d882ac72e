"""advisor chart."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from advisor.cli.app import NamingGroup
from advisor.cli.codes import ANSWERED, INFEASIBLE
from advisor.cli.options import Command, device_option, format_option, progress, target_options, width
from advisor.records import PRECISIONS, RUNTIMES

if TYPE_CHECKING:
    from advisor.recommend.charts import Chart

_accuracy = click.option(
    "--accuracy",
    type=click.Choice(["top-1", "top-5"]),
    default="top-1",
    show_default=True,
    help="Which ImageNet-1k accuracy.",
)
_library = click.option("--library", type=click.Choice(["torchvision", "timm"]), help="Only models of this library.")
_license = click.option("--license", type=click.Choice(["permissive"]), help="Only weights under a permissive licence.")
_out = click.option(
    "--out",
    metavar="FILE",
    help="Draw into FILE.svg, .png or .html (extra 'charts'); without it the summary is printed.",
)


def _drawable(command: Command) -> Command:
    """--out and --format."""
    return _out(format_option(command))


def _filters(command: Command) -> Command:
    return _accuracy(_library(_license(command)))


@click.group(cls=NamingGroup)
def chart() -> None:
    """Accuracy, complexity, speed and memory against each other: a picture, a summary or the points."""


@chart.command("accuracy-complexity")
@click.option(
    "--device", metavar="ID", help="Only models that were measured on this device, a profile's id, name or alias."
)
@click.option("--resolution", type=int, help="Only this input resolution (side in pixels).")
@_filters
@_drawable
def accuracy_complexity(out: str | None, fmt: str, **asked: Any) -> int:  # noqa: ANN401 - click passes the options by name
    """Accuracy against GMACs; a point's size is its parameters. Checks two claims of the CNN lecture.

    Example:

      advisor chart accuracy-complexity --accuracy top-5 --library torchvision
    """
    from advisor.workflows import charting

    return _show(charting.accuracy_complexity, asked, out, fmt)


@chart.command("accuracy-speed")
@target_options
@click.option(
    "--against", "--device2", metavar="ID", help="The second device; without it the default Jetson, or Titan Xp."
)
@click.option("--against-batch-size", type=int, help="Batch size on the second device, if not the same.")
@click.option("--against-runtime", type=click.Choice(RUNTIMES), help="Runtime on the second device, if not the same.")
@click.option(
    "--against-precision", type=click.Choice(PRECISIONS), help="Precision on the second device, if not the same."
)
@click.option("--against-power-mode", metavar="M", help="Power mode of the second device.")
@_filters
@_drawable
def accuracy_speed(out: str | None, fmt: str, **asked: Any) -> int:  # noqa: ANN401 - click passes the options by name
    """Accuracy against images per second on two devices; without --device on a Titan Xp and a Jetson.

    What is unequal between them (batch, precision, runtime) is marked with a not-equal sign in the axes.

    Example:

      advisor chart accuracy-speed --device jetson-nano --against jetson-agx-xavier-32gb
    """
    from advisor.workflows import charting

    return _show(charting.accuracy_speed, asked, out, fmt)


@chart.command("memory-complexity")
@device_option
@click.option("--batch-size", type=int, help="Only measured at this batch size.")
@click.option("--runtime", type=click.Choice(RUNTIMES), help="Only measured with this runtime.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="Only measured at this precision.")
@click.option(
    "--all", "everything", is_flag=True, help="Every target and batch size, not one per device and kind of memory."
)
@_drawable
def memory_complexity(out: str | None, fmt: str, **asked: Any) -> int:  # noqa: ANN401 - click passes the options by name
    """Measured memory against parameters, with fitted line and R2; without --device of every device that has some.

    Kinds of memory are never mixed. A device without measured memory shows the accounted memory, without a line.

    Example:

      advisor chart memory-complexity --device jetson-tx1
    """
    from advisor.workflows import charting_memory

    return _show(charting_memory.memory_complexity, asked, out, fmt)


@chart.command("pareto")
@target_options
@click.option("--max-latency", metavar="TIME", help="Of the whole batch, e.g. 50ms or 0.05s.")
@click.option("--min-throughput", metavar="RATE", help="E.g. 30fps.")
@click.option("--max-memory", metavar="SIZE", help="Of the process, e.g. 1GB (10^9) or 1GiB (2^30).")
@click.option("--min-accuracy", metavar="SHARE", help="Of the accuracy that is shown, e.g. 75% or 0.75.")
@click.option("--max-params", metavar="COUNT", help="E.g. 30M.")
@click.option("--max-power", metavar="POWER", help="While inferring, e.g. 15W; only what was metered counts.")
@click.option("--max-energy", metavar="ENERGY", help="Per image, e.g. 0.2J; only what was metered counts.")
@click.option("--confidence", metavar="P", default="0.9", show_default=True, help="Least chance to meet all budgets.")
@_filters
@_drawable
def pareto(out: str | None, fmt: str, **asked: Any) -> int:  # noqa: ANN401 - click passes the options by name
    """Accuracy against latency under budgets; the front is what nothing beats. Exit code 3: nothing meets the budgets.

    Example:

      advisor chart pareto --device jetson --max-latency 50ms
    """
    from advisor.workflows import charting

    return _show(charting.pareto, asked, out, fmt)


def _show(verb: Callable[..., Chart], asked: dict[str, Any], out: str | None, fmt: str) -> int:
    """Compute, draw where asked, print the summary or points unless only a picture was asked for."""
    from advisor.workflows.drawing import checked_picture, save_chart

    path = None if out is None else checked_picture(out)
    found = verb(**asked, on_progress=progress)
    if path is not None:
        click.echo(f"advisor: wrote {path} ({save_chart(found, path) / 1000:.0f} kB)", err=True)
    asked_for_text = click.get_current_context().get_parameter_source("fmt") != ParameterSource.DEFAULT
    if path is None or asked_for_text:
        from advisor.render import chart_texts

        click.echo(chart_texts.chart(found, fmt, width()))
    return INFEASIBLE if found.infeasible else ANSWERED
