"""What a run of measure did, for whoever renders it. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.measure.published import MEMORY, Left, Published
from advisor.predict.records import FitReport
from advisor.records import Target


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run of measure did."""

    campaign: str
    device: str
    target: Target
    numbers: tuple[Published, ...]
    left: tuple[Left, ...]
    counts: Mapping[str, int]
    stopped: str
    """budget, interrupted, rejected, or '' where everything planned was made."""
    seconds: float
    planned: int
    profile_made: str
    """File of a profile that was drafted for this machine, or ''."""
    fitted: FitReport | None
    """None where nothing new was measured: predictions stay as they were."""

    @property
    def anything(self) -> bool:
        """Whether what was wanted is known of at least one model."""
        return bool(self.numbers) or any(left.status == MEMORY for left in self.left)
