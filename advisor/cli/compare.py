"""advisor compare."""

from __future__ import annotations

import click

from advisor.cli.codes import ANSWERED, NO_EVIDENCE
from advisor.cli.options import example, format_option, width
from advisor.workflows import comparing


@click.command()
@click.argument("run_a")
@click.argument("run_b")
@format_option
@example("advisor compare before.json after.json")
def compare(run_a: str, run_b: str, fmt: str) -> int:
    """Is RUN_B faster than RUN_A? Each is a result id that `advisor measure` printed, or a result file.

    Exit code 4: the two are not comparable, or the evidence does not tell.
    """
    from advisor.measure.comparing import AMBIGUOUS, NOT_COMPARABLE
    from advisor.render import measurements

    found = comparing.compare(run_a, run_b)
    click.echo(measurements.comparison(found, fmt, width()))
    return NO_EVIDENCE if found.answer in (AMBIGUOUS, NOT_COMPARABLE) else ANSWERED
