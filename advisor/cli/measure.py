"""advisor measure."""

from __future__ import annotations

import sys
from typing import Any

import click

from advisor.cli.codes import ANSWERED, FAILED, INTERRUPTED
from advisor.cli.options import device_option, example, format_option, progress, width
from advisor.records import PRECISIONS
from advisor.workflows import measuring


@click.command()
@click.argument("models", nargs=-1)
@click.option(
    "--all", "all_models", is_flag=True, help="Everything the database lacks on this target, however long it takes."
)
@click.option("--library", type=click.Choice(["torchvision", "timm"]), help="Only models of this library.")
@click.option(
    "--batch-sizes",
    metavar="N,N",
    default="1",
    show_default=True,
    help="E.g. 1,8; or 'sweep': 1, 2, 4 ... while it pays and fits.",
)
@click.option("--resolution", type=int, help="Input resolution instead of each model's default.")
@click.option("--runtime", type=click.Choice(measuring.MEASURABLE), help="Instead of the profile's default runtime.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="Instead of the default precision.")
@click.option("--power-mode", metavar="M", help="The mode the board is in, where it cannot be read.")
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads; all without it.")
@click.option("--memory-format", type=click.Choice(["nchw", "nhwc"]), help="Layout of activations.")
@click.option("--budget", metavar="TIME", help="Stop in time, e.g. 10min (the default where no model is named).")
@click.option(
    "--sample-seconds", type=click.FloatRange(min=1, max=60), help="Most seconds of timed forwards in a launch."
)
@click.option(
    "--memory-only", is_flag=True, help="Peak memory without timing: quick, and other work does not disturb it."
)
@click.option("--resume", is_flag=True, help="Go on with the last measurement that was not finished.")
@device_option
@format_option
@example("advisor measure resnet18 --budget 10min")
def measure(models: tuple[str, ...], fmt: str, **asked: Any) -> int:  # noqa: ANN401 - click passes the options by name
    """Measure MODELS on this machine and keep the numbers; without MODELS the calibration anchors and what the database lacks.

    Ctrl-C lets the launch that runs finish and keeps everything; twice ends at once. Exit code 1: more than half of the launches
    were rejected, or nothing could be measured.
    """
    from advisor.cli.watching import Bar
    from advisor.render import measurements

    with Bar(sys.stderr) as bar:
        found = measuring.measure(models, **asked, on_progress=progress, on_step=bar.step)
    click.echo(measurements.measured(found, fmt, width()))
    if found.stopped == "interrupted":
        return INTERRUPTED
    return ANSWERED if found.anything and found.stopped != "rejected" else FAILED
