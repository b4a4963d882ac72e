"""Every runtime goes through the same worker code. CUDA and TensorRT against stand-ins; PyTorch and ONNX Runtime for real.

The stand-ins show that arithmetic, order and flags are right; they say nothing about a GPU.
"""

from __future__ import annotations

import json
import stat
import sys
import types
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep, time

import pytest

import advisor
from advisor.measure import memory, phases, sampling, worker
from advisor.measure.analysis import analyse
from advisor.measure.artifacts import exported_file
from advisor.measure.backends import backend
from advisor.measure.backends.base import Loaded, Unsupported
from advisor.measure.backends.trtexec import TrtExec, building, engine_file, parse_times, timing
from advisor.measure.export import export, options
from advisor.measure.launching import Launcher, recorded_environment
from advisor.measure.published import memory_of
from advisor.measure.records import CALIBRATE, EXPORT, MEASURE, Job
from advisor.measure.verdict import judge
from advisor.records import MEASURABLE

pytestmark = pytest.mark.filterwarnings("default")


def job(**more) -> Job:
    fields = dict(
        kind=MEASURE, model="torchvision/squeezenet1_1", resolution=64, batch_size=1, device="d", compute_unit="cpu",
        runtime="pytorch-eager", precision="fp32", memory_format="nchw", threads=1, power_mode="", replicate=0, budget_s=1.0,
    )  # fmt: skip
    return Job(**{**fields, **more})


MODEL, FIRST_CALL = 100 << 20, 80 << 20
"""Bytes that the stand-in's model holds, and what its first call takes beside them for a while."""


class FakeCuda:
    """torch.cuda as far as the harness uses it: events that tick 2 ms apart; memory that grows with what is allocated."""

    def __init__(self) -> None:
        self.ticks = 0.0
        self.waits = 0
        self.held = MODEL
        self.peak = MODEL + FIRST_CALL
        cuda = self

        class Event:
            def __init__(self, enable_timing: bool) -> None:
                assert enable_timing

            def record(self) -> None:
                cuda.ticks += 2.0
                self.at = cuda.ticks

            def elapsed_time(self, other: Event) -> float:
                return other.at - self.at

        self.Event = Event

    def allocating(self, make):
        """`make` of torch, its tensor counted as the device's."""

        def made(*arguments, **named):
            tensor = make(*arguments, **named)
            self.held += tensor.numel() * tensor.element_size()
            self.peak = max(self.peak, self.held)
            return tensor

        return made

    def is_available(self) -> bool:
        return True

    def synchronize(self) -> None:
        self.waits += 1

    def reset_peak_memory_stats(self) -> None:
        self.peak = self.held

    def max_memory_allocated(self) -> int:
        return self.peak

    def max_memory_reserved(self) -> int:
        return self.peak + (20 << 20)

    def memory_reserved(self) -> int:
        return self.held + (20 << 20)

    def mem_get_info(self) -> tuple[int, int]:
        return (8 << 30) - self.held - (500 << 20), 8 << 30


@pytest.fixture
def cuda_torch():
    torch = pytest.importorskip("torch", reason="extra 'torch' is not installed")
    pytest.importorskip("torchvision", reason="extra 'torch' is not installed")
    torch.set_num_threads(1)
    stub = types.SimpleNamespace(**{name: getattr(torch, name) for name in dir(torch) if not name.startswith("__")})
    stub.cuda, stub.stub_device = FakeCuda(), "cpu"
    for name in ("ones", "empty_like"):
        setattr(stub, name, stub.cuda.allocating(getattr(torch, name)))
    stub.autocast = lambda unit, dtype: torch.autocast("cpu", dtype=torch.bfloat16)
    return stub


def run(asked: Job, chosen) -> dict:
    result = worker.run(asked, lambda _: chosen)
    return {**result, "job": asked.to_json(), "telemetry": {}, "environment": {}, "launch_s": 1.0}


@pytest.mark.parametrize("precision", ["fp32", "tf32", "amp_fp16"])
def test_the_cuda_path_times_events_waits_after_each_forward_and_reads_both_peaks(cuda_torch, precision, monkeypatch):
    from advisor.measure.backends import pytorch

    monkeypatch.setattr(pytorch, "_GPU_REFERENCE", {"gpu": (64, 1 << 20), "jetson": (64, 1 << 20)})
    asked = job(compute_unit="gpu", precision=precision, quiet_ms=None)
    result = run(asked, pytorch.PyTorch(stub=cuda_torch))
    assert result["status"] == "ok", result["reason"]
    samples = result["samples"]
    assert len(samples["device_ms"]) == len(samples["host_ms"]) >= 10  # however slow the machine is
    assert set(samples["device_ms"]) == {2.0}
    first, steady = ({k: v["value"] for k, v in result["accelerator"][when].items()} for when in ("first", "steady"))
    assert (first["alloc_peak"], first["reserved_peak"]) == (MODEL + FIRST_CALL, MODEL + FIRST_CALL + (20 << 20))
    assert (steady["alloc_peak"], steady["device_used"]) == (MODEL, MODEL + (500 << 20))
    assert cuda_torch.cuda.held > MODEL  # the reference's buffers came later
    assert result["subnormal_share"] is None  # only processors are slow with them
    assert result["mode"]["tf32_matmul"] is (precision == "tf32")
    assert cuda_torch.cuda.waits > len(samples["host_ms"])
    assert result["address_space_limit"] == "not a CPU target"
    moments = result["moments"]
    assert list(moments) == ["process_from", "memory_to", "timed_from", "timed_to"]
    assert list(moments.values()) == sorted(moments.values())
    assert moments["timed_to"] - moments["timed_from"] >= sum(samples["host_ms"]) / 1e3


def used(telemetry: dict, memory: dict, **accelerator: int) -> dict:
    """A result with these sizes (MiB) and telemetry."""
    first = {name: {"value": size << 20} for name, size in accelerator.items()}
    sizes = {name: {"value": None if size is None else size << 20} for name, size in memory.items()}
    return {"memory": sizes, "accelerator": {"first": first}, "telemetry": telemetry, "job": {"compute_unit": "gpu"}}


def test_memory_on_a_gpu_is_the_reserved_peak_and_what_nvml_saw_beyond_it_while_the_model_was_loaded():
    around = {"memory_used_mib": {"base": 150.0, "min": 150.0, "max": 750.0}}
    telemetry = {"memory_used_mib": {"first": 90.0, "max": 1500.0}, "memory": around}  # 1500: the reference's buffers
    result = used(telemetry, {"weights": 40}, reserved_peak=200, reserved=150, device_used=3000)
    need, kind, parts = memory_of(result)
    assert (need, kind) == (750 - 150, "cuda_reserved+context")
    assert parts == {"weights": 40.0, "reserved": 200.0, "runtime": 400.0}
    assert memory_of({**result, "telemetry": {}})[0] is None  # the context is unknown, and not 0


def test_memory_on_a_jetson_is_what_the_board_lost_between_loading_and_reading_and_not_what_building_took():
    around = {"mem_available_mib": {"base": 5500.0, "min": 5200.0, "max": 5500.0}}
    whole = {"first": 6000.0, "min": 2000.0}
    told = used({"mem_available_mib": whole, "memory": around}, {"engine": 20, "rss_peak": None})
    assert memory_of(told) == (300.0, "board_delta", {"engine": 20.0})
    rose = {"mem_available_mib": {"base": 5200.0, "min": 5200.0, "max": 5500.0}}
    assert memory_of(used({"mem_available_mib": whole, "memory": rose}, {}))[0] is None
    old = used({"mem_available_mib": whole}, {"weights": 20})
    assert memory_of(old) == (None, "board_delta", {"weights": 20.0})


def test_memory_of_tensorrt_on_a_discrete_gpu_is_its_engine_and_not_called_the_need_of_a_process():
    from advisor.predict.processes import PROCESS_KINDS

    assert memory_of(used({}, {"engine": 20})) == (20.0, "engine", {"engine": 20.0})
    assert "engine" not in PROCESS_KINDS


def test_a_machine_without_cuda_or_with_a_precision_that_does_not_exist_is_told(cuda_torch):
    from advisor.measure.backends.pytorch import PyTorch

    cuda_torch.cuda.is_available = lambda: False
    assert "no CUDA device" in run(job(compute_unit="gpu"), PyTorch(stub=cuda_torch))["reason"]
    cuda_torch.cuda.is_available = lambda: True
    result = run(job(compute_unit="gpu", precision="int8"), PyTorch(stub=cuda_torch))
    assert result["status"] == "unsupported"
    assert "it runs fp32, tf32" in result["reason"]


def test_a_gpu_is_calibrated_with_its_own_kernel_and_its_rates_have_the_names_of_facts(cuda_torch, monkeypatch):
    from advisor.devices.profile import FACT_KEYS
    from advisor.measure import calibration
    from advisor.measure.backends import pytorch

    monkeypatch.setattr(pytorch, "_GPU_REFERENCE", {"gpu": (64, 1 << 20), "jetson": (64, 1 << 20)})
    monkeypatch.setattr(calibration, "_GPU_SIDE", 64)
    monkeypatch.setattr(calibration, "_QUIET_S", 0.1)
    sides, multiply = set(), cuda_torch.mm
    cuda_torch.mm = lambda a, b: sides.add((len(a), a.dtype)) or multiply(a, b)
    result = run(job(kind=CALIBRATE, model="", compute_unit="gpu"), pytorch.PyTorch(stub=cuda_torch))
    assert (result["status"], result["reason"]) == ("ok", "")
    assert list(result["quiet"]) == ["gpu-torch-64-1"]
    assert set(result["rates"]) == {"peak_fp32_tflops", "peak_fp16_tflops", "memory_bandwidth_gb_s", "launch_us"}
    assert set(result["rates"]) <= set(FACT_KEYS)
    assert sides == {(64, cuda_torch.float16), (64, cuda_torch.float32)}


def test_an_untrained_network_with_batch_norms_does_not_overflow_in_half_precision():
    torch = pytest.importorskip("torch", reason="extra 'torch' is not installed")
    pytest.importorskip("torchvision", reason="extra 'torch' is not installed")
    from advisor.measure.backends.pytorch import PyTorch

    loaded = PyTorch().load(job(model="torchvision/resnet152", precision="fp16"), lambda: 0)
    loaded.runner.start()
    assert all(abs(value) < 1000 for value in loaded.output())
    assert loaded.mode["batch_norm"] == "one forward"
    assert not any(module.training for module in loaded.runner.module.modules())
    assert {m.momentum for m in loaded.runner.module.modules() if isinstance(m, torch.nn.BatchNorm2d)} == {0.1}


@pytest.mark.parametrize(
    ("model", "precision"), [("squeezenet1_1", "fp16"), ("mnasnet0_5", "fp32"), ("mnasnet0_5", "bf16")]
)
def test_networks_without_batch_norms_and_wider_precisions_are_as_they_were_built(model, precision):
    pytest.importorskip("torchvision", reason="extra 'torch' is not installed")
    from advisor.measure.backends.pytorch import PyTorch

    loaded = PyTorch().load(job(model=f"torchvision/{model}", precision=precision), lambda: 0)
    assert "batch_norm" not in loaded.mode


# TensorRT

TRTEXEC = """#!{python}
import json, sys
flags = dict(a.partition("=")[::2] for a in sys.argv[1:])
if "--help" in flags:
    print("&&&& RUNNING TensorRT.trtexec [TensorRT v8601]"); sys.exit(0)
print(" ".join(sys.argv[1:]), file=open({log!r}, "a"))
if "--saveEngine" in flags:
    if "oom" in flags["--onnx"]:
        print("[E] Error[2]: [executionContext.cpp] insufficient memory"); sys.exit(1)
    if "bad" in flags["--onnx"]:
        print("[E] [TRT] ModelImporter.cpp: unsupported operator Gizmo"); sys.exit(1)
    open(flags["--saveEngine"], "wb").truncate(ENGINE); sys.exit(0)
assert open(flags["--loadEngine"], "rb").seek(0, 2) == ENGINE
rows = [
    dict(startEnqMs=i - 0.5, endEnqMs=i, startH2dMs=i, endH2dMs=i, startComputeMs=i, endComputeMs=i + 4, startD2hMs=i + 4,
         endD2hMs=i + 4, h2dMs=0, computeMs=4 + 0.01 * (i % 3), d2hMs=0, latencyMs=4)
    for i in range(300)
]
json.dump(rows, open(flags["--exportTimes"], "w"))
print("[I] Throughput: 247.5 qps")
"""
ENGINE = 22544384


@pytest.fixture
def trtexec(tmp_path):
    tool = tmp_path / "trtexec"
    text = TRTEXEC.replace("ENGINE", str(ENGINE))
    tool.write_text(text.format(python=sys.executable, log=str(tmp_path / "called")))
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    return tool


def trt_job(tmp_path: Path, name: str = "model", **more) -> Job:
    return job(
        compute_unit="gpu", runtime="tensorrt", precision="fp16", artifact=str(tmp_path / f"{name}.onnx"), **more
    )


def test_trtexec_is_called_with_fixed_switches_and_its_times_are_judged_like_any_other(trtexec, tmp_path):
    asked = trt_job(tmp_path)
    result = run(asked, TrtExec((str(trtexec),)))
    assert result["status"] == "ok", result["reason"]
    built, timed = (tmp_path / "called").read_text().splitlines()
    for flag in ("--fp16", "--iterations=1", "--duration=0", "--warmUp=0", f"--onnx={tmp_path}/model.onnx"):
        assert flag in built.split()
    for flag in ("--noDataTransfers", "--useSpinWait", "--warmUp=1000", f"--loadEngine={engine_file(asked)}"):
        assert flag in timed.split()
    found = analyse(asked, result)
    assert found.p50 == pytest.approx(4.01)
    assert found.percentiles["p95"] == pytest.approx(4.02)
    assert result["throughput"]["img_per_s"] == 247.5
    assert result["software"] == {"tensorrt": "8.6.1"}
    assert set(result["samples"]["enqueue_ms"]) == {0.5}
    assert result["first_call_ms"] is None
    assert result["memory"]["engine"]["value"] == ENGINE
    assert judge(asked, result, found, ["clock-fell"], 6).verdict == "rejected"
    assert judge(asked, result, found, [], 6).verdict == "accepted"


def test_trtexec_throughput_is_of_images_and_paths_stay_out_of_the_result(trtexec, tmp_path):
    result = run(trt_job(tmp_path, batch_size=8), TrtExec((str(trtexec),)))
    assert result["throughput"]["img_per_s"] == 8 * 247.5
    assert (
        result["mode"]["flags"] == "--fp16 --warmUp=1000 --iterations=50 --duration=1 --noDataTransfers --useSpinWait"
    )


def test_the_engine_is_built_once_for_all_launches_and_building_lies_before_what_is_watched(trtexec, tmp_path):
    results = [run(trt_job(tmp_path, replicate=r), TrtExec((str(trtexec),))) for r in range(3)]
    called = [line.partition("=")[0] for line in (tmp_path / "called").read_text().splitlines()]
    assert called == ["--onnx", "--loadEngine", "--loadEngine", "--loadEngine"]
    assert [path.name for path in tmp_path.glob("model.*engine*")] == ["model.fp16.engine"]
    first, built = results[0]["moments"], engine_file(trt_job(tmp_path)).stat().st_mtime
    ago = time() - monotonic()  # the clock of files less the clock of moments
    assert first["process_from"] + ago - built >= 0.9  # a reading lies between: building's memory was given back
    assert first["process_from"] <= first["memory_to"] <= monotonic()
    assert first["memory_to"] - first["timed_to"] == pytest.approx(1.0)
    assert first["timed_from"] >= first["process_from"]


@pytest.mark.parametrize(
    ("name", "status", "said"), [("oom", "oom", "memory"), ("bad", "error", "unsupported operator Gizmo")]
)
def test_trtexec_failures_are_told_apart(trtexec, tmp_path, name, status, said):
    result = run(trt_job(tmp_path, name), TrtExec((str(trtexec),)))
    assert result["status"] == status
    assert said in result["reason"]


def test_without_trtexec_the_sentence_says_where_it_comes_from(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run(trt_job(tmp_path), TrtExec())
    assert result["status"] == "unsupported"
    assert "install TensorRT" in result["reason"]


def test_every_precision_of_tensorrt_has_its_switch(tmp_path):
    jobs = {p: replace(trt_job(tmp_path), precision=p) for p in ("fp32", "int8", "int8+fp16")}
    flags = {p: building(one, engine_file(one)) for p, one in jobs.items()}
    assert "--noTF32" in flags["fp32"]
    assert "--int8" in flags["int8"]
    assert len({engine_file(one) for one in jobs.values()}) == 3
    assert timing(jobs["int8"], tmp_path / "e", tmp_path / "t")[0] == f"--loadEngine={tmp_path}/e"


def test_times_that_are_not_trtexecs_are_an_error(tmp_path):
    (tmp_path / "times").write_text('[{"gpu": 1}]')
    with pytest.raises(RuntimeError, match="no times"):
        parse_times(tmp_path / "times")


# ONNX Runtime, for real


def test_onnxruntime_times_an_exported_model_in_a_process_without_torch(tmp_path):
    for package in ("onnxruntime", "onnx", "onnxscript", "torchvision"):
        pytest.importorskip(package, reason="extras 'torch' and 'onnx' are not installed")
    launcher, file = Launcher(tmp_path), str(tmp_path / "model.onnx")
    exported = launcher.run("export", job(kind=EXPORT, artifact=file), 300.0)
    assert (exported["status"], exported["reason"]) == ("ok", "")
    result = launcher.run("ort", job(runtime="onnxruntime", artifact=file, with_throughput=True), 120.0)
    assert (result["status"], result["reason"]) == ("ok", "")
    assert result["reference"] == "cpu-numpy-1"
    assert result["identity"]["params"] == 1_235_496
    assert result["memory"]["rss_after_import"]["value"] < 200 << 20  # no torch in it
    assert "onnxruntime" in result["software"]


def test_tensorrt_gets_the_opset_that_the_oldest_supported_one_reads(tmp_path):
    onnx = pytest.importorskip("onnx", reason="extra 'onnx' is not installed")
    for package in ("onnxscript", "torchvision"):
        pytest.importorskip(package, reason="extras 'torch' and 'onnx' are not installed")
    file = str(tmp_path / "model.onnx")
    asked = job(kind=EXPORT, runtime="tensorrt", model="torchvision/mobilenet_v3_small", artifact=file)
    exported = Launcher(tmp_path).run("export", asked, 300.0)
    assert (exported["status"], exported["reason"]) == ("ok", "")
    model = onnx.load(file)
    onnx.checker.check_model(model)
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 17)]
    assert exported_file(tmp_path, asked).name == "torchvision--mobilenet_v3_small-64-b1-opset17.onnx"
    assert exported_file(tmp_path, job()).name == "torchvision--squeezenet1_1-64-b1.onnx"


@pytest.mark.parametrize(
    ("known", "tensorrt", "others"),
    [
        (
            {"opset_version", "dynamo", "external_data"},
            {"dynamo": False, "opset_version": 17},
            {"dynamo": True, "external_data": False},
        ),
        ({"opset_version"}, {"opset_version": 17}, {}),
    ],
)
def test_torchs_exporter_is_asked_only_for_what_its_version_knows(known, tensorrt, others):
    assert options("tensorrt", known) == tensorrt
    assert options("onnxruntime", known) == others


def test_without_the_packages_of_exporting_only_theirs_are_advised_and_no_other_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    monkeypatch.setitem(sys.modules, "onnx", types.ModuleType("onnx"))
    with pytest.raises(Unsupported, match=r"onnxscript is not installed: pip install 'arch-advisor\[onnx\]'$"):
        export(job(kind=EXPORT, artifact="m.onnx"))


def test_a_runtime_that_is_not_installed_is_explained(monkeypatch):
    from advisor.measure.backends import onnx

    monkeypatch.setattr(onnx, "find_spec", lambda _: None)
    assert "arch-advisor[onnx]" in backend("onnxruntime").missing(job(runtime="onnxruntime"))


def test_onnxruntime_without_the_gpu_provider_says_which_it_has():
    from advisor.measure.backends.onnx import OnnxRuntime

    stub = types.SimpleNamespace(get_available_providers=lambda: ["CPUExecutionProvider"])
    assert "only CPUExecutionProvider" in OnnxRuntime(stub).missing(job(runtime="onnxruntime", compute_unit="gpu"))


class Session:
    """A session of ONNX Runtime whose CUDA libraries are not there: it falls back to the CPU without a word."""

    def __init__(self, *_, providers) -> None:
        self.asked = providers

    def get_providers(self) -> list[str]:
        return ["CPUExecutionProvider"]

    def get_inputs(self):
        return [types.SimpleNamespace(name="image")]


def test_a_provider_whose_libraries_do_not_load_is_not_measured_on_the_cpu_instead(tmp_path):
    from advisor.measure.backends.onnx import OnnxRuntime

    options = types.SimpleNamespace(add_session_config_entry=lambda *_: None)
    stub = types.SimpleNamespace(
        get_available_providers=lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
        SessionOptions=lambda: options, InferenceSession=Session,
    )  # fmt: skip
    asked = job(runtime="onnxruntime", compute_unit="gpu", artifact=str(tmp_path / "m.onnx"))
    result = run(asked, OnnxRuntime(stub))
    assert result["status"] == "unsupported"
    assert "could not start CUDAExecutionProvider" in result["reason"]


def test_onnxruntime_is_called_the_same_whichever_package_it_came_in(monkeypatch):
    from advisor.measure.backends import onnx

    monkeypatch.setattr(onnx, "versions_of", lambda names: {"onnxruntime-gpu": "1.20.1", "numpy": "2.0"})
    assert onnx.BACKEND.versions() == {"onnxruntime": "1.20.1", "numpy": "2.0"}


def test_the_memory_of_the_host_is_not_published_for_a_gpu():
    host = {"rss_after_import": 300, "rss_after_load": 400, "rss_peak": 500, "weights": 40}
    assert memory_of(used({}, host)) == (None, "", {"weights": 40.0})
    assert memory_of({**used({}, host), "job": {"compute_unit": "cpu"}})[:2] == (500.0, "process_peak")


@pytest.mark.parametrize("runtime", MEASURABLE)
def test_every_runtime_has_a_backend_of_the_same_interface(runtime):
    assert all(
        callable(getattr(backend(runtime), name))
        for name in ("missing", "prepare", "load", "reference", "rates", "versions")
    )


# Launching


BEGINS = "import os, signal, subprocess, sys, time; open(sys.argv[2] + '.pid', 'w').write(str(os.getpid()));"
CHILD = "subprocess.Popen(['sleep', '60']);"
WORKERS = {
    "silent": f"{BEGINS} {CHILD} sys.exit(3)",
    "killed": f"{BEGINS} {CHILD} os.kill(os.getpid(), signal.SIGKILL)",
    "endless": f"{BEGINS} {CHILD} time.sleep(60)",
}


def running_in_group(group: int) -> list[str]:
    """Processes of a group that are not dead."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state not in "ZX":
            found.append(path.parent.name)
    return found


@pytest.mark.parametrize(
    ("value", "kept"),
    [("0,1", "0,1"), ("", ""), ("GPU-8f1d2c3a-1111", "set"), ("MIG-GPU-8f1d/1/0", "set"), ("-1", "set")],
)
def test_which_gpus_were_visible_is_kept_as_numbers_and_never_as_uuids(monkeypatch, value, kept):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert recorded_environment(job(), {})["CUDA_VISIBLE_DEVICES"] == kept


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [("silent", "crashed", "exit code 3"), ("killed", "crashed", "SIGKILL"), ("endless", "timeout", "2 s")],
)
def test_a_worker_that_leaves_no_result_is_explained_and_leaves_nothing_running(tmp_path, name, status, said):
    launcher = Launcher(tmp_path, (sys.executable, "-c", WORKERS[name]))
    result = launcher.run("x", job(), 2.0)
    assert result["status"] == status
    assert said in result["reason"]
    group = int((tmp_path / "x.json.pid").read_text())
    deadline = monotonic() + 2
    while running_in_group(group) and monotonic() < deadline:  # a signal takes effect a moment later
        sleep(0.02)
    assert running_in_group(group) == []


def test_a_worker_imports_this_package_and_nothing_of_the_users_current_folder(tmp_path, monkeypatch):
    here, folder = tmp_path / "here", tmp_path / "results"
    for made in (here, folder, here / "mine"):
        made.mkdir()
    for name in ("torch", "timm", "advisor", "numpy"):
        (here / f"{name}.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(here)
    monkeypatch.setenv("PYTHONPATH", "mine")
    says = "import advisor, json, os, sys; json.dump([advisor.__file__, os.getcwd(), sys.path[1:3]], open(sys.argv[2], 'w'))"
    launcher = Launcher(Path("../results"), (sys.executable, "-c", says))
    launcher.run("x", job(), 20.0)
    package = Path(advisor.__file__)
    found, where, path = json.loads((folder / "x.json").read_text())
    assert (found, where, path) == (str(package), str(folder), [str(package.parents[1]), str(here / "mine")])


def test_the_address_space_is_limited_from_what_the_libraries_map(monkeypatch):
    order = []

    class Prepared(Exception):
        pass

    class Backend:
        def prepare(self, asked):
            order.append("prepare")

        def load(self, asked, clock):
            raise Prepared

    monkeypatch.setattr(memory, "limit_address_space", lambda: order.append("limit") or "")
    with pytest.raises(Prepared):
        phases.run(job(), Backend())
    assert order == ["prepare", "limit"]


class Idle:
    """A runner that does nothing at once."""

    def start(self):
        return

    def wait(self):
        return

    def device_ms(self):
        return []


@pytest.mark.parametrize(
    ("unit", "runtime", "quiet_ms", "most_s"),
    [("cpu", "pytorch-eager", 7.0, 4.0), ("cpu", "pytorch-compile", 7.0, 60.0), ("gpu", "pytorch-eager", None, 4.0)],
)
def test_a_cpu_is_told_what_is_quiet_and_what_compiles_may_warm_up_for_a_minute(
    monkeypatch, unit, runtime, quiet_ms, most_s
):
    told = {}

    def warm_up(runner, clock, **values):
        told.update(values)
        return sampling.Warmup(6, 1.0, True)

    def sample(*_, **values):
        told.update(values)
        return sampling.Samples([1.0], [1.0], [1.0], [], [1], "budget")

    class Backend:
        def prepare(self, asked):
            return

        def load(self, asked, clock):
            return Loaded(Idle(), lambda: [1.0], lambda: None, None, {}, {})

        def versions(self):
            return {}

    monkeypatch.setattr(memory, "limit_address_space", lambda: "")
    monkeypatch.setattr(sampling, "warm_up", warm_up)
    monkeypatch.setattr(sampling, "sample", sample)
    phases.run(job(compute_unit=unit, runtime=runtime, quiet_ms=7.0, budget_s=2.0), Backend())
    assert (told["quiet_ms"], told["most_s"], told["budget_s"]) == (quiet_ms, most_s, 2.0)


def test_running_out_of_address_space_is_oom_and_not_a_kill(tmp_path):
    pytest.importorskip("torchvision", reason="extra 'torch' is not installed")
    result = Launcher(tmp_path).run("big", job(batch_size=4000, resolution=2000), 300.0)
    assert result["status"] == "oom", result["reason"]
