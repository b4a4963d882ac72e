"""The pictures in the documents are what the interface shows: SVG snapshots of its main screens, drawn anew and compared."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("textual")
from advisor.tui.screenshots import DRAWN_BY, drawn_by

KEPT = Path(__file__).parents[2] / "docs" / "screens"
AGAIN = "look at it, and if that is what is wanted: python -m advisor.tui.screenshots docs/screens"


@pytest.fixture(scope="module")
def drawn(shared_home, tmp_path_factory) -> Path:
    """All screens, drawn anew from the shipped data."""
    kept = (KEPT / DRAWN_BY).read_text(encoding="utf-8").strip()
    if kept != drawn_by():
        pytest.skip(f"the pictures were drawn by {kept}, here is {drawn_by()}")
    folder = tmp_path_factory.mktemp("screens")
    environment = {"PATH": "", "ADVISOR_HOME": str(shared_home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    done = subprocess.run(
        [sys.executable, "-m", "advisor.tui.screenshots", str(folder)],
        capture_output=True, text=True, timeout=600, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def lines(picture: Path) -> list[str]:
    """The text of a picture, line by line."""
    found: dict[float, list[tuple[float, str]]] = {}
    for x, y, words in re.findall(
        r'<text[^>]*? x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', picture.read_text(encoding="utf-8")
    ):
        found.setdefault(float(y), []).append((float(x), html.unescape(words).replace("\xa0", " ")))
    return ["".join(words for _, words in sorted(row)).rstrip() for _, row in sorted(found.items())]


def plain(picture: Path) -> str:
    """A picture without the id that stands before all its names."""
    return re.sub(r"terminal-\d+", "terminal", picture.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(path.name for path in KEPT.glob("*.svg")))
def test_a_screen_looks_as_in_the_documents(drawn, name):
    assert lines(drawn / name) == lines(KEPT / name), AGAIN
    assert plain(drawn / name) == plain(KEPT / name), f"the words are the same, colours or places are not; {AGAIN}"


def test_every_screen_that_is_drawn_is_kept(drawn):
    assert {path.name for path in drawn.iterdir()} == {path.name for path in KEPT.iterdir()}


def test_what_a_picture_says_can_be_read_from_it():
    words = "\n".join(lines(KEPT / "advice.svg"))
    assert "jetson-orin-nano-8gb" in words
    assert "latency ms" in words
