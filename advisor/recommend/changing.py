"""Which settings would make a model fit: those that change least. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from advisor.recommend.findings import Setting
from advisor.recommend.judging import passes
from advisor.recommend.scoring import Scored
from advisor.records import Target

ORDER = ("power mode", "batch size", "weights", "resolution", "precision", "runtime")
"""What costs a person least to set otherwise, first."""


class Option(NamedTuple):
    """The same model under other settings."""

    settings: tuple[Setting, ...]
    """What differs from what was asked."""
    item: Scored
    target: Target
    batch_size: int

    @property
    def names(self) -> frozenset[str]:
        """Names of what differs."""
        return frozenset(setting.name for setting in self.settings)


def settings_between(old: tuple[Target, int, Scored], new: tuple[Target, int, Scored]) -> tuple[Setting, ...]:
    """What differs between two ways to run one model, in ORDER; other weights at another resolution count as its resolution."""
    (was, was_batch, was_item), (now, now_batch, now_item) = old, new
    weights = was_item.row.tag if was_item.row.resolution != now_item.row.resolution else now_item.row.tag
    pairs = {
        "power mode": (was.power_mode, now.power_mode),
        "batch size": (str(was_batch), str(now_batch)),
        "weights": (was_item.row.tag, weights),
        "resolution": (str(was_item.row.resolution), str(now_item.row.resolution)),
        "precision": (was.precision, now.precision),
        "runtime": (was.runtime, now.runtime),
    }
    if was.runtime != now.runtime:
        del pairs["precision"]  # each runtime has its own usual precision: one decision, not two
    return tuple(Setting(name, *pairs[name]) for name in ORDER if name in pairs and pairs[name][0] != pairs[name][1])


def least_changes(options: Iterable[Option], confidence: float) -> list[Option]:
    """Options that meet all budgets, least change first.

    Of options that differ in the same settings the nearest; none that differs in all that another differs in, and more.
    """
    nearest: dict[frozenset[str], Option] = {}
    for option in options:
        if option.settings and passes(option.item, confidence):
            other = nearest.get(option.names)
            if other is None or distance(option) < distance(other):
                nearest[option.names] = option
    kept = [option for names, option in nearest.items() if not any(other < names for other in nearest)]
    return sorted(kept, key=distance)


def without_precisions_of(offered: Iterable[Option], options: Iterable[Option]) -> list[Option]:
    """Options at a runtime and precision at which none is offered: what is said of one that is, is not said again."""
    known = {(option.target.runtime, option.target.precision) for option in offered}
    return [option for option in options if (option.target.runtime, option.target.precision) not in known]


def distance(option: Option) -> tuple[float, ...]:
    """How far an option is from what was asked: number of settings, how hard they are to change, how much they change, accuracy lost."""
    ranks = sum(2 ** ORDER.index(setting.name) for setting in option.settings)
    steps = sum(_steps(setting) for setting in option.settings)
    top1 = option.item.accuracy
    return (len(option.settings), ranks, steps, 0.0 if math.isnan(top1) else -top1, -option.item.latency_key)


def _steps(setting: Setting) -> float:
    """Doublings of a size; other settings have no size."""
    if setting.name not in ("batch size", "resolution"):
        return 0.0
    return abs(math.log2(int(setting.after) / int(setting.before)))
