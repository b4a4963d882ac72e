"""Intervals where few families were measured on a target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from predicting import World, device

from advisor.predict import hiding
from advisor.predict.evidence import source_sd_of
from advisor.predict.intervals import TWICE, few_quantile, measured_cell, spread_of
from advisor.predict.latency import Said
from advisor.predict.scaling import power
from advisor.predict.workbench import Workbench


def quantile(*errors):
    """Of one network of each family."""
    return few_quantile(np.array(errors), [str(i) for i in range(len(errors))])


def test_many_families_speak_for_themselves_and_few_for_what_is_usual():
    heavy = np.random.default_rng(3).standard_t(3, 4000)
    assert quantile(*heavy) == pytest.approx(np.quantile(np.abs(heavy), 0.9), rel=0.05)
    usual = quantile(*[0.45] * 5)
    assert quantile(*[0.0] * 5) < usual < quantile(*[2.0] * 5) < 5.0
    assert usual > quantile(*[0.45] * 15)
    assert quantile(*[0.45] * 9, 3.0) < 1.3 * quantile(*[0.45] * 10)


@pytest.mark.parametrize("alike", [False, True])
def test_relatives_weigh_one_together_whether_they_err_alike_or_not(alike):
    draw = np.random.default_rng(4)
    errors = draw.standard_t(3, (600, 1 if alike else 8)) * np.ones((600, 8))
    families = np.repeat([str(i) for i in range(600)], 8).tolist()
    exact = 2.353  # half-width of Student's t with 3 degrees of freedom at 90 %, as tables print it
    assert few_quantile(errors.ravel(), families) == pytest.approx(exact, rel=0.1)


@pytest.fixture
def world():
    made = World([device("one"), device("two", scale=2.0), device("three", scale=0.5)])
    for number, name in enumerate(("two", "three")):
        made.measure(made.device(name).default_target, seed=number)
    return made


def spread(world, families):
    """Of device one, of which this many families are measured at a batch of 64."""
    target = world.device("one").default_target
    world.measure(target, batch_sizes=(64,), seed=7)
    seen = sorted(set(world.families().values()))[:families]
    world.rows = [m for m in world.rows if m.target.device != "one" or world.families()[m.signature] in seen]
    made = Workbench.of(world)
    bench = hiding.Bench(made.cross, made.subject, world.device("one"), target, {})
    return measured_cell(made.cross, bench.cell, bench.pool, power(target))["large"]


def test_five_families_give_a_width_that_follows_doubts_and_is_said(world):
    found = spread(world, 5)
    assert found.by_doubt > 0
    assert "5 model families measured here" in found.note
    assert found.half_width < TWICE


def test_so_they_do_without_a_similar_device_that_lends():
    found = spread(World([device("one"), device("two", scale=2.0)]), 5)
    assert found.by_doubt > 0
    assert "5 model families measured here" in found.note


def test_four_families_promise_nothing_finer_than_twice_and_half(world):
    found = spread(world, 4)
    assert found.by_doubt == 0
    assert found.half_width >= TWICE
    assert "only 4 model families were measured here, 5 are needed" in found.note


def test_noise_of_our_own_numbers_is_no_habit_of_their_source(world):
    printed = replace(world.rows[0], grade="C")
    assert source_sd_of(printed) == pytest.approx(0.35)
    assert source_sd_of(replace(printed, quantiles={"ci_low": 0.9, "ci_high": 1.1})) == pytest.approx(0.02)
    assert source_sd_of(replace(printed, grade="A")) == pytest.approx(0.05)


def test_what_the_harness_measured_itself_leaves_less_doubt_than_a_printed_table(world):
    evidence = Workbench.of(world).cross.full.evidence
    own = evidence.as_own({0, 2})
    assert [source_sd_of(m) for m in own.measurements[:3]] == [0.02, source_sd_of(evidence.measurements[1]), 0.02]
    assert [m.latency_ms for m in own.measurements] == [m.latency_ms for m in evidence.measurements]
    families = list({family: i for i, family in enumerate(evidence.families)}.values())[:6]
    said = Said(np.full(6, 0.01), np.zeros(6), np.full(6, 0.1), np.array(families))
    assert spread_of(evidence.as_own(families), said).habit < spread_of(evidence, said).habit


def test_fewer_give_at_least_twice_and_half_and_it_is_said(world):
    found = spread(world, 3)
    assert found.by_doubt == 0
    assert found.half_width >= TWICE
    assert "only 3 model families were measured here, 5 are needed" in found.note


def test_a_new_device_of_ten_models_is_covered_as_promised(world):
    world.measure(world.device("one").default_target, seed=7)
    made = Workbench.of(world)
    devices = {d.id: d for d in world.devices()}
    benches = hiding.benches(made.cross, made.subject, devices, set(world.complexities()), 25)
    bench = next(bench for bench in benches if bench.target.device == "one")
    truth = hiding.measured(bench)
    inside = [
        known.low <= truth[key].value <= known.high
        for hidden in hiding.as_new_device(bench, 10, 3)
        for key, known in hidden.said.items()
    ]
    assert len(inside) == 3 * (len(truth) - 10)
    assert 0.8 <= np.mean(inside) <= 1.0
