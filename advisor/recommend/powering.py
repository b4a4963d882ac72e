"""Power and energy budgets: what was metered on a target, and what to say where nothing was. Never a rated power. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from advisor.errors import NotEnoughEvidence
from advisor.recommend.budgets import Budgets, Draw
from advisor.records import Device, Quantity, Target
from advisor.units import format_w

if TYPE_CHECKING:
    from advisor.store.candidates import PowerRow

_NOISE_BY_GRADE = {"A": 0.08, "B": 0.12, "C": 0.2, "D": 0.4}
"""Half-width, in logs, of a single metering's 90 % interval: that of a single latency of the grade (predict/answers.py)."""

Draws = Mapping[tuple[str, int], Draw]


def draws(rows: Sequence[PowerRow], batch_size: int) -> dict[tuple[str, int], Draw]:
    """(signature, resolution) -> power and energy, of the best documented metering of each."""
    found: dict[tuple[str, int], Draw] = {}
    for row in rows:
        found.setdefault((row.signature, row.resolution), _draw(row, batch_size))
    return found


def _draw(row: PowerRow, batch_size: int) -> Draw:
    """Energy is power x time of the same observation; both are uncertain, independently."""
    noise = _NOISE_BY_GRADE[row.grade]
    energy = None if row.latency_ms is None else row.power_w * row.latency_ms / batch_size
    return Draw(
        _spread(row.power_w, noise, row.source),
        None if energy is None else _spread(energy, math.sqrt(2) * noise, row.source),
        row.scope,
    )


def _spread(value: float, noise: float, source: str) -> Quantity:
    return Quantity(value, value * math.exp(-noise), value * math.exp(noise), "measured", False, (source,))


def power_advice(device: Device, target: Target, budgets: Budgets, found: Draws) -> list[str]:
    """Notes on a power or energy budget. Raises NotEnoughEvidence where one is set and nothing was metered on the target."""
    if budgets.max_power_w is None and budgets.max_energy_mj is None:
        return []
    if not found:
        where = f"{target.runtime} {target.precision} on {target.device}"
        mode = f" in power mode {target.power_mode}" if target.power_mode else ""
        raise NotEnoughEvidence(
            f"power was never measured with {where}{mode}, and is not guessed from rated power: ask without the power "
            f"budget, or import measurements with a power_w column ('advisor db import'){_capped(device, budgets.max_power_w)}"
        )
    scopes = ", ".join(sorted({draw.scope for draw in found.values()}))
    return [
        f"power was measured for {len(found)} architectures on this target (of: {scopes}); the others do not count as fitting"
    ]


def _capped(device: Device, budget: float | None) -> str:
    """Power modes whose cap is within the budget: a bound of the board, which its makers state, not of a model."""
    modes = [
        m for m in device.power_modes if budget is not None and m.power_cap_w is not None and m.power_cap_w <= budget
    ]
    if not modes:
        return ""
    best = max(modes, key=lambda mode: mode.power_cap_w or 0.0)
    return f"; power mode {best.name} caps the board itself at {format_w(best.power_cap_w or 0.0)}: ask with --power-mode {best.name}"
