"""Whether a candidate meets its budgets, and by how much not. Pure."""

from __future__ import annotations

import math

from advisor.recommend.budgets import TITLES, Budgets, describe
from advisor.recommend.findings import Check
from advisor.recommend.relaxing import needed_bound
from advisor.recommend.scoring import Scored
from advisor.recommend.verdict import Checked, judged
from advisor.units import format_chance, format_confidence, significant

_MEDIAN = 0.5
_CERTAIN = frozenset(("min_accuracy_percent", "max_params"))
"""Budgets on what is a fact, not an estimate."""
_ON_TIME = frozenset(("max_latency_ms", "min_throughput_img_s"))
"""Budgets whose index an extrapolation makes doubtful."""


def passes(item: Scored, confidence: float) -> bool:
    """Whether it may be picked: the rule of `recommend`."""
    return item.probability >= confidence and not item.barred


def verdict(item: Scored, confidence: float, batch_size: int) -> str:
    """fits, does not fit or not settled, by the rule of `check`: what is unknown or extrapolated may turn out either way."""
    doubtful = _doubtful(item, batch_size)
    weighed = [
        Checked(name, 0.0, chance, "in doubt" if name in doubtful else "", "") for name, chance in item.chances.items()
    ]
    return judged(weighed, confidence)[0]


def _doubtful(item: Scored, batch_size: int) -> set[str]:
    found = {name for name in item.chances if _median(item, name, batch_size) is None}
    return found | (_ON_TIME & set(item.chances) if item.row.extrapolated else set())


def checks(
    item: Scored, budgets: Budgets, confidence: float, batch_size: int, reasons: dict[str, str]
) -> tuple[Check, ...]:
    """Every stated budget, those that fail first. `reasons`: index (latency, memory, accuracy) -> why it is unknown."""
    found = [_check(item, name, bound, confidence, batch_size, reasons) for name, bound in budgets.stated().items()]
    return tuple(sorted(found, key=lambda check: (check.met, check.probability)))


def _check(item: Scored, name: str, bound: float, confidence: float, batch_size: int, reasons: dict[str, str]) -> Check:
    chance = item.chances[name]
    value = _median(item, name, batch_size)
    if value is None:
        sentence = f"{_noun(name)} is not known: {reasons.get(_index(name), 'nothing was measured')}"
        return Check(name, bound, None, chance, None, False, sentence)
    needed = value if name in _CERTAIN else needed_bound(item, name, confidence, batch_size)
    met = chance >= confidence
    return Check(name, bound, value, chance, needed, met, _sentence(name, bound, value, needed, chance, confidence))


def _median(item: Scored, name: str, batch_size: int) -> float | None:
    """What the candidate has of a budget's index, None where that is unknown (an accuracy of NaN)."""
    value = needed_bound(item, name, _MEDIAN, batch_size)
    return None if value is None or math.isnan(value) else value


def _sentence(name: str, bound: float, value: float, needed: float | None, chance: float, confidence: float) -> str:
    by = _points(abs(value - bound)) if name == "min_accuracy_percent" else describe(name, abs(value - bound))
    inside = value >= bound if name.startswith("min_") else value <= bound
    better, worse = ("above", "below") if name.startswith("min_") else ("below", "above")
    found = f"{_noun(name)} {describe(name, value, bound)}, {by} {better if inside else worse}"
    found += f" the budget of {describe(name, bound, value, needed)}"
    if name in _CERTAIN or needed is None:
        return found
    found += f"; {format_chance(chance, confidence)} chance to keep it"
    if chance >= confidence:
        return found
    return f"{found}, {describe(name, needed, bound)} would be kept at {format_confidence(confidence)}"


def _points(difference: float) -> str:
    """To a tenth, and to a digit where that would be nothing."""
    return (
        f"{difference:.1f} points" if round(difference, 1) or not difference else f"{significant(difference, 1)} points"
    )


def _noun(name: str) -> str:
    """latency, throughput, memory, top-1, parameters."""
    return TITLES[name].split()[0]


def _index(name: str) -> str:
    return {"top-1": "accuracy", "throughput": "latency", "energy": "power"}.get(_noun(name), _noun(name))
