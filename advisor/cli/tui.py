"""advisor tui."""

from __future__ import annotations

import gc
import importlib
import os
import sys

import click

from advisor.cli.options import example
from advisor.errors import UsageError


@click.command()
@click.option(
    "--safe", is_flag=True, help="Keep no session, write no file, measure nothing: for strangers at the keys."
)
@example("advisor tui")
def tui(safe: bool) -> None:
    """Answer a few questions, see the trade-offs, get the advice."""
    if not safe and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the interface needs a terminal; in a script ask 'advisor recommend --format json'")
    run(safe=safe)


def run(*, safe: bool = False) -> None:
    """Open the interface on this terminal."""
    gc.enable()  # the command line runs without; a session lasts
    # at the usual 60 frames a second an answer waits longer for its frame than for its ranking
    os.environ.setdefault("TEXTUAL_FPS", "120")
    importlib.import_module("advisor.tui.app").AdvisorApp(safe=safe).run()  # by name: siblings do not import each other
