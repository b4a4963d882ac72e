"""Ties, the front, prices, objectives, power and doubtful precisions, on hand-made candidates."""

from __future__ import annotations

import math

import pytest
from deciding import TARGET, ask, names, row

from advisor.errors import NotEnoughEvidence, UsageError
from advisor.recommend.budgets import Budgets, Draw, chance_needed
from advisor.recommend.objectives import OBJECTIVES, objective_named
from advisor.recommend.powering import draws, power_advice
from advisor.recommend.scoring import Known, score
from advisor.recommend.testsets import TEST_SETS, sampling_sd
from advisor.records import Device, PowerMode, Quantity
from advisor.store.candidates import PowerRow
from advisor.units import energy_mj, format_mj, power_w


def test_picks_closer_than_the_noise_of_the_test_set_are_one_group():
    rows = [row("first", 80.0, 30), row("close", 79.8, 20), row("apart", 79.0, 10)]
    answer = ask(rows, Budgets())
    assert [(p.tie_group, n) for p, n in zip(answer.picks, names(answer.picks), strict=True)] == [
        (1, "first"),
        (1, "close"),
        (2, "apart"),
    ]
    assert answer.tied == ("timm/first.in1k", "timm/close.in1k")
    assert answer.tie_width == "0.32 points"
    assert any("ties with 1 more" in reason for reason in answer.picks[0].reasons)


def test_the_first_pick_says_what_is_as_good_and_faster():
    rows = [row("net", 80.0, 30, resolution=288), row("net", 79.9, 20), row("apart", 79.0, 10)]
    reasons = ask(rows, Budgets()).picks[0].reasons
    assert "as good within the noise, and faster: timm/net.in1k at 224 px, 79.9 %, 20.0 ms, 500 MiB" in reasons


def test_a_chain_of_small_steps_is_not_one_group():
    answer = ask([row(f"net{i}", 80 - 0.2 * i, 10) for i in range(5)], Budgets())
    assert [p.tie_group for p in answer.picks] == [1, 1, 2, 2, 3]


def test_the_noise_of_an_accuracy_is_binomial_and_smaller_test_sets_tie_more():
    assert sampling_sd(80, 80, 50_000) == pytest.approx(100 * math.sqrt(2 * 0.8 * 0.2 / 50_000))
    rows = [row("first", 80.0, 30), row("second", 79.5, 20)]
    assert [p.tie_group for p in ask(rows, Budgets()).picks] == [1, 2]
    assert [p.tie_group for p in ask(rows, Budgets(), accuracy_on="v2").picks] == [1, 1]


def test_the_tie_group_lists_everything_feasible_not_only_what_is_shown():
    rows = [row(f"net{i}", 80.0, 10 + i, family="net") for i in range(4)]
    answer = ask(rows, Budgets())
    assert len(answer.picks) == 2
    assert len(answer.tied) == 4


def test_latencies_tie_by_their_intervals():
    wide = [row("a", 70, 10, factor=2.0), row("b", 71, 13, factor=2.0)]
    narrow = [row("a", 70, 10, factor=1.05), row("b", 71, 13, factor=1.05)]
    assert [p.tie_group for p in ask(wide, Budgets(), objective="latency").picks] == [1, 1]
    assert [p.tie_group for p in ask(narrow, Budgets(), objective="latency").picks] == [1, 2]


@pytest.mark.parametrize(
    ("objective", "order"),
    [
        ("accuracy", ["best", "even", "fast", "small"]),
        ("latency", ["fast", "even", "small", "best"]),
        ("throughput", ["fast", "even", "small", "best"]),
        ("memory", ["small", "even", "fast", "best"]),
        ("balanced", ["even", "fast", "best", "small"]),
    ],
)
def test_each_objective_orders_by_what_it_says(objective, order):
    rows = [
        row("best", 84, 100, memory_mib=2000),
        row("fast", 74, 5, memory_mib=900),
        row("small", 70, 30, memory_mib=200),
        row("even", 81, 10, memory_mib=500),
    ]
    assert names(ask(rows, Budgets(), objective=objective).picks) == order


def test_a_doubled_cost_is_worth_five_percent_of_accuracy_when_balanced():
    cheap, dear = row("cheap", 70.0, 10, memory_mib=100), row("dear", 70.0 * 2**0.07, 20, memory_mib=200)
    first, second = score([cheap, dear], Budgets(), 1, Known())
    balanced = objective_named("balanced", 50_000, 1)
    assert balanced.score(first) == pytest.approx(balanced.score(second))


@pytest.mark.parametrize("objective", sorted(OBJECTIVES))
def test_what_is_unknown_comes_last_and_breaks_nothing(objective):
    rows = [row("blind", 60, None), row("seen", 80, 10)]
    assert names(ask(rows, Budgets(), objective=objective).picks)[0] == "seen"


def test_a_dominated_pick_says_by_whom_and_the_front_does_not():
    rows = [row("good", 80, 10, memory_mib=400), row("worse", 79, 12, memory_mib=500), row("quick", 70, 5)]
    answer = ask(rows, Budgets())
    assert {n: p.pareto for p, n in zip(answer.picks, names(answer.picks), strict=True)} == {
        "good": True,
        "worse": False,
        "quick": True,
    }
    worse = answer.picks[1]
    assert worse.dominated_by == "timm/good.in1k at 224 px"
    assert "dominated by timm/good.in1k at 224 px: 80.0 %, 10.0 ms, 400 MiB" in worse.reasons


def test_what_does_not_fit_dominates_nothing():
    rows = [row("maybe", 85, 49, factor=1.5, memory_mib=100), row("sure", 80, 48, factor=1.01)]
    assert ask(rows, Budgets(max_latency_ms=50)).picks[0].pareto


def test_a_step_says_what_a_little_more_would_buy():
    answer = ask([row("now", 80, 40), row("next", 81.8, 48), row("far", 84, 90)], Budgets(max_latency_ms=45))
    first, second = answer.relaxations
    assert (first.model, first.needed, first.bound) == ("timm/next", "52.0 ms", 52.0)
    assert first.sentence == "+7.00 ms buys +1.8 points: timm/next at 224 px, 81.8 % (latency at most 52.0 ms)"
    assert first.gain == pytest.approx(1.8)
    assert second.model == "timm/far"


def test_a_gain_within_the_noise_is_no_step():
    assert ask([row("now", 80, 40), row("next", 80.2, 48)], Budgets(max_latency_ms=45)).relaxations == ()


def test_a_tightening_says_what_could_be_given_back():
    (found,) = ask([row("net", 80, 20)], Budgets(max_latency_ms=50)).tightenings
    one_sided_90, one_sided_95 = 1.638, 2.353  # Student's t with 3 degrees of freedom, as tables print them
    assert found.possible == f"{20 * 1.1 ** (one_sided_90 / one_sided_95):.1f} ms"
    assert "lose nothing" in found.sentence


def test_the_memory_of_the_board_is_not_for_tightening():
    assert ask([row("net", 80, 20)], Budgets(board_memory_mib=8000)).tightenings == ()


def test_the_chance_that_is_needed_leaves_out_budgets_on_the_same_quantity():
    found = {"max_latency_ms": 0.2, "min_throughput_img_s": 0.95, "board_memory_mib": 0.96}
    assert chance_needed(found, "max_latency_ms", 0.9) == pytest.approx(0.9 / 0.96)
    assert chance_needed({**found, "min_throughput_img_s": 0.9}, "max_latency_ms", 0.9) is None


def drawing(watts: float) -> Draw:
    return Draw(Quantity(watts, watts / 1.1, watts * 1.1, "measured"), None, "board")


def test_a_power_budget_admits_only_what_was_metered_within_it():
    rows = [row("unknown", 85, 10), row("hungry", 82, 10), row("modest", 80, 10)]
    known = Known(draws={("sig-hungry", 224): drawing(20), ("sig-modest", 224): drawing(10)})
    answer = ask(rows, Budgets(max_power_w=15), known)
    assert names(answer.picks) == ["modest"]
    assert answer.picks[0].power_w.value == 10
    assert ask(rows, Budgets(), known).picks[0].power_reason.startswith("no power was measured")
    assert answer.relaxations[0].model == "timm/hungry"


def test_energy_is_power_times_time_per_image():
    found = draws([PowerRow("sig", 224, 12.0, "board", 80.0, "A", "src")], 8)["sig", 224]
    assert found.energy_mj.value == pytest.approx(12.0 * 80.0 / 8)
    assert found.energy_mj.high / found.energy_mj.value > found.power_w.high / found.power_w.value


def test_where_no_power_was_metered_there_is_not_enough_evidence_and_the_boards_cap_is_named():
    modes = (PowerMode("15W", 0, 15.0, 6, None, None, None, None, "src"),)
    board = Device("board", "Board", "jetson", "NVIDIA", "", (), {}, True, "embedded", (), TARGET, modes)
    with pytest.raises(NotEnoughEvidence, match=r"not guessed from rated power.*power mode 15W caps the board itself"):
        power_advice(board, TARGET, Budgets(max_power_w=20), {})
    assert power_advice(board, TARGET, Budgets(), {}) == []


def test_a_family_on_record_as_breaking_is_measured_first_unless_its_weights_were_checked():
    rows = [row("vit", 85, 10, family="vision_transformer"), row("cnn", 80, 10)]
    doubts = {"vision_transformer": "falls to F1 0.15 at fp16"}
    doubtful = ask(rows, Budgets(), Known(doubts=doubts))
    assert names(doubtful.picks) == ["cnn"]
    assert names(doubtful.measure_first) == ["vit"]
    assert doubtful.measure_first[0].reasons[0] == "falls to F1 0.15 at fp16"
    checked = ask(rows, Budgets(), Known(doubts=doubts, checked={("timm/vit", "in1k", 224): (84.9, "src")}))
    assert names(checked.picks) == ["vit", "cnn"]
    assert [p.accuracy_precision for p in checked.picks] == ["fp16", "fp32"]
    assert "at fp16 84.9 % top-1 was measured (src)" in checked.picks[0].reasons


def test_accuracy_on_another_test_set_ranks_and_top_1_stays_top_1():
    rows = [row("a", 80, 10), row("b", 85, 10)]
    known = Known({("timm/a", "in1k", 224): (60.0, "src"), ("timm/b", "in1k", 224): (50.0, "src")})
    answer = ask(rows, Budgets(min_accuracy_percent=55), known, accuracy_on="v2")
    assert [(p.model, p.accuracy, p.top1) for p in answer.picks] == [("timm/a", 60.0, 80)]


def test_every_test_set_has_images_and_a_title():
    assert all(found.images >= 7_500 and found.title for found in TEST_SETS.values())


@pytest.mark.parametrize(("text", "watts"), [("15W", 15), ("500mW", 0.5), ("15 w", 15)])
def test_power_is_read_with_its_unit(text, watts):
    assert power_w(text) == watts


@pytest.mark.parametrize(("text", "millijoules"), [("0.2J", 200), ("150mJ", 150), ("800uJ", 0.8)])
def test_energy_is_read_with_its_unit(text, millijoules):
    assert energy_mj(text) == pytest.approx(millijoules)


@pytest.mark.parametrize("text", ["15", "15MW", "15 V"])
def test_power_without_a_unit_or_in_megawatts_is_refused(text):
    with pytest.raises(UsageError, match="15W, 500mW"):
        power_w(text)


def test_energy_is_printed_in_the_unit_that_fits():
    assert (format_mj(60.3), format_mj(1500)) == ("60.3 mJ", "1.50 J")
