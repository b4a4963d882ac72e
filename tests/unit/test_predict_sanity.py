"""What no prediction of the whole shipped catalogue may contradict: physics, and the order of siblings and boards."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, pairwise
from statistics import median

import pytest

from advisor.predict.features import ELEMENT_BYTES, TERMS
from advisor.predict.scaling import rates
from advisor.records import Target
from advisor.store import open_store

WINOGRAD = {"ncnn": 5.06}
"""Fewer multiplications of 3x3 convolutions: 2.25 for F(2x2,3x3) of Lavin and Gray (arXiv:1509.09308, section 4.1), 5.06 for
ncnn's F(6x6,3x3)."""
LEAST_LAUNCH_MS = 0.003
"""A kernel launch on the fastest hosts takes about 3 microseconds, whatever the GPU."""
NOISE = 1.02
SIBLINGS = (
    ("timm/mobilenetv2_050", "timm/mobilenetv2_100", "timm/mobilenetv2_140"),
    ("torchvision/resnet50", "torchvision/wide_resnet50_2"),
    ("torchvision/resnet101", "torchvision/wide_resnet101_2"),
    ("torchvision/resnet18", "torchvision/resnet34"),
    ("torchvision/resnet50", "torchvision/resnet101", "torchvision/resnet152"),
    (
        "timm/vit_tiny_patch16_224",
        "timm/vit_small_patch16_224",
        "timm/vit_base_patch16_224",
        "timm/vit_large_patch16_224",
    ),
    (
        "torchvision/convnext_tiny",
        "torchvision/convnext_small",
        "torchvision/convnext_base",
        "torchvision/convnext_large",
    ),
    (
        "timm/efficientnet_b0",
        "timm/efficientnet_b1",
        "timm/efficientnet_b2",
        "timm/efficientnet_b3",
        "timm/efficientnet_b4",
    ),
    ("torchvision/shufflenet_v2_x0_5", "torchvision/shufflenet_v2_x1_0", "torchvision/shufflenet_v2_x2_0"),
)
GENERATIONS = (
    ("jetson-orin-nano-4gb", "jetson-orin-nano-8gb", "jetson-orin-nx-8gb", "jetson-orin-nx-16gb"),
    ("jetson-thor-t4000", "jetson-thor-t5000"),
    ("jetson-tx1", "jetson-tx2"),
)


@pytest.fixture(scope="module")
def store(shared_home):
    with open_store(shared_home / "advisor.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def predicted(store) -> dict[Target, dict[tuple[str, int, int], float]]:
    """Target -> (signature, resolution, batch size) -> milliseconds, of everything that was not measured."""
    found: dict[Target, dict[tuple[str, int, int], float]] = {}
    for device in store.devices():
        target = device.default_target
        rows = [(row, batch) for batch in (1, 8) for row in store.estimates(target, batch)]
        found[target] = {
            (row.signature, row.resolution, batch): row.latency.value
            for row, batch in rows
            if row.latency is not None and row.latency.basis != "measured"
        }
    return {target: values for target, values in found.items() if values}


def test_nothing_is_faster_than_the_devices_peak_or_its_bandwidth_for_the_weights(store, predicted):
    complexities = store.complexities()
    for target, values in predicted.items():
        per_unit = rates(store.device(target.device), target).per_unit
        size = ELEMENT_BYTES[target.precision] / 4
        for (signature, resolution, batch), ms in values.items():
            c = complexities[signature, resolution]
            square = c.classes["conv_kxk"].macs if "conv_kxk" in c.classes else 0.0
            macs = sum(t.macs for t in c.classes.values()) - square + square / WINOGRAD.get(target.runtime, 2.25)
            if target.runtime == "ncnn":
                macs /= 2  # fp16 arithmetic, at twice the fp32 rate that profiles of small processors state
            assert ms * (1 + 1e-9) >= batch * macs * per_unit[TERMS.index("dense_macs")], (
                target.device,
                signature,
                resolution,
                batch,
            )
            assert ms >= c.weight_bytes * size * per_unit[TERMS.index("weight_bytes")], (target.device, signature)


def test_eager_networks_never_beat_their_launches(store, predicted):
    complexities = store.complexities()
    eager = [target for target in predicted if target.runtime == "pytorch-eager" and target.compute_unit == "gpu"]
    assert len(eager) >= 5
    for target in eager:
        for (signature, resolution, _), ms in predicted[target].items():
            assert ms >= LEAST_LAUNCH_MS * complexities[signature, resolution].n_ops, (target.device, signature)


def test_a_larger_batch_and_a_larger_image_never_take_less_time(predicted):
    for target, values in predicted.items():
        sizes: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for (signature, resolution, batch), ms in values.items():
            if batch == 1:
                sizes[signature].append((resolution, ms))
                assert values.get((signature, resolution, 8), ms) >= ms * (1 - 1e-9), (target.device, signature)
        for signature, found in sizes.items():
            for (_, small), (resolution, large) in pairwise(sorted(found)):
                assert large * NOISE >= small, (target.device, signature, resolution)


def test_a_wider_or_deeper_sibling_is_not_faster(store, predicted):
    models = {model.name: model for model in store.models()}
    for target, values in predicted.items():
        for names in SIBLINGS:
            keys = [(models[name].signature, models[name].default_resolution, 8) for name in names]
            known = [values[key] for key in keys if key in values]
            assert all(large * 1.05 >= small for small, large in pairwise(known)), (target.device, names, known)


def test_boards_of_a_generation_are_ordered_as_their_profiles(store, predicted):
    for names in GENERATIONS:
        targets = [store.device(name).default_target for name in names]
        for slow, fast in combinations(targets, 2):
            if slow not in predicted or fast not in predicted or slow.runtime != fast.runtime:
                continue
            ours, theirs = (rates(store.device(t.device), t).per_unit for t in (slow, fast))
            if not (theirs <= ours * 1.001).all():
                continue  # the profiles themselves give no order
            shared = predicted[slow].keys() & predicted[fast].keys()
            assert median(predicted[fast][key] / predicted[slow][key] for key in shared) <= NOISE, (
                slow.device,
                fast.device,
            )
