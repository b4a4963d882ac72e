"""Answers one question after another about one target: the database is read once, every further answer is ranked in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from advisor import units
from advisor.devices import usable_memory_mib
from advisor.errors import StoreError
from advisor.recommend import reasons
from advisor.recommend.answer import Pick, Recommendation
from advisor.recommend.charts import Chart
from advisor.recommend.panels import Scene, pareto_notes, pareto_panel
from advisor.recommend.ranking import Question
from advisor.recommend.ranking import pick_of as ranked_pick
from advisor.recommend.ranking import recommend as rank
from advisor.recommend.scoring import score
from advisor.records import Candidate, Device, Estimate
from advisor.units import format_chance, format_confidence
from advisor.workflows.answering import Grounds, TargetOptions, checked_batch, grounds, refuse_nothing
from advisor.workflows.choosing import chosen_device
from advisor.workflows.knowing import known_beside
from advisor.workflows.preparing import Progress, prepared_store, silent
from advisor.workflows.questioning import Asked


class Loaded(NamedTuple):
    """A target with everything that is known on it."""

    place: tuple[object, ...]
    """Of the question it was loaded for."""
    device: Device
    question: Question
    """That it was loaded for; target, batch size and test set hold for every further one."""
    grounds: Grounds
    estimates: Mapping[tuple[str, int], Estimate]
    """By signature and resolution."""

    def estimate(self, row: Candidate) -> Estimate:
        """What is known of a candidate. Raises StoreError where the database was changed while it was read."""
        known = self.estimates.get((row.signature, row.resolution))
        if known is None:
            raise StoreError("the database changed while it was read; ask again")
        return self.grounds.tail.estimate(known)


def load(asked: Asked, on_progress: Progress = silent) -> Loaded:
    """Read what every answer about the asked target needs. Raises UsageError, NotEnoughEvidence, StoreError, DataError."""
    checked_batch(asked.batch_size)
    options = TargetOptions(asked.runtime or None, asked.precision or None, asked.power_mode or None)
    with prepared_store(on_progress) as store:
        profile, notes = chosen_device(store, asked.device or None)
        target = options.on(profile)
        budgets = asked.budgets(usable_memory_mib(profile))
        question = Question(target, asked.batch_size, budgets, objective=asked.objective, accuracy_on=asked.accuracy_on)
        found = grounds(store, profile, question, asked.latency_stat, notes)
        estimates = {(e.signature, e.resolution): e for e in store.estimates(target, asked.batch_size)}
        return Loaded(asked.place, profile, question, found, estimates)


def answer(loaded: Loaded, asked: Asked, top: int = 5) -> Recommendation:
    """The answer to a question about what was loaded; no database, no files. Raises UsageError."""
    question = question_of(loaded, asked, top)
    refuse_nothing(loaded.grounds.rows, question.filters)
    return rank(question, loaded.grounds.rows, loaded.estimate, loaded.grounds.known, loaded.grounds.notes)


def front(loaded: Loaded, asked: Asked, accuracy: str) -> Chart:
    """Accuracy against latency under the question's budgets, with the front. Raises UsageError, NotEnoughEvidence."""
    question = question_of(loaded, asked)
    refuse_nothing(loaded.grounds.rows, question.filters)
    known, notes = loaded.grounds.known, loaded.grounds.notes
    if accuracy != question.accuracy_on:
        with prepared_store() as store:
            known, notes = known_beside(store, loaded.device, question._replace(accuracy_on=accuracy))
    scene = Scene(question.target, question.batch_size, loaded.grounds.rows, loaded.estimates, accuracy, known)
    panel = pareto_panel(scene, question.budgets, question.confidence, question.filters)
    said = (*pareto_notes(panel, question.budgets, question.confidence), *notes)
    return Chart("pareto", f"Accuracy ({accuracy}) against latency", accuracy, (panel,), notes=said)


def pick_of(loaded: Loaded, asked: Asked, key: str) -> Pick | None:
    """Any candidate as it is judged under the question's budgets, by `model weights resolution`; None where it is unknown."""
    question = question_of(loaded, asked)
    rows = [row for row in loaded.grounds.rows if f"{row.model} {row.tag} {row.resolution}" == key]
    for item in score(rows, question.budgets, question.batch_size, loaded.grounds.known):
        known = loaded.estimate(item.row)
        chance = format_chance(item.probability, question.confidence)
        doubt = f"chance {chance} to meet all budgets, {format_confidence(question.confidence)} is asked"
        why = reasons.common(item, known, question.budgets, question.confidence)
        return ranked_pick(question, item, known, 0, (*([item.barred] if item.barred else []), doubt, *why))
    return None


def question_of(loaded: Loaded, asked: Asked, top: int = 5) -> Question:
    """The question in canonical units. Raises UsageError."""
    return loaded.question._replace(
        budgets=asked.budgets(loaded.question.budgets.board_memory_mib),
        confidence=units.fraction(asked.confidence),
        top=top,
        everything=asked.everything,
        filters=asked.filters(),
        objective=asked.objective,
    )
