"""Names, targets, power modes and the memory that is left."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from advisor.devices import (
    find_device,
    memory_note,
    scaled,
    shipped_profiles,
    target_for,
    unknown_device,
    unsupported_reason,
    usable_memory_mib,
)
from advisor.errors import UnknownName, UsageError

PROFILES = {device.id: device for device in shipped_profiles()}
NANO = PROFILES["jetson-orin-nano-8gb"]


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("rtx-3090", "rtx-3090"),
        (" NVIDIA GeForce RTX 3090 ", "rtx-3090"),
        ("geforce rtx 3090", "rtx-3090"),
        ("JETSON ORIN NANO", "jetson-orin-nano-8gb"),
        ("nvidia,p3767-0005", "jetson-orin-nano-8gb"),
        ("jetson", "jetson-orin-nano-8gb"),
        ("Raspberry-Pi", "raspberry-pi-4b"),
        ("orin-nano", "jetson-orin-nano-8gb"),
        ("jetson_orin_nano", "jetson-orin-nano-8gb"),
        ("Jetson Nano", "jetson-nano"),
        ("JETSONNANO", "jetson-nano"),
        ("4090", "rtx-4090"),
        ("2080 ti", "rtx-2080-ti"),
        ("1080", "gtx-1080"),
        ("RTX_A6000", "rtx-a6000"),
    ],
)
def test_a_device_is_found_by_its_whole_name(name, device):
    assert find_device(name, PROFILES.values()).id == device


@pytest.mark.parametrize(
    "name",
    ["NVIDIA GeForce RTX 3060 Laptop GPU", "RTX 3060 Ti", "rtx 309", "NVIDIA", "Orin", "A100", "T", "", "jetson-orin"],
)
def test_a_part_of_a_name_or_more_than_it_never_matches(name):
    with pytest.raises(UnknownName):
        find_device(name, [device for device in PROFILES.values() if device.id != "a100-40gb"])


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("nano", "jetson-nano, jetson-orin-nano-4gb, jetson-orin-nano-8gb or jetson-orin-nano-4gb-super"),
        ("2080", "rtx-2080-ti"),
        ("AGX_Orin-64", "jetson-agx-orin-64gb"),
    ],
)
def test_a_part_of_ids_is_not_guessed_but_those_are_named(name, meant):
    with pytest.raises(UnknownName, match=re.escape(f"did you mean {meant}? (")):
        raise unknown_device(name, PROFILES.values())


def test_a_near_miss_gets_a_suggestion():
    with pytest.raises(UnknownName, match="did you mean jetson-orin-nano-8gb") as caught:
        find_device("jetson-orin-nano-8g", PROFILES.values())
    assert "advisor devices list" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("coral edgetpu", "TPUs"), ("Google TPU v4", "TPUs"), ("Snapdragon 855", "phones"), ("iPhone 15", "phones"),
        ("Xilinx ZCU104", "FPGAs"), ("A100-SXM4-MIG-1x1g.5gb", "slices of a GPU"), ("Hailo-8", "TPUs"), ("NCS2", "TPUs"),
    ],
)  # fmt: skip
def test_what_is_out_of_scope_is_refused_with_that_reason(name, kind):
    with pytest.raises(UsageError, match=f"not supported: {kind}"):
        find_device(name, PROFILES.values())


def test_no_profile_is_called_unsupported():
    assert not [name for d in PROFILES.values() for name in (d.id, d.name, *d.aliases) if unsupported_reason(name)]


def test_without_wishes_the_target_is_the_profiles_default():
    assert target_for(NANO) == NANO.default_target


def test_wishes_replace_parts_of_the_default_target():
    target = target_for(NANO, precision="int8", power_mode="7w", memory_format="channels_last")
    assert (target.runtime, target.precision, target.power_mode, target.memory_format) == (
        "tensorrt",
        "int8",
        "7W",
        "nhwc",
    )


@pytest.mark.parametrize(
    ("device", "runtime", "unit", "precision", "threads"),
    [
        ("jetson-orin-nano-8gb", "pytorch-eager", "gpu", "amp_fp16", 0),
        ("jetson-orin-nano-8gb", "ncnn", "cpu", "mixed", 6),
        ("jetson-nano", "pytorch-eager", "gpu", "fp32", 0),
        ("rtx-3090", "tensorrt", "gpu", "fp16", 0),
        ("titan-xp", "tensorrt", "gpu", "fp16", 0),
        ("raspberry-pi-4b", "pytorch-eager", "cpu", "fp32", 0),
        ("intel-i9-10940x", "onnxruntime", "cpu", "fp32", 0),
        ("t4", "paddle-tensorrt", "gpu", "fp32", 0),
    ],
)
def test_another_runtime_brings_its_usual_unit_and_precision(device, runtime, unit, precision, threads):
    target = target_for(PROFILES[device], runtime=runtime)
    assert (target.compute_unit, target.precision, target.threads) == (unit, precision, threads)
    assert target.power_mode == PROFILES[device].default_target.power_mode


@pytest.mark.parametrize(
    ("device", "wish", "message"),
    [
        ("jetson-nano", {"runtime": "pytorch-compile"}, "it supports tensorrt, pytorch-eager, onnxruntime, ncnn"),
        ("jetson-nano", {"runtime": "Tensor RT"}, "does not support runtime 'Tensor RT'"),
        ("jetson-nano", {"precision": "int8"}, "compute capability 5.3 has none"),
        ("jetson-tx2", {"precision": "int8"}, "compute capability 6.2 has none"),
        ("titan-xp", {"precision": "amp_bf16"}, "needs compute capability 8.0"),
        ("intel-i9-10940x", {"precision": "amp_fp16"}, "does not run on a cpu"),
        (
            "rtx-3090",
            {"runtime": "tensorrt", "precision": "amp_fp16"},
            "tensorrt has no autocast (amp_fp16); ask for fp16",
        ),
        ("rtx-3090", {"precision": "fp5"}, "unknown precision 'fp5'; known: fp64, fp32"),
        ("jetson-nano", {"power_mode": "15W"}, "has no power mode '15W'; it has MAXN, 5W"),
        ("rtx-3090", {"power_mode": "MAXN"}, "it has no power modes"),
        ("rtx-3090", {"threads": 4}, "threads apply to a CPU target"),
        ("raspberry-pi-4b", {"threads": 0}, "threads on raspberry-pi-4b must lie between 1 and 4, not 0"),
        ("rtx-3090", {"memory_format": "nhcw"}, "known: nchw, nhwc, channels_last"),
    ],
)
def test_what_a_device_does_not_support_is_refused_by_naming_what_it_does(device, wish, message):
    with pytest.raises(UsageError) as caught:
        target_for(PROFILES[device], **wish)
    assert message in str(caught.value)


def test_threads_are_taken_on_a_cpu_target():
    assert target_for(PROFILES["raspberry-pi-4b"], threads=1).threads == 1


def test_without_a_power_mode_nothing_is_scaled():
    assert scaled(NANO, "") is NANO


def test_the_full_mode_leaves_the_facts_as_they_are():
    assert {k: f.value for k, f in scaled(NANO, "15W").facts.items()} == {k: f.value for k, f in NANO.facts.items()}


def test_peaks_scale_with_clock_and_gated_units_and_bandwidth_with_the_memory_clock():
    quiet = scaled(PROFILES["jetson-agx-orin-64gb"], "mode_15w")
    assert quiet.value("peak_fp16_tflops") == pytest.approx(42.6 * 408 / 1300 * 6 / 16)
    assert quiet.value("memory_bandwidth_gb_s") == pytest.approx(204.8 * 2133 / 3200)
    assert (quiet.value("sm_count"), quiet.value("boost_mhz"), quiet.value("cpu_cores")) == (6, 408, 4)
    assert quiet.value("l2_mb") == 4
    assert "scaled to power mode MODE_15W" in quiet.facts["peak_fp16_tflops"].source


def test_a_rate_whose_clock_the_mode_does_not_state_is_unknown():
    assert scaled(PROFILES["jetson-tx2"], "MAXP_CORE_DENVER").value("memory_bandwidth_gb_s") is None


@pytest.mark.parametrize("device", [d for d in PROFILES.values() if d.power_modes], ids=lambda d: d.id)
def test_no_mode_is_faster_than_the_profile_and_the_fastest_reaches_it(device):
    peaks = [
        scaled(device, mode.name).value("peak_fp16_tflops") / device.value("peak_fp16_tflops")
        for mode in device.power_modes
    ]
    assert max(peaks) == pytest.approx(1, abs=0.002)


def test_super_firmware_has_its_own_numbers():
    plain, fast = PROFILES["jetson-orin-nx-16gb"], PROFILES["jetson-orin-nx-16gb-super"]
    assert fast.variant_of == plain.id
    assert fast.value("peak_fp16_tflops") == pytest.approx(plain.value("peak_fp16_tflops") * 1173 / 918, rel=1e-3)
    assert fast.value("memory_bandwidth_gb_s") == plain.value("memory_bandwidth_gb_s")


def test_the_memory_that_is_left_is_the_marketed_size_less_the_systems():
    assert usable_memory_mib(NANO) == pytest.approx((8 - 1.34) * 1024)
    assert "less 1.34 GiB kept by the system" in memory_note(NANO)


def test_where_the_reservation_is_not_known_nothing_is_taken_off_and_the_note_says_so():
    assert usable_memory_mib(PROFILES["rtx-3090"]) == 24 * 1024
    assert "not known" in memory_note(PROFILES["rtx-3090"])


def test_where_the_size_is_not_known_there_is_no_memory_budget():
    assert usable_memory_mib(PROFILES["intel-i9-10940x"]) is None
    assert "depends on the machine" in memory_note(PROFILES["intel-i9-10940x"])


def test_an_answer_from_a_prepared_home_needs_no_heavy_module():
    code = (
        "import sys; from advisor.devices import Device, device_from_json, target_for, usable_memory_mib, scaled, detect;"
        "heavy = {'numpy','pandas','rich','torch','sklearn','textual','optuna','pynvml','tomllib','tomli','sqlite3'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
