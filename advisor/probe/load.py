"""What else runs on a Linux machine and what this process waited for: /proc/stat, PSI, run-queue delay, swapping."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from advisor.probe.files import first, parsed, read_number, read_text
from advisor.records import Probed

_STAT, _VMSTAT, _PRESSURE, _LOADAVG = "/proc/stat", "/proc/vmstat", "/proc/pressure/cpu", "/proc/loadavg"
_NS_TO_S = 1e-9
_FREQUENCY = "/sys/devices/system/cpu/cpu0/cpufreq"


def read(root: Path = Path("/"), pid: str = "self") -> Mapping[str, Probed]:
    """Counters since boot or since the process began; callers take differences.

    cpu_jiffies and steal_jiffies (whole machine), psi_some_avg10 (percent), load_average, procs_running, swap_pages,
    run_delay_s (time the threads of `pid` were runnable but not running), involuntary_switches, major_faults.
    """
    stat, vmstat = read_text(root, _STAT), read_text(root, _VMSTAT)
    return {
        "cpu_jiffies": parsed(stat, lambda text: sum(_cpu_line(text)), _STAT),
        "steal_jiffies": parsed(stat, lambda text: _cpu_line(text)[7], _STAT),
        "procs_running": parsed(stat, lambda text: _named(text, "procs_running"), _STAT),
        "psi_some_avg10": parsed(read_text(root, _PRESSURE), _psi, _PRESSURE),
        "load_average": parsed(read_text(root, _LOADAVG), lambda text: float(text.split()[0]), _LOADAVG),
        "swap_pages": parsed(vmstat, lambda text: _named(text, "pswpin") + _named(text, "pswpout"), _VMSTAT),
        "run_delay_s": _run_delay(root, pid),
        "involuntary_switches": _status(root, pid, "nonvoluntary_ctxt_switches"),
        "major_faults": _major_faults(root, pid),
    }


def settings(root: Path = Path("/")) -> Mapping[str, Probed]:
    """Settings of the kernel that change timings: governor, clocks, huge pages, clock source, virtualization."""
    return {
        "governor": read_text(root, f"{_FREQUENCY}/scaling_governor"),
        "scaling_driver": read_text(root, f"{_FREQUENCY}/scaling_driver"),
        "cpu_min_mhz": read_number(root, f"{_FREQUENCY}/scaling_min_freq", 1e-3),
        "cpu_max_mhz": read_number(root, f"{_FREQUENCY}/scaling_max_freq", 1e-3),
        "cpu_cur_mhz": read_number(root, f"{_FREQUENCY}/scaling_cur_freq", 1e-3),
        "turbo": _turbo(root),
        "thp": parsed(read_text(root, "/sys/kernel/mm/transparent_hugepage/enabled"), _chosen, "transparent_hugepage"),
        "clocksource": read_text(root, "/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "hypervisor": parsed(read_text(root, "/proc/cpuinfo"), lambda text: " hypervisor " in text, "/proc/cpuinfo"),
        "cgroup_cpu_quota": _quota(root),
        "boot_id": read_text(root, "/proc/sys/kernel/random/boot_id"),
    }


def _cpu_line(text: str) -> list[int]:
    return [int(number) for number in text.splitlines()[0].split()[1:]]


def _named(text: str, name: str) -> int:
    match = re.search(rf"^{name} (\d+)", text, re.MULTILINE)
    if match is None:
        raise ValueError(name)
    return int(match[1])


def _psi(text: str) -> float | None:
    match = re.search(r"^some avg10=([\d.]+)", text, re.MULTILINE)
    return float(match[1]) if match else None


def _run_delay(root: Path, pid: str) -> Probed:
    """Field 2 of schedstat over all threads, in seconds."""
    base = root / "proc" / pid / "task"
    try:
        threads = [entry.name for entry in base.iterdir()]
    except OSError:
        return Probed(None, f"/proc/{pid}/task: no such folder")
    found = [read_text(root, f"/proc/{pid}/task/{thread}/schedstat").value for thread in threads]
    known = [int(text.split()[1]) for text in found if text]
    return Probed(sum(known) * _NS_TO_S) if known else Probed(None, f"/proc/{pid}/task/*/schedstat: no such file")


def _status(root: Path, pid: str, name: str) -> Probed:
    path = f"/proc/{pid}/status"

    def count(text: str) -> int | None:
        match = re.search(rf"^{name}:\s*(\d+)", text, re.MULTILINE)
        return int(match[1]) if match else None

    return parsed(read_text(root, path), count, path)


def _major_faults(root: Path, pid: str) -> Probed:
    """Field 12 of stat; the command's name before it may hold blanks."""
    path = f"/proc/{pid}/stat"
    return parsed(read_text(root, path), lambda text: int(text.rpartition(")")[2].split()[9]), path)


def _turbo(root: Path) -> Probed:
    intel = parsed(
        read_text(root, "/sys/devices/system/cpu/intel_pstate/no_turbo"), lambda text: text == "0", "no_turbo"
    )
    other = parsed(read_text(root, "/sys/devices/system/cpu/cpufreq/boost"), lambda text: text == "1", "boost")
    return first([intel, other], other.reason)


def _chosen(text: str) -> str | None:
    match = re.search(r"\[(\w+)\]", text)
    return match[1] if match else None


def _quota(root: Path) -> Probed:
    """Processors' worth of time the control group allows; None where it is not limited."""
    path = "/sys/fs/cgroup/cpu.max"

    def share(text: str) -> float | None:
        quota, period = text.split()
        return None if quota == "max" else int(quota) / int(period)

    found = read_text(root, path)
    if found.value is not None and found.value.startswith("max"):
        return Probed(None, f"{path}: not limited")
    return parsed(found, share, path)
