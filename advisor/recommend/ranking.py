"""Budgets and scored candidates in, a Recommendation out. Pure: the store's rows come as arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.recommend import licenses, reasons
from advisor.recommend.answer import Pick, Recommendation
from advisor.recommend.budgets import Budgets, describe
from advisor.recommend.chance import at_confidence, derived_throughput
from advisor.recommend.relaxing import relaxations
from advisor.recommend.scoring import Filters, Scored, admitted, at_most_per_family, best_per_architecture, score
from advisor.records import Candidate, Estimate, Quantity, Target

_FAMILY_LIMIT = 2
_MIGHT_FIT = 0.3
"""Below this chance a candidate is not worth a measurement."""
_MEASURE_FIRST = 3


@dataclass(frozen=True, slots=True)
class Question:
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
    candidates: Sequence[Candidate],
    estimates: Sequence[Estimate],
    accuracies: Mapping[tuple[str, str, int], tuple[float, str]] | None = None,
    notes: Sequence[str] = (),
) -> Recommendation:
    """Best first: the highest accuracy among candidates whose chance to meet all budgets reaches the confidence."""
    items = score(admitted(candidates, question.filters, licenses.kind), estimates, question.budgets, accuracies)
    fitting = best_per_architecture(i for i in items if i.probability >= question.confidence and not i.extrapolated)
    shown = at_most_per_family(fitting, None if question.everything else _FAMILY_LIMIT)[: question.top]
    return Recommendation(
        device=question.target.device,
        target=question.target,
        batch_size=question.batch_size,
        budgets=question.budgets.stated(),
        confidence=question.confidence,
        picks=tuple(_picked(question, item, rank, shown[0], len(fitting)) for rank, item in enumerate(shown, 1)),
        measure_first=tuple(_unsettled(question, item) for item in _worth_measuring(items, shown, question)),
        relaxations=() if shown else relaxations(items, question.budgets, question.confidence),
        notes=(*notes, *_counts(items, fitting, question)),
    )


def _worth_measuring(items: Sequence[Scored], shown: Sequence[Scored], question: Question) -> list[Scored]:
    """What might beat the best pick but is extrapolated or too uncertain, by chance x accuracy gained."""
    floor = shown[0].top1 if shown else 0.0
    open_ones = [
        i
        for i in items
        if i.top1 > floor and i.probability >= _MIGHT_FIT and (i.extrapolated or i.probability < question.confidence)
    ]
    # One row per architecture: the row that promises most, not the most accurate one.
    open_ones.sort(key=lambda i: (-i.probability * (i.top1 - floor), i.latency_key, i.candidate.weights.model))
    kept: dict[str, Scored] = {}
    for item in open_ones:
        kept.setdefault(item.candidate.signature, item)
    return at_most_per_family(kept.values(), 1)[:_MEASURE_FIRST]


def _picked(question: Question, item: Scored, rank: int, best: Scored, feasible: int) -> Pick:
    return _pick(question, item, rank, reasons.of_pick(item, best, feasible, question.budgets, question.confidence))


def _unsettled(question: Question, item: Scored) -> Pick:
    why = "extrapolated" if item.extrapolated else f"chance {item.probability:.0%} is below {question.confidence:.0%}"
    return _pick(question, item, 0, (why, *reasons.common(item, question.budgets, question.confidence)))


def _pick(question: Question, item: Scored, rank: int, why: tuple[str, ...]) -> Pick:
    candidate, estimate = item.candidate, item.estimate
    weights = candidate.weights
    return Pick(
        rank=rank, model=weights.model, family=candidate.family, weights=weights.tag, license=weights.license,
        license_kind=licenses.kind(weights.license), resolution=weights.resolution, top1=item.top1,
        params_m=candidate.params / 1e6, gmacs=candidate.macs / 1e9, target=question.target, batch_size=question.batch_size,
        latency_ms=_stated(estimate.latency, question.confidence), latency_reason=estimate.latency_reason,
        throughput_img_s=_throughput(estimate, question.confidence),
        memory_mib=_stated(estimate.memory, question.confidence), memory_reason=estimate.memory_reason,
        memory_parts_mib=estimate.memory_parts_mib, probability=item.probability, reasons=why,
        measure_command=measure_command(question.target, weights.model, weights.resolution, question.batch_size),
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
    architectures = {i.candidate.signature for i in items}
    notes = [
        f"{len(fitting)} of {len(architectures)} architectures with known accuracy meet every budget at {question.confidence:.0%}"
    ]
    extrapolated = {i.candidate.signature for i in items if i.extrapolated}
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
    total = len({i.candidate.signature for i in items})
    found = []
    for name, bound in question.budgets.stated().items():
        left = {i.candidate.signature for i in items if i.chances.get(name, 1.0) >= question.confidence}
        if len(left) < total:
            found.append(f"{name} {describe(name, bound)} alone rules out {total - len(left)} of {total} architectures")
    return found
