"""Who a board is, from the device tree that its firmware handed to Linux. The serial number there is left alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from advisor.probe.files import read_bytes, read_text
from advisor.records import Probed

BASES = ("/proc/device-tree", "/sys/firmware/devicetree/base")


def read(root: Path = Path("/")) -> Mapping[str, Probed]:
    """`model` (text) and `compatible` (tuple of strings, most specific first)."""
    return {"model": _either(root, "model"), "compatible": _compatible(root)}


def _either(root: Path, name: str) -> Probed:
    found = read_text(root, f"{BASES[0]}/{name}")
    return found if found.value is not None else read_text(root, f"{BASES[1]}/{name}")


def _compatible(root: Path) -> Probed:
    found = read_bytes(root, f"{BASES[0]}/compatible")
    if found.value is None:
        found = read_bytes(root, f"{BASES[1]}/compatible")
    if found.value is None:
        return found
    entries = found.value.decode("ascii", errors="replace").split("\0")
    kept = tuple(entry.strip() for entry in entries if entry.strip())
    return Probed(kept) if kept else Probed(None, "compatible: empty")
