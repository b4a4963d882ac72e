"""The rules of a recommendation, on hand-made candidates."""

from __future__ import annotations

import pytest
from scipy.special import stdtrit

from advisor.recommend import licenses
from advisor.recommend.budgets import Budgets, chances, overall
from advisor.recommend.chance import at_confidence, bound_for, chance_at_most, half_width_of, z_of
from advisor.recommend.ranking import Question, measure_command, recommend
from advisor.recommend.scoring import Filters, Known
from advisor.records import Candidate, Estimate, Quantity, Target

TARGET = Target("board", "gpu", "MAXN", "tensorrt", "fp16")


def spread(value: float, factor: float = 1.1, basis: str = "calibrated", extrapolated: bool = False) -> Quantity:
    return Quantity(value, value / factor, value * factor, basis, extrapolated, ("some_source",))


def row(
    name: str,
    top1: float,
    latency_ms: float | None,
    *,
    factor: float = 1.1,
    extrapolated: bool = False,
    memory_mib: float = 500.0,
    throughput: float | None = None,
    signature: str = "",
    family: str = "",
    resolution: int = 224,
    license: str = "apache-2.0",
) -> Candidate:
    edges = (None, None) if latency_ms is None else (latency_ms / factor, latency_ms * factor)
    return Candidate(
        signature or f"sig-{name}", family or name, f"timm/{name}", "in1k", resolution, top1, license, 10_000_000,
        2_000_000_000, latency_ms, *edges, extrapolated, throughput, memory_mib, memory_mib / 1.2, memory_mib * 1.2,
    )  # fmt: skip


def details(c: Candidate) -> Estimate:
    latency = None
    if c.latency_ms is not None:
        latency = Quantity(c.latency_ms, c.latency_low, c.latency_high, "calibrated", c.extrapolated, ("some_source",))
    return Estimate(
        c.signature, c.resolution, 1, latency, "" if latency else "nothing like it was measured", c.throughput_img_s,
        spread(c.memory_mib, 1.2, "predicted"), "", {"weights": 100.0, "activations": 100.0, "runtime": 300.0},
    )  # fmt: skip


def ask(rows: list[Candidate], budgets: Budgets, **kw):
    return recommend(Question(TARGET, 1, budgets, **kw), rows, details)


def names(picks) -> list[str]:
    return [p.model.removeprefix("timm/") for p in picks]


def test_the_most_accurate_candidate_that_surely_fits_is_first():
    answer = ask([row("slow", 85, 100), row("good", 80, 20), row("fast", 70, 5)], Budgets(max_latency_ms=50))
    assert names(answer.picks) == ["good", "fast"]
    assert [p.rank for p in answer.picks] == [1, 2]
    assert answer.feasible


def test_a_candidate_below_the_confidence_is_not_picked_but_offered_for_measurement():
    answer = ask([row("maybe", 85, 49, factor=1.5), row("sure", 80, 20)], Budgets(max_latency_ms=50))
    assert names(answer.picks) == ["sure"]
    assert names(answer.measure_first) == ["maybe"]
    assert 0.5 < answer.measure_first[0].probability < 0.9


def test_an_extrapolated_candidate_is_never_picked_however_surely_it_fits():
    answer = ask([row("vit", 85, 1, extrapolated=True), row("cnn", 75, 20)], Budgets(max_latency_ms=50))
    assert names(answer.picks) == ["cnn"]
    assert names(answer.measure_first) == ["vit"]
    assert "advisor measure timm/vit --device board" in answer.measure_first[0].measure_command


def test_what_is_not_timed_by_this_program_is_settled_by_figures_from_elsewhere():
    said = measure_command(Target("board", "cpu", "", "ncnn", "mixed"), "timm/vit", 224, 1)
    assert said.startswith("advisor db import FILE  #")
    assert "ncnn" in said


def test_what_is_less_accurate_than_the_best_pick_is_not_worth_a_measurement():
    answer = ask([row("vit", 70, 1, extrapolated=True), row("cnn", 75, 20)], Budgets(max_latency_ms=50))
    assert answer.measure_first == ()


def test_equal_accuracy_is_settled_by_latency():
    answer = ask([row("slower", 80.02, 30), row("faster", 80.0, 20)], Budgets(max_latency_ms=50))
    assert names(answer.picks) == ["faster", "slower"]


def test_one_architecture_is_one_row_with_its_best_weights():
    rows = [row("a", 78, 10, signature="same"), row("b", 81, 10, signature="same")]
    answer = ask(rows, Budgets(max_latency_ms=50))
    assert names(answer.picks) == ["b"]


def test_the_same_architecture_may_fit_at_a_smaller_resolution_only():
    rows = [row("net", 84, 90, signature="s", resolution=384), row("net", 82, 30, signature="s", resolution=224)]
    answer = ask(rows, Budgets(max_latency_ms=50))
    assert [(p.resolution, p.top1) for p in answer.picks] == [(224, 82)]


def test_at_most_two_rows_of_a_family_unless_all_are_asked_for():
    rows = [row(f"net{i}", 80 + i, 20, family="net") for i in range(4)] + [row("other", 70, 20)]
    assert names(ask(rows, Budgets()).picks) == ["net3", "net2", "other"]
    assert len(ask(rows, Budgets(), everything=True).picks) == 5


def test_the_memory_of_the_board_is_always_a_budget():
    answer = ask([row("huge", 85, 10, memory_mib=9000), row("small", 70, 10)], Budgets(board_memory_mib=8000))
    assert names(answer.picks) == ["small"]


def test_throughput_is_batch_over_latency_unless_it_was_measured():
    derived = ask([row("net", 80, 10)], Budgets(min_throughput_img_s=150))
    measured = ask([row("net", 80, 10, throughput=200.0)], Budgets(min_throughput_img_s=150))
    assert not derived.picks
    assert measured.picks[0].throughput_img_s.value == 200.0
    assert measured.picks[0].throughput_img_s.basis == "measured"


@pytest.mark.parametrize(
    ("budgets", "fits"),
    [
        (Budgets(min_accuracy_percent=81), False),
        (Budgets(min_accuracy_percent=80), True),
        (Budgets(max_params=9e6), False),
        (Budgets(max_params=10e6), True),
    ],
)
def test_accuracy_and_parameters_are_hard_bounds_met_at_equality(budgets, fits):
    assert ask([row("net", 80, 10)], budgets).feasible is fits


def test_nothing_feasible_names_each_budget_that_could_give_and_what_it_would_take():
    answer = ask([row("accurate", 85, 100), row("fast", 70, 5)], Budgets(max_latency_ms=50, min_accuracy_percent=80))
    assert not answer.feasible
    by_budget = {r.budget: r for r in answer.relaxations}
    assert set(by_budget) == {"max_latency_ms", "min_accuracy_percent"}
    assert by_budget["max_latency_ms"].model == "timm/accurate"
    assert by_budget["min_accuracy_percent"].needed == "70.0 %"
    assert any("alone rules out 1 of 2" in note for note in answer.notes)


def test_a_relaxed_budget_does_admit_the_model_it_names():
    rows = [row("net", 85, 100)]
    needed = ask(rows, Budgets(max_latency_ms=50)).relaxations[0].needed
    assert names(ask(rows, Budgets(max_latency_ms=float(needed.split()[0]))).picks) == ["net"]


def test_where_no_single_budget_helps_the_nearest_candidate_says_all_it_needs():
    answer = ask([row("far", 70, 500), row("near", 75, 60)], Budgets(max_latency_ms=5, min_accuracy_percent=80))
    assert {r.budget for r in answer.relaxations} == {"max_latency_ms", "min_accuracy_percent"}
    assert {r.model for r in answer.relaxations} == {"timm/near"}
    assert all("together with" in r.sentence for r in answer.relaxations)


def test_unknown_latency_never_meets_a_latency_budget_but_stays_an_answer_without_one():
    rows = [row("net", 80, None)]
    assert not ask(rows, Budgets(max_latency_ms=50)).feasible
    pick = ask(rows, Budgets()).picks[0]
    assert pick.latency_ms is None
    assert pick.latency_reason == "nothing like it was measured"


def test_non_commercial_and_unknown_licences_are_marked_and_filtered():
    rows = [row("nc", 85, 10, license="cc-by-nc-4.0"), row("what", 82, 10, license="unknown"), row("free", 80, 10)]
    answer = ask(rows, Budgets())
    assert any("NON-COMMERCIAL" in reason for reason in answer.picks[0].reasons)
    assert any("UNKNOWN" in reason for reason in answer.picks[1].reasons)
    assert names(ask(rows, Budgets(), filters=Filters(license="permissive")).picks) == ["free"]


def test_every_reason_of_the_first_pick_carries_a_number():
    answer = ask([row("net", 80, 10), row("other", 70, 5)], Budgets(max_latency_ms=50, board_memory_mib=8000))
    assert all(any(ch.isdigit() for ch in reason) for reason in answer.picks[0].reasons)


def test_accuracy_at_another_precision_replaces_the_published_one():
    rows = [row("kept", 80, 10), row("dropped", 85, 10)]
    found = recommend(
        Question(TARGET, 1, Budgets()),
        rows,
        details,
        Known({("timm/kept", "in1k", 224): (77.5, "src")}),
    )
    assert [(p.model, p.top1) for p in found.picks] == [("timm/kept", 77.5)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("apache-2.0", "permissive"),
        ("mit", "permissive"),
        ("cc-by-nc-4.0", "non-commercial"),
        ("", "unknown"),
        ("gpl-3.0", "other"),
    ],
)
def test_licences_are_sorted_by_what_they_allow(name, kind):
    assert licenses.kind(name) == kind


def test_the_chance_follows_the_90_percent_interval():
    assert chance_at_most(10.0, 8.0, 12.0, 12.0) == pytest.approx(0.95, abs=1e-6)
    assert chance_at_most(10.0, 8.0, 12.0, 8.0) == pytest.approx(0.05, abs=1e-6)
    assert chance_at_most(10.0, 8.0, 12.0, 10.0) == pytest.approx(0.5)
    assert chance_at_most(None, None, None, 10.0) == 0.0


def test_the_interval_is_restated_at_the_asked_confidence():
    q = Quantity(10.0, 8.0, 12.0, "predicted")
    narrow, same = at_confidence(q, 0.5), at_confidence(q, 0.9)
    assert (same.low, same.high) == pytest.approx((8.0, 12.0))
    assert 8.0 < narrow.low < 10.0 < narrow.high < 12.0


def test_bound_for_inverts_the_chance():
    for chance in (0.002, 0.07, 0.3, 0.5, 0.93, 0.998):
        assert chance_at_most(10.0, 8.0, 13.0, bound_for(10.0, 8.0, 13.0, chance)) == pytest.approx(chance, abs=1e-6)
    assert chance_at_most(10.0, 8.0, 13.0, bound_for(10.0, 8.0, 13.0, 1 - 1e-7)) == 1.0
    assert 1e-6 <= chance_at_most(10.0, 8.0, 13.0, bound_for(10.0, 8.0, 13.0, 1e-6)) < 0.002


def test_z_of_ninety_percent():
    assert z_of(0.9) == pytest.approx(1.6448536, abs=1e-6)


@pytest.mark.parametrize("confidence", [0.0, 0.5, 0.8, 0.9, 0.95, 0.99])
def test_intervals_have_the_quantiles_of_students_t_with_three_degrees_of_freedom(confidence):
    times = stdtrit(3, 0.5 + confidence / 2) / stdtrit(3, 0.95)
    assert half_width_of(confidence) == pytest.approx(times, abs=1e-6)
    assert chance_at_most(10.0, 8.0, 12.5, 10 * 1.25**times) == pytest.approx(0.5 + confidence / 2, abs=1e-6)


def test_four_half_widths_away_counts_as_certain_or_hopeless():
    assert half_width_of(0.9999) == 4.0
    assert chance_at_most(10.0, 8.0, 12.5, 10 * 1.25**4.01) == 1.0
    assert chance_at_most(10.0, 8.0, 12.5, 10 * 0.8**4.01) == 0.0


def test_two_bounds_on_one_quantity_count_once():
    found = {"max_latency_ms": 0.9, "min_throughput_img_s": 0.8, "max_memory_mib": 0.5}
    assert overall(found) == pytest.approx(0.4)


def test_chances_are_zero_where_an_index_is_unknown():
    blind = row("net", 80, None)._replace(memory_mib=None, memory_low=None, memory_high=None)
    assert chances(Budgets(max_latency_ms=1, max_memory_mib=1).stated(), 1)(blind, 80, None) == {
        "max_latency_ms": 0.0,
        "max_memory_mib": 0.0,
    }


def test_a_certain_quantity_divides_nothing_by_zero():
    assert chance_at_most(5.0, 5.0, 5.0, 6.0) == 1.0
    assert chance_at_most(5.0, 5.0, 5.0, 5.0) == pytest.approx(0.5)
