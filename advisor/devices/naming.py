"""How a device is asked for: id, name or alias, whole and letter case aside, never a part of a name.

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


def find_device(name: str, devices: Iterable[Device]) -> Device:
    """The device called `name`, or its family's default. Raises UnknownName with near misses, UsageError for what is out of scope."""
    listed = list(devices)
    asked = name.strip().casefold()
    by_name = {known: device for device in listed for known in names_of(device)}
    found = by_name.get(asked) or by_name.get(FAMILY_DEFAULTS.get(asked, ""))
    if found is None:
        raise unknown_device(name, listed)
    return found


def unknown_device(name: str, devices: Iterable[Device]) -> UsageError:
    """The error for a name nobody answers to."""
    reason = unsupported_reason(name)
    if reason:
        return UsageError(f"device {name!r} is {reason}")
    readable = [known for device in devices for known in (device.id, device.name, *device.aliases) if "," not in known]
    return UnknownName("device", name, [*readable, *FAMILY_DEFAULTS], HINT)
