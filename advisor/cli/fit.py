"""advisor fit."""

from __future__ import annotations

import click

from advisor.cli.options import example, format_option, progress, width
from advisor.workflows import maintaining


@click.command()
@click.option(
    "--tune",
    type=int,
    default=0,
    metavar="N",
    help="First try N settings of the model (1 to 50, about 20 s each) and keep the best.",
)
@format_option
@example("advisor fit --tune 20")
def fit(tune: int, fmt: str) -> None:
    """Fit the predictors again from the evidence in the database."""
    from advisor.render import evidence

    click.echo(evidence.fitted(maintaining.fit(tune=tune, on_progress=progress), fmt, width()))
