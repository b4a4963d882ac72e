"""Which boards do: the order, what meets the budgets and what comes nearest, against brute force."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import pytest
from candidates import CONFIDENCES, ORDER, REPEATABLE, budgets, looser, rows, scored
from hypothesis import given
from hypothesis import strategies as st

from advisor.devices import shipped_profiles
from advisor.recommend.answer import Pick
from advisor.recommend.boards import (
    CLASSES,
    Offer,
    Place,
    Plan,
    best_candidate,
    board_order,
    one_per_device,
    rated_power_w,
    shortfall,
    sort_places,
)
from advisor.recommend.budgets import Budgets
from advisor.recommend.judging import passes
from advisor.records import Device, Quantity, Target
from advisor.render.plans import plan

DEVICES = {device.id: device for device in shipped_profiles()}
SOME = ("raspberry-pi-5", "jetson-nano", "jetson-orin-nano-8gb", "rtx-2060-max-q", "rtx-4060", "rtx-a6000", "a100-80gb")


@st.composite
def places(draw: st.DrawFn, bounds: Budgets) -> Place:
    device: Device = DEVICES[draw(st.sampled_from(SOME))]
    modes = [mode.name for mode in device.power_modes] or [""]
    target = replace(device.default_target, power_mode=draw(st.sampled_from(modes)))
    return Place(device, target, 1, scored(draw(rows()), bounds), bounds)


QUESTIONS = budgets().flatmap(lambda bounds: st.tuples(st.just(bounds), st.lists(places(bounds), max_size=10)))


def again(place: Place, bounds: Budgets) -> Place:
    return place._replace(item=scored(place.item.row, bounds), budgets=bounds)


def test_every_shipped_board_has_its_place_and_embedded_ones_come_first():
    ordered = sorted(DEVICES.values(), key=board_order)
    assert [d.board_class for d in ordered] == sorted((d.board_class for d in ordered), key=CLASSES.index)
    names = [d.id for d in ordered]
    assert names.index("raspberry-pi-5") < names.index("jetson-nano") < names.index("jetson-orin-nano-8gb")
    assert names.index("jetson-orin-nano-8gb") < names.index("jetson-agx-orin-64gb") < names.index("rtx-4060")
    assert names.index("rtx-4060") < names.index("rtx-4090") < names.index("rtx-a6000") < names.index("h100-sxm")


def test_a_board_whose_rated_power_is_not_known_comes_after_its_like():
    nameless = DEVICES["jetson-nano"]._replace(facts={}, power_modes=())
    assert rated_power_w(nameless) is None
    assert board_order(nameless) > board_order(DEVICES["jetson-thor-t5000"])
    assert (rated_power_w(DEVICES["jetson-nano"]), rated_power_w(DEVICES["jetson-tx2"])) == (10, 15)


@REPEATABLE
@given(QUESTIONS, CONFIDENCES)
def test_what_meets_the_budgets_is_what_brute_force_finds_in_the_order_of_boards(question, confidence):
    _, drawn = question
    found = sort_places(drawn, confidence)
    expected = [p for p in drawn if p.item.probability >= confidence and not p.item.row.extrapolated]
    assert len(found.meeting) == len(expected)
    assert all(place in expected for place in found.meeting)
    orders = [board_order(place.device) for place in found.meeting]
    assert orders == sorted(orders)


@REPEATABLE
@given(QUESTIONS, CONFIDENCES)
def test_what_might_do_is_on_no_board_that_does_and_comes_once_per_board(question, confidence):
    _, drawn = question
    found = sort_places(drawn, confidence)
    done = {place.device.id for place in found.meeting}
    boards = [place.device.id for place in found.unsettled]
    assert len(boards) == len(set(boards))
    assert not done & set(boards)
    for place in found.unsettled:
        rivals = [p.item.probability for p in drawn if p.device.id == place.device.id]
        assert place.item.probability == max(rivals)


@REPEATABLE
@given(QUESTIONS, CONFIDENCES)
def test_only_where_nothing_does_the_nearest_are_named_nearest_first(question, confidence):
    _, drawn = question
    found = sort_places(drawn, confidence)
    if found.meeting or found.unsettled:
        assert found.nearest == ()
        return
    eligible = [p for p in drawn if not p.item.row.extrapolated and math.isfinite(shortfall(p, confidence))]
    best = {}
    for place in eligible:
        best[place.device.id] = min(shortfall(place, confidence), best.get(place.device.id, math.inf))
    assert [shortfall(p, confidence) for p in found.nearest] == sorted(best.values())


@REPEATABLE
@given(QUESTIONS, CONFIDENCES, st.data())
def test_a_looser_budget_never_makes_the_answer_worse(question, confidence, data):
    bounds, drawn = question
    loose = looser(bounds, data.draw(st.sampled_from(sorted(bounds.stated()))))
    before, after = sort_places(drawn, confidence), sort_places([again(p, loose) for p in drawn], confidence)
    assert {(p.device.id, p.target, p.item.row) for p in before.meeting} <= {
        (p.device.id, p.target, p.item.row) for p in after.meeting
    }
    if before.meeting:
        assert board_order(after.meeting[0].device) <= board_order(before.meeting[0].device)


@REPEATABLE
@given(st.lists(rows(), max_size=10), budgets(), CONFIDENCES, st.data())
def test_the_best_model_of_a_board_is_that_of_brute_force_and_never_worse_under_a_looser_budget(
    drawn, bounds, confidence, data
):
    name = data.draw(st.sampled_from(sorted(bounds.stated())))
    found = best_candidate([scored(row, bounds) for row in drawn], confidence, ORDER)
    fitting = [s for row in drawn if passes(s := scored(row, bounds), confidence)]
    if not fitting:
        assert found is None or not passes(found, confidence)
        return
    assert found.accuracy == max(s.accuracy for s in fitting)
    looser_one = best_candidate([scored(row, looser(bounds, name)) for row in drawn], confidence, ORDER)
    assert looser_one.accuracy >= found.accuracy


@REPEATABLE
@given(QUESTIONS, CONFIDENCES)
def test_each_board_is_named_once_with_its_most_accurate_model(question, confidence):
    _, drawn = question
    found = one_per_device(sort_places(drawn, confidence).meeting)
    assert len({p.device.id for p in found}) == len(found)
    for place in found:
        same = [p.item.accuracy for p in drawn if p.device.id == place.device.id and passes(p.item, confidence)]
        assert place.item.accuracy == max(same)


def test_a_budget_that_is_met_adds_nothing_to_the_shortfall_and_an_unknown_index_has_no_measure():
    device, bounds = DEVICES["jetson-nano"], Budgets(max_latency_ms=1000, min_accuracy_percent=10)
    known = next(r for r in rows_of_known())
    place = Place(device, device.default_target, 1, scored(known, bounds), bounds)
    assert shortfall(place, 0.9) == 0.0
    blind = known._replace(latency_ms=None, latency_low=None, latency_high=None)
    assert math.isinf(shortfall(place._replace(item=scored(blind, bounds)), 0.9))


def rows_of_known():
    from advisor.records import Candidate

    yield Candidate(
        "sig", "f", "timm/a", "in1k", 224, 80.0, "mit", 10**7, 10**9, 10.0, 9.0, 11.0, False, None, 500.0, 450.0, 550.0
    )


def offer(device: str, mode: str = "MODE_30W_ALL", rated_power_w: float | None = 15.0) -> Offer:
    time = Quantity(12.3, 4.5, 33.6, "calibrated", True, ("source",))
    pick = Pick(
        1, "timm/hgnetv2_b4", "hgnet", "ssld_stage2_ft_in1k", "apache-2.0", "permissive", 224, 83.7, 19.8, 2.75,
        Target(device, "gpu", mode, "pytorch-eager", "amp_fp16"), 1, time, "", time, time, "", {}, 0.934, (), "advisor measure",
    )  # fmt: skip
    return Offer(device, device, "embedded", pick, (), (), rated_power_w)


@pytest.mark.parametrize("width", [60, 80, 120, 160])
@pytest.mark.parametrize("model", ["", "timm/hgnetv2_b4"])
def test_names_of_devices_and_models_are_never_broken(width, model):
    boards = ("jetson-orin-nano-8gb-super", "jetson-agx-orin-devkit-32gb")
    offers = tuple(offer(board, mode) for board in boards for mode in ("MODE_30W_ALL", "MODE_50W_2CORE"))
    told = plan(Plan(model, 1, {"max_latency_ms": 33.0}, 0.9, offers, offers[:1], (), {}, ()), "table", width, None)
    for board in boards:
        assert any(line.split()[0] == board for line in told.splitlines() if line.strip())
    assert model or told.count("timm/hgnetv2_b4.ssld_stage2_ft_in1k") == 3
    if width == 160:
        assert "MODE_50W_2CORE" in told
    if width == 120 or (model and width == 80):
        assert max(map(len, told.splitlines())) <= width


def test_the_csv_of_a_plan_tells_the_rated_power_that_orders_the_boards():
    offers = (offer("jetson-nano", rated_power_w=10.0), offer("jetson-tx2-nx", rated_power_w=None))
    told = plan(Plan("", 1, {"max_latency_ms": 33.0}, 0.9, offers, (), (), {}, ()), "csv", 160, None)
    assert [row["rated power W"] for row in csv.DictReader(io.StringIO(told))] == ["10", "unknown"]
