"""Budgets and scored candidates in, a Recommendation out. Pure: the store's rows come as arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from advisor.recommend import licenses, reasons
from advisor.recommend.answer import Pick, Recommendation
from advisor.recommend.budgets import NO_POWER, TITLES, Budgets, Draw, describe
from advisor.recommend.chance import at_confidence, throughput_of
from advisor.recommend.objectives import Objective, objective_named, tie_groups
from advisor.recommend.pareto import dominators, identity
from advisor.recommend.relaxing import Asked, relaxations, steps, tightenings
from advisor.recommend.scoring import (
    Filters,
    Known,
    Scored,
    Weighed,
    admitted,
    at_most_per_family,
    best_per_architecture,
    score,
)
from advisor.recommend.testsets import TEST_SETS
from advisor.records import MEASURABLE, Candidate, Estimate, Quantity, Target
from advisor.units import format_chance, format_confidence

_FAMILY_LIMIT = 2
_MIGHT_FIT = 0.3
"""Below this chance a candidate is not worth a measurement."""
_MEASURE_FIRST = 3
FULL = ("fp32", "tf32", "fp64")
"""Precisions at which the published accuracy stands."""


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
    objective: str = "accuracy"
    """A key of objectives.OBJECTIVES."""
    accuracy_on: str = "top-1"
    """A key of testsets.TEST_SETS."""

    def best(self) -> Objective:
        """What `best` means here."""
        return objective_named(self.objective, TEST_SETS[self.accuracy_on].images, self.batch_size)

    def asked(self) -> Asked:
        """What the prices of budgets depend on."""
        return Asked(self.budgets, self.confidence, self.batch_size, self.best(), TEST_SETS[self.accuracy_on].label)


class Standing(NamedTuple):
    """Everything feasible, in order, and how it stands to each other."""

    fitting: Sequence[Scored]
    """The best row of each architecture."""
    groups: Sequence[int]
    """Tie group of each of them."""
    beaten_by: Mapping[Weighed, Scored]
    """Candidate -> what dominates it; of all feasible rows, also other sizes and weights."""
    quickest: Scored | None
    """The fastest of all feasible rows that tie with the first, where that is another one."""

    def tied(self) -> list[Scored]:
        """The first tie group."""
        return [item for item, group in zip(self.fitting, self.groups, strict=True) if group == 1]


def standing(items: Sequence[Scored], question: Question) -> Standing:
    """Who is feasible at the confidence, in order of the objective, in which tie group, and beaten by whom."""
    rows, best = [i for i in items if _may_be_picked(i, question)], question.best()
    fitting = best_per_architecture(rows, best.order)
    floor = best.floor(fitting[0], question.confidence) if fitting else 0.0
    tied = [i for i in rows if best.score(i) >= floor and best.tied(fitting[0], i, question.confidence)]
    quickest = min(tied, key=lambda i: i.latency_key, default=None)
    other = None if quickest is None or quickest.latency_key >= fitting[0].latency_key else quickest
    return Standing(fitting, tie_groups(fitting, best, question.confidence), dominators(rows), other)


def feasible(items: Iterable[Scored], question: Question) -> list[Scored]:
    """What may be picked, best first, one row of each architecture."""
    return best_per_architecture((i for i in items if _may_be_picked(i, question)), question.best().order)


def _may_be_picked(item: Scored, question: Question) -> bool:
    return item.probability >= question.confidence and not item.barred


def recommend(
    question: Question,
    rows: Sequence[Candidate],
    details: Callable[[Candidate], Estimate],
    known: Known = Known(),  # noqa: B008 - immutable
    notes: Sequence[str] = (),
) -> Recommendation:
    """Best first by the objective, among candidates whose chance to meet all budgets reaches the confidence.

    `rows` is scored; `details` is asked for the whole estimate of the few rows that are shown.
    """
    items = score(admitted(rows, question.filters, licenses.kind), question.budgets, question.batch_size, known)
    place = standing(items, question)
    fitting, asked = place.fitting, question.asked()
    shown = at_most_per_family(fitting, None if question.everything else _FAMILY_LIMIT)[: question.top]
    show = _Shown(question, details, known, place)
    return Recommendation(
        device=question.target.device,
        target=question.target,
        batch_size=question.batch_size,
        budgets=question.budgets.stated(),
        confidence=question.confidence,
        picks=show.picks(shown),
        measure_first=tuple(show.unsettled(item) for item in _worth_measuring(items, shown, question)),
        relaxations=steps(items, fitting[0], asked) if fitting else relaxations(items, asked),
        notes=(*notes, *_counts(items, fitting, question)),
        tightenings=tightenings(fitting[0], asked) if fitting else (),
        objective=question.objective,
        accuracy_on=question.accuracy_on,
        tied=tuple(f"{i.row.model}.{i.row.tag}".rstrip(".") for i in place.tied()),
        tie_width=_tie_width(fitting, asked),
    )


def _tie_width(fitting: Sequence[Scored], asked: Asked) -> str:
    if not fitting:
        return ""
    return asked.objective.apart(asked.objective.width(fitting[0], fitting[0], asked.confidence))


def _worth_measuring(items: Sequence[Scored], shown: Sequence[Scored], question: Question) -> list[Scored]:
    """What might beat the best pick but is barred or too uncertain, by chance x what would be gained."""
    score = question.best().score
    floor = score(shown[0]) if shown else None
    open_ones = [
        (i.probability * (score(i) - (floor or 0.0)), i)
        for i in items
        if (floor is None or score(i) > floor)
        and i.probability >= _MIGHT_FIT
        and (i.barred or i.probability < question.confidence)
    ]
    # One row per architecture: the row that promises most, not the most accurate one.
    open_ones.sort(key=lambda pair: (-pair[0], pair[1].latency_key, pair[1].row.model))
    kept: dict[str, Scored] = {}
    for _, item in open_ones:
        kept.setdefault(item.row.signature, item)
    return at_most_per_family(kept.values(), 1)[:_MEASURE_FIRST]


class _Shown:
    """Turns the rows that are shown into picks."""

    def __init__(
        self, question: Question, details: Callable[[Candidate], Estimate], known: Known, place: Standing
    ) -> None:
        self._question = question
        self._details = details
        self._known = known
        self._place = place
        self._group = {identity(i): group for i, group in zip(place.fitting, place.groups, strict=True)}

    def picks(self, shown: Sequence[Scored]) -> tuple[Pick, ...]:
        """What fits, best first."""
        return tuple(self._pick(item, rank, shown[0]) for rank, item in enumerate(shown, 1))

    def _pick(self, item: Scored, rank: int, best: Scored) -> Pick:
        question, known, key = self._question, self._details(item.row), identity(item)
        beaten_by, group = self._place.beaten_by.get(key), self._group[key]
        peers = self._place.groups.count(group)
        why = (
            *reasons.of_pick(item, best, len(self._place.fitting), question.asked()),
            *reasons.of_group(group, peers, best, question.best(), question.confidence),
            *reasons.of_quickest(self._place.quickest if item is best else None),
            *reasons.of_front(item, beaten_by),
            *reasons.common(item, known, question.budgets, question.confidence),
            *self._precision(item),
        )
        pick = pick_of(question, item, known, rank, why)
        dominated = "" if beaten_by is None else reasons.named(beaten_by)
        return self._completed(pick, item)._replace(tie_group=group, pareto=not dominated, dominated_by=dominated)

    def _completed(self, pick: Pick, item: Scored) -> Pick:
        target = self._question.target.precision
        checked = identity(item) in self._known.checked or (self._known.accuracies is not None and "int8" in target)
        return pick._replace(accuracy_precision=target if checked or target in FULL else "fp32")

    def _precision(self, item: Scored) -> tuple[str, ...]:
        return reasons.of_precision(item, self._known, self._question.target.precision)

    def unsettled(self, item: Scored) -> Pick:
        """A row of `measure_first`."""
        question, known = self._question, self._details(item.row)
        chance, asked = format_chance(item.probability, question.confidence), format_confidence(question.confidence)
        why = item.barred or f"chance {chance} is below {asked}"
        told = reasons.common(item, known, question.budgets, question.confidence)
        return self._completed(pick_of(question, item, known, 0, (why, *told, *self._precision(item))), item)


def pick_of(question: Question, item: Scored, known: Estimate, rank: int, why: tuple[str, ...]) -> Pick:
    """A candidate with all that is known of it, as an answer shows it."""
    row, draw = item.row, item.draw or Draw()
    return Pick(
        rank=rank, model=row.model, family=row.family, weights=row.tag, license=row.license,
        license_kind=licenses.kind(row.license), resolution=row.resolution, top1=_top1(question, item),
        params_m=row.params / 1e6, gmacs=row.macs / 1e9, target=question.target, batch_size=question.batch_size,
        latency_ms=_stated(known.latency, question.confidence), latency_reason=known.latency_reason,
        throughput_img_s=throughput_of(known, question.confidence),
        memory_mib=_stated(known.memory, question.confidence), memory_reason=known.memory_reason,
        memory_parts_mib=known.memory_parts_mib, probability=item.probability, reasons=why,
        measure_command=measure_command(question.target, row.model, row.resolution, question.batch_size),
        accuracy=item.accuracy, chances=item.chances, power_w=_stated(draw.power_w, question.confidence),
        power_reason="" if draw.power_w else NO_POWER, energy_mj=_stated(draw.energy_mj, question.confidence),
    )  # fmt: skip


def _top1(question: Question, item: Scored) -> float:
    """ImageNet-1k top-1, which at int8 is what was observed there."""
    return item.accuracy if question.accuracy_on == "top-1" else item.row.top1


def _stated(quantity: Quantity | None, confidence: float) -> Quantity | None:
    return None if quantity is None else at_confidence(quantity, confidence)


def measure_command(target: Target, model: str, resolution: int, batch_size: int) -> str:
    """The command that would measure this pick on this target, or take in what another program measured of it."""
    if target.runtime not in MEASURABLE:
        return f"advisor db import FILE  # figures from elsewhere: advisor does not time {target.runtime} itself"
    parts = [
        f"advisor measure {model} --device {target.device} --runtime {target.runtime} --precision {target.precision}",
        f"--resolution {resolution} --batch-sizes {batch_size}",
    ]
    parts += [f"--power-mode {_quoted(target.power_mode)}"] if target.power_mode else []
    parts += [f"--memory-format {target.memory_format}"] if target.memory_format != "nchw" else []
    parts += [f"--threads {target.threads}"] if target.threads else []
    return " ".join(parts)


def _quoted(word: str) -> str:
    """As a shell takes it. Nearly every name is plain, and loading the library takes longer than all else here."""
    if word.replace("_", "").isalnum():
        return word
    import shlex

    return shlex.quote(word)


def _counts(items: Sequence[Scored], fitting: Sequence[Scored], question: Question) -> list[str]:
    architectures, sure = {i.row.signature for i in items}, format_confidence(question.confidence)
    notes = [f"{len(fitting)} of {len(architectures)} architectures with known accuracy meet every budget at {sure}"]
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
