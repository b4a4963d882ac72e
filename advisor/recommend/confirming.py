"""Which candidates to measure on the device itself, in which order, and when to stop.

Pure: whoever measures is a function that is passed in. `recommend --confirm` passes the harness, the benchmark of decisions passes
measurements that it had hidden, so what the benchmark says of the order holds for the command.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple, TypeAlias

from advisor.recommend import licenses
from advisor.recommend.chance import log_sd
from advisor.recommend.ranking import Question, feasible
from advisor.recommend.scoring import Known, Scored, admitted, score
from advisor.records import Candidate

Key: TypeAlias = tuple[str, int]
"""(signature, resolution): what one measurement is about."""
_ALIKE, _RELATIVES, _TWINS = 0.3, 0.6, 0.9
"""How far errors of two predictions on one target go together: of any two networks, of one family, of one architecture at two sizes."""
_LEAST_SD = 1e-6


class Step(NamedTuple):
    """One candidate that was chosen to be measured."""

    row: Candidate
    """As it was believed before."""
    top1: float
    chance: float
    """To meet all budgets, before."""
    measured: Candidate | None
    """As it was measured; None where it could not be."""
    after: float
    """Chance to meet all budgets, as measured; 0 where it could not be measured."""


class Confirmation(NamedTuple):
    """What was measured and what is believed now."""

    steps: tuple[Step, ...]
    best: Scored | None
    """The most accurate candidate that is measured and meets the budgets at the confidence."""
    rivals: tuple[Scored, ...]
    """What was not measured and may still beat it, the likeliest gain first."""
    settled: bool
    """Nothing that was not measured can beat the best at the confidence."""
    rows: tuple[Candidate, ...]
    """All candidates as they are believed now."""


class Interrupted(Exception):
    """Raised by a measuring function: measure no more, what was measured counts."""


class _Reading(NamedTuple):
    """A measurement beside what was predicted: its error in standard deviations of the prediction."""

    row: Candidate
    error: float


def confirm(
    question: Question,
    rows: Sequence[Candidate],
    known: Collection[Key],
    measure: Callable[[Candidate], Candidate | None],
    most: int,
    beside: Known = Known(),  # noqa: B008 - immutable
) -> Confirmation:
    """Measure candidates one after the other, at most so many, until none that is unmeasured can beat the best measured one.

    `known` are those measured before, `beside` what is known beside the rows. `measure` returns the candidate with what was measured
    in place of what was predicted, None where it could not be measured, or raises Interrupted.
    """
    believed = admitted(rows, question.filters, licenses.kind)
    first = {_key(row): row for row in believed}
    done, readings, steps = set(known), list[_Reading](), list[Step]()
    while True:
        items = score(believed, question.budgets, question.batch_size, beside)
        best = next(iter(feasible((i for i in items if _key(i.row) in done), question)), None)
        rivals = _rivals(items, done, best, question)
        if not rivals or len(steps) >= most:
            return Confirmation(tuple(steps), best, tuple(rivals), not rivals, tuple(believed))
        chosen = _next(rivals, 0.0 if best is None else best.accuracy, most - len(steps))
        try:
            steps.append(_measured(question, chosen, measure, beside))
        except Interrupted:
            most = len(steps)
            continue
        done.add(_key(chosen.row))
        seen = steps[-1].measured
        if seen is None:  # it cannot run here: it is no candidate any longer
            believed = [row for row in believed if _key(row) != _key(chosen.row)]
            continue
        before = first[_key(chosen.row)]
        readings.append(_Reading(before, _error(before, seen)))
        lesson = _Lesson(readings)
        believed = [_believed(row, seen, done, first[_key(row)], lesson) for row in believed]


def without_rivals(
    question: Question, rows: Sequence[Candidate], known: Collection[Key], best: Scored, beside: Known
) -> list[Candidate]:
    """Candidates less those that are not measured and would be ranked before the best that is: it was measured to be the answer."""
    items = score(rows, question.budgets, question.batch_size, beside)
    return [i.row for i in items if _key(i.row) in known or not outranks(i, best)]


def _believed(row: Candidate, seen: Candidate, done: Collection[Key], before: Candidate, lesson: _Lesson) -> Candidate:
    """The row after one more reading: as read, as measured earlier, or predicted anew from what was first predicted of it."""
    if _key(row) == _key(seen):
        return _as_read(row, seen)
    return row if _key(row) in done else lesson.applied(_as_read(row, before))


def _key(row: Candidate) -> Key:
    return row.signature, row.resolution


def _as_read(row: Candidate, seen: Candidate) -> Candidate:
    """The row (these weights) with the numbers of the architecture that were read."""
    return row._replace(
        latency_ms=seen.latency_ms, latency_low=seen.latency_low, latency_high=seen.latency_high,
        extrapolated=seen.extrapolated, throughput_img_s=seen.throughput_img_s,
        memory_mib=seen.memory_mib, memory_low=seen.memory_low, memory_high=seen.memory_high,
    )  # fmt: skip


def _measured(
    question: Question,
    chosen: Scored,
    measure: Callable[[Candidate], Candidate | None],
    beside: Known,
) -> Step:
    seen = measure(chosen.row)
    if seen is None:
        return Step(chosen.row, chosen.accuracy, chosen.probability, None, 0.0)
    (item,) = score([seen], question.budgets, question.batch_size, beside)
    return Step(chosen.row, chosen.accuracy, chosen.probability, seen, item.probability)


def _rivals(items: Iterable[Scored], done: Collection[Key], best: Scored | None, question: Question) -> list[Scored]:
    """Unmeasured candidates that would be ranked before the best and whose chance is not below 1 - confidence."""
    kept: dict[Key, Scored] = {}
    for item in sorted(items, key=question.best().order):
        before = best is None or outranks(item, best)
        open_still = item.probability > 1.0 - question.confidence and (not item.barred or item.row.extrapolated)
        if before and open_still and _key(item.row) not in done:
            kept.setdefault(_key(item.row), item)
    floor = 0.0 if best is None else best.accuracy
    return sorted(kept.values(), key=lambda i: (-i.probability * (i.accuracy - floor), i.latency_key, i.row.model))


def outranks(item: Scored, other: Scored) -> bool:
    """Whether it is more accurate, to a tenth of a point."""
    return round(item.accuracy, 1) > round(other.accuracy, 1)


def _next(rivals: Sequence[Scored], floor: float, left: int) -> Scored:
    """The candidate to measure now so that the best of all that is measured in the end is expected to be the most accurate.

    Chances are taken as independent and a candidate that fails as replaceable by one as good; bold ones come first while there
    are measurements left, safe ones when they run out and nothing is confirmed yet.
    """
    front = _front(rivals)
    worth = {value: value for value in (floor, *(i.accuracy for i in front))}
    for _ in range(left - 1):
        worth = {value: max((_gain(i, value, worth) for i in front), default=value) for value in worth}
    return max(front, key=lambda i: _gain(i, floor, worth))


def _gain(item: Scored, floor: float, worth: dict[float, float]) -> float:
    """Accuracy to expect in the end from measuring this one now, `floor` being confirmed."""
    if item.accuracy <= floor:
        return worth[floor]
    return item.probability * worth[item.accuracy] + (1.0 - item.probability) * worth[floor]


def _front(rivals: Iterable[Scored]) -> list[Scored]:
    """Candidates of which no other is both more accurate and likelier, the most accurate first."""
    found: list[Scored] = []
    for item in sorted(rivals, key=lambda i: (-i.accuracy, -i.probability, i.row.model)):
        if not found or item.probability > found[-1].probability:
            found.append(item)
    return found


def _sd(row: Candidate) -> float:
    """Standard deviation of the logarithm of the latency."""
    if row.latency_low is None or row.latency_high is None:
        return _LEAST_SD
    return max(log_sd(row.latency_low, row.latency_high), _LEAST_SD)


def _error(before: Candidate, seen: Candidate) -> float:
    if before.latency_ms is None or seen.latency_ms is None:
        return 0.0
    return math.log(seen.latency_ms / before.latency_ms) / _sd(before)


def _together(one: Candidate, other: Candidate) -> float:
    """Correlation of the errors of two predictions."""
    if one.signature == other.signature:
        return _TWINS
    return _RELATIVES if one.family == other.family else _ALIKE


class _Lesson:
    """What the errors of some predictions say of the others: mean and variance of a normal distribution given what was read."""

    def __init__(self, readings: Sequence[_Reading]) -> None:
        self._readings = readings
        self._found: dict[tuple[float, ...], tuple[float, float]] = {}

    def applied(self, row: Candidate) -> Candidate:
        """The prediction, moved by its share of the errors and narrower."""
        if row.latency_ms is None or row.latency_low is None or row.latency_high is None:
            return row
        shift, narrower = self._of(tuple(_together(row, reading.row) for reading in self._readings))
        value = row.latency_ms * math.exp(shift * _sd(row))
        return row._replace(
            latency_ms=value,
            latency_low=value * (row.latency_low / row.latency_ms) ** narrower,
            latency_high=value * (row.latency_high / row.latency_ms) ** narrower,
            throughput_img_s=None,
        )

    def _of(self, link: tuple[float, ...]) -> tuple[float, float]:
        """(shift, factor on the spread) in standard deviations of a prediction that is so correlated with those that were read."""
        if link not in self._found:
            matrix = [
                [*(1.0 if a is b else _together(a.row, b.row) for b in self._readings), a.error, k]
                for a, k in zip(self._readings, link, strict=True)
            ]
            errors, weights = _solved(matrix)
            shift = sum(k * e for k, e in zip(link, errors, strict=True))
            left = 1.0 - sum(k * w for k, w in zip(link, weights, strict=True))
            self._found[link] = shift, math.sqrt(max(left, 0.0))
        return self._found[link]


def _solved(matrix: list[list[float]]) -> tuple[list[float], list[float]]:
    """Solutions of a small positive definite system with two right-hand sides in its last columns (Gauss-Jordan)."""
    count = len(matrix)
    for i in range(count):
        pivot = [value / matrix[i][i] for value in matrix[i]]
        matrix = [
            pivot if j == i else [a - row[i] * b for a, b in zip(row, pivot, strict=True)]
            for j, row in enumerate(matrix)
        ]
    return [row[count] for row in matrix], [row[count + 1] for row in matrix]
