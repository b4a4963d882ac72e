"""Which candidates are measured, in which order, and when it is enough."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from predicting import device

from advisor.recommend.budgets import Budgets
from advisor.recommend.confirming import Interrupted, confirm, without_rivals
from advisor.recommend.ranking import Question
from advisor.recommend.scoring import Known
from advisor.records import Candidate

TARGET = device("one").default_target


def candidate(number, top1, value, wide, family=None):
    return Candidate(
        f"s{number}", family or f"f{number}", f"timm/m{number}", "w", 224, top1, "mit", 10**6, 10**9,
        value, value / wide, value * wide, False, None, None, None, None,
    )  # fmt: skip


def question(budget=10.0):
    return Question(TARGET, 1, Budgets(max_latency_ms=budget))


def reveal(times):
    """Measures a candidate: it takes what `times` says."""
    return lambda row: row._replace(
        latency_ms=times[row.model], latency_low=times[row.model], latency_high=times[row.model]
    )


def test_it_stops_when_nothing_unmeasured_can_beat_the_best_measured_one():
    rows = [candidate(0, 80.0, 5.0, 1.1), candidate(1, 82.0, 9.0, 1.3), candidate(2, 85.0, 20.0, 1.2)]
    found = confirm(question(), rows, (), reveal({"timm/m0": 5.0, "timm/m1": 9.5, "timm/m2": 20.0}), 5)
    assert [step.row.model for step in found.steps] == ["timm/m1"]
    assert found.settled
    assert found.best.row.model == "timm/m1"
    assert found.best.row.latency_ms == 9.5


def test_a_candidate_that_fails_is_followed_by_the_next_until_one_is_confirmed():
    rows = [candidate(0, 80.0, 5.0, 1.1), candidate(1, 82.0, 9.0, 1.3), candidate(2, 85.0, 20.0, 1.2)]
    found = confirm(question(), rows, (), reveal({"timm/m0": 5.0, "timm/m1": 10.5, "timm/m2": 20.0}), 5)
    assert [step.row.model for step in found.steps] == ["timm/m1", "timm/m0"]
    assert [step.after >= 0.9 for step in found.steps] == [False, True]
    assert found.best.row.model == "timm/m0"


def test_with_one_measurement_left_and_nothing_confirmed_the_safe_one_is_measured():
    rows = [candidate(0, 80.0, 5.0, 1.1), candidate(1, 82.0, 9.9, 1.3)]
    times = reveal({"timm/m0": 5.0, "timm/m1": 9.0})
    assert confirm(question(), rows, (), times, 1).steps[0].row.model == "timm/m0"
    assert confirm(question(), rows, (), times, 2).steps[0].row.model == "timm/m1"


def test_what_is_measured_already_is_not_measured_again_and_counts():
    rows = [candidate(0, 80.0, 5.0, 1.05), candidate(1, 82.0, 30.0, 1.3)]
    found = confirm(question(), rows, {("s0", 224)}, reveal({}), 5)
    assert found.steps == ()
    assert found.best.row.model == "timm/m0"


def test_what_cannot_be_measured_is_no_candidate_any_longer():
    rows = [candidate(0, 80.0, 5.0, 1.1), candidate(1, 82.0, 8.0, 1.1)]
    found = confirm(question(), rows, (), lambda row: None if row.model == "timm/m1" else row, 5)
    assert [step.measured is None for step in found.steps] == [True, False]
    assert found.best.row.model == "timm/m0"


def test_an_interruption_keeps_what_was_measured():
    rows = [candidate(0, 80.0, 5.0, 1.1), candidate(1, 82.0, 9.0, 1.3), candidate(2, 83.0, 9.5, 1.3)]
    seen = []

    def measure(row):
        if seen:
            raise Interrupted
        seen.append(row.model)
        return row._replace(latency_ms=9.0, latency_low=9.0, latency_high=9.0)

    found = confirm(question(), rows, (), measure, 5)
    assert len(found.steps) == 1
    assert not found.settled


def test_a_slow_reading_makes_the_others_slower_and_its_relatives_most():
    rows = [candidate(0, 84.0, 9.0, 1.3, "a"), candidate(1, 83.0, 9.0, 1.3, "a"), candidate(2, 82.0, 9.0, 1.3, "b")]
    found = confirm(question(), rows, (), reveal({f"timm/m{i}": 11.0 for i in range(3)}), 1)
    assert len(found.steps) == 1
    now = {row.model: row for row in found.rows}
    (measured,) = {step.row.model for step in found.steps}
    relative, stranger = ("timm/m1", "timm/m2") if measured == "timm/m0" else ("timm/m0", "timm/m2")
    assert measured != "timm/m2"
    assert now[relative].latency_ms > now[stranger].latency_ms > 9.0
    for name in (relative, stranger):
        assert now[name].latency_high / now[name].latency_ms < 1.3


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(60, 90), st.floats(1, 40), st.floats(1.05, 2), st.floats(-2, 2), st.integers(0, 3)),
        min_size=1, max_size=12,
    ),
    st.integers(1, 14),
)  # fmt: skip
def test_whatever_the_truth_the_best_was_measured_within_the_budget_and_no_more_than_asked(made, most):
    rows = [candidate(n, round(t, 1), value, wide, f"f{f}") for n, (t, value, wide, _, f) in enumerate(made)]
    times = {f"timm/m{n}": v * math.exp(z * math.log(w) / 1.645) for n, (_, v, w, z, _) in enumerate(made)}
    found = confirm(question(), rows, (), reveal(times), most)
    assert len(found.steps) <= most
    measured = [step.row.model for step in found.steps]
    assert len(set(measured)) == len(measured)
    if found.best is not None:
        assert found.best.row.model in measured
        assert times[found.best.row.model] <= 10.0
    keeping = [row.top1 for row in rows if row.model in measured and times[row.model] <= 10.0]
    assert (found.best.accuracy if found.best else None) == pytest.approx(max(keeping, default=None))
    if found.settled:
        assert not found.rivals


def test_unmeasured_rivals_do_not_stand_before_the_confirmed_pick():
    rows = [candidate(0, 80.0, 5.0, 1.1), candidate(1, 82.0, 9.0, 1.3), candidate(2, 79.0, 4.0, 1.1)]
    best = confirm(question(), rows, {("s0", 224)}, reveal({}), 0).best
    assert [row.model for row in without_rivals(question(), rows, {("s0", 224)}, best, Known())] == [
        "timm/m0",
        "timm/m2",
    ]
