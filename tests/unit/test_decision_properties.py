"""Prices, monotonicity, fronts and balance against brute force over random candidates."""

from __future__ import annotations

from itertools import product

from deciding import TARGET, ask, row
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from advisor.recommend.budgets import Budgets
from advisor.recommend.objectives import OBJECTIVES, objective_named
from advisor.recommend.pareto import dominators, identity
from advisor.recommend.ranking import Question, standing
from advisor.recommend.relaxing import REACH
from advisor.recommend.scoring import Known, score

REPEATABLE = settings(derandomize=True, database=None, deadline=None, max_examples=40)

ROWS = st.lists(
    st.builds(
        lambda accuracy, latency, factor, memory, params, extrapolated, family: (
            accuracy, latency, factor, memory, params, extrapolated, family
        ),
        st.floats(50, 90), st.floats(1, 200), st.floats(1.02, 3), st.floats(50, 4000),
        st.integers(1_000_000, 300_000_000), st.sampled_from([False, False, False, True]), st.sampled_from("abc"),
    ),
    min_size=1,
    max_size=8,
).map(
    lambda parts: [
        row(f"net{i}", accuracy, latency, factor=factor, memory_mib=memory, params=params, extrapolated=extra, family=family)
        for i, (accuracy, latency, factor, memory, params, extra, family) in enumerate(parts)
    ]
)  # fmt: skip
BUDGETS = st.builds(
    Budgets,
    max_latency_ms=st.none() | st.floats(2, 150),
    min_throughput_img_s=st.none() | st.floats(5, 300),
    max_memory_mib=st.none() | st.floats(100, 3000),
    min_accuracy_percent=st.none() | st.floats(50, 88),
    max_params=st.none() | st.floats(2e6, 2e8),
    board_memory_mib=st.none() | st.floats(500, 5000),
    max_power_w=st.none(),
    max_energy_mj=st.none(),
)
CONFIDENCES = st.sampled_from([0.3, 0.5, 0.8, 0.9, 0.99])


def best_of(rows, budgets, confidence, objective="accuracy"):
    """Everything feasible, best first, by scoring all candidates anew."""
    question = Question(TARGET, 1, budgets, confidence, objective=objective)
    return standing(score(rows, budgets, 1, Known()), question).fitting


def tighter(name: str, bound: float, share: float) -> float:
    return bound * (1 + share) if name.startswith("min_") else bound * (1 - share)


def grid(name: str, bound: float) -> list[float]:
    """Every looser bound of two digits within reach; of a tenth of a point for accuracy."""
    if name == "min_accuracy_percent":
        return [tenths / 10 for tenths in range(int(bound * 10), 0, -1) if tenths / 10 < bound]
    numbers = [float(f"{digits}e{power}") for power in range(-4, 10) for digits in range(10, 100)]
    if name.startswith("min_"):
        return [n for n in reversed(numbers) if bound / REACH <= n < bound]
    return [n for n in numbers if bound < n <= bound * REACH]


@REPEATABLE
@given(ROWS, BUDGETS, CONFIDENCES)
def test_what_would_make_it_feasible_is_the_least_change_that_does(rows, budgets, confidence):
    answer = ask(rows, budgets, confidence=confidence)
    assume(not answer.feasible)
    alone = {r.budget: r for r in answer.relaxations if "together" not in r.sentence}
    for name, bound in budgets.stated().items():
        if name in alone:
            there, short = alone[name].bound, tighter(name, alone[name].bound, 1e-6)
            assert alone[name].model in [
                i.row.model for i in best_of(rows, budgets._replace(**{name: there}), confidence)
            ]
            assert not best_of(rows, budgets._replace(**{name: short}), confidence)
        else:
            hopeless = bound * (1e-9 if name.startswith("min_") else 1e9)
            assert not best_of(rows, budgets._replace(**{name: hopeless}), confidence)


@REPEATABLE
@given(ROWS, BUDGETS, CONFIDENCES)
def test_where_no_budget_helps_alone_all_that_are_named_help_together(rows, budgets, confidence):
    answer = ask(rows, budgets, confidence=confidence)
    together = [r for r in answer.relaxations if "together" in r.sentence]
    assume(together)
    moved = budgets._replace(**{r.budget: r.bound for r in together})
    assert together[0].model in [i.row.model for i in best_of(rows, moved, confidence)]


@REPEATABLE
@given(ROWS, BUDGETS, CONFIDENCES, st.sampled_from(sorted(OBJECTIVES)), st.data())
def test_the_steps_of_a_budget_are_those_of_trying_every_bound(rows, budgets, confidence, objective, data):
    assume(budgets.stated())
    name = data.draw(st.sampled_from(sorted(budgets.stated())))
    bound = budgets.stated()[name]
    answer = ask(rows, budgets, confidence=confidence, objective=objective)
    assume(answer.feasible)
    best = objective_named(objective, 50_000, 1)
    last = start = best_of(rows, budgets, confidence, objective)[0]
    expected = []
    for wanted in grid(name, bound):
        fitting = best_of(rows, budgets._replace(**{name: wanted}), confidence, objective)
        better = [i for i in fitting if beats(best, i, start, confidence) and beats(best, i, last, confidence)]
        if better:
            last = better[0]
            expected.append((wanted, last.row.model))
    shown = [(r.bound, r.model) for r in answer.relaxations if r.budget == name]
    assert shown == expected[:3]


def beats(best, item, other, confidence):
    return best.score(item) > best.score(other) and not best.tied(other, item, confidence)


@REPEATABLE
@given(ROWS, BUDGETS, CONFIDENCES)
def test_a_tightening_keeps_rank_1_and_no_stricter_bound_does(rows, budgets, confidence):
    answer = ask(rows, budgets, confidence=confidence)
    assume(answer.feasible)
    first = answer.picks[0].model
    stricter = {t.budget: t for t in answer.tightenings}
    for name, bound in budgets._replace(board_memory_mib=None).stated().items():
        kept = stricter[name].bound if name in stricter else bound
        lost = tighter(name, kept, 1e-6 if name in stricter else 0.03)
        assert best_of(rows, budgets._replace(**{name: kept}), confidence)[0].row.model == first
        after = best_of(rows, budgets._replace(**{name: lost}), confidence)
        assert not after or after[0].row.model != first


@REPEATABLE
@given(ROWS, BUDGETS, CONFIDENCES, st.floats(1.0, 3.0), st.data())
def test_loosening_a_budget_never_lowers_the_best_accuracy_nor_makes_anything_infeasible(
    rows, budgets, confidence, by, data
):
    stated = budgets.stated()
    assume(stated)
    name = data.draw(st.sampled_from(sorted(stated)))
    looser = budgets._replace(**{name: stated[name] / by if name.startswith("min_") else stated[name] * by})
    before, after = best_of(rows, budgets, confidence), best_of(rows, looser, confidence)
    assert {i.row.model for i in before} <= {i.row.model for i in after}
    assert not before or round(after[0].accuracy, 1) >= round(before[0].accuracy, 1)


@REPEATABLE
@given(ROWS, BUDGETS, st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_asking_for_less_confidence_never_makes_anything_infeasible(rows, budgets, one, other):
    strict, lenient = best_of(rows, budgets, max(one, other)), best_of(rows, budgets, min(one, other))
    assert {i.row.model for i in strict} <= {i.row.model for i in lenient}


@REPEATABLE
@given(ROWS)
def test_the_front_is_that_of_comparing_every_pair(rows):
    items = score(rows, Budgets(), 1, Known())

    def costs(item):
        return (-item.accuracy, item.row.latency_ms, item.row.memory_mib)

    def beaten(item, by):
        return costs(item) != costs(by) and all(b <= a for a, b in zip(costs(item), costs(by), strict=True))

    found = dominators(items)
    assert set(found) == {identity(i) for i in items if any(beaten(i, other) for other in items)}
    by_name = {identity(i): i for i in items}
    assert all(beaten(by_name[name], by) for name, by in found.items())


@REPEATABLE
@given(ROWS, st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_the_balanced_order_and_its_ties_do_not_depend_on_units(rows, time, memory):
    scaled = [
        r._replace(
            latency_ms=r.latency_ms * time, latency_low=r.latency_low * time, latency_high=r.latency_high * time,
            memory_mib=r.memory_mib * memory, memory_low=r.memory_low * memory, memory_high=r.memory_high * memory,
        )
        for r in rows
    ]  # fmt: skip
    best = objective_named("balanced", 50_000, 1)
    first, second = (score(r, Budgets(), 1, Known()) for r in (rows, scaled))
    pairs = list(product(zip(first, second, strict=True), repeat=2))
    for (a, b), (c, d) in pairs:
        assert abs((best.score(a) - best.score(c)) - (best.score(b) - best.score(d))) < 1e-9
        assert abs(best.width(a, c, 0.9) - best.width(b, d, 0.9)) < 1e-9
