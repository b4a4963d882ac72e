"""The shipped profiles: every fact has a source, every name is unique, every default target is one the device supports."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from advisor.devices import device_from_json, device_to_json, device_to_toml, shipped_profiles, validate_profile
from advisor.devices.naming import FAMILY_DEFAULTS, folded, keys_of, names_of
from advisor.devices.precision import precision_problem
from advisor.devices.profile import FACT_KEYS
from advisor.devices.toml import load_toml
from advisor.locations import shipped

PROFILES = {device.id: device for device in shipped_profiles()}
FILES = sorted(shipped("profiles").glob("*.toml"))
every_device = pytest.mark.parametrize("device", PROFILES.values(), ids=PROFILES)


def readme_keys(heading: str) -> set[str]:
    """The keys of the tables under a heading of profiles/README.md."""
    text = (shipped("profiles") / "README.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^\| `(\w+)` \|", section[1], re.MULTILINE))


def test_there_is_a_profile_for_each_kind_of_device_the_users_ask_about():
    wanted = {
        "jetson-orin-nano-8gb", "jetson-agx-orin-64gb", "jetson-agx-xavier-32gb", "jetson-nano", "jetson-tx2", "rtx-3090",
        "rtx-4090", "titan-xp", "intel-i9-10940x", "raspberry-pi-4b", "t4", "v100-16gb", "a100-80gb", "a10", "a2",
    }  # fmt: skip
    assert wanted <= set(PROFILES)


@every_device
def test_every_fact_names_its_source(device):
    assert all(fact.source.strip() for fact in device.facts.values())
    assert all(mode.source.strip() for mode in device.power_modes)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_no_listed_source_is_unused(path):
    content = load_toml(path)
    cited = [cell["source"] for cell in (*content.get("facts", {}).values(), *content.get("power_modes", []))]
    used = {key for source in cited for key in (source if isinstance(source, list) else [source])}
    assert set(content.get("sources", {})) - {"names"} <= used


def test_the_readme_documents_every_key_and_no_other():
    assert readme_keys("Facts") == set(FACT_KEYS)
    stated = [load_toml(path) for path in FILES]
    assert {key for content in stated for key in content} <= readme_keys("Identity")
    assert {key for content in stated for key in content["default_target"]} <= readme_keys("Default target")
    assert {key for content in stated for mode in content.get("power_modes", []) for key in mode} <= readme_keys(
        "Power modes"
    )


def test_every_documented_fact_is_used():
    assert {key for device in PROFILES.values() for key in device.facts} == set(FACT_KEYS)


def test_the_example_of_the_readme_is_a_valid_profile(tmp_path):
    text = (shipped("profiles") / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)[1]
    path = tmp_path / "example.toml"
    path.write_text(example, encoding="utf-8")
    device = validate_profile(path)
    assert device.facts["sm_count"].source == "ACME data sheet v1.2, table 3"
    assert device.facts["memory_gb"].source == "ACME data sheet v1.2, table 3; /proc/meminfo on the board"


def test_no_two_devices_answer_to_one_name():
    owners: dict[str, str] = {}
    for device in PROFILES.values():
        for name in keys_of(device):
            assert owners.setdefault(name, device.id) == device.id
    for family, default in FAMILY_DEFAULTS.items():
        assert owners.get(folded(family), default) == default


@pytest.mark.parametrize(
    "shared", ["Orin", "Xavier", "NVIDIA Tegra X1", "NVIDIA Tegra X2", "NVIDIA Thor", "Orin (nvgpu)", "Tesla V100"]
)
def test_names_that_several_boards_share_are_nobodys(shared):
    assert all(shared.casefold() not in names_of(device) for device in PROFILES.values())


@every_device
def test_a_default_target_is_one_that_the_device_supports(device):
    target = device.default_target
    assert target.device == device.id
    assert target.runtime in device.runtimes
    assert target.compute_unit == ("cpu" if device.kind in ("cpu", "sbc") else "gpu")
    assert not precision_problem(target.precision, target.compute_unit, device.value("compute_capability"))
    assert device.target_reason
    assert (target.power_mode in [mode.name for mode in device.power_modes]) or not device.power_modes


@pytest.mark.parametrize(
    ("device", "runtime", "precision"),
    [
        ("intel-i9-10940x", "pytorch-compile", "fp32"),
        ("titan-xp", "pytorch-eager", "fp32"),
        ("jetson-nano", "tensorrt", "fp16"),
        ("jetson-orin-nano-8gb", "tensorrt", "fp16"),
        ("rtx-3090", "pytorch-eager", "amp_fp16"),
        ("raspberry-pi-4b", "ncnn", "mixed"),
    ],
)
def test_the_default_target_is_the_one_with_evidence(device, runtime, precision):
    target = PROFILES[device].default_target
    assert (target.runtime, target.precision) == (runtime, precision)


@every_device
def test_a_jetson_has_power_modes_and_a_memory_clock_unless_it_is_the_tx1(device):
    has_modes = bool(device.power_modes)
    assert has_modes == (device.kind == "jetson" and device.id != "jetson-tx1")
    assert (device.value("memory_mhz") is not None) == has_modes


@every_device
def test_peaks_are_in_the_order_the_hardware_has_them(device):
    fp16, acc32, fp32 = (
        device.value(key) for key in ("peak_fp16_tflops", "peak_fp16_acc32_tflops", "peak_fp32_tflops")
    )
    if acc32 is not None:
        assert fp32 < acc32 <= fp16
    if device.value("peak_int8_tops") and acc32 is not None:
        assert device.value("peak_int8_tops") == pytest.approx(2 * fp16, rel=0.05)
    cores, clock = device.value("cuda_cores"), device.value("boost_mhz")
    if cores:
        assert fp32 == pytest.approx(2 * cores * clock / 1e6, rel=0.03)


@every_device
def test_the_system_keeps_less_than_a_third_of_the_memory(device):
    reserved = device.value("system_reserved_gb")
    assert reserved is None or 0 < reserved < device.value("memory_gb") / 3


@every_device
def test_a_variant_is_of_a_device_that_exists(device):
    if device.variant_of:
        assert device.variant_of in PROFILES
        assert not PROFILES[device.variant_of].variant_of


@pytest.mark.parametrize("family", FAMILY_DEFAULTS)
def test_a_family_stands_for_a_member_of_its_own(family):
    assert FAMILY_DEFAULTS[family] in PROFILES
    assert FAMILY_DEFAULTS[family].startswith(family + "-")


@every_device
def test_json_and_toml_lose_nothing(device, tmp_path):
    assert device_from_json(json.loads(json.dumps(device_to_json(device)))) == device
    path = tmp_path / f"{device.id}.toml"
    path.write_text(device_to_toml(device), encoding="utf-8")
    assert validate_profile(path)._replace(origin="shipped") == device


def test_every_device_the_data_names_is_mapped_or_refused_with_a_reason():
    table = shipped("benchmarks_db") / "mapping" / "devices.csv"
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({(row["source"], row["printed"]) for row in rows}) == len(rows) > 100
    for row in rows:
        assert bool(row["device"]) != bool(row["rejected"]), row
        assert not row["device"] or row["device"] in PROFILES, row
        assert row["relation"] in (("same", "variant_unstated") if row["device"] else ("",)), row
        modes = [mode.name for mode in PROFILES[row["device"]].power_modes] if row["device"] else []
        assert not row["power_mode"] or row["power_mode"] in modes, row
        assert row["relation"] != "variant_unstated" or row["note"], row


@pytest.mark.parametrize("word", ["MIG", "Drive", "Overclock"])
def test_what_is_not_the_whole_device_is_refused(word):
    table = Path(shipped("benchmarks_db")) / "mapping" / "devices.csv"
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if word in row["printed"]]
    assert rows
    assert all(row["rejected"] for row in rows)
