"""How a device is asked for: id, name or alias, whole, letter case, spaces, hyphens and underscores aside, never a part of a name.

Families have a default member; phones, FPGAs, TPUs and the like are refused with that reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from advisor.errors import UnknownName, UsageError
from advisor.records import Device

FAMILY_DEFAULTS = {
    "jetson": "jetson-orin-nano-8gb",
    "jetson-orin-nano": "jetson-orin-nano-8gb",
    "jetson-orin-nx": "jetson-orin-nx-16gb",
    "jetson-agx-orin": "jetson-agx-orin-64gb",
    "jetson-agx-xavier": "jetson-agx-xavier-32gb",
    "jetson-xavier-nx": "jetson-xavier-nx-8gb",
    "jetson-thor": "jetson-thor-t5000",
    "raspberry-pi": "raspberry-pi-4b",
    "v100": "v100-16gb",
    "a100": "a100-40gb",
    "h100": "h100-pcie",
}
"""Family name -> the member it stands for; every member's id begins with the family and a hyphen."""

_SERIES = ("rtx-", "gtx-")
"""Beginnings of ids that people leave out: every number is of one series only."""
_MOST_HOLDING, _LEAST_HELD = 4, 2
"""How many ids that hold an unknown name are told, and from how many letters of it."""

HINT = "'advisor devices list' shows all; 'advisor devices add FILE' adds one"

_UNSUPPORTED = {
    "phones": r"snapdragon|adreno|kirin|dimensity|exynos|mediatek|helio|qualcomm|"
    r"iphone|ipad|pixel|galaxy|huawei|xiaomi|oneplus|redmi|phone|android",
    "FPGAs": r"fpga|xilinx|zynq|zcu\d+|ultra96|ultrascale|alveo|kria|pynq|dpu|finn|bismo|arria|stratix",
    "TPUs and other neural accelerators": r"e?tpus?|edgetpu|coral|ncs2?|movidius|myriad|hailo|hailo8l?|"
    r"gaudi|habana|inferentia|trainium|graphcore|ipu|npu",
    "slices of a GPU (MIG)": r"mig|\d+g\.\d+gb",
    "car computers": r"drive|pegasus",
}
"""What no profile will ever match, told by whole words of the name that was asked for."""


def unsupported_reason(name: str) -> str:
    """Why a device of this name has no profile by design; empty where that cannot be told from the name."""
    folded = name.casefold()
    for kind, pattern in _UNSUPPORTED.items():
        if re.search(rf"(?<![a-z0-9])(?:{pattern})(?![a-z0-9])", folded):
            return f"not supported: {kind} are outside what advisor measures (NVIDIA GPUs, Jetsons, x86 CPUs, Raspberry Pis)"
    return ""


def names_of(device: Device) -> tuple[str, ...]:
    """Every string the device answers to, folded, without repeats."""
    return tuple(dict.fromkeys(name.casefold() for name in (device.id, device.name, *device.aliases)))


def folded(name: str) -> str:
    """A name without what people write differently: letter case, spaces, hyphens, underscores."""
    return re.sub(r"[\s_-]+", "", name.casefold())


def family_of(name: str) -> str:
    """The family that is called so; empty where none is."""
    asked = folded(name)
    return next((family for family in FAMILY_DEFAULTS if folded(family) == asked), "")


def keys_of(device: Device) -> set[str]:
    """All that the device may be called, folded; a card also without its series (4090)."""
    short = [device.id.removeprefix(series) for series in _SERIES]
    return {folded(name) for name in (*names_of(device), *short)}


def named(name: str, devices: Iterable[Device]) -> Device | None:
    """The device that is called so; None where none is."""
    asked = folded(name)
    return next((device for device in devices if asked and asked in keys_of(device)), None)


def find_device(name: str, devices: Iterable[Device]) -> Device:
    """The device called `name`, or its family's default. Raises UnknownName with near misses, UsageError for what is out of scope."""
    listed = list(devices)
    found = named(name, listed) or named(FAMILY_DEFAULTS.get(family_of(name), ""), listed)
    if found is None:
        raise unknown_device(name, listed)
    return found


def unknown_device(name: str, devices: Iterable[Device]) -> UsageError:
    """The error for a name nobody answers to."""
    reason = unsupported_reason(name)
    if reason:
        return UsageError(f"device {name!r} is {reason}")
    listed = list(devices)
    readable = [known for device in listed for known in (device.id, device.name, *device.aliases) if "," not in known]
    return UnknownName("device", name, [*readable, *FAMILY_DEFAULTS], HINT, _holding(folded(name), listed))


def _holding(asked: str, devices: Iterable[Device]) -> list[str]:
    """Ids of which a folded name is a part, the shortest first: it is the most of those."""
    ids = [device.id for device in devices if len(asked) >= _LEAST_HELD and asked in folded(device.id)]
    return sorted(ids, key=lambda known: (len(known), known))[:_MOST_HOLDING]
