"""The physical model: what holds by construction, and what a fit recovers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from predicting import LAW, World, architecture, device, transformer

from advisor.predict.evidence import Cell, collect, pool_of, regime
from advisor.predict.features import ELEMENT_BYTES, TERMS, design, tabulate
from advisor.predict.latency import Hierarchy
from advisor.predict.model import HOST, Prior, Rows, fit, log_time, shares
from advisor.predict.scaling import power, rates
from advisor.records import PRECISIONS, RUNTIMES, ClassTotals, Target


def rows_of(work, log_ms):
    count = len(log_ms)
    nothing = np.zeros((count, 0))
    return Rows(
        work, log_ms, np.full(count, 0.1), nothing, np.zeros(0), np.zeros(count, np.int64), np.array([1e-3]), nothing
    )


@pytest.fixture
def table():
    return tabulate([architecture("a", gmacs=1.0), architecture("b", gmacs=4.0, ops=300), transformer()])


def test_every_precision_has_a_size():
    assert set(ELEMENT_BYTES) == set(PRECISIONS)


def test_counts_are_affine_in_the_batch_and_weights_do_not_grow(table):
    at = np.arange(3)
    one, two, nine = (design(table, at, float(b), "fp32", "pytorch-eager") for b in (1, 2, 9))
    assert np.allclose(nine - one, 8 * (two - one))
    still = [TERMS.index(name) for name in ("weight_bytes", "ops", "one")]
    assert np.array_equal(one[:, still], nine[:, still])


def test_half_precision_halves_bytes_and_not_multiplications(table):
    at = np.arange(3)
    full, half = (design(table, at, 1.0, precision, "tensorrt") for precision in ("fp32", "fp16"))
    macs, moved = (
        [i for i, name in enumerate(TERMS) if name.endswith(end) and "copied" not in name] for end in ("macs", "bytes")
    )
    assert np.allclose(full[:, moved], 2 * half[:, moved])
    assert np.array_equal(full[:, macs], half[:, macs])


def test_a_fusing_runtime_pays_per_kernel(table):
    at = np.arange(3)
    ops = TERMS.index("ops")
    assert (
        design(table, at, 1.0, "fp16", "tensorrt")[:, ops] < design(table, at, 1.0, "fp16", "pytorch-eager")[:, ops]
    ).all()


def test_a_runtime_that_generates_kernels_pays_for_them_and_for_bringing_weights_into_its_layout():
    plain = architecture("one")
    extras = {"generated_light_bytes": 5e6, "generated_pool_bytes": 1e6, "generated_kernels": 40.0}
    still = {"generated_light_fixed": 2e6, "fixed_act_bytes": -9e6}
    made = tabulate([replace(plain, extras=plain.extras | extras | still)])
    at, terms = np.arange(1), {name: TERMS.index(name) for name in TERMS}
    one, three = (design(made, at, float(batch), "fp32", "pytorch-compile")[0] for batch in (1, 3))
    eager = design(made, at, 1.0, "fp32", "pytorch-eager")[0]
    assert [one[terms[name]] for name in ("light_bytes", "pool_bytes")] == [7e6, 1e6]
    assert three[terms["light_bytes"]] == 17e6
    wide = plain.classes["conv_kxk"]
    assert one[terms["weight_bytes"]] - eager[terms["weight_bytes"]] == 2 * wide.weight_bytes
    assert one[terms["ops"]] == 40.0 + wide.n
    assert np.array_equal(one[: terms["pool_bytes"]], eager[: terms["pool_bytes"]])


def test_a_batch_of_one_pays_for_convolutions_that_do_not_know_the_layout_of_their_image():
    plain = architecture("one")
    turned = replace(plain, extras=plain.extras | {"generated_relaid_bytes": 3e6})
    tables, pool = [tabulate([c]) for c in (plain, turned)], TERMS.index("pool_bytes")

    def paid(batch, runtime):
        without, more = (design(table, np.arange(1), batch, "fp32", runtime)[0] for table in tables)
        assert np.array_equal(np.delete(without, pool), np.delete(more, pool))
        return more[pool] - without[pool]

    assert [paid(batch, "pytorch-compile") for batch in (1.0, 2.0, 32.0)] == [3e6, 0.0, 0.0]
    assert paid(1.0, "pytorch-eager") == paid(1.0, "tensorrt") == 0.0


def test_an_operator_that_no_table_knows_is_paid_for_by_its_bytes_when_compiled_too():
    plain = architecture("one")
    unknown = replace(plain, classes=plain.classes | {"other": ClassTotals(1, 0.0, 3e6, 1e6, 0.0)})
    light = TERMS.index("light_bytes")
    without, paid = (design(tabulate([c]), np.arange(1), 1.0, "fp32", "pytorch-compile")[0] for c in (plain, unknown))
    assert paid[light] - without[light] == 4e6


def test_copies_cost_only_where_they_were_timed(table):
    at = np.arange(3)
    without, timed = (design(table, at, 4.0, "fp32", "tensorrt", copies) for copies in (0.0, 1.0))
    assert not without[:, -2:].any()
    assert (timed[:, -2:] > 0).all()


def test_a_run_that_is_alone_on_a_target_is_read_as_it_is_and_one_of_several_is_not(table):
    """Three rows half as slow again as believed: with no other run to say otherwise, that is the device."""
    at = np.arange(3)
    work = design(table, at, 1.0, "fp32", "tensorrt")
    slower = log_time(work, np.log(LAW), 1.0) + np.log(1.5)
    prior = Prior.around(np.log(LAW), (0.3, 0.2, 0.35), 0.5)
    alone = replace(rows_of(work, slower), run_sd=np.array([0.15]))
    several = replace(alone, run_sd=np.array([0.15, 0.15]))
    shifts = {
        len(one.run_sd): fit(one.less(np.zeros(one.sources.shape[1])), prior, 1.0).runs[0] for one in (alone, several)
    }
    assert abs(shifts[1]) < 0.02
    assert shifts[2] > 2 * shifts[1] > 0


@pytest.mark.parametrize("head", [1.0, 8.0])
def test_time_is_never_below_its_launches_and_grows_with_the_batch(table, head):
    theta, launches = np.log(LAW), 0.0
    times = []
    for batch in (1, 2, 8, 64):
        work = design(table, np.arange(3), float(batch), "amp_fp16", "pytorch-eager") * 1e-9
        work[:, HOST] = 1.0
        launches = np.exp(theta[HOST]).sum()
        times.append(np.exp(log_time(work, theta, head)))
    assert (np.array(times) >= launches).all()
    assert (np.diff(times, axis=0) >= 0).all()


@pytest.mark.parametrize("head", [1.0, 8.0])
def test_shares_are_the_derivative_of_log_time(head):
    rng = np.random.default_rng(0)
    work, theta = rng.uniform(0.1, 2, (5, len(TERMS))), rng.normal(0, 0.5, len(TERMS))
    _, slope = shares(work, theta, head)
    for term in range(len(TERMS)):
        step = np.zeros(len(TERMS))
        step[term] = 1e-6
        numeric = (log_time(work, theta + step, head) - log_time(work, theta - step, head)) / 2e-6
        assert np.allclose(slope[:, term], numeric, atol=1e-6)


def test_without_rows_the_fit_is_the_prior():
    mean = np.log(LAW)
    assert np.array_equal(
        fit(rows_of(np.zeros((0, len(TERMS))), np.zeros(0)), Prior.around(mean, (0.3, 0.3, 0.3), 0.5), 1.0).theta, mean
    )


@pytest.mark.parametrize("head", [1.0, 8.0])
def test_a_fit_finds_the_law_and_shrugs_off_outliers(head):
    rng = np.random.default_rng(3)
    work = rng.lognormal(0, 1.5, (400, len(TERMS)))
    truth = rng.normal(0, 0.5, len(TERMS))
    log_ms = log_time(work, truth, head) + rng.normal(0, 0.03, 400)
    log_ms[::40] += 2.0
    found = fit(rows_of(work, log_ms), Prior.around(np.zeros(len(TERMS)), (1.0, 1.0, 1.0), 0.5), head)
    error = log_time(work, found.theta, head) - log_time(work, truth, head)
    assert np.abs(error).mean() < 0.05


def test_every_coefficient_is_positive_after_a_fit():
    world = World([device("card")])
    target = world.device("card").default_target
    world.measure(target)
    evidence = collect(
        world.rows, tabulate(list(world.complexities().values())), world.families(), {"card": world.device("card")}
    )
    whole = Hierarchy(evidence, np.ones(len(evidence.rows), dtype=bool))
    fitted = whole.cell(Cell.of(target), pool_of(world.device("card"), target), power(target))
    assert (np.exp(fitted.theta) > 0).all()


def target_on(card, runtime, precision, mode=""):
    return rates(card, Target(card.id, "gpu", mode, runtime, precision))


def test_cards_without_fast_fp16_compute_at_the_fp32_rate():
    pascal = device("pascal", peak_fp16_tflops=0.2)
    fp16, fp32 = (target_on(pascal, "tensorrt", p).per_unit[0] for p in ("fp16", "fp32"))
    assert fp16 == fp32


def test_tensorrt_may_accumulate_in_fp16_and_autocast_does_not():
    geforce = device("geforce", peak_fp16_acc32_tflops=20.0)
    assert target_on(geforce, "pytorch-eager", "amp_fp16").per_unit[0] == pytest.approx(
        2 * target_on(geforce, "tensorrt", "fp16").per_unit[0]
    )


def test_a_slower_power_mode_scales_compute_and_bandwidth():
    board = device("board", kind="jetson")
    full, half = (target_on(board, "tensorrt", "fp16", mode).per_unit for mode in ("FULL", "HALF"))
    assert half[:10] == pytest.approx(2 * full[:10])


@pytest.mark.parametrize(
    ("missing", "precision", "said"),
    [
        ("peak_fp32_tflops", "fp16", "peak rate"),
        ("memory_bandwidth_gb_s", "fp16", "bandwidth"),
        ("", "int8", "peak rate at int8"),
    ],
)
def test_a_missing_fact_is_said_with_what_to_do(missing, precision, said):
    card = device("card")
    facts = {k: v for k, v in card.facts.items() if k != missing}
    found = target_on(card._replace(facts=facts), "tensorrt", precision)
    assert found.per_unit is None
    assert said in found.reason
    assert "measure" in found.reason


def test_a_latency_on_a_dla_is_not_guessed():
    board = device("board", kind="jetson")
    assert "DLA" in rates(board, Target("board", "dla", "FULL", "tensorrt", "int8")).reason


@pytest.mark.parametrize(
    ("batch", "name"), [(1, "small"), (8, "small"), (9, "medium"), (31, "medium"), (32, "large"), (1024, "large")]
)
def test_regimes_by_batch_size(batch, name):
    assert regime(batch) == name


def test_runtimes_that_combine_differently_are_known_ones():
    from advisor.predict import features, scaling

    known = (features.FUSING, features.GENERATING, features.RECOMPUTING, scaling.LAUNCHING)
    assert set[str]().union(*known) <= set(RUNTIMES)
