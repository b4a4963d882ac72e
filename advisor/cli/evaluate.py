"""advisor evaluate."""

from __future__ import annotations

from pathlib import Path

import click

from advisor.cli.options import device_option, example, format_option, progress, width
from advisor.workflows import maintaining


@click.command()
@device_option
@click.option(
    "--regret",
    is_flag=True,
    help="What decisions cost instead: accuracy lost and budgets broken where measurements are hidden.",
)
@click.option(
    "--measured",
    type=click.IntRange(min=3, max=50),
    help="With --regret: how many models of a hidden device stay measured (10 if not said).",
)
@click.option(
    "--write",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the page of the documentation as well.",
)
@format_option
@example("advisor evaluate --regret --device jetson-agx-xavier-32gb")
def evaluate(device: str | None, regret: bool, measured: int | None, write: Path | None, fmt: str) -> None:
    """How good the predictions are on families they never saw, beside 'linear in MACs'; with --regret what decisions by them cost."""
    if regret:
        _regret(device, measured, write, fmt)
        return
    if measured is not None:
        raise click.UsageError("--measured is how many models of a hidden device stay measured: it needs --regret")
    from advisor.render import evidence

    found = maintaining.evaluate(device=device, on_progress=progress)
    if write is not None:
        maintaining.write_page(write, evidence.evaluation_page(found))
    click.echo(evidence.evaluation(found, fmt, width()))


def _regret(device: str | None, measured: int | None, write: Path | None, fmt: str) -> None:
    from advisor.render import regret
    from advisor.workflows import regretting

    found = regretting.decision_regret(device=device, measured=measured or regretting.CALIBRATION, on_progress=progress)
    if write is not None:
        maintaining.write_page(write, regret.document(found))
    click.echo(regret.regrets(found, fmt, width()))
