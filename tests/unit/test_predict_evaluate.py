"""An evaluation must not see what it is scored on."""

from __future__ import annotations

import numpy as np
import pytest
from predicting import World, changed, device

from advisor.predict import evaluate
from advisor.predict.evaluation import new_family
from advisor.predict.evidence import Cell, pool_of
from advisor.predict.intervals import CrossFit, family_quantile
from advisor.predict.scaling import power
from advisor.predict.workbench import Workbench


@pytest.fixture
def world():
    made = World([device("one"), device("two", scale=2.0), device("three", scale=0.5)])
    for number, name in enumerate(("one", "two", "three")):
        made.measure(made.device(name).default_target, seed=number)
    return made


def held_out(world, name="one"):
    bench = Workbench.of(world)
    cross = CrossFit(bench.cross.full, warm=False)
    target = world.device(name).default_target
    cell, pool = Cell.of(target), pool_of(world.device(name), target)
    return cross, new_family(cross, cell, pool, power(target)), cross.full.prepared(cell)[1]


def test_shuffling_held_out_labels_changes_no_held_out_prediction(world):
    cross, before, _ = held_out(world)
    out = {s for s, family in world.families().items() if cross.fold_of(family) == 3}
    rng = np.random.default_rng(0)
    world.replace_rows(lambda m: changed(m, m.latency_ms * float(rng.uniform(0.2, 5))) if m.signature in out else m)
    _, after, _ = held_out(world)
    predicted_before, predicted_after = before.log_ratio + before.log_ms, after.log_ratio + after.log_ms
    mine = before.folds == 3
    assert mine.any()
    assert np.allclose(predicted_before[mine], predicted_after[mine], atol=1e-9)
    assert not np.allclose(predicted_before[~mine], predicted_after[~mine], atol=1e-3)


def test_no_signature_is_on_both_sides(world):
    cross, _, _ = held_out(world)
    evidence = cross.full.evidence
    for number in range(10):
        keep = cross.fold(number).keep
        inside = {evidence.measurements[i].signature for i in np.flatnonzero(keep)}
        outside = {evidence.measurements[i].signature for i in np.flatnonzero(~keep)}
        assert not inside & outside


def test_a_device_held_out_takes_all_its_rows_with_it(world):
    cross, _, _ = held_out(world)
    without = cross.without("two")
    assert {cross.full.evidence.cells[i].device for i in np.flatnonzero(without.keep)} == {"one", "three"}


def test_with_labels_permuted_a_prediction_is_no_better_than_a_constant(world):
    rng = np.random.default_rng(5)
    at = {m.id: i for i, m in enumerate(world.rows)}
    labels = rng.permutation([m.latency_ms for m in world.rows])
    world.replace_rows(lambda m: changed(m, float(labels[at[m.id]])))
    _, found, _ = held_out(world)
    measured = found.log_ms
    constant = np.abs(measured - np.median(measured)).mean()
    assert np.abs(found.log_ratio).mean() > 0.9 * constant


def test_the_law_is_predicted_well_on_new_families_and_better_than_by_a_line(world):
    rows = [row for row in evaluate(world) if row.held_out == "family"]
    assert {row.target.device for row in rows} == {"one", "two", "three"}
    for row in rows:
        assert row.mape < 0.12
        assert row.mape < row.baseline_mape
        assert row.spearman > 0.95
        assert 0.8 < row.coverage <= 1.0


def test_new_devices_are_predicted_from_similar_ones(world):
    rows = [row for row in evaluate(world) if row.held_out == "device"]
    assert {row.target.device for row in rows} == {"one", "two", "three"}
    assert all(row.mape < 0.35 for row in rows)


def test_an_evaluation_is_deterministic(world):
    target = world.device("one").default_target
    first, second = (evaluate(world, [target]) for _ in range(2))
    assert first == second
    assert [row.target.device for row in first] == ["one"]


def test_the_family_quantile_needs_nine_families_and_weighs_them_alike():
    families = [f"f{i}" for i in range(9)]
    values = np.linspace(0.1, 0.9, 9)
    assert family_quantile(values[:8], families[:8]) is None
    assert family_quantile(values, families) == pytest.approx(0.9)
    many = np.concatenate([values, np.zeros(1000)])
    assert family_quantile(many, [*families, *["f0"] * 1000]) == pytest.approx(0.9)
