"""recommend: from plain arguments to an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from advisor import units
from advisor.devices import memory_note, target_for, usable_memory_mib
from advisor.errors import NotEnoughEvidence, StoreError, UsageError
from advisor.recommend import licenses
from advisor.recommend.answer import Recommendation
from advisor.recommend.budgets import Budgets
from advisor.recommend.objectives import OBJECTIVES
from advisor.recommend.ranking import Question
from advisor.recommend.ranking import recommend as rank
from advisor.recommend.scoring import Filters, Known, Row, admitted
from advisor.recommend.testsets import TEST_SETS
from advisor.records import Candidate, Device, Estimate, Target
from advisor.store import Store
from advisor.workflows.choosing import chosen_device
from advisor.workflows.illustrating import with_guidelines
from advisor.workflows.knowing import known_beside
from advisor.workflows.preparing import Progress, prepared_store, silent
from advisor.workflows.tails import Tail, checked_statistic, tail_of

_MAX_BATCH = 65_536
_LAUNCH_BOUND = 8
"""Batch size up to which eager PyTorch mostly waits for the host to launch operators."""
_HOST_NOTE = (
    "at small batches eager PyTorch waits for the host CPU to launch operators; the profile does not know your host"
)
SCOPE_NOTE = "latency is the forward pass of the whole batch; copies to the device and pre-processing are not in it"


class TargetOptions(NamedTuple):
    """Choices that replace a profile's default target; None keeps the default."""

    runtime: str | None = None
    precision: str | None = None
    power_mode: str | None = None
    threads: int | None = None
    memory_format: str | None = None

    def on(self, device: Device) -> Target:
        """The target on a device. Raises UsageError where the profile does not support it."""
        return target_for(
            device, runtime=self.runtime, precision=self.precision, power_mode=self.power_mode,
            threads=self.threads, memory_format=self.memory_format,
        )  # fmt: skip


Settle = Callable[[Store, Device, Question, Sequence[str]], Recommendation]
"""Answers a resolved question, with notes on it, after adding evidence."""


def recommend(
    *,
    device: str | None = None,
    max_latency: str | None = None,
    min_throughput: str | None = None,
    max_memory: str | None = None,
    min_accuracy: str | None = None,
    max_params: str | None = None,
    max_power: str | None = None,
    max_energy: str | None = None,
    batch_size: int = 1,
    resolution: int | None = None,
    runtime: str | None = None,
    precision: str | None = None,
    power_mode: str | None = None,
    threads: int | None = None,
    memory_format: str | None = None,
    latency_stat: str = "p50",
    confidence: str | float = 0.9,
    top: int = 5,
    all_rows: bool = False,
    library: str | None = None,
    license: str | None = None,
    objective: str = "accuracy",
    accuracy_on: str = "top-1",
    settle: Settle | None = None,
    on_progress: Progress = silent,
) -> Recommendation:
    """The best models for a device under budgets, with reasons and how each figure is known.

    Budgets are texts with a unit (`50ms`, `30fps`, `1GB`, `75%`, `30M`, `15W`, `0.2J`). `device` None is this machine.
    `objective` is a key of recommend.objectives.OBJECTIVES, `accuracy_on` of recommend.testsets.TEST_SETS. `settle` may add evidence
    before the answer is given (confirming.py).
    Raises UsageError for what cannot be asked, NotEnoughEvidence where nothing is known of the target.
    """
    budgets = parsed_budgets(max_latency, min_throughput, max_memory, min_accuracy, max_params, max_power, max_energy)
    _check(batch_size, top, latency_stat)
    _check_meaning(objective, accuracy_on)
    options = TargetOptions(runtime, precision, power_mode, threads, memory_format)
    filters = Filters(resolution, library, license)
    with prepared_store(on_progress) as store:
        profile, notes = chosen_device(store, device)
        question = Question(
            options.on(profile), batch_size, budgets._replace(board_memory_mib=usable_memory_mib(profile)),
            units.fraction(str(confidence)), top, all_rows, filters, objective, accuracy_on,
        )  # fmt: skip
        if settle is None:
            return answer(store, profile, question, latency_stat, notes)
        if latency_stat != "p50":
            raise UsageError("--confirm measures typical latency and cannot settle a p90: ask for --latency-stat p50")
        return settle(store, profile, question, notes)


def parsed_budgets(
    max_latency: str | None = None,
    min_throughput: str | None = None,
    max_memory: str | None = None,
    min_accuracy: str | None = None,
    max_params: str | None = None,
    max_power: str | None = None,
    max_energy: str | None = None,
) -> Budgets:
    """Budgets from texts with a unit; the device's memory is not among them. Raises UsageError."""
    return Budgets(
        max_latency_ms=_parsed(units.latency_ms, max_latency),
        min_throughput_img_s=_parsed(units.throughput_img_s, min_throughput),
        max_memory_mib=_parsed(units.memory_mib, max_memory),
        min_accuracy_percent=_parsed(units.accuracy_percent, min_accuracy),
        max_params=_parsed(units.count, max_params),
        max_power_w=_parsed(units.power_w, max_power),
        max_energy_mj=_parsed(units.energy_mj, max_energy),
    )


def _parsed(parser: object, text: str | None) -> float | None:
    return None if text is None else float(parser(str(text)))  # type: ignore[operator]


def _check(batch_size: int, top: int, latency_stat: str) -> None:
    checked_batch(batch_size)
    if top < 1:
        raise UsageError(f"--top {top} must be at least 1")
    checked_statistic(latency_stat)


def _check_meaning(objective: str, accuracy_on: str) -> None:
    if objective not in OBJECTIVES:
        raise UsageError(f"objective {objective!r} is not known; accepted: {', '.join(OBJECTIVES)}")
    if accuracy_on not in TEST_SETS:
        raise UsageError(f"test set {accuracy_on!r} is not known; accepted: {', '.join(TEST_SETS)}")


def checked_batch(batch_size: int) -> None:
    """Raises UsageError for a batch size that makes no sense."""
    if not 1 <= batch_size <= _MAX_BATCH:
        raise UsageError(f"batch size {batch_size} must lie between 1 and {_MAX_BATCH}")


def refuse_nothing(rows: Sequence[Row], filters: Filters) -> None:
    """Raises UsageError where the filters leave no candidate, saying what there is."""
    if any(value is not None for value in filters) and not admitted(rows, filters, licenses.kind):
        others = admitted(rows, filters._replace(resolution=None), licenses.kind)
        sizes = ", ".join(str(size) for size in sorted({row.resolution for row in others}))
        asked = ", ".join(f"{name} {value}" for name, value in filters._asdict().items() if value is not None)
        hint = f"resolutions with accuracy: {sizes}" if sizes else "leave one of them out"
        raise UsageError(f"no weights with known accuracy match {asked}; {hint}")


def _all(rows: list[Candidate]) -> list[Candidate]:
    return rows


class Grounds(NamedTuple):
    """What is ranked, besides the question: everything of a target that was read from the database."""

    rows: Sequence[Candidate]
    known: Known
    tail: Tail
    notes: tuple[str, ...]


def grounds(
    store: Store,
    profile: Device,
    question: Question,
    latency_stat: str,
    notes: Sequence[str],
    keep: Callable[[list[Candidate]], list[Candidate]] = _all,
) -> Grounds:
    """Estimates of the question's target, made where there are none; `keep` may leave candidates out.

    Raises UsageError, NotEnoughEvidence, StoreError.
    """
    target, batch_size = question.target, question.batch_size
    ensure_estimates(store, target, batch_size)
    rows = keep(store.candidates(target, batch_size))
    refuse_nothing(rows, question.filters)
    tail = tail_of(store, profile.kind, target.runtime, latency_stat)
    rows = tail.rows(rows)
    _require_latency(store, rows, question)
    known, known_notes = known_beside(store, profile, question)
    return Grounds(rows, known, tail, (*notes, *target_notes(profile, question), *tail.notes, *known_notes))


def answer(
    store: Store,
    profile: Device,
    question: Question,
    latency_stat: str,
    notes: Sequence[str],
    keep: Callable[[list[Candidate]], list[Candidate]] = _all,
) -> Recommendation:
    """The answer to a resolved question from what the store holds; `keep` may leave candidates out."""
    found = grounds(store, profile, question, latency_stat, notes, keep)

    def details(row: Candidate) -> Estimate:
        known = store.estimate(question.target, question.batch_size, row.signature, row.resolution)
        if known is None:
            raise StoreError(f"{store.path} changed while it was read; ask again")
        return found.tail.estimate(known)

    return with_guidelines(store, rank(question, found.rows, details, found.known, found.notes))


def ensure_estimates(store: Store, target: Target, batch_size: int) -> None:
    """Compute and keep the estimates of a target at a batch size where there are none. Raises StoreError if they cannot be kept."""
    ensure_all_estimates(store, [(target, batch_size)])


def ensure_all_estimates(
    store: Store, wanted: Sequence[tuple[Target, int]], only: str | None = None, on_progress: Progress = silent
) -> None:
    """The same for many targets, which share the time of loading the evidence; of one architecture if its signature is given."""
    lacking = [
        (target, batch_size) for target, batch_size in wanted if not store.has_estimates(target, batch_size, only)
    ]
    if not lacking:
        return
    if not store.writable:
        raise StoreError(
            f"{store.path} cannot be written and holds no estimates for this target; set ADVISOR_HOME to a writable folder"
        )
    from advisor.predict import estimate_all

    estimate_all(store, lacking, only, on_progress)


def estimates_by_size(store: Store, target: Target, batch_size: int) -> dict[tuple[str, int], Estimate]:
    """(signature, resolution) -> estimate, computed first where there are none. Raises StoreError."""
    ensure_estimates(store, target, batch_size)
    return {(e.signature, e.resolution): e for e in store.estimates(target, batch_size)}


def _require_latency(store: Store, rows: Sequence[Candidate], question: Question) -> None:
    if any(row.latency_ms is not None for row in rows):
        return
    target = question.target
    known = store.estimate(target, question.batch_size, rows[0].signature, rows[0].resolution) if rows else None
    reason = known.latency_reason if known else "the catalogue is empty"
    raise NotEnoughEvidence(
        f"no latency is known for {target.runtime} {target.precision} on {target.device}: {reason}; "
        f"or choose another --runtime or --precision ('advisor devices show {target.device}')"
    )


def target_notes(profile: Device, question: Question) -> list[str]:
    """What a reader of any figure of the target must know."""
    target = question.target
    described = [target.runtime, target.precision, target.compute_unit]
    if target.power_mode:
        described.append(f"power mode {target.power_mode}")
    if target.threads:
        described.append(f"{target.threads} thread{'s' if target.threads > 1 else ''}")
    notes = [f"target: {', '.join(described)}, batch {question.batch_size}", SCOPE_NOTE]
    if target.runtime == "pytorch-eager" and target.compute_unit == "gpu" and question.batch_size <= _LAUNCH_BOUND:
        notes.append(_HOST_NOTE)
    return [*notes, memory_note(profile)]
