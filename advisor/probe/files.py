"""Reads small files of /proc, /sys and /etc below a root; a missing or unreadable file is a reason, not an error."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

from advisor.records import Probed

MAX_BYTES = 1 << 20


def read_bytes(root: Path, name: str) -> Probed:
    """Content of `name` (absolute, below `root`), at most 1 MiB."""
    try:
        with (root / name.lstrip("/")).open("rb") as file:
            return Probed(file.read(MAX_BYTES))
    except OSError as error:
        return Probed(None, f"{name}: {_words(error)}")


def _words(error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "no such file"
    return (error.strerror or type(error).__name__).lower()


def read_text(root: Path, name: str) -> Probed:
    """Text of `name` without surrounding blanks; bytes that are not UTF-8 become replacement characters."""
    found = read_bytes(root, name)
    if found.value is None:
        return found
    text = found.value.decode("utf-8", errors="replace").strip("\0\n\r\t ")
    return Probed(text) if text else Probed(None, f"{name}: empty")


def read_number(root: Path, name: str, scale: float = 1.0) -> Probed:
    """The number in `name` times `scale`."""
    return parsed(read_text(root, name), lambda text: float(text) * scale, name)


def parsed(found: Probed, parse: Callable[[str], Any], name: str) -> Probed:
    """`parse` applied to a value; a ValueError or None becomes the reason."""
    if found.value is None:
        return found
    try:
        value = parse(found.value)
    except ValueError:
        value = None
    return Probed(value) if value is not None else Probed(None, f"{name}: not understood: {found.value[:60]!r}")


def first(candidates: list[Probed], otherwise: str) -> Probed:
    """The first that has a value, else `otherwise` as the reason."""
    return next((found for found in candidates if found.value is not None), Probed(None, otherwise))
