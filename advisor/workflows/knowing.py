"""What a recommendation needs to know beside the candidates: accuracy on other sets and precisions, doubts, power."""

from __future__ import annotations

from collections.abc import Mapping

from advisor.errors import NotEnoughEvidence
from advisor.recommend.budgets import Draw
from advisor.recommend.ranking import FULL, Question
from advisor.recommend.scoring import Accuracies, Known
from advisor.recommend.testsets import TEST_SETS
from advisor.records import Device
from advisor.store import Store


def known_beside(store: Store, device: Device, question: Question) -> tuple[Known, tuple[str, ...]]:
    """All of it, and notes on it. Raises NotEnoughEvidence where a budget or precision rests on nothing."""
    precision, named = question.target.precision, TEST_SETS[question.accuracy_on]
    checked = {} if precision in FULL else store.precision_accuracies("int8" if "int8" in precision else precision)
    notes: list[str] = []
    replaced = None
    if "int8" in precision:
        replaced = _at_int8(checked, question.accuracy_on)
        notes.append(f"int8: only the {len(checked)} sets of weights with accuracy measured at int8 are considered")
    elif question.accuracy_on != "top-1":
        replaced = store.accuracies(named.column)
        notes.append(f"accuracy is {named.title}, known for {len(replaced)} sets of weights; the others are left out")
    if precision not in FULL and replaced is not checked:
        notes.append(_full_precision(precision, checked))
    doubts = {} if "int8" in precision else store.precision_doubts(question.target.runtime, precision)
    found, told = _power(store, device, question)
    return Known(replaced, {} if replaced is checked else checked, doubts, found), (*notes, *told)


def _power(store: Store, device: Device, question: Question) -> tuple[Mapping[tuple[str, int], Draw], list[str]]:
    rows = store.power(question.target, question.batch_size)
    if not rows and question.budgets.max_power_w is None and question.budgets.max_energy_mj is None:
        return {}, []
    from advisor.recommend.powering import draws, power_advice  # most answers have nothing to do with power

    found = draws(rows, question.batch_size)
    return found, power_advice(device, question.target, question.budgets, found)


def _at_int8(checked: Accuracies, accuracy_on: str) -> Accuracies:
    """Accuracy observed at int8, which alone may recommend int8."""
    if accuracy_on != "top-1":
        raise NotEnoughEvidence(
            f"accuracy at int8 is known as top-1 only, not on {accuracy_on}; ask for fp16 or for top-1"
        )
    if not checked:
        raise NotEnoughEvidence("no accuracy at int8 is known: int8 is recommended only with evidence; ask for fp16")
    return checked


def _full_precision(precision: str, checked: Accuracies) -> str:
    return f"accuracy is of the published weights at full precision; at {precision} it was checked for {len(checked)} of them"
