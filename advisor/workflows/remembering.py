"""What an interactive session keeps in the home between runs: the last question and the colours it was read in."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from advisor.errors import DataError
from advisor.locations import home
from advisor.workflows.questioning import Asked, from_plain

_VERSION = 1


class Session(NamedTuple):
    """State of a session; `asked` None where nothing was asked yet."""

    asked: Asked | None = None
    theme: str = ""


def session_file() -> Path:
    """Where the session is kept."""
    return Path(home()) / "session.json"


def recall() -> tuple[Session, str]:
    """The last session, and a sentence on what is wrong with its file (then the session is an empty one)."""
    path = session_file()
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return _session(plain), ""
    except (FileNotFoundError, NotADirectoryError):
        return Session(), ""
    except (OSError, ValueError, DataError) as error:
        return Session(), f"{path} is damaged and ignored ({_short(error)}); it is replaced when you next ask"


def _session(plain: object) -> Session:
    if not isinstance(plain, dict) or plain.get("version") != _VERSION:
        raise DataError(f"it is no session of version {_VERSION}")
    theme = plain.get("theme", "")
    if not isinstance(theme, str):
        raise DataError("its theme is no text")
    return Session(from_plain(plain.get("asked")), theme)


def _short(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error).splitlines()[0][:120]


def remember(session: Session) -> None:
    """Keep the session, whole or not at all. Raises DataError where the home cannot be written."""
    asked = None if session.asked is None else session.asked._asdict()
    path = session_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False) as file:
            json.dump({"version": _VERSION, "asked": asked, "theme": session.theme}, file, indent=1)
        os.replace(file.name, path)
    except OSError as error:
        raise DataError(f"cannot keep the session in {path}: {error.strerror}") from error
