"""Where things lie: the shipped data (profiles, benchmarks_db) and the user's home. Reads no content."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """Folder `profiles` or `benchmarks_db`: inside the wheel, or beside the package in a checkout."""
    inside = _PACKAGE / "_data" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def home() -> Path:
    """The user's data folder: $ADVISOR_HOME, else the platform's (not created here)."""
    chosen = os.environ.get("ADVISOR_HOME")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_data_path  # only needed without ADVISOR_HOME; keeps start-up short

    return user_data_path("advisor", appauthor=False)


def database() -> Path:
    """The SQLite database of the home."""
    return home() / "advisor.db"


def user_profiles() -> Path:
    """Folder of the user's own device profiles."""
    return home() / "profiles"
