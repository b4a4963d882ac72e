"""advisor explain."""

from __future__ import annotations

import click

from advisor.cli.options import device_option, example, format_option, progress, width
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
    """Layers and complexity of MODEL, and with --device what it costs there."""
    from advisor.render import descriptions

    found = describing.explain(model, device=device, resolution=resolution, on_progress=progress)
    click.echo(descriptions.explanation(found, fmt, width()))
