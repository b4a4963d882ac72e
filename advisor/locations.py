"""Where things lie: the shipped data (profiles, benchmarks_db) and the user's home. Reads no content.

What every answer needs is a plain string: importing pathlib takes as long as reading an answer's rows.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def shipped_folder(name: str) -> str:
    """Folder `profiles` or `benchmarks_db`: inside the wheel, or beside the package in a checkout."""
    inside = os.path.join(_PACKAGE, "_data", name)
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(_PACKAGE), name)


def shipped(name: str) -> Path:
    """The same as a path object."""
    from pathlib import Path

    return Path(shipped_folder(name))


def home() -> str:
    """The user's data folder: $ADVISOR_HOME, else the platform's (not created here)."""
    chosen = os.environ.get("ADVISOR_HOME")
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    from platformdirs import user_data_dir  # only needed without ADVISOR_HOME

    return user_data_dir("advisor", appauthor=False)


def database() -> str:
    """The SQLite database of the home."""
    return os.path.join(home(), "advisor.db")


def user_profiles() -> Path:
    """Folder of the user's own device profiles."""
    from pathlib import Path

    return Path(home()) / "profiles"


def measurements_folder() -> Path:
    """Folder of the measurement journal and its result files."""
    from pathlib import Path

    return Path(home()) / "measurements"


def import_path() -> str:
    """PYTHONPATH for a child process: the folder of this very package, which need not be installed, then what the user set."""
    own = os.path.dirname(_PACKAGE)
    # an installed one is found anyway, and in front it would hide the standard library
    installed = os.path.basename(own) in ("site-packages", "dist-packages")
    theirs = [os.path.abspath(one) for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    return os.pathsep.join(theirs if installed else [own, *theirs])
