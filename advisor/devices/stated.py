"""A user's profile of a device that is not here, from the few figures of its data sheet that a prediction rests on."""

from __future__ import annotations

from collections.abc import Mapping

from advisor.devices.draft import CLASSES, RUNTIMES, TARGETS, cleaned, own_id, vendor_of
from advisor.errors import UsageError
from advisor.records import Device, Fact, Target

FACTS: Mapping[str, str] = {
    "memory_gb": "memory, GiB",
    "memory_bandwidth_gb_s": "memory bandwidth, GB/s",
    "peak_fp32_tflops": "peak fp32, TFLOPS",
    "peak_fp16_tflops": "peak fp16, TFLOPS (dense)",
}
"""Fact key -> what is asked; each may be left out."""
KINDS = tuple(TARGETS)
_SOURCE = "as stated by the user"


def stated_profile(name: str, kind: str, figures: Mapping[str, str]) -> Device:
    """The profile, on the runtime and precision that are usual for its kind. Raises UsageError for what is no figure."""
    title = cleaned(name)
    if not title:
        raise UsageError("the device needs a name, e.g. Acme Board 8GB")
    if kind not in KINDS:
        raise UsageError(f"kind {kind!r} is not known; accepted: {', '.join(KINDS)}")
    facts = {key: Fact(_figure(key, text), _SOURCE) for key, text in figures.items() if text.strip()}
    unit, runtime, precision = TARGETS[kind]
    device_id = own_id(title)
    return Device(
        id=device_id, name=title, kind=kind, vendor=vendor_of(title), architecture="unknown", aliases=(), facts=facts,
        unified_memory=kind != "gpu", board_class=CLASSES[kind], runtimes=RUNTIMES[kind],
        default_target=Target(device_id, unit, "", runtime, precision), origin="user",
    )  # fmt: skip


def _figure(key: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise UsageError(f"{FACTS[key]}: {text!r} is not a number above 0")
    return value
