"""Warm-up, latency and throughput of something that can be run: the loops themselves. Knows no library and no file.

One forward yields one sample; none is dropped. Slices of a reference kernel stand between groups of forwards.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import ceil
from statistics import median
from typing import Protocol

from advisor.measure.reference import QUIET_SHARE, Clock, Reference
from advisor.measure.stats import BLOCKS, MAX_SAMPLES, percentile
from advisor.measure.stopping import StopRule, is_steady, least_samples

_WARM_LEAST, _WARM_WINDOW, _WARM_WINDOW_S, _WARM_MOST = 3, 5, 0.25, 300
_WARM_SLOW_MS, _WARM_SLOW_WINDOW = 500.0, 3
_WARM_MOST_S, _COMPILE_MOST_S = 10.0, 60.0
_GROUP_MS, _GROUP_LEAST, _GROUP_MOST_MS = 50.0, 3, 200.0
_THROUGHPUT_S, _SYNC_EVERY = 2.0, 16
_THROUGHPUT_LEAST = ((200.0, 30), (1000.0, 10), (float("inf"), 5))
"""(forward in ms up to which, fewest forwards)."""
QUIET_UP_TO = 1.05
"""A slice of the reference kernel up to this many times its quiet cost: the machine is left alone."""
PATIENCE = 3.0
"""How many times the time for forwards may be spent on waiting for enough of them in quiet moments."""


class Runner(Protocol):
    """A model that is loaded and can be run again and again on one fixed input."""

    def start(self) -> None:
        """Run one forward; on an accelerator, enqueue it."""

    def wait(self) -> None:
        """Return when everything started has finished."""

    def mark(self, end: bool) -> None:
        """Note the accelerator's own clock before or after a forward; nothing on a CPU."""

    def device_ms(self) -> list[float]:
        """Times between the marks, by the accelerator's clock; empty on a CPU."""


@dataclass(slots=True)
class Samples:
    """Everything the latency phase saw, in order."""

    host_ms: list[float] = field(default_factory=list)
    enqueue_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    """Processor time of the whole process, all threads."""
    reference_ms: list[float] = field(default_factory=list)
    """Unit times; one slice before and one after every group."""
    groups: list[int] = field(default_factory=list)
    """Forwards in each group."""
    stop: str = ""

    def seconds(self) -> float:
        """Time spent in forwards."""
        return sum(self.host_ms) / 1e3

    def ratios(self) -> list[float]:
        """Median forward of each group over the mean of the reference slices around it."""
        found, start = [], 0
        for i, count in enumerate(self.groups):
            around = (self.reference_ms[i] + self.reference_ms[i + 1]) / 2
            found.append(median(self.host_ms[start : start + count]) / around)
            start += count
        return found

    def quiet_at(self, calibrated_ms: float) -> list[int]:
        """Which groups stand between two slices of a quiet machine; `calibrated_ms` is what a unit took when it was calibrated.

        Where the launch's own lower quartile is below that, the calibration met a slow moment, and the quartile is the measure.
        Chosen by the reference alone, never by the model's own time: that would prefer the fast ones.
        """
        if not self.reference_ms:
            return []
        most = QUIET_UP_TO * min(calibrated_ms, percentile(sorted(self.reference_ms), QUIET_SHARE))
        return [i for i, around in enumerate(pairwise(self.reference_ms)) if max(around) <= most]

    def forwards_of(self, groups: Sequence[int]) -> list[int]:
        """Positions of the forwards of those groups."""
        ends = list(accumulate(self.groups))
        return [at for i in groups for at in range(ends[i] - self.groups[i], ends[i])]


@dataclass(frozen=True, slots=True)
class Warmup:
    """How the warm-up went."""

    n: int
    seconds: float
    steady: bool


@contextmanager
def collector_off() -> Iterator[None]:
    """No garbage collection between samples; restored whatever happens."""
    was = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _forward_ms(runner: Runner, clock: Clock) -> float:
    start = clock()
    runner.start()
    runner.wait()
    return (clock() - start) / 1e6


def warm_up(runner: Runner, clock: Clock, *, least_s: float, most_s: float, earlier: Sequence[float] = ()) -> Warmup:
    """Run until the two-window test passes; at the cap go on, with `steady` False.

    `earlier` are forwards (ms) that were run just before: they warmed the model as well.
    """
    times = list(earlier)
    begin, steady = clock(), False
    while not steady:
        times.append(_forward_ms(runner, clock))
        spent = (clock() - begin) / 1e9 + sum(earlier) / 1e3
        window = _window(median(times))
        if len(times) >= _WARM_LEAST and spent >= least_s and (len(times) % window == 0 or spent >= most_s):
            steady = is_steady(times, window)
        if len(times) >= _WARM_MOST or (spent >= most_s and len(times) >= 2 * _WARM_SLOW_WINDOW):
            break
    return Warmup(len(times), (clock() - begin) / 1e9, steady)


def warm_most_s(budget_s: float, *, compiles: bool) -> float:
    """The longest warm-up: no more than twice the time for forwards, as where it is noisy two windows may never agree.

    What compiles as it warms up is given a minute, whatever is timed after it.
    """
    return _COMPILE_MOST_S if compiles else min(_WARM_MOST_S, 2 * budget_s)


def _window(forward_ms: float) -> int:
    """A quarter of a second, five forwards at least; three of models so slow that ten would take longer than the timing."""
    return (
        _WARM_SLOW_WINDOW if forward_ms > _WARM_SLOW_MS else max(_WARM_WINDOW, ceil(_WARM_WINDOW_S * 1e3 / forward_ms))
    )


def group_size(forward_ms: float) -> int:
    """Forwards between two reference slices: about 50 ms, three where that takes at most 200 ms.

    The first forward after the reference finds cold caches, so it must not be every sample.
    """
    if forward_ms * _GROUP_LEAST > _GROUP_MOST_MS:
        return 1
    return max(_GROUP_LEAST, ceil(_GROUP_MS / forward_ms))


def patient_s(budget_s: float, forward_ms: float, unit_ms: float) -> float:
    """How long sampling takes where no moment is quiet: all patience, or the fewest forwards, and a slice beside each group."""
    forwards = max(PATIENCE * budget_s, least_samples(budget_s, forward_ms / 1e3) * forward_ms / 1e3)
    group = group_size(forward_ms) * forward_ms
    return (forwards + group / 1e3) * (1 + Reference.units_for(group, unit_ms) * unit_ms / group)


def sample(
    runner: Runner,
    reference: Reference | None,
    clock: Clock,
    cpu_clock: Clock,
    *,
    forward_ms: float,
    budget_s: float,
    quiet_ms: float | None = None,
) -> Samples:
    """Time single forwards until the stop rule is satisfied.

    `forward_ms` is roughly what one takes, `budget_s` the most time to spend in forwards. With `quiet_ms`, what a unit of the
    reference takes on a quiet machine, the rule looks at forwards of quiet moments only, once there are as many groups of them as
    the analysis needs, and waits for them: up to three times as long or 5000 forwards, quiet or not.
    """
    rule = StopRule(least_samples(budget_s, forward_ms / 1e3), budget_s)
    kept, size, units = Samples(), group_size(forward_ms), 1
    with collector_off():
        if reference is not None:
            units = reference.units_for(forward_ms * size, reference.slice_ms(3))
            kept.reference_ms.append(reference.slice_ms(units))
        while not kept.stop:
            for _ in range(size):
                _one(runner, clock, cpu_clock, kept)
            kept.groups.append(size)
            if reference is not None:
                kept.reference_ms.append(reference.slice_ms(units))
            kept.stop = _stop(rule, kept, quiet_ms)
    return kept


def _stop(rule: StopRule, kept: Samples, quiet_ms: float | None) -> str:
    if quiet_ms is None or not kept.reference_ms:
        return rule.reason(kept.host_ms, kept.seconds())
    groups = kept.quiet_at(quiet_ms)
    if len(groups) >= BLOCKS:  # with fewer they would not count alone, and what was waited for would be lost
        counted = [kept.host_ms[i] for i in kept.forwards_of(groups)]
        enough = rule.reason(counted, sum(counted) / 1e3)
        if enough:
            return enough
    waited = kept.seconds() >= PATIENCE * rule.budget_s or len(kept.host_ms) >= MAX_SAMPLES
    return "budget" if waited and len(kept.host_ms) >= rule.least else ""


def _one(runner: Runner, clock: Clock, cpu_clock: Clock, kept: Samples) -> None:
    cpu = cpu_clock()
    start = clock()
    runner.mark(False)
    runner.start()
    runner.mark(True)
    enqueued = clock()
    runner.wait()
    end = clock()
    kept.cpu_ms.append((cpu_clock() - cpu) / 1e6)
    kept.host_ms.append((end - start) / 1e6)
    kept.enqueue_ms.append((enqueued - start) / 1e6)


@dataclass(frozen=True, slots=True)
class Throughput:
    """Images per second of a phase of its own, the tail counted."""

    img_per_s: float
    n: int
    seconds: float


def throughput_s(forward_ms: float) -> float:
    """How long throughput takes, within a forward."""
    return max(_THROUGHPUT_S, _least_throughput(forward_ms) * forward_ms / 1e3)


def _least_throughput(forward_ms: float) -> int:
    return next(count for most_ms, count in _THROUGHPUT_LEAST if forward_ms <= most_ms)


def throughput(runner: Runner, batch_size: int, forward_ms: float, clock: Clock) -> Throughput:
    """Forwards back to back for 2 s and 30 (slow models: 10, 5) at least, waiting for the accelerator every 16."""
    least = _least_throughput(forward_ms)
    with collector_off():
        begin, n = clock(), 0
        while n < least or (clock() - begin) / 1e9 < _THROUGHPUT_S:
            runner.start()
            n += 1
            if n % _SYNC_EVERY == 0:
                runner.wait()
        runner.wait()
        seconds = (clock() - begin) / 1e9
    return Throughput(n * batch_size / seconds, n, seconds)


def host_bound(samples: Samples, device_ms: Sequence[float]) -> bool:
    """Whether launching takes more than 0.8 of the accelerator's time: a faster one would not help."""
    return bool(device_ms) and median(samples.enqueue_ms) > 0.8 * median(device_ms)
