"""advisor check."""

from __future__ import annotations

from typing import Any

import click

from advisor.cli.gates import OF_VERDICT
from advisor.cli.options import budget_options, example, latency_stat_option, progress, target_options, warning, width
from advisor.workflows import checking


@click.command()
@click.argument("model")
@target_options
@budget_options
@latency_stat_option
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
    return OF_VERDICT[found.outcome]
