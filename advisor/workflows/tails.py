"""The statistic of latency that a budget bounds: p90 from typical latency by the ratio seen on the same kind of device and runtime."""

from __future__ import annotations

from typing import NamedTuple

from advisor.errors import NotEnoughEvidence, UsageError
from advisor.records import Candidate, Estimate
from advisor.store import Store

_LEAST = 5
"""Measurements with a p90 that are needed to speak of a ratio."""


class Tail(NamedTuple):
    """Ratio of p90 to typical latency; the default changes nothing."""

    middle: float = 1.0
    highest: float = 1.0
    notes: tuple[str, ...] = ()

    def rows(self, rows: list[Candidate]) -> list[Candidate]:
        """Rows with their latency at p90."""
        return [self._row(row) for row in rows] if self.notes else rows

    def _row(self, row: Candidate) -> Candidate:
        """A throughput is of typical batches and is dropped."""
        if row.latency_ms is None or row.latency_high is None:
            return row
        return row._replace(
            latency_ms=row.latency_ms * self.middle, latency_high=row.latency_high * self.highest, throughput_img_s=None
        )

    def estimate(self, known: Estimate) -> Estimate:
        """The estimate with its latency at p90: no longer measured, unless nothing changes."""
        latency = known.latency
        if latency is None or not self.notes:
            return known
        basis = "calibrated" if latency.basis == "measured" else latency.basis
        tail = latency._replace(value=latency.value * self.middle, high=latency.high * self.highest, basis=basis)
        return known._replace(latency=tail, throughput_img_s=None)


def checked_statistic(latency_stat: str) -> None:
    """Raises UsageError for a statistic of latency that cannot be bounded."""
    if latency_stat not in ("p50", "p90"):
        raise UsageError(f"latency statistic {latency_stat!r} is not known; accepted: p50, p90")


def tail_of(store: Store, kind: str, runtime: str, latency_stat: str) -> Tail:
    """The median and the 95th percentile of the ratios seen, for p90; what changes nothing for p50. Raises NotEnoughEvidence."""
    if latency_stat == "p50":
        return Tail()
    ratios = store.tail_ratios(kind, runtime, "p90")
    if len(ratios) < _LEAST:
        raise NotEnoughEvidence(
            f"p90 latency of {runtime} on this kind of device ({kind}) is documented by {len(ratios)} measurements; "
            f"{_LEAST} are needed: ask for p50 or import measurements with p90"
        )
    ordered = sorted(ratio for ratio, _ in ratios)
    middle, highest = ordered[len(ordered) // 2], ordered[int(0.95 * (len(ordered) - 1))]
    sources = ", ".join(sorted({source for _, source in ratios}))
    note = (
        f"p90 = typical latency x {middle:.2f} (up to x {highest:.2f}), seen in {len(ratios)} measurements of {sources}"
    )
    return Tail(middle, highest, (note,))
