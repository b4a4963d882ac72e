"""advisor recommend."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from advisor.cli.codes import ANSWERED, INFEASIBLE
from advisor.cli.options import (
    budget_options,
    confidence_option,
    example,
    format_option,
    latency_stat_option,
    progress,
    target_options,
    width,
)
from advisor.recommend.objectives import OBJECTIVES
from advisor.recommend.testsets import TEST_SETS
from advisor.workflows import answering

if TYPE_CHECKING:
    from advisor.recommend.answer import Recommendation


@click.command()
@target_options
@budget_options
@click.option(
    "--objective",
    type=click.Choice(list(OBJECTIVES)),
    default="accuracy",
    show_default=True,
    help="What best means; balanced: accuracy against latency and memory.",
)
@click.option(
    "--accuracy-on",
    type=click.Choice(list(TEST_SETS), case_sensitive=False),
    default="top-1",
    show_default=True,
    help="Test set of the accuracy: ImageNet-1k top-1 or top-5, ReaL, V2, A, R, Sketch.",
)
@latency_stat_option
@confidence_option
@click.option("--top", type=int, default=5, show_default=True, help="How many picks.")
@click.option("--all", "all_rows", is_flag=True, help="No limit of two picks per family.")
@click.option("--library", type=click.Choice(["torchvision", "timm"]), help="Only models of this library.")
@click.option(
    "--confirm", type=int, metavar="N", help="Measure at most N candidates on this device, until the answer is settled."
)
@click.option(
    "--sample-seconds",
    type=click.FloatRange(min=1, max=60),
    help="With --confirm: most seconds of timed forwards in a launch.",
)
@click.option("--license", type=click.Choice(["permissive"]), help="Only weights under a permissive licence.")
@format_option
@example("advisor recommend --device jetson --max-latency 50ms --min-accuracy 78%")
def recommend(fmt: str, confirm: int | None, sample_seconds: float | None, **asked: Any) -> int:  # noqa: ANN401 - click passes the options by name
    """Which model, on this device, under these budgets.

    Exit code 0: something fits; 3: nothing does (what comes closest is printed); 4: not enough evidence.
    """
    if confirm is not None:
        answer = _confirmed(confirm, sample_seconds, asked)
    elif sample_seconds is not None:
        raise click.UsageError("--sample-seconds says how long to measure: add --confirm N")
    else:
        answer = answering.recommend(**asked, on_progress=progress)
    if fmt == "json":
        from advisor.render import as_json

        click.echo(as_json.dump(as_json.recommendation(answer)))
    else:
        from advisor.render import answers

        click.echo(answers.recommendation(answer, fmt, width()))
    return ANSWERED if answer.feasible else INFEASIBLE


def _confirmed(most: int, sample_seconds: float | None, asked: dict[str, Any]) -> Recommendation:
    from advisor.cli.watching import Bar
    from advisor.workflows import confirming

    with Bar(sys.stderr) as bar:
        return confirming.recommend(
            confirm=most, sample_seconds=sample_seconds, on_progress=progress, on_step=bar.step, **asked
        )  # fmt: skip
