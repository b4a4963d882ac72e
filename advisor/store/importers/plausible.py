"""Tells figures that no device of the kind can reach: a unit was mistaken. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from advisor.records import Device, Observation

_MARGIN = 4.0
"""Times its peak rate that a device may seem to reach: Winograd's convolutions spare 2.25 of the multiply-accumulates, sparsity 2."""


def peaks(devices: Iterable[Device]) -> dict[str, float]:
    """Multiply-accumulates per second at the fastest precision that a profile states; devices of which none is stated are left out."""
    stated = {
        device.id: [fact.value for name, fact in device.facts.items() if name.startswith("peak_")] for device in devices
    }
    return {device: max(rates) * 1e12 / 2.0 for device, rates in stated.items() if rates}


def impossible(seen: Observation, device: str, macs: int, peak: float | None) -> str:
    """Why a figure cannot be right, or ''. `macs` are of one image, `peak` in multiply-accumulates per second."""
    if peak is None or macs <= 0:
        return ""
    least_ms = 1e3 * seen.batch_size * macs / (_MARGIN * peak)
    if seen.latency_ms is not None and seen.latency_ms < least_ms:
        asked = f"latency {seen.latency_ms:g} ms for a batch of {seen.batch_size}"
        unit = "give milliseconds of the whole batch"
    elif seen.throughput_img_s is not None and seen.throughput_img_s > 1e3 * seen.batch_size / least_ms:
        asked, unit = f"throughput {seen.throughput_img_s:g} images/s", "give images per second"
    else:
        return ""
    return f"{asked} is more than {_MARGIN:g} times what {device} computes at its peak rate: {unit}"
