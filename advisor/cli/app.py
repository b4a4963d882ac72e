"""The command group, its lazily imported commands, and the one place that turns errors into exit codes."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import NoReturn

import click

from advisor.cli.codes import ANSWERED, FAILED, INTERRUPTED, NO_EVIDENCE, USAGE
from advisor.errors import AdvisorError, NotEnoughEvidence, UnknownName, UsageError

_COMMANDS = {
    "tui": ("advisor.cli.tui", "tui", "Questions, trade-offs and advice on this terminal; the same as advisor alone."),
    "serve": ("advisor.cli.serve", "serve", "The interface in a browser: no files, no measuring, no shell from there."),
    "recommend": ("advisor.cli.recommend", "recommend", "Which model, on this device, under these budgets."),
    "why": ("advisor.cli.why", "why", "Why a model is, or is not, the one for a device and budgets."),
    "plan": ("advisor.cli.plan", "plan", "Which devices would do for a model, or for a floor of accuracy."),
    "predict": ("advisor.cli.predict", "predict", "Latency and memory of named models on a device."),
    "check": ("advisor.cli.check", "check", "A gate for CI: does this model, or file, meet these budgets."),
    "explain": ("advisor.cli.explain", "explain", "Layers and complexity of a model: where time and memory go."),
    "chart": (
        "advisor.cli.chart",
        "chart",
        "Accuracy, complexity, speed and memory against each other, drawn or as data.",
    ),
    "models": ("advisor.cli.models", "models", "The catalogue of architectures and weights."),
    "devices": ("advisor.cli.devices", "devices", "Device profiles: list, show, detect, add."),
    "measure": ("advisor.cli.measure", "measure", "Time models on this machine and keep the numbers."),
    "compare": ("advisor.cli.compare", "compare", "Two measurements of one model: faster, slower or the same."),
    "db": ("advisor.cli.db", "db", "The database of evidence: info, import, export, verify."),
    "fit": ("advisor.cli.fit", "fit", "Fit the predictors again from the evidence in the database."),
    "evaluate": ("advisor.cli.evaluate", "evaluate", "How good the predictions are, on families they never saw."),
}
"""Name -> module, attribute, one-line help: listing commands must not import them."""


class NamingGroup(click.Group):
    """A group that names the commands that an unknown one could have meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Raises UnknownName; while a shell completes a line, nothing is unknown yet."""
        if args[0] not in (known := self.list_commands(ctx)) and not ctx.resilient_parsing:
            raise UnknownName("command", args[0], known, f"'{ctx.command_path} --help' shows all")
        return super().resolve_command(ctx, args)


class LazyGroup(NamingGroup):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - tells the type checker what the table holds
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry[2]) for name, entry in _COMMANDS.items()])


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="arch-advisor", prog_name="advisor")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Selects image models under latency, memory and accuracy budgets on a given device.

    Answers rest on measurements where there are some, on a validated prediction where there are none, and say which.
    """
    if ctx.invoked_subcommand is not None:
        return
    if sys.stdin.isatty() and sys.stdout.isatty():
        from advisor.cli.tui import run

        run()
    else:
        click.echo(ctx.get_help())


def main() -> NoReturn:
    """Run the command line; never shows a traceback for what a user did or what a machine lacks."""
    gc.disable()  # a short-lived process that makes many small records: collecting them takes longer than they live
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        _fail("interrupted", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except NotEnoughEvidence as error:
        _fail(str(error), NO_EVIDENCE)
    except UsageError as error:
        _fail(str(error), USAGE)
    except AdvisorError as error:
        _fail(str(error), FAILED)
    except BrokenPipeError:
        _discard_output()  # the reader of our output left; nothing more can be said there
        sys.exit(FAILED)
    except OSError as error:
        _discard_output()
        _fail(f"cannot write the output: {error.strerror}", FAILED)
    sys.exit(status if isinstance(status, int) else ANSWERED)


def _discard_output() -> None:
    """Send what is still buffered nowhere: flushing it at exit would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, status: int) -> NoReturn:
    click.echo(f"advisor: {message}", err=True)
    sys.exit(status)
