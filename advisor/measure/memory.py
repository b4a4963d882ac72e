"""Peak memory of this process around forwards, read from the kernel's own high-water mark.

Polling the resident size misses short peaks; the mark does not, and it can be reset. Linux only; elsewhere a reason is given.
"""

from __future__ import annotations

import ctypes
import gc
import re
from collections.abc import Callable
from pathlib import Path

from advisor.probe.files import parsed, read_text
from advisor.records import Probed

_STATUS = "/proc/self/status"
_RESET = "5"
"""Written to clear_refs: sets VmHWM back to the present resident size."""
_KIB = 1024
_FORWARDS = 5
_GROWTH = 1.005


def status_bytes(field: str, root: Path = Path("/")) -> Probed:
    """A size of /proc/self/status (VmHWM, VmRSS, VmSize) in bytes."""

    def size(text: str) -> int | None:
        match = re.search(rf"^{field}:\s*(\d+) kB", text, re.MULTILINE)
        return int(match[1]) * _KIB if match else None

    return parsed(read_text(root, _STATUS), size, _STATUS)


def settle() -> None:
    """Give freed memory back, so that what follows starts from what is really held."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        return  # another C library: nothing to trim


def reset_peak(root: Path = Path("/")) -> str:
    """Set the high-water mark back; returns why that failed, or ''."""
    try:
        (root / "proc/self/clear_refs").write_text(_RESET)
    except OSError as error:
        return f"/proc/self/clear_refs: {error.strerror}"
    return ""


def peak_of(forward: Callable[[], float], *, most_s: float) -> tuple[Probed, list[float]]:
    """(peak resident bytes over forwards, what each took in ms): five, then on while the peak still grows.

    `forward` runs once and returns milliseconds. Slow models stop after two once `most_s` is spent.
    """
    settle()
    failure = reset_peak()
    times: list[float] = []
    peak = Probed(None, failure)
    while True:
        times.append(forward())
        before, peak = peak, Probed(None, failure) if failure else status_bytes("VmHWM")
        grew = before.value is not None and peak.value is not None and peak.value > before.value * _GROWTH
        if len(times) >= 2 and sum(times) / 1e3 > most_s:
            return peak, times
        if len(times) >= _FORWARDS and not grew:
            return peak, times


def available_bytes(root: Path = Path("/")) -> Probed:
    """MemAvailable: what can be had without swapping; on a Jetson the GPU shares it."""

    def size(text: str) -> int | None:
        match = re.search(r"^MemAvailable:\s*(\d+) kB", text, re.MULTILINE)
        return int(match[1]) * _KIB if match else None

    return parsed(read_text(root, "/proc/meminfo"), size, "/proc/meminfo")


def limit_address_space(root: Path = Path("/"), share: float = 0.9) -> str:
    """Let allocations beyond what is available fail as an exception, not by the kernel's killer; '' or why not.

    The limit counts address space, of which libraries map gigabytes they never touch, so it starts from what is mapped.
    """
    import resource

    mapped, free = status_bytes("VmSize", root), available_bytes(root)
    if mapped.value is None or free.value is None:
        return mapped.reason or free.reason
    most = int(mapped.value + share * free.value)
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
    return ""
