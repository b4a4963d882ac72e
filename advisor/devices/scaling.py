"""A device's facts under a power mode, and the memory it leaves to a process. Pure arithmetic on a profile."""

from __future__ import annotations

from advisor.errors import UsageError
from advisor.records import Device, Fact, PowerMode

GIB_IN_MIB = 1024.0

_GPU_RATES = (
    "peak_fp32_tflops", "peak_tf32_tflops", "peak_fp16_tflops", "peak_fp16_acc32_tflops", "peak_bf16_tflops", "peak_int8_tops",
)  # fmt: skip
_GPU_UNITS = ("sm_count", "cuda_cores", "tensor_cores")


def scaled(device: Device, power_mode: str) -> Device:
    """The device with the rates, units and clocks that `power_mode` leaves it; unchanged for an empty mode.

    peak = peak x gpu_max_mhz / boost_mhz x SMs online / SMs; bandwidth = bandwidth x memory_max_mhz / memory_mhz.
    A rate whose clock the mode does not state is dropped: unknown, not assumed. Raises UsageError for an unknown mode.
    """
    if not power_mode:
        return device
    mode = mode_named(device, power_mode)
    facts = dict(device.facts)
    clock = _ratio(mode.gpu_max_mhz, device.value("boost_mhz"))
    units = _ratio(mode.gpu_sms_online, device.value("sm_count"))
    _scale(facts, _GPU_RATES, None if clock is None or units is None else clock * units, mode)
    _scale(facts, _GPU_UNITS, units, mode)
    _scale(facts, ("boost_mhz",), clock, mode)
    _scale(
        facts, ("memory_bandwidth_gb_s", "memory_mhz"), _ratio(mode.memory_max_mhz, device.value("memory_mhz")), mode
    )
    _scale(facts, ("cpu_cores", "cpu_threads"), _ratio(mode.online_cpus, device.value("cpu_cores")), mode)
    _scale(facts, ("cpu_boost_mhz",), _ratio(mode.cpu_max_mhz, device.value("cpu_boost_mhz")), mode)
    return device._replace(facts=facts)


def mode_named(device: Device, name: str) -> PowerMode:
    """The power mode called `name`, letter case aside. Raises UsageError."""
    for mode in device.power_modes:
        if mode.name.casefold() == name.strip().casefold():
            return mode
    modes = ", ".join(mode.name for mode in device.power_modes)
    has = f"it has {modes}" if modes else "it has no power modes"
    raise UsageError(f"device {device.id} has no power mode {name!r}; {has}")


def _ratio(value: float | None, full: float | None) -> float | None:
    return None if value is None or full is None else value / full


def _scale(facts: dict[str, Fact], keys: tuple[str, ...], factor: float | None, mode: PowerMode) -> None:
    for key in keys:
        fact = facts.get(key)
        if fact is None or factor == 1.0:
            continue
        if factor is None:
            del facts[key]
        else:
            facts[key] = Fact(fact.value * factor, f"{fact.source}; scaled to power mode {mode.name} ({mode.source})")


def usable_memory_mib(device: Device) -> float | None:
    """Memory that processes can have (MiB): the marketed size (GiB) less what the profile says the system reserves.

    Where the profile states no reservation nothing is taken off, and `memory_note` says so. None: the size is not known.
    """
    size = device.value("memory_gb")
    if size is None:
        return None
    return (size - (device.value("system_reserved_gb") or 0.0)) * GIB_IN_MIB


def memory_note(device: Device) -> str:
    """How `usable_memory_mib` came about, in words for an answer."""
    size = device.value("memory_gb")
    reserved = device.facts.get("system_reserved_gb")
    if size is None:
        return f"the memory of {device.id} depends on the machine and is not in its profile: only a budget that you give bounds memory"
    if reserved is None:
        kept = "the system takes its part of it" if device.unified_memory else "other processes may take a part"
        return f"memory budget: all {size:g} GiB of {device.id}; what the system reserves is not known ({kept})"
    return f"memory budget: {size:g} GiB of {device.id} less {reserved.value:.2f} GiB kept by the system ({reserved.source})"
