"""advisor check."""

from __future__ import annotations

from typing import Any

import click

from advisor.cli.codes import ANSWERED, INFEASIBLE, NO_EVIDENCE
from advisor.cli.options import example, progress, target_options, warning, width
from advisor.recommend.verdict import DOES_NOT_FIT, FITS, NOT_SETTLED
from advisor.workflows import checking

_EXIT = {FITS: ANSWERED, DOES_NOT_FIT: INFEASIBLE, NOT_SETTLED: NO_EVIDENCE}


@click.command()
@click.argument("model")
@target_options
@click.option("--max-latency", metavar="TIME", help="Of the whole batch, e.g. 50ms or 0.05s.")
@click.option("--min-throughput", metavar="RATE", help="E.g. 30fps.")
@click.option("--max-memory", metavar="SIZE", help="Of the process, e.g. 1GB (10^9) or 1GiB (2^30).")
@click.option(
    "--min-accuracy", metavar="SHARE", help="ImageNet-1k top-1, e.g. 75% or 0.75; not known of a file's weights."
)
@click.option("--max-params", metavar="COUNT", help="E.g. 30M.")
@click.option(
    "--max-power", metavar="POWER", help="Mean electrical power while it runs, e.g. 15W; where it was measured."
)
@click.option("--max-energy", metavar="ENERGY", help="Per image, e.g. 0.2J or 150mJ; where power was measured.")
@click.option(
    "--latency-stat",
    type=click.Choice(["p50", "p90"]),
    default="p50",
    show_default=True,
    help="Which latency is bounded.",
)
@click.option(
    "--confidence",
    metavar="P",
    default="0.9",
    show_default=True,
    help="Fits from this chance on; does not fit up to 1 less this chance; between, it is not settled.",
)
@click.option(
    "--format", "fmt", type=click.Choice(["table", "json", "csv", "markdown", "junit"]), default="table", help="Form of the output."
)  # fmt: skip
@example("advisor check resnet50 --device jetson-orin-nano-8gb --max-latency 50ms")
def check(model: str, fmt: str, **asked: Any) -> int:  # noqa: ANN401 - click passes the options by name
    """Does MODEL meet these budgets on a device? A gate for CI.

    MODEL is a registered name, an ONNX file (parsed, never executed), or FILE.py:FACTORY, a function that returns a
    torch.nn.Module: the code of FILE.py RUNS, in a process of its own.

    Exit code 0: it fits; 3: it does not; 4: not enough evidence, and what to measure; 1: an error, never an answer.
    """
    from advisor.render import verdicts

    found = checking.check(model, **asked, on_progress=progress, on_warning=warning)
    click.echo(verdicts.verdict(found, fmt, width()))
    return _EXIT[found.outcome]
