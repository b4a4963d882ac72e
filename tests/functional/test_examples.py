"""Each command's help ends in an example, and the example works; every command can answer in JSON."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

import click
import pytest

from advisor.cli.app import cli

ONLY_READ = ("measure", "compare", "fit", "evaluate", "devices add")
"""Take minutes, an accelerator or files of the asker's: their examples are parsed, and run in tests of their own."""
INTERACTIVE = ("tui", "serve")
"""Open the interface instead of answering; tests of their own walk through it."""
OWN_FILE = "model,device,runtime,precision,batch_size,resolution,latency_ms\ntorchvision/resnet18,rtx-3090,pytorch-eager,fp32,1,224,5\n"


def commands() -> Iterator[tuple[str, click.Command]]:
    """(name in words, command) of everything that can be called."""
    for name in cli.list_commands(click.Context(cli)):
        command = cli.get_command(click.Context(cli), name)
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", one) for inner, one in command.commands.items())
        else:
            yield name, command


COMMANDS = dict(commands())


def example_of(name: str) -> list[str]:
    lines = re.findall(r"^ +(advisor .+)$", COMMANDS[name].help.partition("Example:")[2], re.M)
    assert len(lines) == 1, f"the help of 'advisor {name}' has {len(lines)} examples"
    return shlex.split(lines[0])[1:]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_help_shows_an_example_of_its_own_command(name):
    words = name.split()
    assert example_of(name)[: len(words)] == words


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - set(INTERACTIVE)))
def test_every_command_can_answer_in_json(name):
    formats = [p for p in COMMANDS[name].params if "--format" in p.opts]
    assert formats
    assert "json" in formats[0].type.choices


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {*ONLY_READ, *INTERACTIVE}))
def test_the_example_answers(name, advisor_at, home, tmp_path):
    (tmp_path / "measurements.csv").write_text(OWN_FILE)
    done = advisor_at(*example_of(name), "--format", "json", home=home, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


@pytest.mark.parametrize("name", ONLY_READ)
def test_an_example_that_takes_long_is_a_right_question(name):
    arguments = example_of(name)[len(name.split()) :]
    assert COMMANDS[name].make_context(name, arguments).params
