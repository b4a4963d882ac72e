"""Picks as flat rows of plain values: what CSV and data frames show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from advisor.recommend.answer import Pick
from advisor.records import Quantity

if TYPE_CHECKING:
    from advisor.recommend.reports import Prediction

Cell: TypeAlias = "float | int | str | None"


def _spread(name: str, quantity: Quantity | None) -> dict[str, Cell]:
    if quantity is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None, f"{name}_basis": None}
    return {
        name: quantity.value,
        f"{name}_low": quantity.low,
        f"{name}_high": quantity.high,
        f"{name}_basis": quantity.basis,
    }


def flat_predictions(found: Sequence[Prediction]) -> list[dict[str, Cell]]:
    """One row per prediction; quantities as value, low, high and basis columns."""
    return [
        {
            "model": p.model,
            "resolution": p.resolution,
            "batch_size": p.batch_size,
            **_spread("latency_ms", p.latency_ms),
            "latency_reason": p.latency_reason,
            **_spread("memory_mib", p.memory_mib),
            "remarks": "; ".join(p.flags),
        }
        for p in found
    ]


def flat(picks: Sequence[Pick]) -> list[dict[str, Cell]]:
    """One row per pick; quantities as value, low, high and basis columns."""
    return [
        {
            "rank": p.rank,
            "model": p.model,
            "weights": p.weights,
            "license": p.license,
            "resolution": p.resolution,
            "top1": p.top1,
            "params_m": p.params_m,
            "gmacs": p.gmacs,
            **_spread("latency_ms", p.latency_ms),
            **_spread("throughput_img_s", p.throughput_img_s),
            **_spread("memory_mib", p.memory_mib),
            "probability": p.probability,
            "accuracy": p.accuracy,
            "tie_group": p.tie_group or None,
            "pareto": int(p.pareto),
            "dominated_by": p.dominated_by or None,
            **_spread("power_w", p.power_w),
            **_spread("energy_mj_per_image", p.energy_mj),
        }
        for p in picks
    ]
