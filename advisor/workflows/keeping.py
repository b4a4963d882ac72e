"""Keeping a user's device profile: checked against the names that are taken, then in the database and the home."""

from __future__ import annotations

import tempfile
from pathlib import Path

from advisor.devices import device_to_toml
from advisor.errors import DataError
from advisor.locations import user_profiles
from advisor.records import Device
from advisor.store import Store


def check_names(store: Store, profile: Device, where: str) -> None:
    """Raises DataError where the profile's id or a name belongs to another device; `where` begins the message."""
    devices = store.devices()
    if profile.id in {d.id for d in devices if d.origin == "shipped"}:
        raise DataError(f"{where}: id {profile.id!r} belongs to a shipped profile; choose another id")
    taken = {name.casefold(): d.id for d in devices for name in (d.id, d.name, *d.aliases) if d.id != profile.id}
    for name in (profile.id, profile.name, *profile.aliases):
        if name.casefold() in taken:
            raise DataError(
                f"{where}: name {name!r} already belongs to device {taken[name.casefold()]!r}; choose another"
            )


def keep_profile(profile: Device) -> Path:
    """Write the profile to the home, whole or not at all; returns the file. Raises DataError."""
    folder = user_profiles()
    path = folder / f"{profile.id}.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, suffix=".part", delete=False) as file:
            file.write(device_to_toml(profile))
        Path(file.name).replace(path)
    except OSError as error:
        raise DataError(f"cannot keep the profile in {folder}: {error.strerror}") from error
    return path
