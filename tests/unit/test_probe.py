"""Probes give a value or a reason, never an error and never a guess."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from machines import NotSupported, board, intel, nvml_stub, nvpmodel, tegra_stub, write

from advisor.probe import devicetree, jetson, nvml, procfs
from advisor.probe import nvpmodel as nvpmodel_probe
from advisor.records import Probed

ADAPTERS = [devicetree.read, jetson.read, nvpmodel_probe.read, procfs.read, nvml.read]


@pytest.mark.parametrize("read", ADAPTERS)
def test_on_an_empty_file_system_every_metric_is_none_with_a_reason(read, tmp_path):
    found = read(tmp_path)
    assert found
    assert all(probed.value is None and probed.reason for probed in found.values())


@pytest.mark.parametrize("read", ADAPTERS)
def test_garbage_in_every_file_is_a_reason_or_text_but_no_error(read, tmp_path):
    noise = bytes(range(256)) * 8
    for name in (
        "/proc/device-tree/model", "/proc/device-tree/compatible", "/proc/cpuinfo", "/proc/meminfo", "/etc/nv_tegra_release",
        "/var/lib/nvpmodel/status", "/etc/nvpmodel.conf", "/sys/class/devfreq/17000000.gpu/max_freq",
    ):  # fmt: skip
        write(tmp_path, name, noise)
    assert all(isinstance(probed, Probed) for probed in read(tmp_path).values())


def test_a_folder_where_a_file_should_be_is_a_reason(tmp_path):
    (tmp_path / "proc/meminfo").mkdir(parents=True)
    assert "directory" in procfs.read(tmp_path)["memory_total_mib"].reason


def test_the_device_tree_gives_model_and_compatible_entries_in_order(tmp_path):
    board(
        tmp_path,
        "NVIDIA Jetson Nano Developer Kit",
        ["nvidia,p3450-0000", "nvidia,jetson-nano", "nvidia,tegra210"],
        3956,
    )
    found = devicetree.read(tmp_path)
    assert found["model"].value == "NVIDIA Jetson Nano Developer Kit"
    assert found["compatible"].value == ("nvidia,p3450-0000", "nvidia,jetson-nano", "nvidia,tegra210")


def test_no_probe_reads_a_serial_number(tmp_path):
    board(tmp_path, "Board", ["acme,board"], 4000)
    values = [probed.value for read in ADAPTERS for probed in read(tmp_path).values()]
    assert not any("1421720004151" in str(value) for value in values)


def test_the_second_place_of_the_device_tree_is_read_where_the_first_is_missing(tmp_path):
    write(tmp_path, "/sys/firmware/devicetree/base/model", "NVIDIA Jetson Xavier NX Developer Kit\0")
    assert devicetree.read(tmp_path)["model"].value == "NVIDIA Jetson Xavier NX Developer Kit"


@pytest.mark.parametrize(
    ("folder", "node"),
    [("57000000.gpu", "gm20b"), ("17000000.gv11b", "gv11b"), ("17000000.ga10b", "ga10b"), ("17000000.gpu", None)],
)
def test_the_gpu_is_found_among_devfreq_by_node_or_folder_name(tmp_path, folder, node):
    base = f"/sys/class/devfreq/{folder}"
    write(tmp_path, "/sys/class/devfreq/15340000.vic/max_freq", "1000000000")
    write(tmp_path, f"{base}/max_freq", "921600000\n")
    write(tmp_path, f"{base}/device/load", "437")
    if node:
        write(tmp_path, f"{base}/device/of_node/name", node + "\0")
    found = jetson.read(tmp_path)
    assert found["gpu_node"].value == base
    assert found["gpu_max_mhz"].value == pytest.approx(921.6)
    assert found["gpu_load_percent"].value == pytest.approx(43.7)
    assert found["gpu_cur_mhz"].reason


def test_devfreq_without_a_gpu_says_what_is_there(tmp_path):
    write(tmp_path, "/sys/class/devfreq/15340000.vic/max_freq", "1000000000")
    assert "15340000.vic" in jetson.read(tmp_path)["gpu_max_mhz"].reason


def test_the_l4t_release_is_read(tmp_path):
    write(tmp_path, "/etc/nv_tegra_release", "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic\n")
    assert jetson.read(tmp_path)["l4t_release"].value == "36.4.3"


def test_the_power_mode_is_the_one_of_the_status_file(tmp_path):
    found = nvpmodel_probe.read(nvpmodel(tmp_path, 2))
    assert (found["mode_id"].value, found["mode_name"].value, found["default_id"].value) == (2, "MAXN_SUPER", 1)


def test_a_power_mode_that_the_configuration_does_not_hold_has_no_name(tmp_path):
    assert "no mode with id 9" in nvpmodel_probe.read(nvpmodel(tmp_path, 9))["mode_name"].reason


def test_proc_gives_name_cores_threads_memory_and_instruction_sets(tmp_path):
    found = procfs.read(intel(tmp_path, "Intel(R) Core(TM) i9-10940X CPU @ 3.30GHz", 14))
    assert found["cpu_name"].value == "Intel(R) Core(TM) i9-10940X CPU @ 3.30GHz"
    assert (found["cpu_cores"].value, found["cpu_threads"].value) == (14, 28)
    assert found["memory_total_mib"].value == 64000
    assert found["cpu_flags"].value == ("avx2", "avx512f")


def test_cores_are_unknown_where_the_kernel_does_not_number_them(tmp_path):
    found = procfs.read(board(tmp_path, "Raspberry Pi 4 Model B Rev 1.4", ["raspberrypi,4-model-b"], 3900))
    assert found["cpu_threads"].value == 4
    assert found["cpu_cores"].value is None


def test_nvml_describes_a_gpu_and_is_shut_down():
    module = nvml_stub()
    found = nvml.read(module=module)
    assert found["gpu0.name"].value == "NVIDIA GeForce RTX 3090"
    assert found["gpu0.memory_total_mib"].value == 24576
    assert found["gpu0.compute_capability"].value == 8.6
    assert found["gpu0.mig_mode"] == Probed(None, "NVML: Not Supported")
    assert "gpu0.power_w" not in found
    assert module.shut_down == [True]


def test_live_metrics_come_on_request():
    found = nvml.read(module=nvml_stub(), live=True)
    assert found["gpu0.power_w"].value == 30.5
    assert found["gpu0.sm_mhz"].value == 1695
    assert found["gpu0.energy_mj"].reason == "NVML: Not Supported"


def test_names_of_old_bindings_that_are_bytes_are_text():
    assert nvml.read(module=nvml_stub(nvmlDeviceGetName=lambda gpu: b"Tesla T4"))["gpu0.name"].value == "Tesla T4"


def test_tegra_answers_not_supported_to_everything_and_that_is_a_reason():
    found = nvml.read(module=tegra_stub(), live=True)
    assert found["gpu0.name"].value == "Orin (nvgpu)"
    others = [probed for name, probed in found.items() if name.startswith("gpu0.") and name != "gpu0.name"]
    assert others
    assert all(probed == Probed(None, "NVML: Not Supported") for probed in others)


def test_an_nvml_that_does_not_start_is_a_reason():
    def fails():
        raise NotSupported

    found = nvml.read(module=nvml_stub(nvmlInit=fails))
    assert found["gpu_count"] == Probed(None, "NVML: Not Supported")


def test_a_binding_without_a_function_is_a_reason():
    module = nvml_stub()
    del module.nvmlDeviceGetNumGpuCores
    assert "nvmlDeviceGetNumGpuCores" in nvml.read(module=module)["gpu0.cuda_cores"].reason


def test_a_driver_without_its_library_is_a_reason(tmp_path):
    """The real pynvml; where the machine of the tests has a GPU the library is there and answers."""
    write(tmp_path, "/proc/driver/nvidia/version", "NVRM")
    found = nvml.read(tmp_path)["gpu_count"]
    assert found.value is not None or found.reason.startswith("NVML: ")


def test_pynvml_is_not_even_imported_where_no_driver_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert "no NVIDIA driver" in nvml.read(tmp_path)["driver"].reason


def test_a_missing_package_is_a_reason(tmp_path, monkeypatch):
    write(tmp_path, "/dev/nvidiactl", "")
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert "pynvml" in nvml.read(tmp_path)["driver"].reason


def test_a_foreign_module_called_pynvml_is_a_reason(tmp_path, monkeypatch):
    write(tmp_path, "/dev/nvidiactl", "")
    monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace())
    assert "nvmlInit" in nvml.read(Path(tmp_path))["driver"].reason
