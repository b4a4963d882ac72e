"""Watches the accelerator and the board while a worker runs, from the parent, and says what that does to the number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from time import sleep
from typing import Any

from advisor.measure.records import Job
from advisor.measure.telemetry import Reading, Telemetry, codes_of, is_idle, memory_around, summarised, within

_PERIOD_S = 0.1
_IDLE_WITHIN_S = 2.0
"""Utilisation is a mean over the last second or so: the launch before is still in it."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Values to keep and codes for the verdict."""

    values: Mapping[str, Any]
    codes: list[str]


@dataclass(slots=True)
class Seen:
    """Samples of one launch."""

    samples: list[Reading] = field(default_factory=list)
    unknown: Mapping[str, str] = field(default_factory=dict)

    def summary(self, moments: Mapping[str, float]) -> Summary:
        """Everything said once. `moments` are the worker's, on the clock of the readings; empty where it did not finish."""
        timed = within(self.samples, moments, "timed_from", "timed_to")
        memory = memory_around(self.samples, moments)
        values = {**summarised(self.samples), "memory": memory, "unknown": dict(self.unknown)}
        return Summary(values, codes_of(self.samples, timed))


@dataclass(slots=True)
class Watch:
    """Samples the telemetry ten times a second where there is anything to sample."""

    telemetry: Telemetry
    software: Mapping[str, str] = field(default_factory=dict)
    """Versions that a worker's libraries do not tell: the driver, a board's release."""
    close: Callable[[], None] = lambda: None
    """Lets go of what the telemetry holds open."""
    wait: Callable[[float], None] = sleep

    @contextmanager
    def over(self, job: Job) -> Iterator[Seen]:
        """Sample while the body runs; one reading before and one after in any case."""
        seen = Seen(unknown=self.telemetry.missing())
        if not self.telemetry.available():
            yield seen
            return
        seen.samples.append(self._first())
        ended = Event()
        sampler = Thread(target=self._sample, args=(seen.samples, ended), daemon=True)
        sampler.start()
        try:
            yield seen
        finally:
            ended.set()
            sampler.join()
            seen.samples.append(self.telemetry.read())

    def _first(self) -> Reading:
        """The reading before the worker starts, once the GPU is idle, or after two seconds as it is."""
        for _ in range(round(_IDLE_WITHIN_S / _PERIOD_S)):
            reading = self.telemetry.read()
            if is_idle(reading):
                return reading
            self.wait(_PERIOD_S)
        return self.telemetry.read()

    def _sample(self, into: list[Reading], ended: Event) -> None:
        while not ended.wait(_PERIOD_S):
            into.append(self.telemetry.read())


def silent() -> Watch:
    """A watch that sees nothing, for machines without an accelerator."""
    return Watch(Telemetry(()))


__all__: Sequence[str] = ("Seen", "Summary", "Watch", "silent")
