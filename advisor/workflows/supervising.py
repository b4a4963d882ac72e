"""Measuring as a session asks for it: what would be run, whether it can be, and a run that is watched and stopped."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from typing import NamedTuple

from advisor import units
from advisor.errors import MissingExtra
from advisor.recommend.answer import Pick
from advisor.workflows.children import Done, run_verb

_COUNTED = re.compile(r"advisor: (\d+)/(\d+) ")


class Wanted(NamedTuple):
    """What is to be measured on this machine."""

    pick: Pick | None
    """None: what calibrates the machine best, then what the database lacks."""
    budget: str
    """A time, e.g. `10min`."""

    def verb(self) -> list[str]:
        """The command without the program's name. Raises UsageError for a budget that is no time."""
        units.duration_s(self.budget)
        if self.pick is None:
            return ["measure", "--budget", self.budget]
        size = ["--resolution", str(self.pick.resolution), "--batch-sizes", str(self.pick.batch_size)]
        return ["measure", self.pick.model.removesuffix("+reparam"), *size, "--budget", self.budget]


def check_measurable() -> None:
    """Raises MissingExtra where nothing can be measured for want of torch."""
    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("measuring", "torch")


def measure_watched(
    wanted: Wanted, on_line: Callable[[str], None], on_count: Callable[[int, int], None], stops: Callable[[], int]
) -> Done:
    """Measure in a process of its own; `on_count` hears (launches done, launches planned). Raises UsageError, MissingExtra."""
    check_measurable()

    def hear(line: str) -> None:
        counted = _COUNTED.match(line)
        if counted:
            on_count(int(counted[1]), int(counted[2]))
        on_line(line.removeprefix("advisor: "))

    return run_verb(wanted.verb(), hear, stops)
