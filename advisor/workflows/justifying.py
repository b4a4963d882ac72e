"""why: does one model meet the budgets on a device, by how much not, what would change that, and who is preferred."""

from __future__ import annotations

import math
from collections.abc import Sequence

from advisor import units
from advisor.devices import usable_memory_mib
from advisor.errors import NotEnoughEvidence, StoreError
from advisor.recommend import reasons
from advisor.recommend.answer import Pick
from advisor.recommend.budgets import NO_POWER
from advisor.recommend.changing import Option, least_changes, settings_between, without_precisions_of
from advisor.recommend.findings import Change, Why
from advisor.recommend.guidelines import illustrated
from advisor.recommend.judging import checks, passes, verdict
from advisor.recommend.ranking import FULL, Question
from advisor.recommend.scoring import Scored, score
from advisor.recommend.standing import standing
from advisor.recommend.verdict import FITS, NOT_SETTLED
from advisor.records import Candidate, Device, Estimate, Target
from advisor.store import Store
from advisor.workflows.answering import TargetOptions, checked_batch, ensure_all_estimates, parsed_budgets, target_notes
from advisor.workflows.asking import Asked, asked_model, check_traced, chosen, known_of, rows_on, shown
from advisor.workflows.choosing import chosen_device
from advisor.workflows.knowing import known_beside
from advisor.workflows.preparing import Progress, prepared_store, silent
from advisor.workflows.tails import Tail, checked_statistic, tail_of
from advisor.workflows.targeting import Ways, in_every_mode, neighbours

_BATCHES = (1, 2, 4, 8, 16, 32, 64)


def why(
    model: str,
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
    on_progress: Progress = silent,
) -> Why:
    """Whether `model` (`library/name`, a bare name, or either with `.weights`) meets budgets on a device, and why it is (not) picked.

    Budgets are texts with a unit, as for `recommend`. Raises UsageError, UnknownName; NotEnoughEvidence where the model was not traced at
    the resolution. What is not known about its latency is no error: the verdict says so.
    """
    budgets = parsed_budgets(max_latency, min_throughput, max_memory, min_accuracy, max_params, max_power, max_energy)
    checked_batch(batch_size)
    checked_statistic(latency_stat)
    options = TargetOptions(runtime, precision, power_mode, threads, memory_format)
    with prepared_store(on_progress) as store:
        profile, notes = chosen_device(store, device)
        budgets = budgets._replace(board_memory_mib=usable_memory_mib(profile))
        asked = asked_model(store, model)
        if resolution is not None:
            check_traced(store, asked.model, resolution)
        question = Question(options.on(profile), batch_size, budgets, units.fraction(str(confidence)))
        return _Case(store, profile, question, latency_stat, asked, resolution, notes, on_progress).answer()


class _Case:
    """One question, with what several parts of its answer need."""

    def __init__(
        self, store: Store, profile: Device, question: Question, latency_stat: str, asked: Asked, resolution: int | None,
        notes: Sequence[str], on_progress: Progress,
    ) -> None:  # fmt: skip
        self._store, self._profile, self._question, self._asked = store, profile, question, asked
        self._latency_stat, self._tails = latency_stat, dict[str, Tail]()
        self._progress, self._notes = on_progress, notes
        target, batch_size = question.target, question.batch_size
        ensure_all_estimates(store, [(target, batch_size)], None, on_progress)
        rows = rows_on(store, asked, target, batch_size)
        self._item = self._scored(chosen(store, asked, rows, target, batch_size, resolution), target, batch_size)

    def answer(self) -> Why:
        question, item = self._question, self._item
        known = self._known(item.row, question.target, question.batch_size)
        found = self._verdict(item)
        changes, blocked = ([], []) if found == FITS else self._changes()
        return Why(
            device=self._profile.id, target=question.target, batch_size=question.batch_size,
            budgets=question.budgets.stated(), confidence=question.confidence, verdict=found,
            pick=self._pick(item, known, question.target, question.batch_size),
            checks=checks(item, question.budgets, question.confidence, question.batch_size, self._unknown(known)),
            changes=tuple(map(self._change, changes)),
            standing=standing(item, self._passing(), passes(item, question.confidence), question.best().order),
            notes=(
                *self._notes, *target_notes(self._profile, question), *self._tail(question.target).notes,
                *self._accuracy_notes(), *blocked,
            ),
        )  # fmt: skip

    def _verdict(self, item: Scored) -> str:
        question = self._question
        found = verdict(item, question.confidence, question.batch_size)
        unsafe = "int8" in question.target.precision and math.isnan(item.accuracy)
        return NOT_SETTLED if found == FITS and unsafe else found

    def _tail(self, target: Target) -> Tail:
        if target.runtime not in self._tails:
            self._tails[target.runtime] = tail_of(self._store, self._profile.kind, target.runtime, self._latency_stat)
        return self._tails[target.runtime]

    def _scored(self, row: Candidate, target: Target, batch_size: int) -> Scored:
        question = self._question._replace(target=target, batch_size=batch_size)
        rows = self._tail(target).rows([row])
        return score(rows, self._question.budgets, batch_size, known_of(self._store, self._profile, question))[0]

    def _known(self, row: Candidate, target: Target, batch_size: int) -> Estimate:
        found = self._store.estimate(target, batch_size, row.signature, row.resolution)
        if found is None:
            raise StoreError(f"{self._store.path} changed while it was read; ask again")
        return self._tail(target).estimate(found)

    def _pick(self, item: Scored, known: Estimate, target: Target, batch_size: int) -> Pick:
        question = self._question._replace(target=target, batch_size=batch_size)
        said = reasons.common(item, known, question.budgets, question.confidence)
        told = (*said, *illustrated(self._store.makeup(item.row.model, item.row.resolution)))
        return shown(question, item, known, told)

    def _unknown(self, known: Estimate) -> dict[str, str]:
        precision = self._question.target.precision
        at = f" at {precision}" if "int8" in precision else f" at {self._item.row.resolution} px"
        return {
            "latency": known.latency_reason,
            "memory": known.memory_reason,
            "accuracy": f"none is published{at}",
            "power": NO_POWER,
        }

    def _passing(self) -> list[Scored]:
        """Every candidate on the target that may be picked."""
        question = self._question
        rows = self._tail(question.target).rows(self._store.candidates(question.target, question.batch_size))
        known, _ = known_beside(self._store, self._profile, question)
        items = score(rows, question.budgets, question.batch_size, known)
        return [item for item in items if passes(item, question.confidence)]

    # What would change the verdict.

    def _changes(self) -> tuple[list[Option], list[str]]:
        """The least changes that make it fit, and those that only a precision of unknown accuracy stands in the way of."""
        target, batch_size = self._question.target, self._question.batch_size
        ways = Ways(self._store)
        others = neighbours(ways, self._profile, target)
        batches = [batch for batch in _BATCHES if self._helps(batch)]
        singles = [(target, batch_size), *((t, batch_size) for t in others), *((target, b) for b in batches)]
        options = self._options(singles)
        if not least_changes(self._safe(options), self._question.confidence):
            modes = in_every_mode(self._profile, [t for t in others if t.power_mode == target.power_mode])
            pairs = [(t, batch_size) for t in modes if ways.known(self._profile, t)]
            pairs += [(t, b) for t in in_every_mode(self._profile, [target]) for b in batches]
            options += self._options([pair for pair in dict.fromkeys(pairs) if pair not in singles])
        kept = least_changes(self._safe(options), self._question.confidence)
        unsafe = [o for o in options if o not in self._safe([o]) and passes(o.item, self._question.confidence)]
        return kept, _blocked(without_precisions_of(kept, unsafe)[:1])

    def _helps(self, batch: int) -> bool:
        """Whether a batch size could change the verdict: smaller ones are quicker and smaller, larger ones process more in all."""
        failing = {name for name, chance in self._item.chances.items() if chance < self._question.confidence}
        if batch < self._question.batch_size:
            return bool(failing & {"max_latency_ms", "max_memory_mib", "board_memory_mib"})
        return batch > self._question.batch_size and "min_throughput_img_s" in failing

    def _options(self, where: Sequence[tuple[Target, int]]) -> list[Option]:
        ensure_all_estimates(self._store, where, self._asked.model.signature, self._progress)
        asked = (self._question.target, self._question.batch_size, self._item)
        found = []
        for target, batch_size in where:
            rows = rows_on(self._store, self._asked, target, batch_size)
            known = {row.resolution for row in rows}
            if self._item.row.resolution not in known:
                rows.append(chosen(self._store, self._asked, [], target, batch_size, self._item.row.resolution))
            for item in self._every(rows, target, batch_size):
                found.append(Option(settings_between(asked, (target, batch_size, item)), item, target, batch_size))
        return found

    def _every(self, rows: Sequence[Candidate], target: Target, batch_size: int) -> list[Scored]:
        """All scored; none where a budget rests on nothing there."""
        try:
            return [self._scored(row, target, batch_size) for row in rows]
        except NotEnoughEvidence:
            return []  # not an answer to this question, which goes on with the other targets

    def _safe(self, options: Sequence[Option]) -> list[Option]:
        """Without int8 where accuracy at int8 is not known."""
        return [o for o in options if "int8" not in o.target.precision or not math.isnan(o.item.accuracy)]

    def _change(self, option: Option) -> Change:
        known = self._known(option.item.row, option.target, option.batch_size)
        pick = self._pick(option.item, known, option.target, option.batch_size)
        words = ", ".join(_words(s.name, s.before, s.after) for s in option.settings)
        chance = units.format_chance(option.item.probability, self._question.confidence)
        sentence = f"{words}: {chance} chance to meet every budget{_figures(pick)}"
        return Change(option.settings, pick, self._accuracy_at(option), sentence)

    def _accuracy_at(self, option: Option) -> str:
        """What happens to accuracy, where resolution, weights or precision change."""
        item, precision = option.item, option.target.precision
        said = []
        if math.isnan(item.accuracy):
            return ""
        if math.isnan(self._item.accuracy):
            said.append(f"{item.accuracy:.1f} % top-1")
        elif round(item.accuracy - self._item.accuracy, 1):
            said.append(f"{item.accuracy:.1f} % top-1, {item.accuracy - self._item.accuracy:+.1f} points")
        if precision != self._question.target.precision and precision not in FULL:
            key = (item.row.model, item.row.tag, item.row.resolution)
            checked = self._store.precision_accuracies(precision).get(key)
            said.append(
                f"top-1 was measured at {precision}: {checked[0]:.1f} %"
                if checked
                else f"top-1 is that of full precision; at {precision} it was not checked for these weights"
            )
        return "; ".join(said)

    def _accuracy_notes(self) -> list[str]:
        row = self._item.row
        if math.isnan(self._item.accuracy):
            return [f"no accuracy of {row.model} is known: it can be timed, not ranked"]
        if self._question.target.precision in FULL or "int8" in self._question.target.precision:
            return []
        precision = self._question.target.precision
        checked = (row.model, row.tag, row.resolution) in self._store.precision_accuracies(precision)
        how = "was checked" if checked else "was not checked"
        return [f"accuracy is of the published weights at full precision; at {precision} it {how} for them"]


def _words(name: str, before: str, after: str) -> str:
    unit = " px" if name == "resolution" else ""
    return f"{name} {after}{unit} instead of {before}{unit}"


def _figures(pick: Pick) -> str:
    latency, memory = pick.latency_ms, pick.memory_mib
    found = [] if latency is None else [units.format_ms(latency.value)]
    found += [] if memory is None else [units.format_mib(memory.value)]
    return f" ({', '.join(found)})" if found else ""


def _blocked(options: Sequence[Option]) -> list[str]:
    return [
        f"{o.target.runtime} {o.target.precision} would meet every budget ({o.item.probability:.0%}), but the top-1 of these weights at "
        f"{o.target.precision} is not known: measure it before you rely on it"
        for o in options
    ]
