"""advisor serve."""

from __future__ import annotations

import importlib
import importlib.util

import click

from advisor.cli.options import example
from advisor.errors import MissingExtra


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Where to listen.")
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; others need --expose.",
)
@click.option(
    "--expose", is_flag=True, help="Allow an address that other machines reach; what that exposes is printed."
)
@example("advisor serve --port 8765")
def serve(port: int, host: str, expose: bool) -> None:
    """The interface in a browser, on this machine unless exposed: no files, no measuring, no shell from there."""
    if importlib.util.find_spec("textual_serve") is None:
        raise MissingExtra("serving the interface", "serve")
    serving = importlib.import_module("advisor.tui.serving")  # by name: siblings do not import each other
    serving.serve(host, port, expose=expose, say=lambda words: click.echo(f"advisor: {words}", err=True))
