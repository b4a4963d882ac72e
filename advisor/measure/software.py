"""Versions of what makes a number, and which of two matter when numbers are compared."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version


def versions_of(packages: Iterable[str]) -> Mapping[str, str]:
    """Installed distributions by name; those that are not there are left out."""
    found: dict[str, str] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def system() -> Mapping[str, str]:
    """Python, kernel, C library and machine; nothing that names the host."""
    libc = " ".join(part for part in platform.libc_ver() if part)
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "os": platform.system(),
        "libc": libc or "unknown",
        "machine": platform.machine(),
    }
