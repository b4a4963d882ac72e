"""The power mode a Jetson is in, from the files that nvpmodel itself keeps; the program is not run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from advisor.probe.files import parsed, read_text
from advisor.records import Probed

STATUS = "/var/lib/nvpmodel/status"
CONFIG = "/etc/nvpmodel.conf"


def read(root: Path = Path("/")) -> Mapping[str, Probed]:
    """`mode_id` and `mode_name` in force, `default_id` at first boot."""
    status = parsed(read_text(root, STATUS), _mode_id, STATUS)
    config = read_text(root, CONFIG)
    return {
        "mode_id": status,
        "mode_name": _name(status, config),
        "default_id": parsed(config, _default, CONFIG),
    }


def _mode_id(text: str) -> int | None:
    """2 of `pmode:0002 fmode:quiet`."""
    match = re.search(r"pmode:(\d+)", text)
    return int(match[1]) if match else None


def _default(text: str) -> int | None:
    match = re.search(r"PM_CONFIG DEFAULT=(\d+)", text)
    return int(match[1]) if match else None


def _name(status: Probed, config: Probed) -> Probed:
    if status.value is None:
        return status
    if config.value is None:
        return config
    names = {int(number): name for number, name in re.findall(r"POWER_MODEL ID=(\d+) NAME=(\S+)", config.value)}
    name = names.get(status.value)
    return Probed(name) if name else Probed(None, f"{CONFIG}: no mode with id {status.value}")
