"""Memory is accounting: parts add up, precision and batch act where they must."""

from __future__ import annotations

from dataclasses import replace

import pytest
from predicting import architecture, device

from advisor.complexity.caching import RESERVED
from advisor.errors import DataError
from advisor.locations import shipped
from advisor.predict.memory import MIB, Sizes, estimate, load, memory_kind
from advisor.records import RUNTIMES, ClassTotals, Target


@pytest.fixture
def constants():
    return load(shipped("benchmarks_db") / "runtime_memory.toml")


@pytest.fixture
def sizes():
    return Sizes.of([architecture("small", gmacs=0.3), architecture("large", gmacs=8.0)])


def on(precision="fp16", runtime="tensorrt", unit="gpu"):
    return Target("any", unit, "", runtime, precision)


def test_every_shipped_constant_has_a_known_runtime_and_a_source(constants):
    assert {runtime for runtime, _ in constants} <= set(RUNTIMES)
    assert {kind for _, kind in constants} == {"gpu", "jetson", "cpu"}
    assert all(len(found.source) > 20 for found in constants.values())


def test_what_is_deployed_on_each_kind_of_device_is_known(constants):
    wanted = {
        ("tensorrt", "jetson"),
        ("pytorch-eager", "jetson"),
        ("pytorch-eager", "gpu"),
        ("tensorrt", "gpu"),
        ("pytorch-eager", "cpu"),
    }
    assert wanted | {("pytorch-compile", "cpu"), ("ncnn", "cpu"), ("onnxruntime", "jetson")} <= set(constants)


def test_parts_add_up_and_lie_inside_the_interval(constants, sizes):
    for (runtime, kind), found in constants.items():
        m = estimate(sizes, found, on("fp32", runtime), 1)
        assert m.value == pytest.approx(m.weights + m.activations + m.runtime), (runtime, kind)
        assert (m.low <= m.value).all()
        assert (m.value <= m.high).all()


def test_memory_grows_with_the_batch_by_live_activations_only(constants, sizes):
    one, eight, nine = (estimate(sizes, constants["tensorrt", "jetson"], on(), b) for b in (1, 8, 9))
    assert (eight.value > one.value).all()
    assert nine.value - eight.value == pytest.approx((eight.value - one.value) / 7)
    assert (one.weights == nine.weights).all()


def test_half_precision_halves_weights_and_autocast_keeps_them(constants, sizes):
    found = constants["pytorch-eager", "gpu"]
    full, half, amp = (estimate(sizes, found, on(p, "pytorch-eager"), 1).weights for p in ("fp32", "fp16", "amp_fp16"))
    assert half == pytest.approx(full / 2)
    assert (amp > full).all()


def segmented(full, half, name="segmented"):
    """An architecture of which so many MiB are reserved beside its weights, at batch 1, 8 and 64."""
    plain = architecture(name, gmacs=2.0)
    beside = dict(zip(RESERVED, (*full, *half), strict=True))
    return replace(plain, extras={n: plain.weight_bytes * RESERVED[n][1] + mib * MIB for n, mib in beside.items()})


@pytest.mark.parametrize(
    ("precision", "batch", "wanted"),
    [("fp32", 1, 60.0), ("fp32", 8, 200.0), ("fp32", 15, 350.0), ("fp32", 64, 1400.0), ("fp16", 1, 40.0), ("bf16", 8, 110.0),
     ("bf16", 36, 455.0), ("amp_fp16", 1, 40.0), ("fp64", 1, 120.0), ("int8", 8, 55.0)],
)  # fmt: skip
def test_activations_on_a_caching_allocator_are_all_that_its_segments_take_beside_the_weights(precision, batch, wanted):
    sizes = Sizes.of([segmented((60.0, 200.0, 1400.0), (40.0, 110.0, 800.0))])
    assert sizes.held(precision, batch, caching=True)[1] == pytest.approx(wanted)
    assert sizes.held(precision, batch)[1] < sizes.held(precision, batch, caching=True)[1]


def test_autocast_halves_convolutional_networks_and_keeps_what_norms_with_statistics_and_softmax_put_out():
    plain = segmented((60.0, 200.0, 1400.0), (40.0, 110.0, 800.0))
    moved = sum(t.act_bytes_in + t.act_bytes_out for t in plain.classes.values())
    normed = replace(plain, extras=plain.extras | {"statistics_bytes": 0.25 * moved})
    softmax = ClassTotals(1, 0.0, 0.25 * moved, 0.25 * moved, 0.0)
    attends = replace(plain, classes=plain.classes | {"softmax": softmax})  # a third of all that is moved then
    sizes = Sizes.of([plain, normed, attends])
    assert sizes.held("amp_fp16", 8, caching=True)[1] == pytest.approx([110.0, 132.5, 140.0])
    assert sizes.held("amp_fp16", 8)[1] == pytest.approx(sizes.held("fp32", 8)[1] * [0.5, 0.625, 2 / 3])


def test_beyond_what_was_replayed_segments_grow_as_live_bytes_do():
    sizes = Sizes.of([segmented((60.0, 200.0, 1400.0), (40.0, 110.0, 800.0))])
    live, reserved = ([sizes.held("fp32", batch, caching)[1][0] for batch in (64, 256)] for caching in (False, True))
    assert reserved[1] / reserved[0] == pytest.approx(live[1] / live[0])


def test_what_is_alive_is_the_least_that_is_reserved():
    sizes = Sizes.of([segmented((1.0, 2.0, 3.0), (1.0, 2.0, 3.0))])
    for precision in ("fp32", "fp16", "amp_fp16"):
        assert (sizes.held(precision, 4, caching=True)[1] == sizes.held(precision, 4)[1]).all()


def test_pytorch_on_gpus_counts_segments_and_other_runtimes_do_not(constants):
    assert {place for place, found in constants.items() if found.caching} == {
        ("pytorch-eager", "gpu"), ("pytorch-compile", "gpu"), ("pytorch-eager", "jetson"),
    }  # fmt: skip
    plain, split = (
        Sizes.of([architecture("segmented", gmacs=2.0)]),
        Sizes.of([segmented((90.0, 900.0, 7000.0), (60.0, 500.0, 4000.0))]),
    )
    for (runtime, kind), found in constants.items():
        unit = "cpu" if kind == "cpu" else "gpu"
        without, beside = (estimate(s, found, on("fp32", runtime, unit), 8).value for s in (plain, split))
        assert (beside > without) == found.caching, (runtime, kind)


def test_an_unknown_allocator_is_refused_by_name(tmp_path):
    path = tmp_path / "runtime_memory.toml"
    levels = "{ low = 1, typical = 1, high = 1 }"
    path.write_text(
        f'[a]\nruntime = "x"\nkind = "cpu"\nallocator = "arena"\nbase_mib = {levels}\nweights_factor = {levels}\n'
        f'activations_factor = {levels}\nsource = "none"\n'
    )
    with pytest.raises(DataError, match=r"\[a\].*allocator 'arena' is not known"):
        load(path)


def test_a_runtime_without_constants_is_unknown_with_a_reason(sizes):
    found = estimate(sizes, None, on(runtime="caffe"), 1)
    assert "caffe" in found.reason
    assert "measure" in found.reason


def test_unified_memory_holds_the_runtime_too(constants):
    assert memory_kind(device("board", kind="jetson"), on()) == "jetson"
    assert memory_kind(device("board", kind="jetson"), on(unit="cpu")) == "cpu"
    assert memory_kind(device("card"), on()) == "gpu"
    assert constants["pytorch-eager", "jetson"].base_mib[1] > constants["pytorch-eager", "gpu"].base_mib[1]


def test_weights_of_a_known_network_are_counted_in_mebibytes(sizes, constants):
    found = estimate(sizes, constants["pytorch-eager", "cpu"], on("fp32", "pytorch-eager", "cpu"), 1)
    assert found.weights[0] == pytest.approx(sizes.weights[0] / MIB)


@pytest.mark.parametrize(
    "text",
    ['[a]\nruntime = "x"\n', '[a]\nruntime = "x"\nkind = "cpu"\nbase_mib = { low = 5, typical = 1, high = 9 }\n'],
)
def test_a_broken_table_of_constants_is_refused_by_name(tmp_path, text):
    path = tmp_path / "runtime_memory.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=r"runtime_memory\.toml"):
        load(path)
