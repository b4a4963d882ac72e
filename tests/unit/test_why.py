"""Whether a model fits, what would make it fit, and who is better: the rules, against brute force."""

from __future__ import annotations

import math
import re
from itertools import product

import pytest
from candidates import CONFIDENCES, ORDER, REPEATABLE, budgets, looser, rows, scored
from hypothesis import given
from hypothesis import strategies as st

from advisor.recommend.budgets import Budgets, describe, overall
from advisor.recommend.chance import bound_for
from advisor.recommend.changing import ORDER as NAMES
from advisor.recommend.changing import Option, distance, least_changes, settings_between, without_precisions_of
from advisor.recommend.judging import checks, passes, verdict
from advisor.recommend.standing import dominates, rival, standing
from advisor.recommend.verdict import DOES_NOT_FIT, FITS, NOT_SETTLED
from advisor.records import Candidate, Target

HERE = Target("board", "gpu", "15W", "tensorrt", "fp16")


def row(latency: float | None, factor: float = 1.1, top1: float = 80.0, extrapolated: bool = False, **kw) -> Candidate:
    time = (None, None, None) if latency is None else (latency, latency / factor, latency * factor)
    return Candidate(
        kw.get("signature", "sig"), "family", kw.get("model", "timm/net"), kw.get("tag", "in1k"), kw.get("resolution", 224), top1, "mit",
        10_000_000, 10**9, *time, extrapolated, None, 500.0, 450.0, 550.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (row(10), FITS),
        (row(90), DOES_NOT_FIT),
        (row(52, 3.0), NOT_SETTLED),
        (row(10, extrapolated=True), NOT_SETTLED),
        (row(500, extrapolated=True), NOT_SETTLED),
        (row(None), NOT_SETTLED),
        (row(None, top1=60.0), DOES_NOT_FIT),
    ],
)
def test_a_doubt_that_a_measurement_would_settle_is_no_verdict(candidate, expected):
    item = scored(candidate, Budgets(max_latency_ms=50, min_accuracy_percent=70))
    assert verdict(item, 0.9, 1) == expected


@pytest.mark.parametrize(
    ("name", "bound", "other"),
    [
        ("max_latency_ms", 4.0, 4.003), ("max_latency_ms", 4.0, 4.0004), ("min_throughput_img_s", 250.0, 249.8),
        ("max_memory_mib", 2048.0, 2049.0), ("min_accuracy_percent", 80.0, 79.96), ("max_params", 25.56e6, 25.557e6),
    ],
)  # fmt: skip
def test_bounds_that_are_not_equal_do_not_look_equal_beside_each_other(name, bound, other):
    first, second = describe(name, bound, other), describe(name, other, bound)
    assert float(first.split()[0]) != float(second.split()[0])
    assert describe(name, bound, bound) == describe(name, bound)


@pytest.mark.parametrize("share", [0.9, 0.99, 0.999, 0.9999])
def test_a_budget_that_is_missed_by_little_is_not_said_to_be_kept(share):
    kept = bound_for(10.0, 10 / 1.1, 11.0, 0.9)
    (check,) = checks(
        scored(row(10), Budgets(max_latency_ms=share * kept)), Budgets(max_latency_ms=share * kept), 0.9, 1, {}
    )
    assert not check.met
    chance, needed = re.search(
        r"; ([\d.]+)% chance to keep it, ([\d.]+) ms would be kept at 90%", check.sentence
    ).groups()
    budget = re.search(r"the budget of ([\d.]+) ms", check.sentence)[1]
    assert float(chance) < 90
    assert float(needed) > float(budget)


@REPEATABLE
@given(rows(), budgets(), CONFIDENCES)
def test_every_budget_is_checked_and_what_fails_comes_first(candidate, bounds, confidence):
    item = scored(candidate, bounds)
    found = checks(item, bounds, confidence, 1, {})
    assert {c.budget for c in found} == set(bounds.stated())
    assert [c.met for c in found] == sorted(c.met for c in found)
    for check in found:
        assert check.met == (check.value is not None and check.probability >= confidence)
    if all(c.value is not None for c in found) and not item.row.extrapolated and item.probability >= confidence:
        assert all(c.met for c in found)


@REPEATABLE
@given(rows(), budgets(), st.sampled_from((0.8, 0.9, 0.95)))
def test_a_budget_moved_to_what_is_kept_is_kept(candidate, bounds, confidence):
    item = scored(candidate, bounds)
    for check in checks(item, bounds, confidence, 1, {}):
        if check.needed is not None:
            edge = check.needed * ((1 - 1e-9) if check.budget.startswith("min_") else (1 + 1e-9))
            moved = scored(candidate, bounds._replace(**{check.budget: edge}))
            assert moved.chances[check.budget] >= confidence - 1e-6


@REPEATABLE
@given(rows(), budgets(), CONFIDENCES, st.data())
def test_a_looser_budget_never_makes_a_fitting_model_unfit(candidate, bounds, confidence, data):
    name = data.draw(st.sampled_from(sorted(bounds.stated())))
    if verdict(scored(candidate, bounds), confidence, 1) == FITS:
        assert verdict(scored(candidate, looser(bounds, name)), confidence, 1) == FITS


def options_of(draws, bounds) -> list[Option]:
    base = scored(draws[0][0], bounds)
    found = []
    for candidate, mode, batch, precision, runtime in draws:
        target = Target("board", "gpu", mode, runtime, precision)
        item = scored(candidate, bounds, batch)
        found.append(Option(settings_between((HERE, 1, base), (target, batch, item)), item, target, batch))
    return found


OPTIONS = st.lists(
    st.tuples(
        rows(), st.sampled_from(("15W", "7W", "MAXN")), st.sampled_from((1, 4, 8)), st.sampled_from(("fp16", "fp32")),
        st.sampled_from(("tensorrt", "pytorch-eager")),
    ),
    min_size=1,
    max_size=12,
)  # fmt: skip


@REPEATABLE
@given(OPTIONS, budgets(), CONFIDENCES)
def test_the_least_changes_are_those_of_brute_force(draws, bounds, confidence):
    options = options_of(draws, bounds)
    passing = [o for o in options if o.settings and o.item.probability >= confidence and not o.item.row.extrapolated]
    expected = []
    for option in passing:
        names = {s.name for s in option.settings}
        smaller = any({s.name for s in other.settings} < names for other in passing)
        nearer = any(
            {s.name for s in other.settings} == names and distance(other) < distance(option) for other in passing
        )
        if not smaller and not nearer:
            expected.append(distance(option))
    assert [distance(o) for o in least_changes(options, confidence)] == sorted(set(expected))


@REPEATABLE
@given(OPTIONS, budgets(), CONFIDENCES)
def test_only_settings_that_change_the_verdict_are_offered_fewest_first(draws, bounds, confidence):
    found = least_changes(options_of(draws, bounds), confidence)
    assert all(passes(o.item, confidence) and o.settings for o in found)
    counts = [len(o.settings) for o in found]
    assert counts == sorted(counts)
    for one, other in product(found, found):
        assert not {s.name for s in one.settings} < {s.name for s in other.settings}


def test_settings_are_named_with_what_they_were_and_become():
    base, other = scored(row(10), Budgets(max_latency_ms=5)), scored(row(5, resolution=192, tag="in22k"), Budgets())
    found = settings_between((HERE, 8, base), (Target("board", "gpu", "7W", "pytorch-eager", "fp32"), 4, other))
    assert [s.name for s in found] == ["power mode", "batch size", "resolution", "runtime"]
    assert [(s.before, s.after) for s in found] == [
        ("15W", "7W"),
        ("8", "4"),
        ("224", "192"),
        ("tensorrt", "pytorch-eager"),
    ]
    assert set(NAMES) >= {s.name for s in found}


@REPEATABLE
@given(st.lists(rows(), max_size=8), rows(), budgets(), CONFIDENCES)
def test_whoever_dominates_is_at_least_as_good_in_everything(others, candidate, bounds, confidence):
    item = scored(candidate, bounds)
    passing = [s for r in others if passes(s := scored(r, bounds), confidence)]
    found = standing(item, passing, True, ORDER)
    by_force = {
        s.row.signature
        for s in passing
        if s.row.signature != candidate.signature
        and s.accuracy >= item.accuracy
        and s.latency_key <= item.latency_key
        and s.row.memory_mib <= candidate.memory_mib
        and (s.accuracy, s.latency_key, s.row.memory_mib) != (item.accuracy, item.latency_key, candidate.memory_mib)
    }
    named = {f"sig-{rival.model.removeprefix('timm/')}" for rival in found.dominated_by}
    assert named <= by_force
    assert len(named) == min(3, len(by_force))
    assert not any(dominates(s, s) for s in passing)


def test_the_first_pick_has_nobody_before_it_and_others_know_by_what_they_are_beaten():
    best, worse = row(5, top1=85, signature="a", model="timm/a"), row(10, top1=80, signature="b", model="timm/b")
    passing = [scored(r, Budgets(max_latency_ms=50)) for r in (worse, best)]
    first, second = standing(passing[1], passing, True, ORDER), standing(passing[0], passing, True, ORDER)
    assert (first.rank, first.first, first.dominated_by) == (1, None, ())
    assert second.rank == 2
    assert "+5.0 points top-1, 2.00x as fast" in second.first.sentence
    assert second.dominated_by == (second.first,)


def test_beside_a_model_of_unknown_accuracy_only_what_is_known_is_compared():
    item, other = scored(row(10, top1=math.nan), Budgets()), scored(row(5, signature="b", model="timm/b"), Budgets())
    for first, second in ((item, other), (other, item)):
        assert "nan" not in rival(first, second).sentence
        assert "points" not in rival(first, second).sentence
    assert "2.00x as fast" in rival(other, item).sentence


def test_a_precision_that_is_offered_is_not_said_to_be_of_unknown_accuracy_as_well():
    item = scored(row(10), Budgets())
    int8, fp16, other = (
        Option((), item, Target("board", "gpu", "15W", runtime, precision), 1)
        for runtime, precision in (("tensorrt", "int8"), ("tensorrt", "fp16"), ("onnxruntime", "int8"))
    )
    assert without_precisions_of([fp16, int8], [int8, other]) == [other]
    assert without_precisions_of([fp16], [int8, other]) == [int8, other]


def test_a_model_without_published_accuracy_is_judged_on_time_and_memory():
    item = scored(row(10, top1=math.nan), Budgets(max_latency_ms=50))
    assert verdict(item, 0.9, 1) == FITS
    needs = scored(row(10, top1=math.nan), Budgets(max_latency_ms=50, min_accuracy_percent=70))
    assert verdict(needs, 0.9, 1) == NOT_SETTLED
    assert "not known" in checks(needs, Budgets(min_accuracy_percent=70), 0.9, 1, {})[0].sentence


@REPEATABLE
@given(rows(), budgets(), CONFIDENCES)
def test_the_verdict_is_that_of_trying_every_outcome_of_what_is_doubtful(candidate, bounds, confidence):
    item = scored(candidate, bounds)
    blind = candidate.latency_ms is None or candidate.extrapolated
    outcomes = [
        {
            name: (end if blind and name in ("max_latency_ms", "min_throughput_img_s") else chance)
            for name, chance in item.chances.items()
        }
        for end in (0.0, 1.0)
    ]
    worst, best = min(map(overall, outcomes)), max(map(overall, outcomes))
    expected = DOES_NOT_FIT if best <= 1 - confidence + 1e-12 else NOT_SETTLED
    if worst >= confidence:
        expected = FITS
    assert verdict(item, confidence, 1) == expected
