"""advisor fit."""

from __future__ import annotations

import click

from advisor.cli.options import format_option, progress, width
from advisor.workflows import maintaining


@click.command()
@format_option
def fit(fmt: str) -> None:
    """Fit the predictors again from the evidence in the database."""
    from advisor.render import evidence

    click.echo(evidence.fitted(maintaining.fit(on_progress=progress), fmt, width()))
