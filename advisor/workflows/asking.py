"""The one model that a question is about: which weights, at which resolution, and what is known of it on a target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from advisor.errors import NotEnoughEvidence, UnknownName, UsageError
from advisor.recommend.answer import Pick
from advisor.recommend.ranking import FULL, Question, pick_of
from advisor.recommend.scoring import Known, Scored
from advisor.records import Candidate, Device, Estimate, Model, Quantity, Target
from advisor.store import Store
from advisor.workflows.answering import ensure_all_estimates
from advisor.workflows.knowing import known_beside
from advisor.workflows.subjects import not_traced


class Asked(NamedTuple):
    """A model as a person names it."""

    model: Model
    tag: str | None
    """Weights; None = the most accurate at the resolution."""


def known_of(store: Store, device: Device, question: Question) -> Known:
    """What counts beside the rows of `rows_on`, which carry the accuracy at int8 themselves."""
    known, _ = known_beside(store, device, question)
    return known._replace(accuracies=None)


def shown(question: Question, item: Scored, known: Estimate, reasons: tuple[str, ...]) -> Pick:
    """A candidate as answers show it, with the precision at which its accuracy stands."""
    precision = question.target.precision
    stands = precision in FULL or "int8" in precision
    return pick_of(question, item, known, 0, reasons)._replace(accuracy_precision=precision if stands else "fp32")


def asked_model(store: Store, name: str) -> Asked:
    """`library/name`, a bare name, or either with `.weights` as answers print it. Raises UnknownName, UsageError."""
    try:
        return Asked(store.model(name), None)
    except UnknownName:
        head, dot, tag = name.rpartition(".")
        if not dot:
            raise
        model = store.model(head)
    tags = sorted({weights.tag for weights in store.weights(model.name)})
    if tag not in tags:
        known = f"known: {', '.join(tags)}" if tags else "none are known"
        raise UsageError(f"{model.name} has no weights {tag!r}; {known}")
    return Asked(model, tag)


def check_traced(store: Store, model: Model, size: int) -> None:
    """Raises NotEnoughEvidence where the complexity of a model is not known at a resolution, before time is spent on it."""
    if size not in store.complexity(model.signature):
        raise NotEnoughEvidence(not_traced(store, model, size))


def rows_on(store: Store, asked: Asked, target: Target, batch_size: int) -> list[Candidate]:
    """The model's weights on a target, at every resolution with a known accuracy; top1 is NaN where it is not known at int8."""
    ensure_all_estimates(store, [(target, batch_size)], asked.model.signature)
    rows = store.candidates_of(target, batch_size, asked.model.signature)
    rows = [row for row in rows if row.model == asked.model.name and asked.tag in (None, row.tag)]
    if "int8" not in target.precision:
        return rows
    known = store.precision_accuracies("int8")
    return [r._replace(top1=known.get((r.model, r.tag, r.resolution), (math.nan, ""))[0]) for r in rows]


def chosen(
    store: Store, asked: Asked, rows: Sequence[Candidate], target: Target, batch_size: int, resolution: int | None
) -> Candidate:
    """The row asked about: at the resolution given or the model's own, the most accurate weights; without accuracy if none is published.

    Raises NotEnoughEvidence where the model was never traced at the resolution.
    """
    size = asked.model.default_resolution if resolution is None else resolution
    here = [row for row in rows if row.resolution == size]
    if not here and resolution is None and rows:
        here = [row for row in rows if row.resolution == max(rows, key=_accuracy).resolution]
    return max(here, key=_accuracy) if here else _unrated(store, asked.model, target, batch_size, size)


def _accuracy(row: Candidate) -> float:
    return -1.0 if math.isnan(row.top1) else row.top1


def _unrated(store: Store, model: Model, target: Target, batch_size: int, size: int) -> Candidate:
    """A model whose accuracy nobody published at this size: time and memory can be asked for all the same."""
    known = store.estimate(target, batch_size, model.signature, size)
    totals = store.complexity(model.signature).get(size)
    if known is None or totals is None:
        raise NotEnoughEvidence(not_traced(store, model, size))
    latency, memory = _interval(known.latency), _interval(known.memory)
    unsure = known.latency is not None and known.latency.extrapolated
    return Candidate(
        model.signature, model.family, model.name, "", size, math.nan, "unknown", totals.params, totals.macs, *latency, unsure,
        known.throughput_img_s, *memory,
    )  # fmt: skip


def _interval(found: Quantity | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if found is None else (found.value, found.low, found.high)
