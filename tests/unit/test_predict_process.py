"""The Gaussian process over networks, the settings of the model, and predictors that are shipped."""

from __future__ import annotations

import gzip
import json
from contextlib import contextmanager
from dataclasses import asdict, replace

import numpy as np
import pytest
from predicting import World, catalogue, device

from advisor.errors import DataError
from advisor.predict import concerned, fit, tune
from advisor.predict.deviations import Borrowed, Deviation, Seen, applied, deviation
from advisor.predict.evidence import Cell, Root, pool_of
from advisor.predict.features import TERMS, tabulate
from advisor.predict.latency import Hierarchy, physics
from advisor.predict.prefitted import load, save
from advisor.predict.process import Points, learn, standardised
from advisor.predict.scaling import power
from advisor.predict.settings import Settings
from advisor.predict.workbench import SETTINGS, Workbench, kept_settings

EXACT = replace(Settings(), noise=1e-9)


def points(where, families=None, signatures=None, amplitude=None):
    count = len(where)
    return Points(
        np.asarray(where, dtype=float),
        np.arange(count) if families is None else np.asarray(families),
        np.arange(count) if signatures is None else np.asarray(signatures),
        np.ones(count) if amplitude is None else np.asarray(amplitude),
    )


def test_what_was_seen_without_noise_is_said_again_surely():
    rng = np.random.default_rng(0)
    seen, values = points(rng.normal(0, 1, (20, 5))), rng.normal(0, 0.1, 20)
    mean, sd = learn(seen, values, np.ones(20), EXACT).expected(seen)
    assert np.allclose(mean, values, atol=1e-4)
    assert sd.max() < 0.01


def test_far_from_everything_nothing_is_said():
    learnt = learn(points([[0.0, 0.0]]), np.array([0.5]), np.ones(1), EXACT)
    mean, sd = learnt.expected(Points(np.array([[400.0, 0.0]]), np.array([7]), np.array([7]), np.ones(1)))
    whole = EXACT.broad + EXACT.narrow + EXACT.family + EXACT.own
    assert abs(mean[0]) < 1e-6
    assert sd[0] == pytest.approx(np.sqrt(whole), rel=1e-6)


def test_relatives_say_more_than_strangers_at_the_same_distance():
    learnt = learn(points([[0.0, 0.0]]), np.array([0.5]), np.ones(1), EXACT)
    both = Points(np.array([[0.5, 0.0], [0.5, 0.0]]), np.array([0, 3]), np.array([5, 6]), np.ones(2))
    mean, sd = learnt.expected(both)
    assert mean[0] > mean[1] > 0
    assert sd[0] < sd[1]


def test_a_smaller_amplitude_moves_less():
    learnt = learn(points([[0.0, 0.0]]), np.array([0.5]), np.ones(1), EXACT)
    asked = points([[0.1, 0.0], [0.1, 0.0]], families=[3, 4], signatures=[5, 6], amplitude=[1.0, 0.4])
    mean, sd = learnt.expected(asked)
    assert mean[1] == pytest.approx(0.4 * mean[0])
    assert sd[1] == pytest.approx(0.4 * sd[0])


def test_descriptors_are_scaled_by_what_was_seen_alone():
    table = np.array([[1.0, 5.0], [3.0, 5.0], [1000.0, -7.0]])
    scaled = standardised(table, np.array([0, 1]))
    assert scaled.shape == (3, 1)  # the second does not vary among those seen
    assert scaled[:, 0].tolist() == [-1.0, 1.0, 4.0]


def test_a_deviation_scales_the_device_and_never_the_launches():
    work = np.ones((1, len(TERMS)))
    launching, adding = (applied(work, np.array([np.log(2.0)]), power)[0] for power in (8.0, 1.0))
    at = {name: i for i, name in enumerate(TERMS)}
    assert [launching[at[name]] for name in ("dense_macs", "ops", "copied_one")] == pytest.approx([2.0, 1.0, 1.0])
    assert [adding[at[name]] for name in ("dense_macs", "ops", "copied_one")] == pytest.approx([2.0, 2.0, 1.0])


def test_networks_measured_elsewhere_deviate_less_from_what_is_borrowed():
    amplitude = Borrowed(np.zeros(2), np.array([True, False])).amplitude()
    assert amplitude[0] < amplitude[1] == 1.0


def test_what_is_a_networks_own_affair_it_keeps_and_nobody_learns_from_it():
    known, family_of = catalogue(families=6, members=4)
    table = tabulate(list(known.values()))
    families = np.unique([family_of[key[0]] for key in table.keys], return_inverse=True)[1]
    signatures = np.arange(len(table.keys))
    at = np.array([i for i in range(len(table.keys)) if i % 4])  # one of each family is not seen

    def learnt(odd: float) -> Deviation:
        values = np.where(at == 1, odd, 0.02)
        nothing = Borrowed.nothing(len(table.keys))
        shares = np.zeros((len(table.keys), 0))
        return deviation(table, families, signatures, shares, Seen(at, values, np.ones(len(at))), nothing, Settings())

    strange, stranger = learnt(1.5), learnt(3.0)
    assert stranger.mean[1] - strange.mean[1] == pytest.approx(1.5)
    assert strange.mean[1] > 1.3
    assert np.allclose(np.delete(stranger.mean, 1), np.delete(strange.mean, 1))
    assert stranger.on_similar().mean[1] > 2.5


def test_a_device_that_is_alone_in_its_pool_may_leave_it_further():
    one, other = device("one"), device("other", scale=1.3)
    world = World([one, other])
    world.measure(one.default_target)
    bench = Workbench.of(world)
    cell, pool, head = Cell.of(one.default_target), pool_of(one, one.default_target), power(one.default_target)
    world.measure(other.default_target, seed=1)
    both = Workbench.of(world).cross.full
    without = Hierarchy(both.evidence, np.array([c.device == "one" for c in both.evidence.cells]), both, both.settings)
    freer, stiff = (replace(both.settings, alone_own=own, alone_of_kind=0.5) for own in (0.3, both.settings.cell_own))
    moved = [
        Hierarchy(h.evidence, h.keep, h.full, settings).cell(cell, pool, head).theta
        for h in (both, without)
        for settings in (freer, stiff)
    ]
    assert np.allclose(moved[0], moved[1])
    assert not np.allclose(moved[2], moved[3])
    assert np.allclose(bench.cross.full.cell(cell, pool, head).theta, without.cell(cell, pool, head).theta, atol=1e-2)


def test_compiled_kernels_start_where_they_were_measured():
    starts = {
        (unit, runtime): physics(Root(unit, runtime), 1.0)
        for unit in ("cpu", "gpu")
        for runtime in ("pytorch-eager", "pytorch-compile")
    }
    changes = {
        unit: dict(zip(TERMS, starts[unit, "pytorch-compile"] - starts[unit, "pytorch-eager"], strict=True))
        for unit in ("cpu", "gpu")
    }
    faster, slower = ({term for term, by in changes["cpu"].items() if by * sign > 0} for sign in (-1, 1))
    assert faster == {"pool_bytes", "light_bytes"}
    assert slower == {"statistics_bytes"}
    assert {term for term, by in changes["gpu"].items() if by} == {"statistics_bytes"}


def test_settings_survive_json_and_refuse_what_they_are_not():
    assert Settings.from_json(Settings().to_json()) == Settings()
    for wrong in ({"no_such": 1.0}, {"noise": -1.0}, {"noise": "high"}, {"noise": True}):
        with pytest.raises(DataError, match="not as expected"):
            Settings.from_json(wrong)


def test_predictors_are_written_and_read_alike_and_only_for_their_evidence(tmp_path):
    world = World([device("one"), device("two", scale=2.0)])
    world.measure(world.device("one").default_target)
    fit(world)
    contents = [world.predictor(world.device(name).default_target) for name in ("one", "two")]
    path = tmp_path / "predictors.gz"
    save(path, "abc", contents)
    first = path.read_bytes()
    save(path, "abc", contents)
    assert path.read_bytes() == first
    found = load(path, "abc")
    assert list(found) == [world.device(name).default_target for name in ("one", "two")]
    assert [asdict(target) for target in found] == [content["target"] for content in contents]
    assert load(path, "another") == {}


@pytest.mark.parametrize(
    "content",
    [b"not compressed", gzip.compress(b"[]\n"), gzip.compress(b'{"made_from": "abc"}\n{}\n')],
    ids=["not compressed", "a list", "no predictors"],  # bytes would name a test by the second it ran in
)
def test_a_damaged_file_of_predictors_is_said(tmp_path, content):
    path = tmp_path / "predictors.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        load(path, "abc")


def test_a_predictor_that_is_given_is_not_fitted_again():
    world = World([device("one"), device("two", scale=2.0)])
    world.measure(world.device("one").default_target)
    fit(world)
    target = world.device("one").default_target
    fit(world, given={target: {**world.predictor(target), "notes": ["given"]}})
    assert world.predictor(target)["notes"] == ["given"]
    assert world.predictor(world.device("two").default_target)["notes"] != ["given"]


def test_new_measurements_concern_their_device_and_similar_ones():
    world = World([device("one"), device("two"), device("board", kind="jetson")])
    world.measure(world.device("one").default_target)
    assert concerned(world, {"one"}) == ["one", "two"]
    assert concerned(world, {"board"}) == ["board"]


def test_a_search_for_settings_never_ends_worse_and_goes_on_where_it_stopped(tmp_path):
    world = World([device("one"), device("two", scale=2.0)])
    for number, name in enumerate(("one", "two")):
        world.measure(world.device(name).default_target, batch_sizes=(1, 64), seed=number)
    said: list[str] = []
    found, best, usual = tune(world, 2, tmp_path / "study.db", said.append)
    assert best <= usual
    assert Settings.from_json(found) != Settings() or best == usual
    again, better, same = tune(world, 1, tmp_path / "study.db", said.append)
    assert better <= best
    assert same == usual
    assert [line.split(":")[0] for line in said] == ["trial 1", "trial 2", "trial 3"]
    world.metas[SETTINGS] = json.dumps(again)
    assert kept_settings(world) == Settings.from_json(again)


class Locking(World):
    """Knows whether it is being written to."""

    locked = False

    @contextmanager
    def writing(self):
        self.locked = True
        yield
        self.locked = False


def test_fitting_locks_the_store_only_to_write():
    world = Locking([device("one"), device("two", scale=2.0)])
    world.measure(world.device("one").default_target)
    seen = []
    fit(world, on_progress=lambda _: seen.append(world.locked))
    assert seen == [False, False]
    assert len(world.kept) == 4


def test_evidence_that_changes_during_a_fit_is_in_it():
    world = World([device("one"), device("two", scale=2.0)])
    world.measure(world.device("one").default_target)
    said = []

    def arrives(line: str) -> None:
        said.append(line)
        if len(said) == 1:
            world.measure(world.device("two").default_target, seed=1)

    report = fit(world, on_progress=arrives)
    assert report.rows == len(world.rows)
    assert sum("once more" in line for line in said) == 1
    assert world.predictor(world.device("two").default_target)["calibrated"]
