"""Statistics and stopping rules: exact values, and coverage by simulation with fixed seeds."""

from __future__ import annotations

import random
from statistics import median

import pytest

from advisor.measure import stats
from advisor.measure.sampling import StopRule
from advisor.measure.stopping import is_steady, least_samples


def ar1(n: int, rho: float, seed: int, scale: float = 0.05, tail: float = 0.0) -> list[float]:
    """A model of iteration times: autocorrelated noise around 1, with a share of outliers."""
    chance = random.Random(seed)
    state, found = chance.gauss(0, 1), []
    for _ in range(n):
        state = rho * state + (1 - rho**2) ** 0.5 * chance.gauss(0, 1)
        spike = 1.5 if chance.random() < tail else 0.0
        found.append(1 + scale * state + spike)
    return found


def test_blocks_are_contiguous_and_hold_every_sample():
    assert stats.block_medians(list(range(25)), 10) == [0.5, 3, 5.5, 8, 10.5, 13, 15.5, 18, 20.5, 23]


def test_the_interval_is_the_second_and_ninth_block_median():
    samples = [float(i // 10) for i in range(100)]
    found = stats.interval(samples)
    assert (found.low, found.high) == (1.0, 8.0)
    assert found.half_width == pytest.approx(7 / (2 * 4.5))


def test_fewer_samples_than_blocks_have_no_interval():
    with pytest.raises(ValueError, match="9 samples are fewer than 10"):
        stats.interval([1.0] * 9)


@pytest.mark.parametrize(("rho", "least"), [(0.0, 0.92), (0.5, 0.90), (0.9, 0.83)])
def test_the_block_interval_covers_the_median_of_autocorrelated_times(rho, least):
    hits = 0
    for seed in range(400):
        found = stats.interval(ar1(200, rho, seed, tail=0.02))
        hits += found.low <= 1.0 <= found.high
    assert hits / 400 >= least


@pytest.mark.parametrize(
    ("n", "known"),
    [(9, ()), (40, ("p50",)), (60, ("p50", "p90")), (120, ("p50", "p90", "p95")), (600, ("p50", "p90", "p95", "p99"))],
)
def test_a_percentile_needs_enough_samples(n, known):
    chance = random.Random(3)
    found = stats.percentiles([chance.random() for _ in range(n)])
    assert tuple(name for name, value in found.items() if value is not None) == known


def test_ranks_see_autocorrelation_that_outliers_hide_from_the_raw_estimate():
    assert stats.rank_autocorrelation(ar1(500, 0.9, 1, tail=0.02)) > 0.6
    assert stats.rank_autocorrelation(ar1(500, 0.0, 1, tail=0.02)) < 0.15
    assert stats.effective(ar1(79, 0.9, 5)) < 25


def test_equal_times_have_no_autocorrelation_and_no_drift():
    assert stats.rank_autocorrelation([2.0] * 50) == 0.0
    assert stats.drift([2.0] * 10) == stats.Drift(0.0, 1.0)


def test_drift_is_the_theil_sen_slope_with_an_exact_kendall_test():
    found = stats.drift([1 + 0.01 * i for i in range(10)])
    assert found.relative == pytest.approx(0.1 / 1.045)
    assert found.p_value == pytest.approx(2 / 3628800)


@pytest.mark.parametrize(("half_width", "name"), [(0.01, "A"), (0.02, "B"), (0.09, "C"), (0.2, "D")])
def test_grades(half_width, name):
    assert stats.grade(half_width) == name


def run(rule: StopRule, samples: list[float], step_s: float) -> tuple[str, int]:
    for n in range(1, len(samples) + 1):
        reason = rule.reason(samples[:n], n * step_s)
        if reason:
            return reason, n
    return "", len(samples)


def test_quiet_times_stop_by_precision_after_a_second():
    reason, n = run(StopRule(50, 10.0), ar1(4000, 0.0, 2, scale=0.005), 0.01)
    assert reason == "precision"
    assert 100 <= n <= 150


def test_noisy_times_stop_at_the_budget_and_slow_models_after_their_ten():
    assert run(StopRule(50, 2.0), ar1(1000, 0.0, 2, scale=0.2), 0.005) == ("budget", 400)
    assert run(StopRule(least_samples(10.0, 3.0), 10.0), ar1(50, 0.0, 2, scale=0.2), 3.0) == ("budget", 10)


def test_least_samples_lie_between_10_and_50():
    assert [least_samples(10.0, step) for step in (0.001, 0.3, 5.0)] == [50, 33, 10]


def test_warm_up_is_over_when_two_windows_agree():
    assert not is_steady([5.0] * 7 + [1.0] * 3, 5)
    assert not is_steady([1.0] * 5 + [1.2] * 5, 5)
    assert is_steady([1.0, 1.01, 0.99, 1.0, 1.0] * 2, 5)
    assert not is_steady([1.0] * 9, 5)


def test_the_median_of_ten_medians_is_near_the_median():
    samples = ar1(300, 0.3, 9)
    assert median(stats.block_medians(samples)) == pytest.approx(median(samples), rel=0.02)
