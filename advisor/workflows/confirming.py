"""recommend --confirm: measure on the device itself what settles the answer, keep the numbers, answer again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from advisor.errors import UsageError
from advisor.recommend import confirming
from advisor.recommend.answer import Confirmed, Recommendation
from advisor.recommend.confirming import Confirmation, Interrupted, Key, Step
from advisor.recommend.ranking import Question
from advisor.records import Candidate, Device
from advisor.store import Store
from advisor.units import format_chance, format_confidence, format_ms
from advisor.workflows import answering
from advisor.workflows.knowing import known_beside
from advisor.workflows.preparing import Progress, silent

if TYPE_CHECKING:
    from advisor.measure.campaign import Step as Launched
    from advisor.recommend.measured import Measured

MOST = 100
_NAMED = 3
"""Rivals that are named in a note."""


def recommend(
    *,
    confirm: int,
    sample_seconds: float | None = None,
    on_progress: Progress = silent,
    on_step: Callable[[Launched], None] = lambda _: None,
    worker: Sequence[str] | None = None,
    **asked: Any,  # noqa: ANN401 - the options of recommend by name
) -> Recommendation:
    """The answer after at most `confirm` measurements on this machine, which has to be the device asked about.

    Raises what `recommend` and `measure` raise; UsageError where this machine is not the device.
    """
    if not 1 <= confirm <= MOST:
        raise UsageError(f"--confirm takes 1 to {MOST} measurements, not {confirm}")
    bench = _Bench(confirm, sample_seconds, on_progress, on_step, worker)
    return answering.recommend(**asked, settle=bench.settle, on_progress=on_progress)


class _Bench:
    """Measures candidates one after the other on this machine."""

    def __init__(
        self,
        most: int,
        sample_seconds: float | None,
        on_progress: Progress,
        on_step: Callable[[Launched], None],
        worker: Sequence[str] | None,
    ) -> None:
        self._most, self._sample_seconds, self._worker = most, sample_seconds, worker
        self._say, self._on_step = on_progress, on_step
        self._reasons: dict[Key, str] = {}

    def settle(self, store: Store, profile: Device, question: Question, notes: Sequence[str]) -> Recommendation:
        """Measure, fit anew, answer again; what is not measured does not stand before the best that is."""
        from advisor.workflows.machine import check_measurable

        target, batch_size = question.target, question.batch_size
        if question.objective != "accuracy":
            raise UsageError(
                f"--confirm settles which model is the most accurate, not --objective {question.objective}"
            )
        check_measurable(profile, target)
        answering.ensure_estimates(store, target, batch_size)
        known = measured_keys(store, question)
        beside, _ = known_beside(store, profile, question)
        found = confirming.confirm(
            question, store.candidates(target, batch_size), known,
            lambda row: self._measured(store, question, row), self._most, beside,
        )  # fmt: skip
        self._fit(store, question, found.steps)
        now = measured_keys(store, question)

        def keep(rows: list[Candidate]) -> list[Candidate]:
            if found.best is None:
                return rows
            return confirming.without_rivals(question, rows, now, found.best, beside)

        confirmed = tuple(map(self._confirmed, found.steps))
        said = (*notes, *_notes(found, confirmed, question.confidence))
        return answering.answer(store, profile, question, "p50", said, keep)._replace(confirmed=confirmed)

    def _measured(self, store: Store, question: Question, row: Candidate) -> Candidate | None:
        """The candidate as measured now. Raises Interrupted."""
        from advisor.predict import reading

        self._say(f"a measurement of {row.model} at {row.resolution} px")
        found = self._measure(question, row)
        if not found.numbers:
            if found.stopped == "interrupted":
                raise Interrupted
            reasons = [reason for left in found.left for reason in left.reasons]
            self._reasons[row.signature, row.resolution] = reasons[0] if reasons else "it gave no number"
            return None
        before = store.estimate(question.target, question.batch_size, row.signature, row.resolution)
        known = None if before is None else reading(store, before, question.target)
        if known is None or known.latency is None:
            self._reasons[row.signature, row.resolution] = "its latency is of another target"
            return None
        return row._replace(
            latency_ms=known.latency.value, latency_low=known.latency.low, latency_high=known.latency.high,
            extrapolated=False, throughput_img_s=known.throughput_img_s,
            memory_mib=known.memory and known.memory.value, memory_low=known.memory and known.memory.low,
            memory_high=known.memory and known.memory.high,
        )  # fmt: skip

    def _measure(self, question: Question, row: Candidate) -> Measured:
        from advisor.measure.launching import WORKER
        from advisor.workflows.measuring import measure

        target = question.target
        return measure(
            [row.model], batch_sizes=(question.batch_size,), resolution=row.resolution, runtime=target.runtime,
            precision=target.precision, power_mode=target.power_mode or None, threads=target.threads or None,
            memory_format=target.memory_format, device=target.device, sample_seconds=self._sample_seconds, fit=False,
            on_progress=self._say, on_step=self._on_step, worker=self._worker or WORKER,
        )  # fmt: skip

    def _fit(self, store: Store, question: Question, steps: Sequence[Step]) -> None:
        if any(step.measured is not None for step in steps):
            from advisor.workflows.maintaining import refit

            refit(store, question.target, self._say)

    def _confirmed(self, step: Step) -> Confirmed:
        row, measured = step.row, step.measured
        return Confirmed(
            row.model, row.resolution, step.top1, row.latency_ms, None if measured is None else measured.latency_ms,
            round(step.chance, 4), round(step.after, 4), self._reasons.get((row.signature, row.resolution), ""),
        )  # fmt: skip


def measured_keys(store: Store, question: Question) -> frozenset[Key]:
    """Architectures whose latency is measured on the target at the batch size."""
    estimates = store.estimates(question.target, question.batch_size)
    return frozenset(
        (e.signature, e.resolution) for e in estimates if e.latency is not None and e.latency.basis == "measured"
    )


def _notes(found: Confirmation, confirmed: Sequence[Confirmed], confidence: float) -> list[str]:
    lines = [_said(one, confidence) for one in confirmed]
    made = sum(one.measured_ms is not None for one in confirmed)
    count = f"{made} measurement{'' if made == 1 else 's'} made for this answer"
    if found.settled:
        return [*lines, f"{count}: nothing that is not measured can beat it at {format_confidence(confidence)}"]
    rivals = [
        f"{i.row.model} at {i.row.resolution} px ({i.accuracy:.1f} %, chance {format_chance(i.probability, confidence)})"
        for i in found.rivals[:_NAMED]
    ]
    more = len(found.rivals) - len(rivals)
    rest = f" and {more} more" if more > 0 else ""
    return [*lines, f"{count}; not measured, and might still beat it: {', '.join(rivals)}{rest}"]


def _said(one: Confirmed, confidence: float) -> str:
    name = f"{one.model} at {one.resolution} px"
    if one.measured_ms is None:
        return f"{name} could not be measured and is left out: {one.reason}"
    predicted = "" if one.predicted_ms is None else f" ({format_ms(one.predicted_ms)} predicted)"
    verdict = "meets" if one.chance_after >= confidence else "does not meet"
    return (
        f"{name} was measured: {format_ms(one.measured_ms)}{predicted}; {verdict} every budget at {format_confidence(confidence)}: "
        f"chance {format_chance(one.chance_after, confidence)}, {format_chance(one.chance_before, confidence)} before"
    )
