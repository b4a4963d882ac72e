"""Devices: profiles from TOML, how they are named, scaled and targeted, and what this machine is.

Reads files and probes; opens no database, measures nothing, imports nothing heavy. Names are loaded on first use: an
answer from a prepared database needs two of these modules.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.devices.detection import Detection, detect
    from advisor.devices.export import device_from_json, device_to_json, device_to_toml
    from advisor.devices.naming import (
        FAMILY_DEFAULTS,
        family_of,
        find_device,
        named,
        unknown_device,
        unsupported_reason,
    )
    from advisor.devices.profile import load_profile, shipped_profiles, user_devices, validate_profile
    from advisor.devices.scaling import memory_note, scaled, usable_memory_mib
    from advisor.devices.targets import target_for
    from advisor.devices.toml import load_toml
    from advisor.records import Device

__all__ = [
    "FAMILY_DEFAULTS",
    "Detection",
    "Device",
    "detect",
    "device_from_json",
    "device_to_json",
    "device_to_toml",
    "family_of",
    "find_device",
    "load_profile",
    "load_toml",
    "memory_note",
    "named",
    "scaled",
    "shipped_profiles",
    "target_for",
    "unknown_device",
    "unsupported_reason",
    "usable_memory_mib",
    "user_devices",
    "validate_profile",
]

_MODULES = {
    "advisor.devices.detection": ("Detection", "detect"),
    "advisor.devices.export": ("device_from_json", "device_to_json", "device_to_toml"),
    "advisor.devices.naming": (
        "FAMILY_DEFAULTS",
        "family_of",
        "find_device",
        "named",
        "unknown_device",
        "unsupported_reason",
    ),
    "advisor.devices.profile": ("load_profile", "shipped_profiles", "user_devices", "validate_profile"),
    "advisor.devices.scaling": ("memory_note", "scaled", "usable_memory_mib"),
    "advisor.devices.targets": ("target_for",),
    "advisor.devices.toml": ("load_toml",),
    "advisor.records": ("Device",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
