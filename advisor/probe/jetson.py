"""Clocks and power gating of a Jetson from sysfs, and its L4T release. NVML tells nothing of these on Tegra."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from advisor.probe.files import first, parsed, read_number, read_text
from advisor.records import Probed

GPU_NODES = ("gpu", "gv11b", "gp10b", "gm20b", "ga10b", "gb10b")
"""Names of the GPU's device-tree node, by generation."""

_DEVFREQ = "/sys/class/devfreq"
_EMC = ("/sys/kernel/debug/bpmp/debug/clk/emc", "/sys/kernel/debug/clk/emc")
_HWMON = "/sys/class/hwmon"
_HZ_TO_MHZ, _MILLI = 1e-6, 1e-3
_NOT_A_TEMPERATURE = -100.0
"""Zones of powered-down parts read -256 C."""


def read(root: Path = Path("/")) -> Mapping[str, Probed]:
    """L4T release, GPU clocks (MHz), load (percent) and governor, TPC mask, memory clocks (MHz; root only)."""
    gpu = _gpu_folder(root)
    return {
        "l4t_release": parsed(read_text(root, "/etc/nv_tegra_release"), _release, "/etc/nv_tegra_release"),
        "gpu_node": gpu,
        "gpu_min_mhz": _of_gpu(root, gpu, "min_freq", _HZ_TO_MHZ),
        "gpu_max_mhz": _of_gpu(root, gpu, "max_freq", _HZ_TO_MHZ),
        "gpu_cur_mhz": _of_gpu(root, gpu, "cur_freq", _HZ_TO_MHZ),
        "gpu_load_percent": _of_gpu(root, gpu, "device/load", 0.1),
        "gpu_governor": _text_of_gpu(root, gpu, "governor"),
        "tpc_pg_mask": _text_of_gpu(root, gpu, "device/tpc_pg_mask"),
        "memory_max_mhz": _memory(root, "max_rate"),
        "memory_cur_mhz": _memory(root, "rate"),
    }


def _release(text: str) -> str | None:
    """`36.4.3` of `# R36 (release), REVISION: 4.3, ...`."""
    match = re.search(r"R(\d+) \(release\), REVISION: ([\d.]+)", text)
    return f"{match[1]}.{match[2]}" if match else None


def _gpu_folder(root: Path) -> Probed:
    base = root / _DEVFREQ.lstrip("/")
    try:
        names = sorted(entry.name for entry in base.iterdir())
    except OSError:
        return Probed(None, f"{_DEVFREQ}: no such folder")
    for name in names:
        node = read_text(root, f"{_DEVFREQ}/{name}/device/of_node/name").value
        if node in GPU_NODES or name.rpartition(".")[2] in GPU_NODES or name.startswith("gpu-gpc"):
            return Probed(f"{_DEVFREQ}/{name}")
    return Probed(None, f"{_DEVFREQ}: no GPU among {', '.join(names[:8]) or 'nothing'}")


def _of_gpu(root: Path, gpu: Probed, name: str, scale: float) -> Probed:
    return gpu if gpu.value is None else read_number(root, f"{gpu.value}/{name}", scale)


def _text_of_gpu(root: Path, gpu: Probed, name: str) -> Probed:
    return gpu if gpu.value is None else read_text(root, f"{gpu.value}/{name}")


def _memory(root: Path, name: str) -> Probed:
    candidates = [read_number(root, f"{base}/{name}", _HZ_TO_MHZ) for base in _EMC]
    return first(candidates, candidates[0].reason)


def live(root: Path = Path("/")) -> Mapping[str, Probed]:
    """What changes under load: GPU clocks and governor, online CPUs, temperatures, over-current events, power rails, fan.

    `trip_margin_c`: degrees to the nearest passive trip point over all zones. `rail.LABEL`: milliwatts, by the board's own labels.
    """
    still = read(root)
    kept = ("gpu_cur_mhz", "gpu_min_mhz", "gpu_max_mhz", "gpu_governor", "memory_cur_mhz")
    return {
        **{name: still[name] for name in kept},
        "online_cpus": read_text(root, "/sys/devices/system/cpu/online"),
        "mem_available_mib": parsed(read_text(root, "/proc/meminfo"), _available_mib, "/proc/meminfo"),
        **_temperatures(root),
        **_events(root),
        **_rails(root),
    }


def _available_mib(text: str) -> float | None:
    match = re.search(r"^MemAvailable:\s*(\d+) kB", text, re.MULTILINE)
    return int(match[1]) / 1024 if match else None


def _entries(root: Path, base: str, pattern: str) -> list[str]:
    folder = root / base.lstrip("/")
    return sorted(f"/{path.relative_to(root)}" for path in folder.glob(pattern)) if folder.is_dir() else []


def _temperatures(root: Path) -> dict[str, Probed]:
    zones = _entries(root, "/sys/devices/virtual/thermal", "thermal_zone*")
    found: dict[str, Probed] = {}
    margins: list[float] = []
    for zone in zones:
        name = read_text(root, f"{zone}/type").value
        now = read_number(root, f"{zone}/temp", _MILLI)
        if name is None or now.value is None or now.value <= _NOT_A_TEMPERATURE:
            continue
        found[f"temperature_c.{name}"] = now
        passive = [
            trip for trip in (_passive_trip(root, file) for file in _entries(root, zone, "trip_point_*_type")) if trip
        ]
        margins += [min(passive) - now.value] if passive else []
    reason = "no thermal zone with a passive trip point"
    return {**found, "trip_margin_c": Probed(min(margins)) if margins else Probed(None, reason)}


def _passive_trip(root: Path, file: str) -> float | None:
    if read_text(root, file).value != "passive":
        return None
    value: float | None = read_number(root, file.replace("_type", "_temp"), _MILLI).value
    return value


def _events(root: Path) -> dict[str, Probed]:
    """Cumulative counts of soctherm: oc1 is under-voltage, oc2 and oc3 are over-current."""
    folders = [f for f in _entries(root, _HWMON, "hwmon*") if read_text(root, f"{f}/name").value == "soctherm_oc"]
    if not folders:
        return {"oc1_events": Probed(None, f"{_HWMON}: no soctherm_oc")}
    return {f"oc{n}_events": read_number(root, f"{folders[0]}/oc{n}_event_cnt") for n in (1, 2, 3)}


def _rails(root: Path) -> dict[str, Probed]:
    """Milliwatts of the rails that a power monitor of the board really measures."""
    found = {**_ina3221(root), **_ina3221_old(root), **_ina238(root)}
    return found or {"rails": Probed(None, "no power monitor (ina3221, ina238) answers")}


def _ina3221(root: Path) -> dict[str, Probed]:
    """JetPack 5 and later: millivolts times milliamperes; channel 7 is a sum."""
    found: dict[str, Probed] = {}
    for folder in _entries(root, "/sys/bus/i2c/devices", "*-004[0-3]/hwmon/hwmon*"):
        if read_text(root, f"{folder}/name").value != "ina3221":
            continue
        for channel in (1, 2, 3):
            label = read_text(root, f"{folder}/in{channel}_label").value
            volts, amperes = (read_number(root, f"{folder}/{what}{channel}_input").value for what in ("in", "curr"))
            if label and "NC" not in label.split() and volts is not None and amperes is not None:
                found[f"rail.{label}"] = Probed(volts * amperes * _MILLI)
    return found


def _ina3221_old(root: Path) -> dict[str, Probed]:
    """JetPack 4: the driver prints milliwatts."""
    found: dict[str, Probed] = {}
    for folder in _entries(root, "/sys/bus/i2c/devices", "*-004[0-3]/iio:device*"):
        for channel in (0, 1, 2):
            label = read_text(root, f"{folder}/rail_name_{channel}").value
            power = read_number(root, f"{folder}/in_power{channel}_input")
            if label and "NC" not in label.split() and power.value is not None:
                found[f"rail.{label}"] = power
    return found


def _ina238(root: Path) -> dict[str, Probed]:
    """Thor: one monitor at the module's input, microwatts."""
    for folder in _entries(root, _HWMON, "hwmon*"):
        if read_text(root, f"{folder}/name").value == "ina238":
            power = read_number(root, f"{folder}/power1_input", _MILLI)
            return {} if power.value is None else {"rail.VIN": power}
    return {}
