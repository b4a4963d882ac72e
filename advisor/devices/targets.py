"""What a latency is asked for: a device's default target with the user's changes, checked against the profile."""

from __future__ import annotations

from dataclasses import replace

from advisor.devices.precision import precision_problem
from advisor.devices.scaling import mode_named
from advisor.errors import UsageError
from advisor.records import PRECISIONS, Device, Target

_CPU_RUNTIMES = ("ncnn", "tflite", "armnn")
"""Runtimes that run on the CPU also of a device that has a GPU."""

_FORMATS = {"nchw": "nchw", "nhwc": "nhwc", "channels_last": "nhwc"}
_INT8_RUNTIMES = ("tensorrt", "paddle-tensorrt", "tf-trt", "onnxruntime", "ncnn", "tflite", "armnn")
"""Runtimes that convert a model to int8 as they load it; the others need another model."""
_AUTOCAST_RUNTIMES = ("pytorch-eager", "pytorch-compile", "tensorflow", "mxnet", "paddle")
"""Runtimes that choose a precision operator by operator as they run; engines are built at one."""
_FIXED_PRECISION = {"ncnn": "mixed", "tensorrt": "fp16", "tf-trt": "fp16"}
MAX_THREADS = 1024


def target_for(
    device: Device,
    *,
    runtime: str | None = None,
    precision: str | None = None,
    power_mode: str | None = None,
    threads: int | None = None,
    memory_format: str | None = None,
) -> Target:
    """The profile's default target with what is given replaced.

    Raises UsageError, naming what the profile supports, for anything it does not.
    """
    target = _with_runtime(device, runtime)
    if power_mode is not None:
        target = replace(target, power_mode=mode_named(device, power_mode).name)
    if precision is not None:
        target = replace(target, precision=_precision(device, precision, target))
    if threads is not None:
        target = replace(target, threads=_threads(device, target, threads))
    if memory_format is not None:
        target = replace(target, memory_format=_format(memory_format))
    return target


def kind(device: Device, target: Target) -> str:
    """What devices are pooled as: gpu, jetson, x86 or arm."""
    if target.compute_unit != "cpu":
        return "jetson" if device.kind == "jetson" else "gpu"
    return "arm" if device.kind in ("jetson", "sbc") else "x86"


def _with_runtime(device: Device, runtime: str | None) -> Target:
    default = device.default_target
    if runtime is None or runtime == default.runtime:
        return default
    if runtime not in device.runtimes:
        raise UsageError(
            f"device {device.id} does not support runtime {runtime!r}; it supports {', '.join(device.runtimes)}"
        )
    unit = "cpu" if device.kind in ("cpu", "sbc") or runtime in _CPU_RUNTIMES else "gpu"
    threads = default.threads if default.compute_unit == "cpu" else int(device.value("cpu_cores") or 0)
    return Target(
        device=device.id,
        compute_unit=unit,
        power_mode=default.power_mode,
        runtime=runtime,
        precision=_usual_precision(device, runtime, unit),
        threads=threads if runtime == "ncnn" else 0,
    )


def _usual_precision(device: Device, runtime: str, unit: str) -> str:
    """What people run this runtime at when they do not say: fp16 engines, autocast where there are tensor cores, else fp32."""
    if runtime in _FIXED_PRECISION and (unit == "gpu" or runtime == "ncnn"):
        return _FIXED_PRECISION[runtime]
    if runtime.startswith("pytorch") and unit == "gpu" and (device.value("tensor_cores") or 0) > 0:
        return "amp_fp16"
    return "fp32"


def _precision(device: Device, precision: str, target: Target) -> str:
    if precision not in PRECISIONS:
        raise UsageError(f"unknown precision {precision!r}; known: {', '.join(PRECISIONS)}")
    problem = precision_problem(precision, target.compute_unit, device.value("compute_capability"))
    if "int8" in precision and target.runtime not in _INT8_RUNTIMES:
        usable = ", ".join(r for r in device.runtimes if r in _INT8_RUNTIMES) or "none of this device"
        problem = f"{target.runtime} does not run published models at {precision}; runtimes that do: {usable}"
    if precision.startswith("amp") and target.runtime not in _AUTOCAST_RUNTIMES:
        problem = f"{target.runtime} has no autocast ({precision}); ask for {precision.removeprefix('amp_')}"
    if problem:
        raise UsageError(f"device {device.id}: {problem}")
    return precision


def _threads(device: Device, target: Target, threads: int) -> int:
    if target.compute_unit != "cpu":
        raise UsageError(
            f"threads apply to a CPU target; {target.runtime} on {target.device} runs on its {target.compute_unit}"
        )
    most = int(device.value("cpu_threads") or device.value("cpu_cores") or MAX_THREADS)
    if not 1 <= threads <= most:
        raise UsageError(f"threads on {device.id} must lie between 1 and {most}, not {threads}")
    return threads


def _format(memory_format: str) -> str:
    known = _FORMATS.get(memory_format.casefold())
    if known is None:
        raise UsageError(f"unknown memory format {memory_format!r}; known: {', '.join(_FORMATS)}")
    return known
