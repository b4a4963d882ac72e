"""A question as a person types it: texts with units, kept between sessions, and the same question as a command line."""

from __future__ import annotations

import shlex
from typing import Any, NamedTuple

from advisor import units
from advisor.errors import DataError, UsageError
from advisor.recommend.budgets import Budgets
from advisor.recommend.objectives import OBJECTIVES
from advisor.recommend.scoring import Filters
from advisor.recommend.testsets import TEST_SETS
from advisor.workflows.answering import parsed_budgets

BUDGETS = (
    "max_latency", "min_throughput", "max_memory", "min_accuracy", "max_params", "max_power", "max_energy",
)  # fmt: skip
"""Names of the budgets, as those of the command line's options."""


class Asked(NamedTuple):
    """Everything that can be asked. An empty text is not asked."""

    device: str = ""
    """A profile's id; empty is this machine."""
    max_latency: str = ""
    min_throughput: str = ""
    max_memory: str = ""
    min_accuracy: str = ""
    max_params: str = ""
    max_power: str = ""
    max_energy: str = ""
    batch_size: int = 1
    runtime: str = ""
    precision: str = ""
    power_mode: str = ""
    latency_stat: str = "p50"
    confidence: str = "90%"
    library: str = ""
    license: str = ""
    everything: bool = False
    """No limit of two picks per family."""
    objective: str = "accuracy"
    accuracy_on: str = "top-1"

    @property
    def place(self) -> tuple[object, ...]:
        """What decides which estimates are needed: where this is the same, a new answer needs no database."""
        target = (self.device, self.batch_size, self.runtime, self.precision, self.power_mode, self.latency_stat)
        return (*target, self.accuracy_on, bool(self.max_power), bool(self.max_energy))

    def budgets(self, board_memory_mib: float | None) -> Budgets:
        """The bounds in canonical units. Raises UsageError."""
        texts = {name: getattr(self, name) or None for name in BUDGETS}
        return parsed_budgets(**texts)._replace(board_memory_mib=board_memory_mib)

    def filters(self) -> Filters:
        """Library and licence."""
        return Filters(None, self.library or None, self.license or None)

    def command(self, top: int) -> str:
        """The command line that asks the same, for as many picks."""
        parts = ["advisor", "recommend"]
        for name, value in self._asdict().items():
            if value != getattr(_NOTHING, name):
                parts += ["--all"] if name == "everything" else [f"--{name.replace('_', '-')}", str(value)]
        return shlex.join([*parts, "--top", str(top)])


_NOTHING = Asked()


def from_plain(plain: object) -> Asked:
    """What was kept as JSON. Raises DataError for anything that is no question."""
    if not isinstance(plain, dict):
        raise DataError("no object")
    unknown = sorted(set(plain) - set(Asked._fields))
    if unknown:
        raise DataError(f"unknown entry {unknown[0]!r}")
    asked = _NOTHING._replace(**{name: _typed(name, value) for name, value in plain.items()})
    try:
        asked.budgets(None)
        units.fraction(asked.confidence)
    except UsageError as error:
        raise DataError(str(error)) from error
    if asked.objective not in OBJECTIVES or asked.accuracy_on not in TEST_SETS:
        raise DataError(f"objective {asked.objective!r} on {asked.accuracy_on!r}")
    return asked


def _typed(name: str, value: Any) -> Any:  # noqa: ANN401 - as varied as JSON
    expected = type(getattr(_NOTHING, name))
    if type(value) is not expected or (expected is int and value < 1):
        raise DataError(f"{name} is {value!r}")
    return value
