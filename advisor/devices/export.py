"""Device -> JSON and TOML, and back from JSON. Lossless; no files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from advisor.records import Device, Fact, PowerMode, Target

_LISTS = ("aliases", "runtimes")
_HEAD = (
    "id", "name", "kind", "vendor", "architecture", "aliases", "unified_memory", "board_class", "runtimes", "variant_of",
    "processor", "memory_type", "note",
)  # fmt: skip
_TARGET_KEYS = ("compute_unit", "power_mode", "runtime", "precision", "memory_format", "threads")


def device_to_json(device: Device) -> dict[str, Any]:
    """A plain dict for the standard library's json."""
    plain = device._asdict()
    plain["default_target"] = asdict(device.default_target)
    plain["facts"] = {key: fact._asdict() for key, fact in device.facts.items()}
    plain["power_modes"] = [mode._asdict() for mode in device.power_modes]
    return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}


def device_from_json(plain: Mapping[str, Any]) -> Device:
    """The device of `device_to_json`."""
    fields = dict(plain)
    fields["facts"] = {key: Fact(**fact) for key, fact in plain["facts"].items()}
    fields["default_target"] = Target(**plain["default_target"])
    fields["power_modes"] = tuple(PowerMode(**mode) for mode in plain["power_modes"])
    for key in _LISTS:
        fields[key] = tuple(plain[key])
    return Device(**fields)


def device_to_toml(device: Device) -> str:
    """A profile file that loads to the same device (origin apart)."""
    plain = device_to_json(device)
    lines = _pairs({key: plain[key] for key in _HEAD})
    lines += ["", "[default_target]", *_pairs({key: plain["default_target"][key] for key in _TARGET_KEYS})]
    lines += _pairs({"reason": device.target_reason})
    lines += ["", "[facts]"]
    lines += [
        f"{key} = {{ value = {_value(fact.value)}, source = {_value(fact.source)} }}"
        for key, fact in device.facts.items()
    ]
    for mode in plain["power_modes"]:
        lines += ["", "[[power_modes]]", *_pairs(mode)]
    return "\n".join(lines) + "\n"


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items() if value is not None and value != ""]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
