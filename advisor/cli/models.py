"""advisor models."""

from __future__ import annotations

import click

from advisor.cli.app import NamingGroup
from advisor.cli.options import example, format_option, progress, width
from advisor.workflows import describing


@click.group(cls=NamingGroup)
def models() -> None:
    """The catalogue of architectures and weights."""


@models.command("list")
@click.option("--library", type=click.Choice(["torchvision", "timm"]), help="Only this library.")
@click.option("--family", metavar="NAME", help="Only this family, e.g. resnet.")
@format_option
@example("advisor models list --family resnet")
def list_(library: str | None, family: str | None, fmt: str) -> None:
    """Every registered model with its size and best accuracy."""
    from advisor.render import descriptions

    click.echo(
        descriptions.models(describing.models(library=library, family=family, on_progress=progress), fmt, width())
    )


@models.command()
@click.argument("model")
@format_option
@example("advisor models show resnet50")
def show(model: str, fmt: str) -> None:
    """One model: names of the same architecture, resolutions, weights, licences."""
    from advisor.render import descriptions

    click.echo(descriptions.model(describing.model(model, on_progress=progress), fmt, width()))
