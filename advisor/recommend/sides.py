"""What the figures of a panel are about, and what two panels do not share. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from advisor.recommend.charts import Panel
from advisor.records import Measurement, Target

Side = tuple[Target, int]
"""A target and a batch size."""
UNEQUAL = "≠"
_COMPARED = ("batch", "precision", "runtime")
"""What makes two speeds incomparable as such. Power modes always differ between boards and stand unmarked."""


def _aspects(side: Side) -> dict[str, str]:
    target, batch_size = side
    return {"batch": str(batch_size), "precision": target.precision, "runtime": target.runtime}


def axis_details(one: Side, other: Side) -> tuple[str, str]:
    """Batch, precision, runtime and power mode of each side for its axis; what the sides do not share is marked."""
    return _marked(one, other), _marked(other, one)


def _marked(side: Side, against: Side) -> str:
    theirs = _aspects(against)
    parts = [
        ("" if theirs[name] == value else f"{UNEQUAL} ") + (f"batch {value}" if name == "batch" else value)
        for name, value in _aspects(side).items()
    ]
    target = side[0]
    if target.threads:
        parts.append(f"{target.threads} threads")
    return ", ".join([*parts, target.power_mode] if target.power_mode else parts)


def comparison(one: Side, other: Side) -> str:
    """What two sides share and what they do not, in a sentence."""
    ours, theirs = _aspects(one), _aspects(other)
    equal = [f"{name} {ours[name]}" for name in _COMPARED if ours[name] == theirs[name]]
    unequal = [f"{name} ({ours[name]} and {theirs[name]})" for name in _COMPARED if ours[name] != theirs[name]]
    said = [f"unequal, marked {UNEQUAL}: {', '.join(unequal)}"] if unequal else []
    return "; ".join([*said, f"equal: {', '.join(equal)}"] if equal else said)


def basis_note(panel: Panel) -> str:
    """How many points are measured, calibrated and predicted."""
    counts = Counter(point.basis for point in panel.points)
    extrapolated = sum(point.extrapolated for point in panel.points)
    said = ", ".join(f"{counts[basis]} {basis}" for basis in ("measured", "calibrated", "predicted") if counts[basis])
    device = panel.target.device if panel.target else "all"
    return f"{device}: {said}" + (f" ({extrapolated} of them extrapolated)" if extrapolated else "")


def measured_note(target: Target, measurements: Iterable[Measurement]) -> str:
    """At which batch sizes how many networks were measured on a target's device with its runtime and precision."""
    same = ("compute_unit", "runtime", "precision", "memory_format")
    seen = {
        (m.timing_scope == "forward", m.batch_size, m.signature)
        for m in measurements
        if all(getattr(m.target, name) == getattr(target, name) for name in same)
    }
    found = [
        f"{_listed(Counter(size for alone, size, _ in seen if alone == forward))} ({scope})"
        for forward, scope in ((True, "forward pass alone"), (False, "copies included: these calibrate only"))
        if any(alone == forward for alone, _, _ in seen)
    ]
    return f"networks measured there with {target.runtime} {target.precision}: {'; '.join(found) or 'none'}"


def _listed(counts: Counter[int]) -> str:
    return ", ".join(f"{n} at batch {size}" for size, n in sorted(counts.items()))
