"""Homes that more than one file of the interface's tests begins from."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.workflows import remembering
from advisor.workflows.questioning import Asked


@pytest.fixture
def asked_before(home: Path) -> Path:
    """A home whose last session asked for the Orin Nano."""
    remembering.remember(remembering.Session(Asked(device="jetson-orin-nano-8gb", max_latency="50ms")))
    return home
