"""What was asked of a running machine. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Probed:
    """One metric of a running machine: a value, or None with the reason."""

    value: Any
    reason: str = ""
