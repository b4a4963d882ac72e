"""Reads TOML files and their tables with errors of one line: file, key, what was expected.

The only place that knows which TOML parser this Python has. Knows nothing of devices.
"""

from __future__ import annotations

import importlib
import math
import sys
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advisor.errors import DataError

MAX_BYTES = 256 * 1024
MAX_TEXT = 4000


def load_toml(path: Path) -> dict[str, Any]:
    """The parsed file. Raises DataError for a file that is missing, too large, not UTF-8 or not TOML."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise DataError(f"{path}: larger than {MAX_BYTES // 1024} KiB")
    try:
        return parse_toml(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        raise DataError(f"{path}: not TOML: {problem}") from error


def parse_toml(text: str) -> dict[str, Any]:
    """Parse with the standard library's parser, or tomli below Python 3.11 (imported here: most runs read no TOML)."""
    parser = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    content: dict[str, Any] = parser.loads(text)
    return content


class Table:
    """One table of a TOML file, read key by key; `finish` refuses what nobody asked for."""

    def __init__(self, path: Path, name: str, content: object) -> None:
        if not isinstance(content, dict):
            raise DataError(f"{path}: {name} must be a table")
        self.path = path
        self.name = name
        self._content: dict[str, Any] = content
        self._read: set[str] = set()

    def error(self, key: str, expected: str) -> DataError:
        """The error to raise about `key`."""
        where = f"{self.name}.{key}" if self.name else key
        return DataError(f"{self.path}: {where} {expected}")

    def keys(self) -> tuple[str, ...]:
        """Keys in file order."""
        return tuple(self._content)

    def has(self, key: str) -> bool:
        """Whether the file states `key`."""
        return key in self._content

    def get(self, key: str) -> object:
        """The raw value, None where absent."""
        self._read.add(key)
        return self._content.get(key)

    def text(self, key: str, default: str | None = None, longest: int = MAX_TEXT) -> str:
        """A string without control characters; required unless a default is given."""
        value = self.get(key)
        if value is None:
            if default is None:
                raise self.error(key, "is missing; expected a string")
            return default
        return self.cleaned(key, value, longest)

    def cleaned(self, key: str, value: object, longest: int) -> str:
        """`value` as one line of text; raises for anything but a printable string."""
        if not isinstance(value, str):
            raise self.error(key, f"must be a string, not {value!r}"[:200])
        text = " ".join(value.split())
        if len(text) > longest:
            raise self.error(key, f"is longer than {longest} characters")
        if any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in text):
            raise self.error(key, "holds control characters")
        return text

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """One of the allowed strings."""
        value = self.text(key, default)
        if value not in allowed:
            raise self.error(key, f"is {value!r}; expected one of {', '.join(allowed)}")
        return value

    def texts(self, key: str, longest: int = 200) -> tuple[str, ...]:
        """A list of distinct non-empty strings, letter case aside; absent = none."""
        value = self.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > 100:
            raise self.error(key, "must be a list of at most 100 strings")
        items = tuple(self.cleaned(key, item, longest) for item in value)
        if not all(items) or len({item.casefold() for item in items}) < len(items):
            raise self.error(key, "holds an empty or a repeated string")
        return items

    def flag(self, key: str) -> bool:
        """A required boolean."""
        value = self.get(key)
        if not isinstance(value, bool):
            raise self.error(key, "must be true or false")
        return value

    def number(self, key: str, largest: float = 1e7, *, zero: bool = False) -> float | None:
        """A finite number above 0 (or 0 with `zero`); None where absent."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key, f"must be a number, not {value!r}"[:200])
        if not math.isfinite(value) or not 0 <= value <= largest or (value == 0 and not zero):
            raise self.error(key, f"must be a number above 0 and at most {largest:g}, not {value!r}"[:200])
        return float(value)

    def integer(self, key: str, smallest: int = 0, largest: int = 100_000) -> int | None:
        """An integer in range; None where absent."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value <= largest:
            raise self.error(key, f"must be an integer from {smallest} to {largest}, not {value!r}"[:200])
        return value

    def finish(self) -> None:
        """Refuse keys that were not read."""
        unknown = [key for key in self._content if key not in self._read]
        if unknown:
            raise self.error(repr(unknown[0])[1:-1][:80], f"is not a known key; known: {', '.join(sorted(self._read))}")


def subtables(path: Path, name: str, content: object) -> list[Table]:
    """The tables of an array of tables; absent = none."""
    if content is None:
        return []
    if not isinstance(content, list) or len(content) > 50:
        raise DataError(f"{path}: {name} must be at most 50 tables, each headed [[{name}]]")
    return [Table(path, f"{name}[{i}]", item) for i, item in enumerate(content)]


def citation(table: Table, key: str, sources: Mapping[str, str]) -> str:
    """A non-empty source: a citation, or the key (or keys) of one under [sources]."""
    value = table.get(key)
    named = value if isinstance(value, list) else [value]
    texts = [table.cleaned(key, item, MAX_TEXT) for item in named] if value is not None else []
    if not texts or not all(texts):
        raise table.error(key, "is missing; every fact names where it was read")
    for text in texts:
        if text not in sources and text.isidentifier():
            raise table.error(key, f"names {text!r}, which [sources] does not hold")
    return "; ".join(dict.fromkeys(sources.get(text, text) for text in texts))
