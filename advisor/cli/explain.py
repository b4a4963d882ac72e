"""advisor explain."""

from __future__ import annotations

import click

from advisor.cli.options import device_option, example, format_option, progress, warning, width
from advisor.workflows import describing


@click.command()
@click.argument("model")
@device_option
@click.option(
    "--resolution", type=int, help="Input resolution instead of the model's default (needs torch unless it was traced)."
)
@format_option
@example("advisor explain resnet50 --device jetson")
def explain(model: str, device: str | None, resolution: int | None, fmt: str) -> None:
    """Layers and complexity of MODEL, and with --device what it costs there.

    MODEL is a registered name, an ONNX file (parsed, never executed), or FILE.py:FACTORY, a function that returns a
    torch.nn.Module: the code of FILE.py RUNS, in a process of its own.
    """
    from advisor.render import descriptions

    found = describing.explain(model, device=device, resolution=resolution, on_progress=progress, on_warning=warning)
    click.echo(descriptions.explanation(found, fmt, width()))
