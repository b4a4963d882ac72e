"""advisor plan."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import click

from advisor.cli.codes import ANSWERED, INFEASIBLE, NO_EVIDENCE
from advisor.cli.options import budget_options, confidence_option, example, format_option, progress, width
from advisor.recommend.boards import CLASSES
from advisor.records import PRECISIONS, RUNTIMES
from advisor.workflows import placing

_SECONDS = 1.0
"""Between two lines of progress."""


@click.command()
@click.argument("model", required=False)
@budget_options
@click.option(
    "--batch-size", type=int, default=1, show_default=True, help="Images per batch; latency is of the whole batch."
)
@click.option("--resolution", type=int, help="Input resolution instead of the model's own (side in pixels).")
@click.option("--runtime", type=click.Choice(RUNTIMES), help="Only this runtime, on every device that has it.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="Only this precision.")
@click.option(
    "--board-class", type=click.Choice(CLASSES), multiple=True, help="Only boards of this class; may be repeated."
)
@click.option(
    "--library", type=click.Choice(["torchvision", "timm"]), help="Without MODEL: only models of this library."
)
@click.option(
    "--license", type=click.Choice(["permissive"]), help="Without MODEL: only weights under a permissive licence."
)
@confidence_option
@click.option("--top", type=click.IntRange(min=1), default=8, show_default=True, help="How many devices a table shows.")
@click.option("--all", "all_devices", is_flag=True, help="Every device that meets the budgets.")
@format_option
@example("advisor plan resnet50 --max-latency 33ms --board-class embedded")
def plan(model: str | None, fmt: str, top: int, all_devices: bool, **asked: Any) -> int:  # noqa: ANN401 - click passes the options by name
    """Which devices, runtimes, precisions and power modes would do, cheapest class of board first.

    With MODEL: where it meets the budgets. Without: the most accurate model that does, for each device. Exit code 0: some device does;
    3: none does (what comes closest is printed); 4: none surely does, but some might, or nothing is known.
    """
    from advisor.render import plans

    answer = placing.plan(model, **asked, on_progress=_paced())
    click.echo(plans.plan(answer, fmt, width(), None if all_devices else top))
    if answer.offers:
        return ANSWERED
    return INFEASIBLE if answer.nearest else NO_EVIDENCE


def _paced() -> Callable[[str], None]:
    """Progress at most once a second: there are hundreds of targets."""
    last = [0.0]

    def say(stage: str) -> None:
        if time.monotonic() - last[0] >= _SECONDS:
            last[0] = time.monotonic()
            progress(stage)

    return say
