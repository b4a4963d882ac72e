"""Keeps the developer's machine out of the tests and prepares one home from the shipped data for all of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from advisor.workflows import remembering
from advisor.workflows.questioning import Asked

Run = Callable[..., subprocess.CompletedProcess]


def run_advisor(*args: str, home: Path, **kw) -> subprocess.CompletedProcess:
    """`python -m advisor ARGS` in a process of its own, in a given home."""
    environment = {**os.environ, "ADVISOR_HOME": str(home), "NO_COLOR": "1"}
    return subprocess.run(
        [*kw.pop("prefix", []), sys.executable, "-m", "advisor", *args],
        capture_output=True, text=True, timeout=180, env=environment, check=False, **kw,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own, empty home."""
    home = tmp_path / "home"
    monkeypatch.setenv("ADVISOR_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home prepared once for all workers; tests only read it."""
    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent
    home, lock, ready = base / "prepared", base / "prepared.lock", base / "prepared.ready"
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        _wait_for(ready)
        return home
    done = run_advisor("db", "info", "--format", "json", home=home)
    assert done.returncode == 0, done.stderr
    ready.touch()
    return home


def _wait_for(ready: Path) -> None:
    deadline = time.monotonic() + 170
    while not ready.exists():
        assert time.monotonic() < deadline, "the worker that prepares the home has failed"
        time.sleep(0.2)


@pytest.fixture
def home(shared_home: Path, empty_home: Path) -> Path:
    """A prepared home of the test's own, to change at will."""
    shutil.copytree(shared_home, empty_home, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    return empty_home


@pytest.fixture
def advisor(shared_home: Path) -> Run:
    """Runs the command in the shared home (for commands that change nothing)."""
    return lambda *args, **kw: run_advisor(*args, **{"home": shared_home, **kw})


@pytest.fixture
def advisor_at() -> Run:
    """Runs the command in a home given by `home=`."""
    return run_advisor


@pytest.fixture
def asked_before(home: Path) -> Path:
    """A home whose last session asked for the Orin Nano."""
    remembering.remember(remembering.Session(Asked(device="jetson-orin-nano-8gb", max_latency="50ms")))
    return home
