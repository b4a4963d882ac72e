"""Which device a question is about: a named profile, a family's default, or this machine."""

from __future__ import annotations

import os

from advisor.devices import FAMILY_DEFAULTS, family_of
from advisor.errors import UsageError
from advisor.records import Device
from advisor.store import Store

_DEVICE_TREE = "/proc/device-tree/compatible"


def chosen_device(store: Store, name: str | None) -> tuple[Device, tuple[str, ...]]:
    """The profile and notes on how it was chosen. Raises UnknownName, UsageError."""
    if name is None:
        return _this_machine(store)
    family = family_of(name)
    if not family:
        return store.device(name), ()
    members = store.device_ids(family)
    here = _this_board()
    if here in members:
        return store.device(here), (f"'{name}' is this board, {here}",)
    default = FAMILY_DEFAULTS[family]
    others = ", ".join(member for member in members if member != default)
    return store.device(default), (f"'{name}' is taken as {default}, the family's default; others: {others}",)


def _this_board() -> str | None:
    """This machine's profile if it has a device tree, as every Jetson does; probing more would slow every answer."""
    if not os.path.exists(_DEVICE_TREE):
        return None
    from advisor.devices import detect

    return detect().device_id


def _this_machine(store: Store) -> tuple[Device, tuple[str, ...]]:
    from advisor.devices import detect

    found = detect()
    if found.device_id is None:
        raise UsageError(
            f"this machine has no profile ({found.reason}); name one with --device ('advisor devices list'), "
            "or make one: 'advisor devices detect' prints a draft for 'advisor devices add FILE'"
        )
    return store.device(found.device_id), (f"no --device given: this machine is {found.device_id}",)
