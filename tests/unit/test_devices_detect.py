"""What a machine is: told by whole names in order and confirmed by memory, or not told and why."""

from __future__ import annotations

import pytest
from machines import board, intel, nvml_stub, nvpmodel, tegra_stub

from advisor.devices import detect, shipped_profiles, validate_profile
from advisor.devices.detection import marketed_gib

ORIN_NX = "NVIDIA Jetson Orin NX Engineering Reference Developer Kit"
ORIN_NANO = "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super"
T234 = ["nvidia,tegra234"]


@pytest.mark.parametrize(
    ("device", "model", "compatible", "memory_mib"),
    [
        ("jetson-nano", "NVIDIA Jetson Nano Developer Kit", ["nvidia,p3450-0000", "nvidia,jetson-nano", "nvidia,tegra210"], 3956),
        ("jetson-xavier-nx-8gb", "NVIDIA Jetson Xavier NX Developer Kit", ["nvidia,p3449-0000+p3668-0000", "nvidia,tegra194"], 7771),
        ("jetson-xavier-nx-8gb", "NVIDIA Jetson Xavier NX Developer Kit", ["nvidia,p3509-0000+p3668-0001", "nvidia,tegra194"], 6854),
        ("jetson-xavier-nx-16gb", "NVIDIA Jetson Xavier NX Developer Kit", ["nvidia,tegra194"], 15690),
        (
            "jetson-orin-nano-8gb-super", ORIN_NANO,
            ["nvidia,p3768-0000+p3767-0005-super", "nvidia,p3767-0005", *T234], 7620,
        ),
        ("jetson-orin-nano-8gb", "NVIDIA Jetson Orin Nano Developer Kit", ["nvidia,p3768-0000+p3767-0005", *T234], 7620),
        ("jetson-orin-nano-4gb", "NVIDIA Jetson Orin Nano Developer Kit", ["nvidia,p3768-0000+p3767-0004", *T234], 3420),
        ("jetson-orin-nano-4gb", "NVIDIA Jetson Orin Nano Developer Kit", T234, 3420),
        ("jetson-orin-nx-16gb", ORIN_NX, ["nvidia,p3768-0000+p3767-0000", *T234], 15656),
        ("jetson-orin-nx-16gb", ORIN_NX, T234, 15656),
        ("jetson-orin-nx-8gb", ORIN_NX, T234, 7600),
        ("jetson-orin-nx-8gb-super", ORIN_NX + " Super", ["nvidia,p3768-0000+p3767-0000-super", *T234], 7600),
        ("jetson-agx-orin-64gb", "NVIDIA Jetson AGX Orin Developer Kit", ["nvidia,p3737-0000+p3701-0005", *T234], 62841),
        ("jetson-agx-orin-devkit-32gb", "NVIDIA Jetson AGX Orin Developer Kit", ["nvidia,p3737-0000+p3701-0000", *T234], 30536),
        ("jetson-agx-orin-32gb", "NVIDIA Jetson AGX Orin", ["nvidia,p3737-0000+p3701-0004", *T234], 30536),
        ("jetson-thor-t5000", "NVIDIA Jetson AGX Thor Developer Kit", ["nvidia,p4071-0000+p3834-0008", "nvidia,tegra264"], 125772),
        ("raspberry-pi-4b", "Raspberry Pi 4 Model B Rev 1.4", ["raspberrypi,4-model-b", "brcm,bcm2711"], 3792),
        ("raspberry-pi-5", "Raspberry Pi 5 Model B Rev 1.0", ["raspberrypi,5-model-b", "brcm,bcm2712"], 8053),
    ],
)  # fmt: skip
def test_a_board_is_known_by_its_device_tree_and_its_memory(tmp_path, device, model, compatible, memory_mib):
    found = detect(board(tmp_path, model, compatible, memory_mib))
    assert (found.device_id, found.reason, found.draft) == (device, "", "")


def test_the_first_device_tree_entry_that_is_known_wins(tmp_path):
    entries = ["acme,carrier", "nvidia,p3768-0000+p3767-0003-super", "nvidia,p3768-0000+p3767-0003", *T234]
    assert detect(board(tmp_path, "Acme", entries, 7620)).device_id == "jetson-orin-nano-8gb-super"
    assert detect(board(tmp_path, "Acme", entries[::-1], 7620)).device_id == "jetson-orin-nano-8gb"


def test_a_board_of_a_size_without_profile_is_not_taken_for_another(tmp_path):
    found = detect(
        board(tmp_path, "NVIDIA Jetson AGX Xavier Developer Kit", ["nvidia,p2972-0000", "nvidia,tegra194"], 15690)
    )
    assert found.device_id is None
    assert (
        "names jetson-agx-xavier-32gb, but Linux sees 15690 MiB: a 16 GB board; no profile of that size" in found.reason
    )


def test_a_size_that_two_profiles_have_is_left_to_the_person(tmp_path):
    found = detect(board(tmp_path, "NVIDIA Jetson AGX Orin Developer Kit", T234, 30536))
    assert found.device_id is None
    assert "could be jetson-agx-orin-32gb or jetson-agx-orin-devkit-32gb" in found.reason


def test_an_unknown_board_gets_a_draft_that_is_a_valid_profile(tmp_path):
    root = board(tmp_path / "root", "Acme Vision \x1b[31mBox", ["acme,vision-box", *T234], 15000)
    found = detect(root)
    assert found.device_id is None
    assert "Acme Vision" in found.reason
    path = tmp_path / "draft.toml"
    path.write_text(found.draft, encoding="utf-8")
    draft = validate_profile(path)
    assert (draft.id, draft.kind, draft.aliases, draft.unified_memory) == (
        "my-acme-vision-31mbox",
        "jetson",
        ("acme,vision-box",),
        True,
    )
    assert draft.facts["memory_gb"].source == "/proc/meminfo MemTotal on this machine"
    assert draft.value("peak_fp16_tflops") is None


def test_tegra_nvml_adds_nothing_and_takes_nothing_away(tmp_path):
    root = board(tmp_path, ORIN_NX, ["nvidia,p3768-0000+p3767-0000", *T234], 15656)
    found = detect(root, nvml_module=tegra_stub())
    assert found.device_id == "jetson-orin-nx-16gb"
    assert "nvml.gpu0.memory_total_mib: NVML: Not Supported" in found.failed


def test_the_power_mode_in_force_is_told(tmp_path):
    assert detect(nvpmodel(board(tmp_path, ORIN_NANO, T234, 7620), 1)).power_mode == "25W"
    assert detect(tmp_path / "empty").power_mode == ""


def test_a_desktop_is_known_by_its_gpu_and_its_cpu_is_told_too(tmp_path):
    root = intel(tmp_path, "Intel(R) Core(TM) i9-10940X CPU @ 3.30GHz", 14)
    found = detect(root, nvml_module=nvml_stub())
    assert (found.device_id, found.also) == ("rtx-3090", ("intel-i9-10940x",))


def test_a_machine_without_a_gpu_is_its_cpu(tmp_path):
    assert detect(intel(tmp_path, "12th Gen Intel(R) Core(TM) i7-12700H", 14)).device_id == "intel-i7-12700h"


def test_names_of_older_drivers_lack_the_vendor(tmp_path):
    assert detect(tmp_path, nvml_module=nvml_stub("GeForce RTX 3090")).device_id == "rtx-3090"


@pytest.mark.parametrize(
    ("name", "memory_mib", "words"),
    [
        ("NVIDIA GeForce RTX 3060 Laptop GPU", 6144, "no profile is called 'NVIDIA GeForce RTX 3060 Laptop GPU'"),
        ("NVIDIA GeForce RTX 3080", 12288, "it has 12.0 GiB where that card has 10"),
        ("NVIDIA GeForce RTX 3060", 8192, "it has 8.0 GiB where that card has 12"),
    ],
)
def test_a_card_of_another_size_or_a_laptops_is_not_the_desktop_card(tmp_path, name, memory_mib, words):
    found = detect(tmp_path, nvml_module=nvml_stub(name, memory_mib))
    assert found.device_id is None
    assert words in found.reason
    assert found.draft


@pytest.mark.parametrize(
    ("name", "memory_mib", "device"),
    [
        ("NVIDIA GeForce RTX 3080", 10240, "rtx-3080"), ("NVIDIA A10", 23028, "a10"), ("Tesla T4", 15360, "t4"),
        ("NVIDIA A100 80GB PCIe", 81920, "a100-80gb"), ("Tesla V100-SXM2-16GB", 16160, "v100-16gb"), ("NVIDIA H200", 143771, "h200"),
    ],
)  # fmt: skip
def test_error_correction_may_take_a_part_of_a_cards_memory(tmp_path, name, memory_mib, device):
    assert detect(tmp_path, nvml_module=nvml_stub(name, memory_mib)).device_id == device


def test_a_divided_gpu_is_not_the_whole_device(tmp_path):
    module = nvml_stub("NVIDIA A100 80GB PCIe", 81920, nvmlDeviceGetMigMode=lambda gpu: (1, 1))
    found = detect(tmp_path, nvml_module=module)
    assert found.device_id is None
    assert "MIG" in found.reason


def test_a_gpu_draft_holds_what_nvml_says(tmp_path):
    found = detect(tmp_path / "root", nvml_module=nvml_stub("NVIDIA Future 9000", 49152))
    path = tmp_path / "draft.toml"
    path.write_text(found.draft, encoding="utf-8")
    draft = validate_profile(path)
    assert (draft.kind, draft.value("memory_gb"), draft.value("compute_capability")) == ("gpu", 48, 8.6)
    assert draft.facts["cuda_cores"].source == "NVML cuda_cores on this machine"


def test_an_empty_machine_says_every_probe_that_failed(tmp_path):
    found = detect(tmp_path)
    assert found.device_id is None
    assert len(found.failed) == len(found.facts)
    assert "no NVIDIA GPU answers" in found.reason


def test_a_copied_tree_is_not_described_by_the_running_machines_gpu(tmp_path):
    assert "describes the running machine" in detect(tmp_path).facts["nvml.driver"].reason


def test_the_users_own_profiles_are_known(tmp_path, monkeypatch):
    home = tmp_path / "own-home"
    monkeypatch.setenv("ADVISOR_HOME", str(home))
    root = board(tmp_path / "root", "Acme Box", ["acme,box", *T234], 15000)
    (home / "profiles").mkdir(parents=True)
    (home / "profiles" / "my-acme-box.toml").write_text(detect(root).draft, encoding="utf-8")
    assert detect(root).device_id == "my-acme-box"


@pytest.mark.parametrize(
    ("visible", "size"),
    [(3956, 4), (7620, 8), (6854, 8), (30536, 32), (62841, 64), (125772, 128), (430, 0.5), (None, None), (9000, None)],
)
def test_the_marketed_size_is_the_next_one_up(visible, size):
    assert marketed_gib(visible) == size


def test_every_alias_of_a_device_tree_leads_to_its_own_board(tmp_path):
    for device in shipped_profiles():
        if device.kind not in ("jetson", "sbc"):
            continue
        size = device.value("memory_gb") or 4
        for alias in device.aliases:
            root = board(tmp_path, alias, [alias], size * 1024 * 0.95)
            assert detect(root).device_id == device.id, alias
