"""The two edges of a verdict, and what doubtful budgets may and may not decide."""

from __future__ import annotations

import itertools

import pytest

from advisor.recommend.verdict import DOES_NOT_FIT, FITS, NOT_SETTLED, Checked, judged

CHANCES = (0.0, 0.05, 0.1, 0.5, 0.9, 0.95, 1.0)


def row(name: str, chance: float | None, doubt: str = "") -> Checked:
    return Checked(name, 1.0, chance, doubt, "")


@pytest.mark.parametrize(
    ("chance", "outcome"),
    [
        (0.95, FITS),
        (0.9, FITS),
        (0.89, NOT_SETTLED),
        (0.5, NOT_SETTLED),
        (0.11, NOT_SETTLED),
        (0.1, DOES_NOT_FIT),
        (0.0, DOES_NOT_FIT),
    ],
)
def test_the_edges_are_the_confidence_and_one_less_it(chance, outcome):
    assert judged([row("max_latency_ms", chance)], 0.9)[0] == outcome


@pytest.mark.parametrize("chance", [None, 0.0, 0.5, 1.0])
def test_a_doubtful_budget_alone_settles_nothing(chance):
    assert judged([row("max_latency_ms", chance, "extrapolated")], 0.9)[0] == NOT_SETTLED


def test_a_budget_that_is_surely_missed_settles_it_whatever_is_in_doubt():
    rows = [row("max_latency_ms", 1.0, "extrapolated"), row("max_params", 0.0)]
    assert judged(rows, 0.9)[0] == DOES_NOT_FIT


def test_a_looser_budget_never_turns_fitting_into_not_fitting():
    order = [DOES_NOT_FIT, NOT_SETTLED, FITS]
    for memory, confidence in itertools.product(CHANCES, (0.6, 0.9, 0.99)):
        found = [judged([row("max_latency_ms", c), row("max_memory_mib", memory)], confidence)[0] for c in CHANCES]
        assert found == sorted(found, key=order.index)


def test_the_probability_lies_between_its_bounds():
    for time, memory, doubt in itertools.product((*CHANCES, None), CHANCES, ("", "extrapolated")):
        rows = [
            row("max_latency_ms", time, doubt or ("unknown" if time is None else "")),
            row("max_memory_mib", memory),
        ]
        _, likely, least, most = judged(rows, 0.9)
        assert 0.0 <= least <= likely <= most <= 1.0
