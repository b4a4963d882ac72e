"""Budgets and scored candidates in, a Recommendation out. Pure: the store's rows come as arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from advisor.recommend import licenses, reasons
from advisor.recommend.answer import Pick, Recommendation, Relaxation
from advisor.recommend.budgets import TITLES, Budgets, describe
from advisor.recommend.chance import at_confidence, derived_throughput
from advisor.recommend.scoring import (
    Accuracies,
    Filters,
    Scored,
    admitted,
    at_most_per_family,
    best_per_architecture,
    score,
)
from advisor.records import Candidate, Estimate, Quantity, Target

_FAMILY_LIMIT = 2
_MIGHT_FIT = 0.3
"""Below this chance a candidate is not worth a measurement."""
_MEASURE_FIRST = 3


class Question(NamedTuple):
    """Everything asked, resolved: the target and device exist, the bounds are parsed."""

    target: Target
    batch_size: int
    budgets: Budgets
    confidence: float = 0.9
    top: int = 5
    everything: bool = False
    """No family limit."""
    filters: Filters = Filters()


def recommend(
    question: Question,
    rows: Sequence[Candidate],
    details: Callable[[Candidate], Estimate],
    accuracies: Accuracies | None = None,
    notes: Sequence[str] = (),
) -> Recommendation:
    """Best first: the highest accuracy among candidates whose chance to meet all budgets reaches the confidence.

    `rows` is scored; `details` is asked for the whole estimate of the few rows that are shown.
    """
    items = score(admitted(rows, question.filters, licenses.kind), question.budgets, question.batch_size, accuracies)
    fitting = best_per_architecture(i for i in items if i.probability >= question.confidence and not i.row.extrapolated)
    shown = at_most_per_family(fitting, None if question.everything else _FAMILY_LIMIT)[: question.top]
    show = _Shown(question, details)
    return Recommendation(
        device=question.target.device,
        target=question.target,
        batch_size=question.batch_size,
        budgets=question.budgets.stated(),
        confidence=question.confidence,
        picks=tuple(show.pick(item, rank, shown[0], len(fitting)) for rank, item in enumerate(shown, 1)),
        measure_first=tuple(show.unsettled(item) for item in _worth_measuring(items, shown, question)),
        relaxations=() if shown else _relaxed(items, question),
        notes=(*notes, *_counts(items, fitting, question)),
    )


def _relaxed(items: Sequence[Scored], question: Question) -> tuple[Relaxation, ...]:
    from advisor.recommend.relaxing import relaxations  # only where nothing fits

    return relaxations(items, question.budgets, question.confidence, question.batch_size)


def _worth_measuring(items: Sequence[Scored], shown: Sequence[Scored], question: Question) -> list[Scored]:
    """What might beat the best pick but is extrapolated or too uncertain, by chance x accuracy gained."""
    floor = shown[0].accuracy if shown else 0.0
    open_ones = [
        i
        for i in items
        if i.accuracy > floor
        and i.probability >= _MIGHT_FIT
        and (i.row.extrapolated or i.probability < question.confidence)
    ]
    # One row per architecture: the row that promises most, not the most accurate one.
    open_ones.sort(key=lambda i: (-i.probability * (i.accuracy - floor), i.latency_key, i.row.model))
    kept: dict[str, Scored] = {}
    for item in open_ones:
        kept.setdefault(item.row.signature, item)
    return at_most_per_family(kept.values(), 1)[:_MEASURE_FIRST]


class _Shown:
    """Turns the rows that are shown into picks."""

    def __init__(self, question: Question, details: Callable[[Candidate], Estimate]) -> None:
        self._question = question
        self._details = details

    def pick(self, item: Scored, rank: int, best: Scored, feasible: int) -> Pick:
        """A pick that fits."""
        question, known = self._question, self._details(item.row)
        why = reasons.of_pick(item, known, best, feasible, question.budgets, question.confidence)
        return _pick(question, item, known, rank, why)

    def unsettled(self, item: Scored) -> Pick:
        """A row of `measure_first`."""
        question, known = self._question, self._details(item.row)
        doubt = f"chance {item.probability:.0%} is below {question.confidence:.0%}"
        why = "extrapolated" if item.row.extrapolated else doubt
        return _pick(
            question, item, known, 0, (why, *reasons.common(item, known, question.budgets, question.confidence))
        )


def _pick(question: Question, item: Scored, known: Estimate, rank: int, why: tuple[str, ...]) -> Pick:
    row = item.row
    return Pick(
        rank=rank, model=row.model, family=row.family, weights=row.tag, license=row.license,
        license_kind=licenses.kind(row.license), resolution=row.resolution, top1=item.accuracy,
        params_m=row.params / 1e6, gmacs=row.macs / 1e9, target=question.target, batch_size=question.batch_size,
        latency_ms=_stated(known.latency, question.confidence), latency_reason=known.latency_reason,
        throughput_img_s=_throughput(known, question.confidence),
        memory_mib=_stated(known.memory, question.confidence), memory_reason=known.memory_reason,
        memory_parts_mib=known.memory_parts_mib, probability=item.probability, reasons=why,
        measure_command=measure_command(question.target, row.model, row.resolution, question.batch_size),
    )  # fmt: skip


def _stated(quantity: Quantity | None, confidence: float) -> Quantity | None:
    return None if quantity is None else at_confidence(quantity, confidence)


def _throughput(estimate: Estimate, confidence: float) -> Quantity | None:
    if estimate.latency is None:
        return None
    derived = at_confidence(derived_throughput(estimate.latency, estimate.batch_size), confidence)
    if estimate.throughput_img_s is None:
        return derived
    shift = estimate.throughput_img_s / derived.value
    return Quantity(
        estimate.throughput_img_s,
        derived.low * shift,
        derived.high * shift,
        "measured",
        False,
        estimate.latency.evidence,
    )


def measure_command(target: Target, model: str, resolution: int, batch_size: int) -> str:
    """The command that would measure this pick on this target."""
    parts = [
        f"advisor measure {model} --device {target.device} --runtime {target.runtime} --precision {target.precision}",
        f"--resolution {resolution} --batch-sizes {batch_size}",
    ]
    if target.threads:
        parts.append(f"--threads {target.threads}")
    return " ".join(parts)


def _counts(items: Sequence[Scored], fitting: Sequence[Scored], question: Question) -> list[str]:
    architectures = {i.row.signature for i in items}
    notes = [
        f"{len(fitting)} of {len(architectures)} architectures with known accuracy meet every budget at {question.confidence:.0%}"
    ]
    extrapolated = {i.row.signature for i in items if i.row.extrapolated}
    if extrapolated:
        notes.append(
            f"{len(extrapolated)} architectures are extrapolated (their main operators were never measured on this kind of "
            "device and runtime) and are never picked; the most promising are under 'measure first'"
        )
    if not fitting and items:
        notes.extend(_binding(items, question))
    return notes


def _binding(items: Sequence[Scored], question: Question) -> list[str]:
    """How many architectures each budget rules out by itself."""
    total = len({i.row.signature for i in items})
    found = []
    for name, bound in question.budgets.stated().items():
        left = {i.row.signature for i in items if i.chances.get(name, 1.0) >= question.confidence}
        if len(left) < total:
            found.append(
                f"{TITLES[name]} {describe(name, bound)} alone rules out {total - len(left)} of {total} architectures"
            )
    return found
