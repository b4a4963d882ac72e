"""advisor evaluate."""

from __future__ import annotations

import click

from advisor.cli.options import device_option, example, format_option, progress, width
from advisor.workflows import maintaining


@click.command()
@device_option
@format_option
@example("advisor evaluate --device intel-i9-10940x")
def evaluate(device: str | None, fmt: str) -> None:
    """How good the predictions are on families they never saw, beside 'linear in MACs'."""
    from advisor.render import evidence

    click.echo(evidence.evaluation(maintaining.evaluate(device=device, on_progress=progress), fmt, width()))
