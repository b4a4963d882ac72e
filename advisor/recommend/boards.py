"""Which devices would do: budgets against one candidate per target of many devices, cheapest class of board first. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from advisor.recommend.answer import Pick
from advisor.recommend.budgets import Budgets
from advisor.recommend.judging import passes
from advisor.recommend.relaxing import needed_bound
from advisor.recommend.scoring import Scored
from advisor.records import Device, Target

CLASSES = ("embedded", "laptop", "consumer", "workstation", "datacenter")
"""Classes of boards, cheapest first."""
_KINDS = ("sbc", "jetson", "cpu", "gpu")
_MIGHT_DO = 0.3
"""Below this chance a target is not worth a measurement."""
_LEAST_ERROR = 0.1
"""Added to an error in percent: 100 % top-1 may be asked for."""


class Place(NamedTuple):
    """One candidate on one target of a device, scored against the budgets of that device."""

    device: Device
    target: Target
    batch_size: int
    item: Scored
    budgets: Budgets
    """With the memory of this device."""


class Offer(NamedTuple):
    """A place as it is shown."""

    device: str
    name: str
    board_class: str
    pick: Pick
    misses: tuple[str, ...]
    """What it misses, in words; empty where it meets every budget."""
    remarks: tuple[str, ...]
    """How accuracy at the precision is known; what was not checked."""
    rated_power_w: float | None
    """Of the board, which orders those of a class; None where it is not known."""


class Plan(NamedTuple):
    """The answer to `which board is enough`."""

    model: str
    """With its weights; empty where the question was over all models."""
    batch_size: int
    budgets: Mapping[str, float]
    """As asked; the memory of each device is always one more."""
    confidence: float
    offers: tuple[Offer, ...]
    """What meets every budget: cheapest class of board first, each device with all its targets together."""
    measure_first: tuple[Offer, ...]
    nearest: tuple[Offer, ...]
    unanswered: Mapping[str, str]
    """Device -> why nothing is known of it."""
    notes: tuple[str, ...]

    @property
    def feasible(self) -> bool:
        """Whether any device does."""
        return bool(self.offers)


class Sorted(NamedTuple):
    """Places by what they are worth, each in the order of their devices."""

    meeting: tuple[Place, ...]
    unsettled: tuple[Place, ...]
    """The most promising of each device on which none meets the budgets: extrapolated, or too uncertain."""
    nearest: tuple[Place, ...]
    """Where none meets them, nor might: the one of each device that misses them by the least, nearest first."""


def board_order(device: Device) -> tuple[int, int, float, str]:
    """Cheapest first: class of board, then kind (single-board computer, Jetson, CPU, GPU), rated power, id.

    Rated power stands for the size of a board of the same class; unknown comes last.
    """
    power = rated_power_w(device) or math.inf
    return (CLASSES.index(device.board_class), _KINDS.index(device.kind), power, device.id)


def rated_power_w(device: Device) -> float | None:
    """tdp_w, else the largest cap of a power mode; None where neither is known."""
    caps = [mode.power_cap_w for mode in device.power_modes if mode.power_cap_w is not None]
    return device.value("tdp_w") or max(caps, default=None)


def unrated(offers: Iterable[Offer]) -> list[str]:
    """A note on the devices of unknown rated power, where there are any."""
    names = list(dict.fromkeys(offer.device for offer in offers if offer.rated_power_w is None))
    return [f"rated power not known, so last of their class and kind: {', '.join(names)}"] if names else []


def mode_power(place: Place) -> tuple[float, float]:
    """Watts that the power mode allows (none stated: unlimited), then the clock of the GPU times its units online, as far as stated."""
    mode = next((m for m in place.device.power_modes if m.name == place.target.power_mode), None)
    if mode is None:
        return (math.inf, math.inf)
    cap = math.inf if mode.power_cap_w is None else mode.power_cap_w
    return (cap, (mode.gpu_max_mhz or math.inf) * (mode.gpu_sms_online or 1))


def sort_places(places: Iterable[Place], confidence: float) -> Sorted:
    """Places that meet the budgets with the confidence, what might, and what comes nearest where none does."""
    every = list(places)
    meeting = [place for place in every if passes(place.item, confidence)]
    done = {place.device.id for place in meeting}
    left = [place for place in every if place.device.id not in done]
    unsettled = [p for p in left if p.item.probability >= _MIGHT_DO]
    return Sorted(
        tuple(sorted(meeting, key=_place_order)),
        tuple(sorted(one_per_device(sorted(unsettled, key=lambda p: -p.item.probability)), key=_place_order)),
        () if meeting or unsettled else tuple(nearest_first(left, confidence)),
    )


def nearest_first(places: Iterable[Place], confidence: float) -> list[Place]:
    """The nearest place of each device, nearest first; without those of which an index is unknown and those that are never picked."""
    keyed = [(shortfall(place, confidence), place) for place in places if not place.item.barred]
    known = [(distance, place) for distance, place in keyed if math.isfinite(distance)]
    return one_per_device(place for _, place in sorted(known, key=lambda pair: (pair[0], _place_order(pair[1]))))


def _place_order(place: Place) -> tuple[object, ...]:
    """Devices in their order; on each the most accurate first, then what draws least, then the quickest."""
    return (board_order(place.device), -_known(place.item.accuracy), mode_power(place), place.item.latency_key)


def _known(top1: float) -> float:
    return 0.0 if math.isnan(top1) else round(top1, 1)


def shortfall(place: Place, confidence: float) -> float:
    """How far the budgets that it misses would have to move so that each is kept at the confidence; infinite where an index is unknown.

    The sum of the logs of ratios; of accuracy the ratio of errors, so that 80 to 90 % is as far as 40 to 20 ms.
    """
    total = 0.0
    for name, bound in place.budgets.stated().items():
        if place.item.chances[name] < confidence:
            needed = needed_bound(place.item, name, confidence, place.batch_size)
            if needed is None or math.isnan(needed):
                return math.inf
            if name == "min_accuracy_percent":
                needed, bound = _LEAST_ERROR + 100.0 - needed, _LEAST_ERROR + 100.0 - bound
            total += abs(math.log(needed / bound))
    return total


def best_candidate(items: Sequence[Scored], confidence: float, order: Callable[[Scored], Any]) -> Scored | None:
    """Of a target's candidates the first by `order` that may be picked, or, where none may, the most likely one."""
    fitting = [item for item in items if passes(item, confidence)]
    if fitting:
        return min(fitting, key=order)
    return max(items, key=lambda item: (item.probability, item.accuracy), default=None)


def one_per_device(places: Iterable[Place]) -> list[Place]:
    """The first of each device, in order."""
    found: dict[str, Place] = {}
    for place in places:
        found.setdefault(place.device.id, place)
    return list(found.values())
