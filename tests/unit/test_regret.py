"""Decisions without some measurements: the benchmark cannot see what it hides, and scores what it says it scores."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from predicting import World, changed, device

from advisor.predict import hiding
from advisor.predict.workbench import Workbench
from advisor.recommend import regret
from advisor.recommend.regret import Case
from advisor.records import Candidate, Quantity
from advisor.render.regret import document, regrets


@pytest.fixture
def world():
    made = World([device("one"), device("two", scale=2.0), device("three", scale=0.5)])
    for number, name in enumerate(("one", "two", "three")):
        made.measure(made.device(name).default_target, seed=number)
    return made


def bench_of(world, name="one"):
    made = Workbench.of(world)
    devices = {d.id: d for d in world.devices()}
    found = hiding.benches(made.cross, made.subject, devices, set(world.complexities()), 25)
    return next(bench for bench in found if bench.target.device == name)


def candidates(world):
    """One set of weights for each architecture; larger networks are more accurate, roughly."""
    rows = []
    for number, (key, made) in enumerate(sorted(world.complexities().items())):
        top1 = 60 + 12 * (made.macs / 1e9) ** 0.4 + (number * 7 % 5)
        rows.append(
            Candidate(
                key[0], world.families()[key[0]], f"timm/m{number}", "w", key[1], top1, "mit", made.params, made.macs,
                None, None, None, False, None, None, None, None,
            )
        )  # fmt: skip
    return rows


def picks(world, hidden, truth, target, rules):
    known = frozenset(truth) - hidden.hidden
    rows = regret.believed(candidates(world), truth, hidden.said)
    cases = [Case(target, rows, known, truth, budget) for budget in regret.budgets(truth.values())]
    return [[pick.row.model for pick in rule(case).picks] for case in cases for rule in rules]


def exact(bench):
    return {key: known._replace(low=known.value, high=known.value) for key, known in hiding.measured(bench).items()}


RULES = (regret.ours, regret.certain)


def test_changing_a_hidden_family_changes_no_pick_made_without_confirming(world):
    bench = bench_of(world)
    truth, before = exact(bench), list(hiding.families_hidden(bench))
    assert len(before) == 12
    chosen = before[4]
    signatures = {signature for signature, _ in chosen.hidden}
    world.replace_rows(lambda m: changed(m, m.latency_ms * 3) if m.signature in signatures else m)
    after = {one.label: one for one in hiding.families_hidden(bench_of(world))}
    assert after[chosen.label].said == chosen.said
    target = bench.target
    assert picks(world, chosen, truth, target, RULES) == picks(world, after[chosen.label], truth, target, RULES)
    moved = [one.label for one in before if after[one.label].said != one.said]
    assert chosen.label not in moved
    assert len(moved) > 6, "what stays measured is used"


def test_changing_what_is_hidden_of_a_new_device_changes_no_pick_made_without_confirming(world):
    bench = bench_of(world)
    truth, before = exact(bench), list(hiding.as_new_device(bench, 5, 2))
    hidden = before[0].hidden & before[1].hidden
    ids = {bench.evidence.measurements[bench.rows[key]].id for key in hidden}
    other_batches = [m for m in world.rows if m.target.device == "one" and (m.signature, m.resolution) in hidden]
    assert len(other_batches) > len(ids)
    world.replace_rows(lambda m: changed(m, m.latency_ms * 3) if m in other_batches else m)
    after = list(hiding.as_new_device(bench_of(world), 5, 2))
    for one, other in zip(before, after, strict=True):
        assert one.hidden == other.hidden
        assert one.said == other.said
        target = bench.target
        assert picks(world, one, truth, target, RULES) == picks(world, other, truth, target, RULES)


def test_a_new_device_keeps_its_measured_models_and_no_other_row_of_it(world):
    bench = bench_of(world)
    for one in hiding.as_new_device(bench, 5, 2):
        assert len(bench.rows) - len(one.hidden) == 5
        assert set(one.said) == one.hidden
        assert all(known.basis != "measured" for known in one.said.values())


def test_each_software_is_a_device_of_its_own_of_which_no_other_is_seen(world):
    usual = world.device("one").default_target
    older, newer = (replace(usual, software=f"torch {version}") for version in ("2.9", "2.10"))
    world.measure(older, seed=9, source="before")
    world.measure(newer, seed=9, source="after")

    def said():
        every = hiding.in_each_software(bench_of(world), set(world.complexities()), 25)
        return {one.target.software: next(hiding.as_new_device(one, 5, 1)).said for one in every}

    found = said()
    assert list(found) == ["torch 2.10", "torch 2.9", ""]
    world.replace_rows(lambda m: changed(m, m.latency_ms * 2.5) if m.source == "before" else m)
    again = said()
    assert {software for software in found if again[software] != found[software]} == {"torch 2.9"}
    assert not list(hiding.in_each_software(bench_of(world), set(world.complexities()), 10**6))


def case(rows, budget, known=()):
    """Candidates m0, m1, ... of (top-1, believed ms, believed half-width factor, true ms)."""
    made, truth = [], {}
    for number, (top1, value, wide, true) in enumerate(rows):
        key = (f"s{number}", 224)
        made.append(
            Candidate(
                key[0], f"f{number}", f"timm/m{number}", "w", 224, top1, "mit", 10**6, 10**9,
                value, value / wide, value * wide, False, None, None, None, None,
            )
        )  # fmt: skip
        truth[key] = Quantity(true, true, true, "measured")
    target = device("one").default_target
    return Case(target, made, frozenset((f"s{i}", 224) for i in known), truth, budget)


def test_points_are_lost_against_the_most_accurate_that_keeps_the_budget():
    asked = case([(80.0, 5.0, 1.1, 5.0), (82.0, 9.5, 1.5, 9.0), (85.0, 20.0, 1.1, 20.0)], budget=10.0)
    found = regret.outcomes(asked, {"ours": regret.ours, "certain": regret.certain})
    assert found["ours"].lost == pytest.approx(2.0)
    assert found["certain"].lost == pytest.approx(0.0)


def test_a_broken_budget_is_no_loss_in_the_first_column_and_falls_to_the_next_pick_in_the_second():
    asked = case([(80.0, 5.0, 1.1, 5.0), (82.0, 6.0, 1.1, 9.0), (85.0, 7.0, 1.1, 20.0)], budget=10.0)
    found = regret.outcomes(asked, {"ours": regret.ours})["ours"]
    assert found.lost is None
    assert found.lost_with_next == pytest.approx(0.0)
    score = regret.summed_up("ours", [found])
    assert (score.picks, score.broken, score.mean) == (1, 1.0, 0.0)


def test_confirming_reveals_the_truth_and_breaks_nothing():
    asked = case([(80.0, 5.0, 1.1, 5.0), (82.0, 6.0, 1.1, 9.0), (85.0, 7.0, 1.1, 20.0)], budget=10.0)
    found = regret.outcomes(asked, {"confirmed": regret.confirmed})["confirmed"]
    assert found.lost == pytest.approx(0.0)
    assert 1 <= found.measured <= 3


def test_a_table_is_scaled_by_what_is_known():
    asked = case([(80.0, 5.0, 1.1, 5.0), (82.0, 6.0, 1.1, 9.0), (85.0, 7.0, 1.1, 20.0)], budget=10.0, known=(0,))
    table = regret.table({("s0", 224): 1.0, ("s1", 224): 1.5, ("s2", 224): 5.0})
    assert [pick.row.model for pick in table(asked).picks] == ["timm/m1", "timm/m0"]


def test_candidates_behind_a_known_one_are_left_out_without_changing_the_pick(world):
    bench = bench_of(world)
    truth = exact(bench)
    for hidden in hiding.families_hidden(bench):
        rows = regret.believed(candidates(world), truth, hidden.said)
        for budget in regret.budgets(truth.values()):
            asked = Case(bench.target, rows, frozenset(truth) - hidden.hidden, truth, budget)
            assert asked.ranked(asked.open())[:1] == asked.ranked(asked.believed)[:1]


def test_what_it_cost_is_written_in_the_words_of_the_vocabulary_with_every_bolder_confidence():
    asked = case([(80.0, 5.0, 1.1, 5.0), (82.0, 6.0, 1.1, 9.0)], budget=10.0)
    bolder = {f"advisor at {confidence:.0%}": regret.at(confidence) for confidence in regret.BOLDER}
    found = regret.regret(
        "new device", asked.target, 2, 1, [regret.outcomes(asked, {"advisor": regret.ours, **bolder})]
    )
    row = next(csv.DictReader(io.StringIO(regrets([found], "csv", 160))))
    assert row["memory_format"] == asked.target.memory_format
    page = document([found])
    assert all(f"* **{rule}**" in page or f", **{rule}**" in page for rule in bolder)
    assert "RTX" not in page  # what holds of some devices only is not for a page about whichever were asked


def test_the_page_begins_with_means_of_each_target_and_of_all():
    rules = {regret.OWN: regret.ours, regret.CONFIRMED: regret.confirmed}
    kept = case([(80.0, 5.0, 1.1, 5.0), (82.0, 6.0, 1.1, 9.0)], budget=10.0)
    broken = case([(80.0, 5.0, 1.1, 5.0), (82.0, 6.0, 1.1, 19.0)], budget=10.0)
    target = kept.target
    other = replace(target, software="torch 9")
    found = [
        regret.regret("new device", one, 2, 1, [regret.outcomes(asked, rules)])
        for one, asked in ((target, kept), (other, broken))
    ]
    found.append(regret.regret("a family hidden that decides", target, 2, 1, []))
    assert [one.scores[0].networks for one in found[:2]] == [1, 1]
    page = document(found)
    lines = [line for line in page.split("## In short")[1].split("\n## ")[0].splitlines() if line.startswith("| new")]
    where = f"| new device | {target.device} | {target.runtime} | {target.precision} | 2 |"
    assert lines == [
        f"{where} 0.00 (0.00) | 50.0 (100.0) | 0.00 (0.00) | 0.0 (0.0) |",
        "| new device | all |  |  | 2 | 0.00 (0.00) | 50.0 (100.0) | 0.00 (0.00) | 0.0 (0.0) |",
    ]
