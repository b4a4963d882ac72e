"""What an estimate says: measured, calibrated or predicted, how sure, and why not."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from predicting import RESOLUTION, World, architecture, changed, device, transformer

from advisor.errors import DataError
from advisor.predict import estimate, fit
from advisor.predict.predictor import from_json, to_json
from advisor.records import ClassTotals, Target

CARD, BOARD = "card", "board"


@pytest.fixture
def world():
    """A card measured in large batches only, one measured in small ones, and boards of which one was never measured."""
    made = World(
        [
            device(CARD),
            device("other", scale=1.5),
            device(BOARD, kind="jetson", scale=0.1),
            device("half-board", kind="jetson", scale=0.05),
        ],
        extra=[transformer(), architecture("huge", gmacs=900.0)],
    )
    made.measure(made.device(CARD).default_target, batch_sizes=(64, 256))
    made.measure(made.device("other").default_target, batch_sizes=(1, 8, 64), seed=1)
    made.measure(made.device(BOARD).default_target, batch_sizes=(1,), seed=2)
    return made


def rows(world, name, batch_size=1, **changes):
    target = replace(world.device(name).default_target, **changes)
    return {row.signature: row for row in estimate(world, target, batch_size)}


def measured_signatures(world):
    return {m.signature for m in world.rows}


def test_fit_writes_every_default_target_at_both_batch_sizes(world):
    report = fit(world)
    targets = {d.default_target for d in world.devices()}
    assert set(world.kept) == {(target, batch) for target in targets for batch in (1, 8)}
    assert report.targets == report.predicted == 4
    assert report.estimates == sum(len(r) for r in world.kept.values()) == 8 * len(world.complexities())
    assert report.rows == len(world.rows)


def test_a_measured_architecture_answers_with_its_measurement(world):
    found = rows(world, BOARD)
    for m in world.measurements(BOARD):
        quantity = found[m.signature].latency
        assert (quantity.basis, quantity.value, quantity.evidence) == ("measured", m.latency_ms, ("lab",))
        assert quantity.low < quantity.value < quantity.high


def test_another_batch_in_the_regime_is_calibrated_and_another_regime_predicted(world):
    signature = next(iter(measured_signatures(world)))
    assert rows(world, BOARD, 4)[signature].latency.basis == "calibrated"
    assert rows(world, BOARD, 64)[signature].latency.basis == "predicted"


def test_large_batches_do_not_calibrate_batch_one_of_an_eager_runtime(world):
    signature = next(iter(measured_signatures(world)))
    found = rows(world, CARD)[signature]
    assert found.latency.basis == "predicted"
    assert found.latency.high / found.latency.low >= 2.0


def test_huge_networks_at_a_small_batch_do_not_calibrate_the_launches(world):
    world.measure(world.device(CARD).default_target, batch_sizes=(8,), seed=9)
    launches = {c.signature: 0.04 * c.n_ops for c in world.complexities().values()}
    world.rows = [
        m
        for m in world.rows
        if m.target.device != CARD or m.batch_size > 8 or m.latency_ms > 1.3 * launches[m.signature]
    ]
    assert any(m.batch_size == 8 and m.target.device == CARD for m in world.rows)
    unmeasured = next(s for s, _ in world.complexities() if s not in measured_signatures(world))
    assert rows(world, CARD)[unmeasured].latency.basis == "predicted"


def test_copies_are_evidence_for_the_fit_but_never_the_answer(world):
    world.replace_rows(lambda m: replace(m, timing_scope="forward+copies") if m.target.device == BOARD else m)
    found = rows(world, BOARD)
    assert {found[m.signature].latency.basis for m in world.measurements(BOARD)} == {"calibrated"}


def test_a_device_without_rows_is_scaled_by_its_profile(world):
    ratio = [
        rows(world, "half-board", 64)[s].latency.value / rows(world, BOARD, 64)[s].latency.value
        for s in list(measured_signatures(world))[:5]
    ]
    assert 1.4 < float(np.median(ratio)) < 2.6
    some = rows(world, "half-board")[next(iter(measured_signatures(world)))]
    assert some.latency.basis == "predicted"
    assert any("scaled from similar devices" in flag for flag in some.flags)


def test_contradicting_sources_are_covered_and_said(world):
    first = world.measurements(BOARD)[0]
    world.rows.append(replace(first, id="second", source="elsewhere", latency_ms=first.latency_ms * 3, grade="B"))
    quantity, flags = rows(world, BOARD)[first.signature].latency, rows(world, BOARD)[first.signature].flags
    assert quantity.value == first.latency_ms
    assert quantity.high > 3 * first.latency_ms
    assert set(quantity.evidence) == {"lab", "elsewhere"}
    assert any(flag.startswith("sources differ: lab") for flag in flags)


def test_the_better_grade_then_the_newer_software_answers(world):
    first = world.measurements(BOARD)[0]
    newer = replace(
        first, id="newer", latency_ms=first.latency_ms * 1.1, target=replace(first.target, software="tensorrt 10.1")
    )
    worse = replace(
        newer,
        id="worse",
        grade="D",
        latency_ms=first.latency_ms * 9,
        target=replace(first.target, software="tensorrt 11"),
    )
    world.rows += [newer, worse]
    assert rows(world, BOARD)[first.signature].latency.value == newer.latency_ms


def test_a_transformer_is_extrapolated_where_only_convolutions_were_measured(world):
    signature = transformer().signature
    for name in (BOARD, "half-board"):
        found = rows(world, name)[signature]
        assert found.latency.extrapolated
        assert any("linear layers" in flag and "Jetson" in flag for flag in found.flags)
    convolutional = next(iter(measured_signatures(world)))
    assert not rows(world, "half-board")[convolutional].latency.extrapolated


def test_attention_that_was_never_measured_is_said_even_where_convolutions_dominate(world):
    plain = architecture("hybrid", gmacs=2.0)
    hybrid = replace(plain, classes={**plain.classes, "attention": ClassTotals(4, 5e7, 1e6, 1e6, 0.0)})
    world.complexities()[hybrid.signature, RESOLUTION] = hybrid
    world.families()[hybrid.signature] = "hybrid"
    found = rows(world, BOARD)[hybrid.signature]
    assert found.latency.extrapolated
    assert any(flag.startswith("it has attention") for flag in found.flags)


def test_a_network_far_outside_the_measured_range_is_extrapolated(world):
    found = rows(world, BOARD)[architecture("huge", gmacs=900.0).signature]
    assert found.latency.extrapolated
    assert any("times the largest network measured" in flag for flag in found.flags)


def test_a_runtime_that_was_never_measured_gives_a_reason_and_no_number(world):
    found = rows(world, BOARD, runtime="onnxruntime", precision="fp32")
    assert {row.latency for row in found.values()} == {None}
    assert {row.latency_reason for row in found.values()} == {
        "onnxruntime was never measured on a Jetson's GPU: measure some models there"
    }
    assert all(row.memory is not None for row in found.values())


def test_larger_batches_never_take_less_time(world):
    for name in (CARD, "other", "half-board"):
        before = None
        for batch in (1, 2, 8, 9, 31, 32, 128):
            now = rows(world, name, batch)
            values = {s: r.latency.value for s, r in now.items() if r.latency.basis != "measured"}
            if before is not None:
                assert all(values[s] >= before[s] * (1 - 1e-9) for s in values.keys() & before.keys())
            before = values


def test_what_only_a_batch_of_one_pays_makes_it_no_slower_than_two():
    plain = architecture("turned")
    turned = replace(plain, extras=plain.extras | {"generated_relaid_bytes": 5e9})
    times = []
    for made in (plain, turned):
        world = World([device(CARD)], extra=[made])
        world.measure(replace(world.device(CARD).default_target, runtime="pytorch-compile"), batch_sizes=(8,))
        found = (rows(world, CARD, batch, runtime="pytorch-compile")[made.signature] for batch in (1, 2, 64))
        times.append([row.latency.value for row in found])
    without, paid = times
    assert paid[0] > 1.5 * without[0]
    assert paid[1] == pytest.approx(paid[0])
    assert paid[2] == pytest.approx(without[2], rel=0.05)


def test_what_a_network_took_longer_it_takes_in_other_batches_and_modes(world):
    """One network that is much slower than its like: nothing of it may be faster than where it was timed."""
    odd = world.measurements(BOARD)[0]
    usual = {b: rows(world, BOARD, b)[odd.signature].latency.value for b in (2, 64)}
    slower = rows(world, BOARD, power_mode="HALF")[odd.signature].latency.value
    world.replace_rows(lambda m: changed(m, 3 * m.latency_ms) if m.id == odd.id else m)
    world.predictors.clear()
    took = 3 * odd.latency_ms
    for batch, before in usual.items():
        assert rows(world, BOARD, batch)[odd.signature].latency.value >= max(took, 2 * before)
    assert rows(world, BOARD, power_mode="HALF")[odd.signature].latency.value >= max(took, 2 * slower)


def test_where_launches_set_the_pace_large_batches_say_nothing_of_it(world):
    """Most rows of large batches are bound by the card: their narrow interval is not that of a network still waiting for launches."""
    launching = architecture("launching", gmacs=0.01, ops=900)
    world.complexities()[launching.signature, RESOLUTION] = launching
    world.families()[launching.signature] = "family0"
    widths = {}
    for batch in (8, 31, 32, 64):
        found = rows(world, CARD, batch)
        widths[batch] = {s: r.latency.high / r.latency.value for s, r in found.items() if r.latency.basis != "measured"}
    of_launching = [widths[batch][launching.signature] for batch in widths]
    assert of_launching == sorted(of_launching)
    computing = world.complexities()[next(key for key, c in world.complexities().items() if c.macs > 7e11)]
    assert widths[64][computing.signature] < widths[8][computing.signature]


def test_operators_that_were_measured_elsewhere_only_are_as_unsure_as_on_a_new_device(world):
    world.measure(world.device("half-board").default_target, batch_sizes=(1,), seed=5)
    linear, alike = (architecture(name, gmacs=1.0, linear=0.9) for name in ("linear", "alike"))
    for one in (linear, alike):
        world.complexities()[one.signature, RESOLUTION] = one
        world.families()[one.signature] = "family0"
    world.rows.append(replace(world.rows[-1], id="heavy", signature=linear.signature))  # on half-board: known on boards

    def width(name, signature):
        latency = rows(world, name)[signature].latency
        return latency.high / latency.value, any(
            "similar devices only" in f for f in rows(world, name)[signature].flags
        )

    usual = architecture("usual", gmacs=1.0)
    world.complexities()[usual.signature, RESOLUTION] = usual
    world.families()[usual.signature] = "family0"
    assert width(BOARD, alike.signature)[1]
    assert width(BOARD, alike.signature)[0] > 1.2 * width(BOARD, usual.signature)[0]
    assert not width(BOARD, usual.signature)[1]
    assert not width("half-board", alike.signature)[1]


def test_an_interval_of_more_than_ten_times_its_value_is_nothing_to_decide_by(world):
    fit(world)
    target = world.device(BOARD).default_target
    content = json.loads(json.dumps(world.predictors[target]))
    content["spreads"]["medium"] = {"half_width": 3.0}
    world.predictors[target] = content
    found = [row for row in estimate(world, target, 16) if row.latency.basis != "measured"]
    assert all(row.latency.extrapolated for row in found)
    assert all(any("measure it" in flag for flag in row.flags) for row in found)
    peak = 40e12 * 0.1 / 2  # multiply-accumulates a second of the board's profile
    for row in found:
        work = world.complexities()[row.signature, row.resolution]
        assert row.latency.low >= 16 * work.macs / 2.25 / peak * 1e3 * 0.999  # 3x3 convolutions by Winograd's


def test_other_power_modes_are_scaled_and_said(world):
    signature = next(iter(measured_signatures(world)))
    full, half = rows(world, BOARD)[signature], rows(world, BOARD, power_mode="HALF")[signature]
    assert half.latency.basis == "predicted"
    assert 1.3 < half.latency.value / full.latency.value < 2.7
    assert any("power modes" in flag for flag in half.flags)


def test_uncounted_operators_are_said(world):
    key, found = next(iter(world.complexities().items()))
    world.complexities()[key] = replace(found, uncounted=("aten.fft",))
    assert any("aten.fft" in flag for flag in rows(world, CARD)[key[0]].flags)


def test_a_predictor_survives_json(world):
    fit(world)
    for content in world.predictors.values():
        text = json.dumps(content, allow_nan=False)
        again = to_json(from_json(json.loads(text)))
        assert json.loads(json.dumps(again)) == json.loads(text)


def test_an_estimate_from_a_kept_predictor_is_the_same(world):
    target = world.device(CARD).default_target
    first, second = estimate(world, target, 16), estimate(world, target, 16)
    assert target in world.predictors
    assert first == second


@pytest.mark.parametrize("content", [{}, {"version": 99}, {"version": 1, "target": {"nonsense": 1}}])
def test_a_file_that_is_no_predictor_is_refused(content):
    with pytest.raises(DataError, match="advisor fit"):
        from_json(content)


def test_rows_that_cannot_be_fitted_are_counted_with_the_reason(world):
    world.rows.append(replace(world.rows[0], id="p99", statistic="p99"))
    world.rows.append(replace(world.rows[0], id="none", latency_ms=None))
    world.rows.append(replace(world.rows[0], id="far", resolution=RESOLUTION + 1))
    left_out = fit(world).left_out
    assert sum(left_out.values()) == 3
    assert any("p99" in reason for reason in left_out)


def test_a_fit_does_not_depend_on_the_order_of_rows(world):
    fit(world)
    before = {key: [row.latency for row in kept] for key, kept in world.kept.items()}
    world.rows.reverse()
    fit(world)
    after = {key: [row.latency for row in kept] for key, kept in world.kept.items()}
    for key, latencies in before.items():
        assert [q.value for q in latencies] == pytest.approx([q.value for q in after[key]], rel=1e-6)


def slow_elsewhere():
    """Boards of which b3 was not measured, and what a source that reads 2.2 times slow says of b1 and b2."""
    world = World([device(f"b{i}", kind="jetson", scale=0.1 * (i + 1)) for i in range(4)])
    for number in range(3):
        world.measure(world.device(f"b{number}").default_target, batch_sizes=(1,), seed=number)
    slow = [
        replace(changed(m, m.latency_ms * 2.2), id=f"slow-{m.id}", source="slow", grade="C")
        for m in world.rows
        if m.target.device != "b0"
    ]
    return world, slow


def test_a_source_that_reads_slow_elsewhere_casts_doubt_on_its_measurements():
    world, slow = slow_elsewhere()
    only = [
        replace(m, id=f"only-{m.id}", target=world.device("b3").default_target) for m in slow if m.target.device == "b1"
    ]
    world.rows += slow + only
    found = rows(world, "b3")[only[0].signature]
    assert found.latency.basis == "measured"
    assert found.latency.low < found.latency.value / 1.3
    assert any(flag.startswith("slow reads") for flag in found.flags)


def test_a_source_that_is_alone_and_reads_slow_elsewhere_is_said_of_all_it_calibrates():
    world, slow = slow_elsewhere()
    moved = [replace(m, id=f"b3-{m.id}", target=world.device("b3").default_target) for m in slow[:9]]
    world.rows += slow + moved
    calibrated = [r for r in rows(world, "b3").values() if r.latency.basis == "calibrated"]
    assert calibrated
    assert all(any(f.startswith("only slow measured here, which reads ") for f in r.flags) for r in calibrated)
    assert not any(flag.startswith("only ") for r in rows(world, "b1").values() for flag in r.flags)


def test_a_target_of_a_dla_is_refused_with_a_reason(world):
    target = Target(BOARD, "dla", "FULL", "tensorrt", "int8")
    assert "DLA" in estimate(world, target, 1)[0].latency_reason
