"""The command line: parse, call one workflow, print. The only place with exit codes."""

from advisor.cli.app import main

__all__ = ["main"]
