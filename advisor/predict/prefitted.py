"""Predictors that were fitted before: written to and read from one compressed file of JSON lines. Loading it runs no code.

The first line says which evidence they were fitted to; each further line is one predictor as the store keeps it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from advisor.errors import DataError
from advisor.records import Target


def save(path: Path, digest: str, contents: Iterable[Mapping[str, Any]]) -> None:
    """Write predictors fitted to the evidence of a digest; the same predictors give the same bytes."""
    lines = [json.dumps({"made_from": digest}), *(json.dumps(content, allow_nan=False) for content in contents)]
    path.write_bytes(gzip.compress("\n".join(lines).encode() + b"\n", mtime=0))


def load(path: Path, digest: str) -> dict[Target, Mapping[str, Any]]:
    """Predictors by target; none where they were fitted to other evidence. Raises DataError for a damaged file."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            if json.loads(file.readline())["made_from"] != digest:
                return {}
            contents = [json.loads(line) for line in file]
        return {Target(**content["target"]): content for content in contents}
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"shipped file {path} is missing or damaged ({error}); reinstall arch-advisor") from error
