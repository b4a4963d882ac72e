"""What accelerators and boards say while they work: a fake NVML library in C, fake Jetson trees, and what follows for a number."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from machines import board, nvml_stub, nvpmodel, write

from advisor.measure.sources import sources_of
from advisor.measure.telemetry import Reading, Telemetry, codes_of, summarised
from advisor.measure.watching import Seen, Watch
from advisor.probe import jetson
from advisor.probe.nvml import Session
from advisor.records import Probed

DISCRETE = {
    "driver": "580.65", "count": 1, "name": "NVIDIA GeForce RTX 3090", "memory_total": 24 << 30, "memory_used": 1 << 30,
    "power_mw": 251300, "power_limit_mw": 350000, "pstate": 2, "sm_mhz": 1695, "mem_mhz": 9501, "utilization": 0,
    "processes": 0, "temperature": 61, "reasons": 4, "energy_mj": 123456789,
}  # fmt: skip
READ = (
    "import json, pathlib, sys; from advisor.probe.nvml import Session; s = Session(pathlib.Path(sys.argv[1]));"
    "print(json.dumps({k: [p.value, p.reason] for k, p in s.read().items()})); s.close()"
)


@pytest.fixture(scope="session")
def library(tmp_path_factory) -> dict[str, Path]:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler to build the fake NVML with")
    source = Path(__file__).parents[1] / "data" / "fake_nvml.c"
    built = {}
    for name, flags in (("new", []), ("old", ["-DOLD_DRIVER"])):
        folder = tmp_path_factory.mktemp(name)
        target = ["-shared", "-fPIC", "-Wall", "-Werror", "-o", str(folder / "libnvidia-ml.so.1"), str(source)]
        subprocess.run([compiler, *flags, *target], check=True)
        built[name] = folder
    return built


def read_nvml(tmp_path: Path, folder: Path | None, answers: dict) -> dict[str, list]:
    """The metrics as a fresh process sees them through nvidia-ml-py."""
    (tmp_path / "proc/driver/nvidia").mkdir(parents=True, exist_ok=True)
    (tmp_path / "answers").write_text("".join(f"{key} {value}\n" for key, value in answers.items()))
    environment = {**os.environ, "FAKE_NVML": str(tmp_path / "answers"), "LD_LIBRARY_PATH": str(folder or tmp_path)}
    done = subprocess.run([sys.executable, "-c", READ, str(tmp_path)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_discrete_gpu_gives_every_metric(library, tmp_path):
    found = read_nvml(tmp_path, library["new"], DISCRETE)
    assert {name: value for name, (value, _) in found.items()} == {
        "memory_used_mib": 1024.0, "temperature_c": 61, "power_limit_w": 350.0, "performance_state": 2, "power_w": 251.3,
        "sm_mhz": 1695.0, "memory_mhz": 9501.0, "utilization_percent": 0, "clock_event_reasons": 4,
        "energy_mj": 123456789, "processes": 0,
    }  # fmt: skip


def test_a_jetson_that_supports_nothing_gives_a_reason_for_everything_and_no_zero(library, tmp_path):
    found = read_nvml(tmp_path, library["new"], {"driver": "540.4", "count": 1, "name": "Orin (nvgpu)"})
    assert all(value is None and "Not Supported" in reason for value, reason in found.values())


def test_an_old_driver_lacks_functions_and_says_which_kind_of_lack(library, tmp_path):
    found = read_nvml(tmp_path, library["old"], DISCRETE)
    missing = {name for name, (value, _) in found.items() if value is None}
    assert missing == {"temperature_c", "clock_event_reasons", "energy_mj"}
    assert all("Function" in found[name][1] for name in missing)
    assert found["sm_mhz"][0] == 1695.0


def test_a_library_that_does_not_match_its_driver_or_is_not_there_is_one_reason(library, tmp_path):
    (mismatch,) = read_nvml(tmp_path, library["new"], {"init_error": 18}).items()
    assert mismatch[0] == "nvml"
    assert "mismatch" in mismatch[1][1]
    (absent,) = read_nvml(tmp_path, None, {}).items()
    assert "Library" in absent[1][1] or "not found" in absent[1][1].lower()


@pytest.mark.parametrize(
    ("visible", "handle"),
    [
        (None, "handle 0"),
        ("2,0", "handle 2"),
        (" 1 ", "handle 1"),
        ("GPU-8f1,1", "uuid GPU-8f1"),
        ("MIG-77", "uuid MIG-77"),
    ],
)
def test_the_gpu_that_cuda_sees_first_is_the_one_that_is_watched(visible, handle):
    asked = []
    stub = nvml_stub(nvmlDeviceGetTemperature=lambda gpu, _: asked.append(gpu) or 40)
    stub.nvmlDeviceGetHandleByUUID = lambda uuid: f"uuid {uuid}"
    assert Session(module=stub, visible=visible).read()["temperature_c"].value == 40
    assert asked == [handle]


@pytest.mark.parametrize("visible", ["", "-1"])
def test_where_cuda_sees_no_gpu_none_is_watched(visible):
    (found,) = Session(module=nvml_stub(), visible=visible).read().values()
    assert found == Probed(None, "NVML: CUDA_VISIBLE_DEVICES hides every GPU")


def test_the_driver_and_the_boards_release_are_told_and_nvml_is_let_go(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    stub = nvml_stub()
    sources = sources_of("gpu", nvml_module=stub)
    assert sources.software == {"driver": "560.35"}
    sources.close()
    assert stub.shut_down == [True]
    write(tmp_path, "/etc/nv_tegra_release", "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic")
    assert sources_of("jetson", tmp_path).software == {"l4t": "36.4.3"}
    assert sources_of("cpu").software == {}


# Jetson trees


def orin(root: Path, rails: dict[str, list[tuple[str, int, int]]], kind: str = "nvidia,p3768-0000+p3767-0005") -> Path:
    board(root, "NVIDIA Jetson Orin", [kind, "nvidia,tegra234"], 7620)
    write(root, "/proc/meminfo", "MemTotal: 7802880 kB\nMemAvailable: 6000640 kB\n")
    nvpmodel(root, 0)
    gpu = "/sys/class/devfreq/17000000.gpu"
    for name, value in (("cur_freq", 612e6), ("min_freq", 306e6), ("max_freq", 612e6)):
        write(root, f"{gpu}/{name}", str(int(value)))
    write(root, f"{gpu}/governor", "nvhost_podgov")
    write(root, f"{gpu}/device/of_node/name", "gpu\0")
    write(root, "/sys/devices/system/cpu/online", "0-5")
    zone = "/sys/devices/virtual/thermal/thermal_zone"
    for i, (name, now) in enumerate((("cpu-thermal", 51200), ("gpu-thermal", 49000), ("cv0-thermal", -256000))):
        write(root, f"{zone}{i}/type", name)
        write(root, f"{zone}{i}/temp", str(now))
        write(root, f"{zone}{i}/trip_point_0_type", "passive")
        write(root, f"{zone}{i}/trip_point_0_temp", "99000")
    write(root, "/sys/class/hwmon/hwmon1/name", "soctherm_oc")
    for n in (1, 2, 3):
        write(root, f"/sys/class/hwmon/hwmon1/oc{n}_event_cnt", "0")
    for address, channels in rails.items():
        folder = f"/sys/bus/i2c/devices/1-00{address}/hwmon/hwmon3"
        write(root, f"{folder}/name", "ina3221")
        for channel, (label, volts, amperes) in enumerate(channels, 1):
            write(root, f"{folder}/in{channel}_label", label)
            write(root, f"{folder}/in{channel}_input", str(volts))
            write(root, f"{folder}/curr{channel}_input", str(amperes))
        write(root, f"{folder}/in7_label", "Sum of shunt voltages")
        write(root, f"{folder}/in7_input", "99")
    return root


NANO_RAILS = {"40": [("VDD_IN", 5064, 1000), ("VDD_CPU_GPU_CV", 5064, 300), ("VDD_SOC", 5064, 200)]}
AGX_RAILS = {
    "40": [("VDD_GPU_SOC", 20000, 200), ("VDD_CPU_CV", 20000, 100), ("VIN_SYS_5V0", 5000, 800)],
    "41": [("NC", 0, 0), ("VDDQ_VDD2_1V8AO", 5000, 100), ("NC", 0, 0)],
}


def test_rails_are_volts_times_amperes_under_the_boards_own_labels(tmp_path):
    found = jetson.live(orin(tmp_path, NANO_RAILS))
    assert found["rail.VDD_IN"].value == pytest.approx(5064.0)
    assert found["rail.VDD_CPU_GPU_CV"].value == pytest.approx(1519.2)
    assert {name for name in found if name.startswith("rail.")} == {
        "rail.VDD_IN",
        "rail.VDD_CPU_GPU_CV",
        "rail.VDD_SOC",
    }


def test_channels_that_are_not_connected_are_left_out_over_two_chips(tmp_path):
    found = jetson.live(orin(tmp_path, AGX_RAILS))
    assert {name for name in found if name.startswith("rail.")} == {
        "rail.VDD_GPU_SOC", "rail.VDD_CPU_CV", "rail.VIN_SYS_5V0", "rail.VDDQ_VDD2_1V8AO",
    }  # fmt: skip


def test_jetpack_4_prints_milliwatts(tmp_path):
    folder = "/sys/bus/i2c/devices/6-0040/iio:device0"
    for channel, (label, power) in enumerate((("POM_5V_IN", "3264"), ("POM_5V_GPU", "1200"), ("NC", "0"))):
        write(tmp_path, f"{folder}/rail_name_{channel}", label)
        write(tmp_path, f"{folder}/in_power{channel}_input", power)
    found = jetson.live(tmp_path)
    assert found["rail.POM_5V_IN"].value == 3264.0
    assert "rail.NC" not in found


def test_thor_has_one_monitor_in_microwatts(tmp_path):
    write(tmp_path, "/sys/class/hwmon/hwmon4/name", "ina238")
    write(tmp_path, "/sys/class/hwmon/hwmon4/power1_input", "31250000")
    assert jetson.live(tmp_path)["rail.VIN"].value == pytest.approx(31250.0)


def test_a_board_without_monitors_has_a_reason_and_no_watt(tmp_path):
    found = jetson.live(tmp_path)
    assert found["rails"].value is None
    assert "ina3221" in found["rails"].reason
    assert all(probed.value is None for probed in found.values())


def test_the_nearest_trip_point_counts_and_parts_without_power_have_no_temperature(tmp_path):
    found = jetson.live(orin(tmp_path, NANO_RAILS))
    assert found["trip_margin_c"].value == pytest.approx(99 - 51.2)
    assert "temperature_c.cv0-thermal" not in found


def test_a_jetson_is_watched_through_its_files_though_nvml_answers_nothing(tmp_path):
    watch = Watch(Telemetry(sources_of("jetson", orin(tmp_path, NANO_RAILS)).read))
    with watch.over(None) as seen:
        write(tmp_path, "/var/lib/nvpmodel/status", "pmode:0002 fmode:quiet")
        write(tmp_path, "/proc/meminfo", "MemTotal: 7802880 kB\nMemAvailable: 5000640 kB\n")
    first, last = (sample.at_s for sample in seen.samples)
    summary = seen.summary({"process_from": first, "memory_to": last})
    around = summary.values["memory"]["mem_available_mib"]
    assert around["base"] - around["min"] == pytest.approx(1000000 / 1024)
    assert summary.codes == ["mode-changed"]
    assert "nvml" in summary.values["unknown"]


def test_a_machine_without_sources_is_not_sampled():
    watch = Watch(Telemetry(sources_of("cpu").read))
    with watch.over(None) as seen:
        pass
    assert seen.samples == []
    assert seen.summary({}).codes == []


@pytest.mark.parametrize(("busy_for", "codes"), [(5, []), (1000, ["foreign-process"])])
def test_the_tail_of_the_launch_before_is_waited_for_two_seconds_at_most(busy_for, codes):
    waited, read = [], [0]

    def utilization():
        read[0] += 1
        return {"utilization_percent": Probed(60 if read[0] <= busy_for else 0)}

    watch = Watch(Telemetry((utilization,)), wait=waited.append)
    with watch.over(None) as seen:
        pass
    assert sum(waited) <= 2.0 + 1e-9
    assert seen.summary({}).codes == codes


# What readings mean


def readings(**series: list) -> list[Reading]:
    count = max(map(len, series.values()))
    return [
        Reading(float(i), {name: values[min(i, len(values) - 1)] for name, values in series.items()})
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("series", "codes"),
    [
        ({"clock_event_reasons": [0, 0, 0]}, []),
        ({"clock_event_reasons": [0, 0x4, 0]}, ["power-capped"]),
        ({"clock_event_reasons": [0, 0x40, 0]}, ["throttled"]),
        ({"clock_event_reasons": [0, 0x8 | 0x4, 0]}, ["throttled", "power-capped"]),
        ({"sm_mhz": [1700] * 9}, []),
        ({"sm_mhz": [1700] * 5 + [1360] * 5}, ["clock-fell"]),
        ({"sm_mhz": [1700] * 4 + [1300] + [1700] * 5}, ["clock-fell"]),
        ({"gpu_cur_mhz": [612] * 4 + [570] + [612] * 5, "gpu_min_mhz": [612], "gpu_max_mhz": [612]}, ["clock-fell"]),
        ({"gpu_cur_mhz": [612] * 4 + [570] + [612] * 5, "gpu_min_mhz": [306], "gpu_max_mhz": [612]}, []),
        ({"processes": [1, 2, 1]}, ["foreign-process"]),
        ({"processes": [0, 1, 0]}, []),
        ({"utilization_percent": [40, 99]}, ["foreign-process"]),
        ({"oc1_events": [3, 3, 4]}, ["under-voltage"]),
        ({"oc2_events": [0, 7]}, ["power-limited"]),
        ({"gpu_max_mhz": [612.0, 408.0]}, ["mode-changed"]),
        ({"online_cpus": ["0-5", "0-3"]}, ["mode-changed"]),
        ({"trip_margin_c": [20.0, 4.0]}, ["near-trip"]),
        ({"trip_margin_c": [20.0, -1.0]}, ["at-trip"]),
    ],
)
def test_codes_of_readings_while_timing(series, codes):
    assert codes_of(readings(**series), readings(**series)) == codes


STARTING, TIMED, AFTER = 60, 30, 5
MOMENTS = {"process_from": 30.0, "memory_to": 55.0, "timed_from": 60.0, "timed_to": 89.0}


@pytest.mark.parametrize(
    ("series", "codes"),
    [
        ({"sm_mhz": [300] * STARTING + [1700] * TIMED + [300] * AFTER}, []),
        ({"gpu_cur_mhz": [306] * STARTING + [612] * TIMED + [306] * AFTER}, []),
        ({"sm_mhz": [300] * STARTING + [1700] * 15 + [1360] * 15 + [300] * AFTER}, ["clock-fell"]),
        ({"clock_event_reasons": [0x40] * STARTING + [0] * TIMED + [0x40] * AFTER}, []),
        ({"clock_event_reasons": [0] * STARTING + [0x40] * TIMED + [0] * AFTER}, ["throttled"]),
        ({"processes": [0] * STARTING + [1] * TIMED + [1] * AFTER}, []),
        ({"processes": [0] * STARTING + [1] * 9 + [2] * (TIMED - 9) + [1] * AFTER}, ["foreign-process"]),
        ({"processes": [0] + [2] * (STARTING - 1) + [1] * TIMED + [0] * AFTER}, []),
        ({"oc1_events": [3] * 10 + [4] * (STARTING + TIMED + AFTER - 10)}, ["under-voltage"]),
    ],
)
def test_an_idle_gpu_while_the_worker_starts_and_builds_says_nothing_of_its_clocks(series, codes):
    seen = Seen(readings(**series))
    assert seen.summary(MOMENTS).codes == codes


def test_memory_is_read_between_loading_and_the_end_of_the_memory_phase_alone():
    available = [6000] * 10 + [2000] * 10 + [5000] * 15 + [4000] * 20 + [1000] * 40
    seen = Seen(readings(mem_available_mib=available))
    around = {"mem_available_mib": {"base": 5000, "min": 4000, "max": 5000}}
    assert seen.summary(MOMENTS | {"memory_to": 54.0}).values["memory"] == around
    assert seen.summary({}).values["memory"] == {}


def test_a_worker_that_did_not_say_when_it_timed_is_judged_by_the_rules_that_need_no_window():
    idle = [300] * STARTING + [1700] * TIMED
    seen = Seen(readings(sm_mhz=idle, clock_event_reasons=[0x40], trip_margin_c=[20.0, -1.0]))
    assert seen.summary({}).codes == ["at-trip"]


def test_a_metric_that_stops_answering_is_absent_and_not_zero():
    answers = iter([{"power_w": Probed(10.0)}, {"power_w": Probed(None, "lost")}, {"power_w": Probed(12.0)}])
    telemetry = Telemetry((lambda: next(answers),))
    assert telemetry.available()
    assert [telemetry.read().values for _ in range(2)] == [{}, {"power_w": 12.0}]


def test_summaries_keep_extremes_of_numbers_and_ends_of_words():
    found = summarised(readings(sm_mhz=[1, 5, 3], gpu_governor=["a", "b"]))
    assert found["sm_mhz"] == {"first": 1, "last": 3, "min": 1, "median": 3, "max": 5}
    assert found["gpu_governor"] == {"first": "a", "last": "b"}
