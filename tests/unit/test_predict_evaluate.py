"""An evaluation must not see what it is scored on."""

from __future__ import annotations

import numpy as np
import pytest
from predicting import World, changed, device

from advisor.predict import evaluate, transfer
from advisor.predict.baselines import NEAREST
from advisor.predict.evaluation import held_out as hold_out
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
    cross = CrossFit(bench.cross.full)
    target = world.device(name).default_target
    cell, pool = Cell.of(target), pool_of(world.device(name), target)
    return cross, cell, hold_out(cross, "family", cell, pool, power(target))


def test_shuffling_held_out_labels_changes_no_held_out_prediction(world):
    cross, cell, before = held_out(world)
    out = {s for s, family in world.families().items() if family in cross.folds("family", cell)[3]}
    rng = np.random.default_rng(0)
    world.replace_rows(lambda m: changed(m, m.latency_ms * float(rng.uniform(0.2, 5))) if m.signature in out else m)
    _, _, after = held_out(world)
    predicted_before, predicted_after = (one.said.log_ratio + one.said.log_ms for one in (before, after))
    mine = before.folds == 3
    assert mine.any()
    assert np.allclose(predicted_before[mine], predicted_after[mine], atol=1e-9)
    assert not np.allclose(predicted_before[~mine], predicted_after[~mine], atol=1e-3)


def test_no_signature_is_on_both_sides(world):
    cross, cell, _ = held_out(world)
    evidence = cross.full.evidence
    held = [cross.without(kind, fold) for kind in ("family", "architecture") for fold in cross.folds(kind, cell)]
    for keep in [hierarchy.keep for hierarchy in held]:
        inside = {evidence.measurements[i].signature for i in np.flatnonzero(keep)}
        outside = {evidence.measurements[i].signature for i in np.flatnonzero(~keep)}
        assert not inside & outside


def test_a_device_held_out_takes_all_its_rows_with_it(world):
    cross, _, _ = held_out(world)
    without = cross.without("device", frozenset(["two"]))
    assert {cross.full.evidence.cells[i].device for i in np.flatnonzero(without.keep)} == {"one", "three"}


def test_with_labels_permuted_a_prediction_is_no_better_than_a_constant(world):
    rng = np.random.default_rng(5)
    at = {m.id: i for i, m in enumerate(world.rows)}
    labels = rng.permutation([m.latency_ms for m in world.rows])
    world.replace_rows(lambda m: changed(m, float(labels[at[m.id]])))
    _, _, found = held_out(world)
    measured = found.said.log_ms
    constant = np.abs(measured - np.median(measured)).mean()
    assert np.abs(found.said.log_ratio).mean() > 0.9 * constant


def test_networks_measured_on_a_new_device_are_not_scored(world):
    cross, cell, _ = held_out(world)
    pool, mine = pool_of(world.device("one"), world.device("one").default_target), cross.full.evidence.where(cell)
    said, simple = transfer.new_device(cross.full, cell, pool, 8.0, 5)
    assert set(said.rows) <= set(mine)
    assert len(said.rows) == transfer.REDRAWS * (len(mine) - 5 * 3)  # five networks at three batch sizes
    nearest = np.abs(np.expm1(simple[NEAREST]))
    assert np.isfinite(nearest).all()  # the other device of the world was measured with the same networks
    assert nearest.mean() < 0.5


def test_hidden_labels_of_a_new_device_and_family_change_no_prediction_of_them(world):
    cross, cell, _ = held_out(world)
    pool = pool_of(world.device("one"), world.device("one").default_target)
    before, _ = transfer.new_device_and_family(cross.full, cell, pool, 8.0, 5)
    out = {s for s, name in world.families().items() if name == "family4"}
    world.replace_rows(lambda m: changed(m, m.latency_ms * 3) if m.signature in out and m.target.device == "one" else m)
    again, _, _ = held_out(world)
    after, _ = transfer.new_device_and_family(again.full, cell, pool, 8.0, 5)
    mine = np.array([again.full.evidence.measurements[i].signature in out for i in after.rows])
    assert mine.any()
    assert np.array_equal(before.rows, after.rows)
    assert np.allclose((before.log_ratio + before.log_ms)[mine], (after.log_ratio + after.log_ms)[mine], atol=1e-9)
    assert np.allclose(after.log_ratio[mine], before.log_ratio[mine] - np.log(3), atol=1e-9)


def test_the_law_is_predicted_well_on_new_families_and_better_than_by_a_line(world):
    rows = [row for row in evaluate(world).latency if row.split == "S2"]
    assert {row.target.device for row in rows} == {"one", "two", "three"}
    for row in rows:
        assert row.mape < 0.12
        assert row.mape < min(baseline.mape for baseline in row.baselines)
        assert row.spearman > 0.95
        assert 0.8 < row.coverage <= 1.0


def test_new_devices_are_predicted_from_similar_ones(world):
    rows = [row for row in evaluate(world).latency if row.split == "S3 K=0"]
    assert {row.target.device for row in rows} == {"one", "two", "three"}
    assert all(row.mape < 0.35 for row in rows)


def test_an_evaluation_is_deterministic(world):
    target = world.device("one").default_target
    first, second = (evaluate(world, [target]) for _ in range(2))
    assert first == second
    assert [(row.target.device, row.split) for row in first.latency] == [
        ("one", "S1"),
        ("one", "S2"),
        ("one", "S3 K=0"),
    ]


def test_the_family_quantile_needs_nine_families_and_weighs_them_alike():
    families = [f"f{i}" for i in range(9)]
    values = np.linspace(0.1, 0.9, 9)
    assert family_quantile(values[:8], families[:8]) is None
    assert family_quantile(values, families) == pytest.approx(0.9)
    many = np.concatenate([values, np.zeros(1000)])
    assert family_quantile(many, [*families, *["f0"] * 1000]) == pytest.approx(0.9)
