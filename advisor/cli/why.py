"""advisor why."""

from __future__ import annotations

from typing import Any

import click

from advisor.cli.gates import OF_VERDICT
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
from advisor.workflows import justifying


@click.command()
@click.argument("model")
@target_options
@budget_options
@latency_stat_option
@confidence_option
@format_option
@example("advisor why resnet50 --device jetson-nano --max-latency 33ms")
def why(model: str, fmt: str, **asked: Any) -> int:  # noqa: ANN401 - click passes the options by name
    """Why MODEL is, or is not, the one: which budget it fails, by how much, and what would make it fit.

    MODEL is a name, or a name with its weights as answers print it. Exit code 0: it fits; 3: it does not; 4: not enough evidence.
    """
    from advisor.render import findings

    answer = justifying.why(model, **asked, on_progress=progress)
    click.echo(findings.why(answer, fmt, width()))
    return OF_VERDICT[answer.verdict]
