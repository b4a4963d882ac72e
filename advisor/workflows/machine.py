"""Which device this machine is when it is measured; an unknown one gets a profile with the rates that it shows."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from advisor.devices import Detection, detect, target_for, validate_profile
from advisor.errors import AdvisorError, UsageError
from advisor.measure.backends import backend
from advisor.measure.calibration import product_side
from advisor.measure.launching import Launcher, timeout_s, usable_threads
from advisor.measure.records import CALIBRATE, Job
from advisor.measure.sources import sources_of
from advisor.measure.telemetry import Telemetry
from advisor.measure.watching import Watch
from advisor.probe import load
from advisor.records import MEASURABLE, Device, Fact, Target
from advisor.store import Store
from advisor.workflows.keeping import check_names, keep_profile
from advisor.workflows.preparing import Progress


class Here(NamedTuple):
    """The device that is measured, how, and the profile that was made for it ('' where it had one)."""

    device: Device
    target: Target
    profile_made: str


def this_device(
    store: Store, name: str | None, asked: Mapping[str, Any], launcher: Launcher, on_progress: Progress
) -> Here:
    """The named device or this machine; drafts and keeps a profile where it has none. Raises UsageError, DataError."""
    found = detect()
    made = ""
    if name is not None:
        device = store.device(name)
    elif found.device_id is not None:
        device = store.device(found.device_id)
    else:
        on_progress("a profile of this machine")
        device = _drafted(store, found, asked, launcher)
        made = str(keep_profile(device))
    mode = asked["power_mode"] or (found.power_mode if device.power_modes else "") or None
    target = _measurable(target_for(device, **{**asked, "power_mode": mode}))
    check_here(device, target.power_mode, found)
    _require(target)
    return Here(device, target, made)


def check_measurable(device: Device, target: Target) -> None:
    """Raises UsageError where this machine is not known to be the device, or does not time the target; AdvisorError where it cannot."""
    found = detect()
    if found.device_id is None:
        raise UsageError(
            f"only {device.id} itself can confirm, and this machine has no profile ({found.reason}): "
            "ask on the device, or make this machine known with 'advisor measure'"
        )
    check_here(device, target.power_mode, found)
    _require(_measurable(target))


def check_here(device: Device, power_mode: str, found: Detection) -> None:
    """Raises UsageError where this machine is known to be another device, or in another power mode: numbers would be booked wrongly."""
    if found.device_id is not None and device.id not in (found.device_id, *found.also):
        raise UsageError(
            f"--device {device.id} is not this machine, which is {found.device_id}: measure on the device itself, "
            "or bring its figures with 'advisor db import'"
        )
    if power_mode and found.power_mode and power_mode.casefold() != found.power_mode.casefold():
        raise UsageError(
            f"the board is in power mode {found.power_mode}, not in {power_mode}: change it first with 'sudo nvpmodel -m ID' "
            f"('nvpmodel -p --verbose' lists them), or measure in {found.power_mode}"
        )


def _require(target: Target) -> None:
    """Raises AdvisorError where this machine lacks what the runtime needs, as far as that shows without starting it."""
    job = Job(
        kind=CALIBRATE, model="", resolution=0, batch_size=1, device=target.device, compute_unit=target.compute_unit,
        runtime=target.runtime, precision=target.precision, memory_format="nchw", threads=1, power_mode="", replicate=0,
    )  # fmt: skip
    if target.runtime.startswith("pytorch"):
        return  # only loading torch tells: the worker does, before anything else
    missing = backend(target.runtime).missing(job)
    if missing:
        raise AdvisorError(f"{target.runtime} cannot be measured here: {missing}")


def _measurable(target: Target) -> Target:
    if target.runtime not in MEASURABLE:
        raise UsageError(
            f"advisor does not time {target.runtime} itself; it times {', '.join(MEASURABLE)}: choose one with --runtime, "
            "or bring figures with 'advisor db import'"
        )
    return target


def _drafted(store: Store, found: Detection, asked: Mapping[str, Any], launcher: Launcher) -> Device:
    """The draft of detection with measured rates as facts; what is measured now becomes its default target."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        file.write(found.draft)
        file.flush()
        draft = validate_profile(Path(file.name))
    # What will be refused is refused before the minute that the rates take.
    target = _measurable(target_for(draft, **{**asked, "power_mode": None}))
    check_names(store, draft, "this machine")
    draft = draft._replace(facts={**draft.facts, **_rates(draft, launcher)})
    if target.compute_unit == "cpu" and not target.threads:
        target = replace(target, threads=_usual_threads())
    reason = "what this machine was measured with when its profile was made"
    device = draft._replace(default_target=replace(target, device=draft.id), target_reason=reason)
    store.add_device(device)
    return device


def _usual_threads() -> int:
    """All (0), but one less on a virtual machine or a small one: there other work takes its share of a processor, and a model that
    runs on all of them waits for its slowest thread."""
    usable = usable_threads()
    shared = bool(load.settings()["hypervisor"].value) or usable <= _SMALL_MACHINE
    return max(1, usable - 1) if shared else 0


def _rates(device: Device, launcher: Launcher) -> dict[str, Fact]:
    """Facts measured by a calibration on all processors."""
    target, threads = device.default_target, usable_threads()
    job = Job(
        kind=CALIBRATE, model="", resolution=0, batch_size=1, device=device.id, compute_unit=target.compute_unit,
        runtime="pytorch-eager", precision="fp32", memory_format="nchw", threads=threads, power_mode="", replicate=0,
    )  # fmt: skip
    result = launcher.run("rates", job, timeout_s(0.0, 60.0, job.runtime))
    if result["status"] != "ok":
        raise AdvisorError(f"the rates of this machine could not be measured: {result['reason']}")
    side = product_side(target.compute_unit == "gpu")
    return {
        key: Fact(
            round(value, 4), f"measured on this machine by advisor, {_HOW[key].format(side=side)}, {threads} threads"
        )
        for key, value in result["rates"].items()
        if key in _HOW
    }


_SMALL_MACHINE = 4
_HOW = {
    "peak_fp32_tflops": "the best of several {side}^3 products in fp32",
    "peak_fp16_tflops": "the best of several {side}^3 products in fp16",
    "memory_bandwidth_gb_s": "the best of several 256 MB copies, read and written bytes",
    "launch_us": "the mean of 4000 additions of one element, eager",
}


def watch_of(device: Device) -> Watch:
    """What can be watched on this machine while the device works. Close it."""
    sources = sources_of(device.kind)
    return Watch(Telemetry(sources.read), sources.software, sources.close)
