"""advisor devices."""

from __future__ import annotations

from pathlib import Path

import click

from advisor.cli.app import NamingGroup
from advisor.cli.options import example, format_option, progress, width
from advisor.workflows import describing


@click.group(cls=NamingGroup)
def devices() -> None:
    """Device profiles."""


@devices.command("list")
@format_option
@example("advisor devices list")
def list_(fmt: str) -> None:
    """Every profile and how many measurements there are of it."""
    from advisor.render import descriptions

    click.echo(descriptions.devices(describing.devices(on_progress=progress), fmt, width()))


@devices.command()
@click.argument("device")
@format_option
@example("advisor devices show jetson-orin-nano-8gb")
def show(device: str, fmt: str) -> None:
    """One profile: every fact with its source, power modes, what was measured."""
    from advisor.render import descriptions

    click.echo(descriptions.device(describing.device(device, on_progress=progress), fmt, width()))


@devices.command()
@format_option
@example("advisor devices detect")
def detect(fmt: str) -> None:
    """What this machine is: every probe with its value or the reason it has none."""
    from advisor.render import descriptions

    click.echo(descriptions.detection(describing.detect_device(), fmt, width()))


@devices.command()
@click.argument("file", type=click.Path(path_type=Path))
@format_option
@example("advisor devices add board.toml")
def add(file: Path, fmt: str) -> None:
    """Check the profile FILE (TOML) and keep it in the home."""
    added = describing.add_device(file, on_progress=progress)
    if fmt == "json":
        from advisor.render import as_json

        click.echo(as_json.dump({"added": added.id}))
    else:
        click.echo(f"added {added.id}; ask with: advisor recommend --device {added.id}")
