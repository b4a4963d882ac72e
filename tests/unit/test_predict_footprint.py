"""Peak memory learnt from processes follows a known law, needs few of them, and bounds hold for families it never saw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from advisor.predict.footprint import Prior, Seen, fitted, held_out

PRIOR = Prior(base=(600.0, 120.0), live=(1.2, 0.8), churn=(0.5, 0.5), library=(30.0, 10.0))
LIVE, CHURN, LIBRARY, BASES = 1.0, 1.5, 40.0, (690.0, 480.0)


@pytest.fixture
def law():
    """Makes rows that follow a law, by number of rows a place, with the spread of the network's part."""

    def make(count: int, spread: float = 0.05, seed: int = 1, families: int = 40) -> Seen:
        rng = np.random.default_rng(seed)
        place = np.repeat(np.arange(len(BASES)), count)
        weights, live, moved = (np.exp(rng.normal(m, 0.9, len(place))) for m in (3.5, 2.3, 5.0))
        churn = np.sqrt(moved)
        part = (weights + LIVE * live + CHURN * churn) * np.exp(rng.normal(0, spread, len(place)))
        names = tuple(f"f{i % families}" for i in range(len(place)))
        library = (np.arange(len(place)) % 3 > 0).astype(float)
        peak = np.array(BASES)[place] + LIBRARY * library + part
        return Seen(peak, weights, live, churn, library, place, names)

    return make


def test_the_law_is_found_again_and_each_device_has_its_own_constant(law):
    found = fitted(law(120), PRIOR).law
    assert found.live == pytest.approx(LIVE, abs=0.15)
    assert found.churn == pytest.approx(CHURN, abs=0.15)
    assert found.library == pytest.approx(LIBRARY, abs=4)
    assert found.bases == pytest.approx(BASES, abs=4)


def test_one_process_sets_the_constant_of_its_device_and_leaves_the_law_near_what_was_expected(law):
    rows = law(1)
    found = fitted(rows, PRIOR)
    said = found.law.base(rows) + found.law.part(rows.weights, rows.live, rows.churn)
    assert said == pytest.approx(rows.peak, rel=0.03)
    assert found.law.live == pytest.approx(PRIOR.live[0], abs=0.8)
    assert found.above is None


def test_no_process_is_thought_smaller_than_what_is_alive_in_it_whatever_was_measured(law):
    rows = law(120)
    shrunk = replace(rows, peak=rows.peak - 0.6 * rows.live)
    free, held = (fitted(shrunk, replace(PRIOR, least_live=least)).law for least in (0.0, 0.9))
    assert free.live < 0.6
    assert held.live == 0.9
    assert held.bases[0] < free.bases[0]  # the other terms as they are best beside it
    assert fitted(rows, replace(PRIOR, least_live=0.5)).law == fitted(rows, PRIOR).law


def test_without_enough_families_there_is_no_bound_and_with_them_it_holds_for_unseen_ones(law):
    assert fitted(law(60, families=18), PRIOR).above is None
    rows = law(150)
    found = fitted(rows, PRIOR)
    assert found.above is not None
    fresh = law(400, seed=9)
    bound = found.law.base(fresh) + found.law.part(fresh.weights, fresh.live, fresh.churn) * np.exp(found.above)
    assert (fresh.peak <= bound).mean() > 0.93
    assert 0.05 < found.above < 0.2


def test_what_is_said_of_a_family_does_not_depend_on_its_own_rows(law):
    rows = law(60)
    before = held_out(rows, PRIOR)
    mine = np.array([name == "f3" for name in rows.families])
    spoilt = Seen(
        np.where(mine, rows.peak * 2, rows.peak),
        rows.weights,
        rows.live,
        rows.churn,
        rows.library,
        rows.place,
        rows.families,
    )
    after = held_out(spoilt, PRIOR)
    assert after.part[mine] == pytest.approx(before.part[mine])
    assert after.base[mine] == pytest.approx(before.base[mine])
    assert after.above[mine] == pytest.approx(before.above[mine])
    assert not np.allclose(after.part[~mine], before.part[~mine])
