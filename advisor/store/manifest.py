"""The digest of the shipped data: a home built from another digest is refreshed. `python -m advisor.store.manifest` rewrites it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from advisor.errors import DataError
from advisor.locations import shipped, shipped_folder

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "manifest.json"


def files() -> Iterator[Path]:
    """Every shipped data file in a fixed order, the manifest itself aside."""
    for folder in (shipped("benchmarks_db"), shipped("profiles")):
        yield from sorted(p for p in folder.rglob("*") if p.suffix in (".csv", ".toml") and "layers" not in p.parts)


def compute() -> str:
    """SHA-256 over names and contents."""
    import hashlib  # only to make a manifest, never to read one

    digest = hashlib.sha256()
    for path in files():
        digest.update(path.name.encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def recorded() -> str:
    """The digest in the shipped manifest. Raises DataError where it is missing."""
    path = os.path.join(shipped_folder("benchmarks_db"), _NAME)
    try:
        with open(path, encoding="utf-8") as file:
            return str(json.load(file)["digest"])
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"shipped file {path} is missing or damaged; reinstall arch-advisor") from error


def write() -> None:
    """Record the digest of what is there now."""
    path = shipped("benchmarks_db") / _NAME
    path.write_text(json.dumps({"digest": compute()}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
