"""The price of each budget, moved alone while the others are held. Pure.

Where nothing fits: what would make something fit. Where something does: what a little more would buy, and what could be given back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from advisor.recommend.answer import Relaxation, Tightening
from advisor.recommend.budgets import SHARED, TITLES, Budgets, chance_needed, describe, latency_for
from advisor.recommend.chance import bound_for
from advisor.recommend.objectives import Objective
from advisor.recommend.scoring import Scored
from advisor.units import format_confidence

_STEPS = 3
"""Steps of the front that are shown for each budget."""
REACH = 4.0
"""How many times looser a step's bound may be: beyond that it is another question. Any accuracy is within reach."""
_WORTH_SAYING = 0.01
"""Least relative change of a budget that is worth a sentence."""


class Asked(NamedTuple):
    """What prices depend on."""

    budgets: Budgets
    confidence: float
    batch_size: int
    objective: Objective
    accuracy_on: str = "top-1"


def relaxations(items: Sequence[Scored], asked: Asked) -> tuple[Relaxation, ...]:
    """Where nothing fits: one entry per budget whose relaxation alone would help, smallest relative change first."""
    found = []
    for name, bound in asked.budgets.stated().items():
        best = min(
            _offers(items, name, asked), key=lambda offer: (_cost(name, offer[0]), -offer[1].accuracy), default=None
        )
        if best is not None:
            needed, item = best
            found.append((abs(math.log(needed / bound)), _relaxation(name, bound, needed, item, asked)))
    if not found:
        return _nearest(items, asked)
    return tuple(relaxation for _, relaxation in sorted(found, key=lambda pair: pair[0]))


def steps(items: Sequence[Scored], best: Scored, asked: Asked) -> tuple[Relaxation, ...]:
    """Where something fits: for each budget that binds, up to three looser bounds within reach and what would be first under them.

    A bound has two digits, as a person would ask for it, and is a step if its first beats the one before by more than noise.
    `best` is rank 1 now. In the order of the budgets.
    """
    out = (item for item in items if item.probability < asked.confidence and not item.barred)
    better = [item for item in out if _beats(item, best, asked)]
    return tuple(
        _step(name, bound, wanted, item, best, asked)
        for name, bound in asked.budgets.stated().items()
        for wanted, item in _climb(better, name, best, asked)[:_STEPS]
    )


def _climb(better: Sequence[Scored], name: str, best: Scored, asked: Asked) -> list[tuple[float, Scored]]:
    """(bound, first under it) wherever that changes by more than noise, nearest bound first."""
    bound = asked.budgets.stated()[name]
    offers = [(outwards(name, needed, 2), item) for needed, item in _offers(better, name, asked)]
    offers = [offer for offer in offers if _within_reach(name, bound, offer[0])]
    order = asked.objective.order
    last, found = best, []
    for wanted, item in sorted(offers, key=lambda offer: (_cost(name, offer[0]), order(offer[1]))):
        if _beats(item, last, asked):
            found.append((wanted, item))
            last = item
    return found


def _within_reach(name: str, bound: float, wanted: float) -> bool:
    return name == "min_accuracy_percent" or max(wanted / bound, bound / wanted) <= REACH


def _beats(item: Scored, other: Scored, asked: Asked) -> bool:
    score = asked.objective.score
    return score(item) > score(other) and not asked.objective.tied(other, item, asked.confidence)


def tightenings(best: Scored, asked: Asked) -> tuple[Tightening, ...]:
    """For each budget that a person set: the strictest bound, alone, that leaves rank 1 where it is."""
    found = []
    for name, bound in asked.budgets.stated().items():
        chance = None if name == "board_memory_mib" else chance_needed(best.chances, name, asked.confidence)
        possible = None if chance is None else needed_bound(best, name, chance, asked.batch_size)
        if possible is not None and _cost(name, outwards(name, possible)) < _cost(name, bound) - _WORTH_SAYING * bound:
            found.append(_tightening(name, bound, possible, best))
    return tuple(found)


def _offers(items: Iterable[Scored], name: str, asked: Asked) -> list[tuple[float, Scored]]:
    """(bound at which it would fit, candidate) of all that one budget alone keeps out."""
    found = []
    for item in items:
        chance = None if item.barred else chance_needed(item.chances, name, asked.confidence)
        needed = None if chance is None else needed_bound(item, name, chance, asked.batch_size)
        if needed is not None:
            found.append((needed, item))
    return found


def _cost(name: str, bound: float) -> float:
    """Rises as a bound gives way."""
    return -bound if name.startswith("min_") else bound


def _nearest(items: Sequence[Scored], asked: Asked) -> tuple[Relaxation, ...]:
    """The candidate that misses all its budgets by the least together, one entry per budget it misses."""
    missed = [(i, found) for i in items if not i.barred and (found := _missed(i, asked)) is not None]
    if not missed:
        return ()
    item, found = min(missed, key=lambda pair: sum(abs(math.log(needed / bound)) for bound, needed in pair[1].values()))
    return tuple(
        _relaxation(name, bound, needed, item, asked, tuple(other for other in found if other != name))
        for name, (bound, needed) in found.items()
    )


def _missed(item: Scored, asked: Asked) -> dict[str, tuple[float, float]] | None:
    """Budget -> (asked, needed) of those the candidate misses; None where one of them is unknown."""
    quantities = {SHARED[name] for name in asked.budgets.stated() if name in SHARED}
    chance = asked.confidence ** (1 / max(len(quantities), 1))  # of each, so that all together reach the confidence
    found = {}
    for name, bound in asked.budgets.stated().items():
        if item.chances[name] < chance:
            needed = needed_bound(item, name, chance, asked.batch_size)
            if needed is None:
                return None
            found[name] = (bound, needed)
    return found


def needed_bound(item: Scored, name: str, chance: float, batch_size: int) -> float | None:
    """The bound on `name` that this candidate meets with probability `chance`, or None where the index is unknown."""
    row, draw = item.row, item.draw
    if name == "min_accuracy_percent":
        return item.accuracy
    if name == "max_params":
        return float(row.params)
    if name in ("max_memory_mib", "board_memory_mib"):
        return _bound(row.memory_mib, row.memory_low, row.memory_high, chance)
    if name in ("max_power_w", "max_energy_mj"):
        known = None if draw is None else draw.power_w if name == "max_power_w" else draw.energy_mj
        return None if known is None else bound_for(known.value, known.low, known.high, chance)
    needed_ms = _bound(row.latency_ms, row.latency_low, row.latency_high, chance)
    if needed_ms is None or name == "max_latency_ms":
        return needed_ms
    return latency_for(needed_ms, row, batch_size)


def _bound(value: float | None, low: float | None, high: float | None, chance: float) -> float | None:
    return None if value is None or low is None or high is None else bound_for(value, low, high, chance)


_NOUNS = {
    "max_latency_ms": "a latency budget of",
    "min_throughput_img_s": "a throughput of",
    "max_memory_mib": "a memory budget of",
    "board_memory_mib": "a device that leaves a memory of",
    "min_accuracy_percent": "an accuracy of",
    "max_params": "a parameter budget of",
    "max_power_w": "a power budget of",
    "max_energy_mj": "an energy budget per image of",
}


def _relaxation(
    name: str, bound: float, needed: float, item: Scored, asked: Asked, together: tuple[str, ...] = ()
) -> Relaxation:
    now, wanted = describe(name, bound), describe(name, outwards(name, needed))
    model = item.row.model
    sentence = (
        f"{_NOUNS[name]} {wanted} instead of {now} admits {model} "
        f"({item.accuracy:.1f} % {asked.accuracy_on}) at {format_confidence(asked.confidence)} confidence"
    )
    if together:
        sentence += f", together with {' and '.join(TITLES[name].split()[0] for name in together)}"
    return Relaxation(name, now, wanted, model, item.accuracy, sentence, needed)


_GAINS = {
    "latency": ("less latency", -1),
    "memory": ("less memory", -1),
    "throughput": ("more throughput", 1),
    "balanced": ("better balance", 1),
}


def _step(name: str, bound: float, wanted: float, item: Scored, best: Scored, asked: Asked) -> Relaxation:
    moved = abs(wanted - bound)
    change = f"{moved:.1f} points" if name == "min_accuracy_percent" else describe(name, moved)
    sign = "-" if name.startswith("min_") else "+"
    gain = item.accuracy - best.accuracy
    where = f"{item.row.model} at {item.row.resolution} px, {item.accuracy:.1f} %"
    sentence = f"{sign}{change} buys {_bought(item, best, asked.objective, gain)}: {where} ({TITLES[name]} {describe(name, wanted)})"
    return Relaxation(
        name, describe(name, bound), describe(name, wanted), item.row.model, item.accuracy, sentence, wanted, gain
    )


def _bought(item: Scored, best: Scored, objective: Objective, gain: float) -> str:
    if objective.name == "accuracy":
        return f"{gain:+.1f} points"
    words, sign = _GAINS[objective.name]
    change = math.expm1(sign * (objective.score(item) - objective.score(best)))
    return f"{abs(change):.0%} {words}"


def _tightening(name: str, bound: float, possible: float, best: Scored) -> Tightening:
    asked, strict = describe(name, bound), describe(name, outwards(name, possible))
    sentence = (
        f"you could ask for {TITLES[name]} {strict} instead of {asked} and lose nothing: {best.row.model} stays first"
    )
    return Tightening(name, asked, strict, best.row.model, sentence, possible)


def outwards(name: str, needed: float, digits: int = 3) -> float:
    """Rounded so that the printed bound still admits the model; accuracy to a tenth of a point."""
    if name == "min_accuracy_percent":
        return math.floor(needed * 10) / 10
    places = digits - 1 - math.floor(math.log10(needed))
    rounded = (math.floor if name.startswith("min_") else math.ceil)(needed * 10.0**places)
    return float(f"{rounded}e{-places}")
