"""CPU and memory of a Linux machine, from /proc and the cpufreq folder of /sys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from advisor.probe.files import parsed, read_number, read_text
from advisor.records import Probed

CPUINFO = "/proc/cpuinfo"
MEMINFO = "/proc/meminfo"
_CPUFREQ = "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"


def read(root: Path = Path("/")) -> Mapping[str, Probed]:
    """CPU name, threads, cores and maximum clock (MHz, of CPU 0), memory that Linux sees (MiB), instruction sets."""
    cpuinfo = read_text(root, CPUINFO)
    return {
        "cpu_name": parsed(cpuinfo, _cpu_name, CPUINFO),
        "cpu_threads": parsed(cpuinfo, _threads, CPUINFO),
        "cpu_cores": parsed(cpuinfo, _cores, CPUINFO),
        "cpu_flags": parsed(cpuinfo, _flags, CPUINFO),
        "cpu_boost_mhz": read_number(root, _CPUFREQ, 1e-3),
        "memory_total_mib": parsed(read_text(root, MEMINFO), _memory_mib, MEMINFO),
    }


def _values(text: str, key: str) -> list[str]:
    return [match.strip() for match in re.findall(rf"^{re.escape(key)}[ \t]*:(.*)$", text, re.MULTILINE)]


def _cpu_name(text: str) -> str | None:
    names = _values(text, "model name")
    return re.sub(r"\s+", " ", names[0]) if names and names[0] else None


def _threads(text: str) -> int | None:
    return len(_values(text, "processor")) or None


def _cores(text: str) -> int | None:
    """Distinct (package, core) pairs; None where the kernel does not number them (Arm)."""
    packages, cores = _values(text, "physical id"), _values(text, "core id")
    return len(set(zip(packages, cores, strict=True))) or None if len(packages) == len(cores) else None


_TOLD = ("avx2", "avx512f", "avx512_vnni", "amx_int8", "amx_bf16", "asimd", "asimdhp", "asimddp", "bf16", "i8mm")


def _flags(text: str) -> tuple[str, ...] | None:
    """The instruction sets that decide which kernels an inference runtime takes."""
    listed = _values(text, "flags") or _values(text, "Features")
    if not listed:
        return None
    have = set(listed[0].split())
    return tuple(flag for flag in _TOLD if flag in have)


def _memory_mib(text: str) -> float | None:
    match = re.search(r"^MemTotal:\s*(\d+) kB", text, re.MULTILINE)
    return int(match[1]) / 1024 if match else None
