"""What would have to give when nothing is feasible: each budget moved alone, the others held. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from advisor.recommend.answer import Relaxation
from advisor.recommend.budgets import TITLES, Budgets, describe, latency_for
from advisor.recommend.chance import bound_for
from advisor.recommend.scoring import Scored


def relaxations(
    items: Sequence[Scored], budgets: Budgets, confidence: float, batch_size: int
) -> tuple[Relaxation, ...]:
    """One entry per budget whose relaxation alone would make something feasible, smallest relative change first."""
    found = []
    for name, bound in budgets.stated().items():
        best = _closest(items, name, confidence, batch_size)
        if best is not None:
            needed, item = best
            found.append((abs(math.log(needed / bound)), _relaxation(name, bound, needed, item, confidence)))
    if not found:
        return _nearest(items, budgets, confidence, batch_size)
    return tuple(relaxation for _, relaxation in sorted(found, key=lambda pair: pair[0]))


def _nearest(items: Sequence[Scored], budgets: Budgets, confidence: float, batch_size: int) -> tuple[Relaxation, ...]:
    """The candidate that misses all its budgets by the least together, one entry per budget it misses."""
    chance = math.sqrt(confidence)  # of time and of memory each, so that both together reach the confidence
    missed = [
        (item, found)
        for item in items
        if not item.row.extrapolated and (found := _missed(item, budgets, chance, batch_size)) is not None
    ]
    if not missed:
        return ()
    item, found = min(missed, key=lambda pair: sum(abs(math.log(needed / bound)) for bound, needed in pair[1].values()))
    return tuple(
        _relaxation(name, bound, needed, item, confidence, tuple(other for other in found if other != name))
        for name, (bound, needed) in found.items()
    )


def _missed(item: Scored, budgets: Budgets, chance: float, batch_size: int) -> dict[str, tuple[float, float]] | None:
    """Budget -> (asked, needed) of those the candidate misses; None where one of them is unknown."""
    found = {}
    for name, bound in budgets.stated().items():
        if item.chances[name] < chance:
            needed = _needed(item, name, chance, batch_size)
            if needed is None:
                return None
            found[name] = (bound, needed)
    return found


def _closest(items: Iterable[Scored], name: str, confidence: float, batch_size: int) -> tuple[float, Scored] | None:
    options = []
    for item in items:
        spare = item.others(name)
        if spare > confidence and not item.row.extrapolated:
            needed = _needed(item, name, min(confidence / spare, 1 - 1e-9), batch_size)
            if needed is not None:
                options.append((needed, item))
    if not options:
        return None
    sign = -1 if name.startswith("min_") else 1
    return min(options, key=lambda option: (sign * option[0], -option[1].accuracy))


def _needed(item: Scored, name: str, chance: float, batch_size: int) -> float | None:
    """The bound on `name` that this candidate meets with probability `chance`, or None where the index is unknown."""
    row = item.row
    if name == "min_accuracy_percent":
        return item.accuracy
    if name == "max_params":
        return float(row.params)
    if name in ("max_memory_mib", "board_memory_mib"):
        return _bound(row.memory_mib, row.memory_high, chance)
    needed_ms = _bound(row.latency_ms, row.latency_high, chance)
    if needed_ms is None or name == "max_latency_ms":
        return needed_ms
    return latency_for(needed_ms, row, batch_size)


def _bound(value: float | None, high: float | None, chance: float) -> float | None:
    return None if value is None or high is None else bound_for(value, high, chance)


_VERBS = {
    "max_latency_ms": "a latency budget of {needed} instead of {asked} admits",
    "min_throughput_img_s": "a throughput of {needed} instead of {asked} admits",
    "max_memory_mib": "a memory budget of {needed} instead of {asked} admits",
    "board_memory_mib": "a device that leaves {needed} of memory instead of {asked} admits",
    "min_accuracy_percent": "an accuracy of {needed} instead of {asked} admits",
    "max_params": "{needed} parameters instead of {asked} admit",
}


def _relaxation(
    name: str, bound: float, needed: float, item: Scored, confidence: float, together: tuple[str, ...] = ()
) -> Relaxation:
    asked, wanted = describe(name, bound), describe(name, _outwards(name, needed))
    model = item.row.model
    sentence = f"{_VERBS[name].format(needed=wanted, asked=asked)} {model} ({item.accuracy:.1f} % top-1) at {confidence:.0%} confidence"
    if together:
        sentence += f", together with {' and '.join(TITLES[name].split()[0] for name in together)}"
    return Relaxation(name, asked, wanted, model, item.accuracy, sentence)


def _outwards(name: str, needed: float) -> float:
    """Rounded to three digits so that the printed bound still admits the model."""
    if name == "min_accuracy_percent":
        return math.floor(needed * 10) / 10
    step = 10.0 ** (math.floor(math.log10(needed)) - 2)
    return (math.floor if name.startswith("min_") else math.ceil)(needed / step) * step
