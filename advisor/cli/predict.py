"""advisor predict."""

from __future__ import annotations

from typing import Any

import click

from advisor.cli.codes import ANSWERED, NO_EVIDENCE
from advisor.cli.options import example, format_option, progress, target_options, warning, width
from advisor.workflows import predicting


@click.command()
@click.argument("models", nargs=-1)
@click.option("--all", "all_models", is_flag=True, help="Every model of the catalogue.")
@target_options
@format_option
@example("advisor predict resnet50 convnext_tiny --device jetson")
def predict(models: tuple[str, ...], fmt: str, **asked: Any) -> int:  # noqa: ANN401 - click passes the options by name
    """Latency and memory of MODELS on a device, measured where they were, predicted otherwise.

    A model is a registered name, an ONNX file (parsed, never executed), or FILE.py:FACTORY, a function that returns a
    torch.nn.Module: the code of FILE.py RUNS, in a process of its own.

    Exit code 4: nothing is known of the latency of any of them there; the reasons are printed.
    """
    from advisor.render import answers

    found = predicting.predict(models, **asked, on_progress=progress, on_warning=warning)
    click.echo(answers.predictions(found, fmt, width()))
    return ANSWERED if any(p.latency_ms is not None for p in found) else NO_EVIDENCE
