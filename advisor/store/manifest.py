"""Digests of the shipped data and of the predictors fitted to it: a home built from others is refreshed.

`python -m advisor.store.manifest` rewrites them.
"""

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
PREDICTORS = "predictors.jsonl.gz"
"""Fitted to the data of a digest, so not part of it."""


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


def compute_predictors() -> str:
    """SHA-256 of the fitted predictors; '' where there are none yet."""
    import hashlib

    path = shipped("benchmarks_db") / PREDICTORS
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def recorded() -> tuple[str, str]:
    """Digests of the data and of the predictors in the shipped manifest. Raises DataError where they are missing."""
    path = os.path.join(shipped_folder("benchmarks_db"), _NAME)
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        return str(content["digest"]), str(content["predictors"])
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"shipped file {path} is missing or damaged; reinstall arch-advisor") from error


def write() -> None:
    """Record the digests of what is there now."""
    path = shipped("benchmarks_db") / _NAME
    content = {"digest": compute(), "predictors": compute_predictors()}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
