"""From a device profile to the rates that turn counts into milliseconds, at a target's precision and power mode.

Knows the rules of which peak applies; fits nothing and reads no measurement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from advisor.devices import scaled
from advisor.devices.targets import kind as kind
from advisor.predict.features import TERMS, Floats
from advisor.records import Device, Target

HALF_ACCUMULATE = ("tensorrt", "paddle-tensorrt", "tf-trt")
"""Runtimes that may accumulate fp16 in fp16; the others accumulate in fp32, half the rate on GeForce cards from Turing on."""
LAUNCHING = ("pytorch-eager", "pytorch-compile", "tensorflow", "torch7", "mxnet", "caffe", "paddle", "tf-trt")
"""Runtimes whose host program launches the GPU's work operator by operator, and so hides the shorter behind the longer."""
_HEAD_POWER = 8.0
_REFERENCE_HOST_MHZ = 2000.0
_REFERENCE_GPU_MHZ = 1000.0
_REFERENCE_CPU_MHZ = 3000.0
_COPY_GB_S = {"jetson": 2.0}
"""Copies from pageable memory, nominal; fitted where copies were timed. Others: 6 GB/s over PCI Express."""
_FLOP_PER_CYCLE = 16.0
"""A core with two 128-bit fused multiply-add units (fp32), where the profile states no CPU peak; fits absorb the error."""


@dataclass(frozen=True)
class Rates:
    """Milliseconds per unit of each term at the profile's rates; `reason` instead where a needed fact is missing."""

    per_unit: Floats | None
    reason: str = ""


_WINOGRAD = {"ncnn": 5.06}
_USUAL_WINOGRAD = 2.25
"""How many times fewer multiplications a 3x3 convolution may take: 2.25 by F(2x2,3x3) of Lavin and Gray (arXiv:1509.09308, section
4.1), 5.06 by the F(6x6,3x3) of ncnn."""
_NCNN_HALF = 2.0
"""ncnn computes mixed precision in fp16 where the processor can, at twice the fp32 rate that profiles of small ones state."""


def least(per_unit: Floats, target: Target) -> Floats:
    """Milliseconds per unit of each term that no network can beat: every multiply-accumulate at the peak rate; nothing for the rest."""
    computing = np.array([name.endswith("_macs") for name in TERMS])
    found = np.where(computing, per_unit, 0.0)
    found[TERMS.index("dense_macs")] /= _WINOGRAD.get(target.runtime, _USUAL_WINOGRAD)
    return np.asarray(found / _NCNN_HALF if target.runtime == "ncnn" else found, dtype=np.float64)


def power(target: Target) -> float:
    """Exponent with which launches and device time combine; 1 adds them."""
    return _HEAD_POWER if target.compute_unit == "gpu" and target.runtime in LAUNCHING else 1.0


def rates(device: Device, target: Target) -> Rates:
    """What one unit of each term costs on the target at the rates of the profile."""
    facts = scaled(device, target.power_mode) if _has_mode(device, target.power_mode) else device
    if target.compute_unit == "dla":
        return Rates(None, "no profile states the rates of a DLA: measure models there")
    peak, plain = (_gpu_peaks if target.compute_unit == "gpu" else _cpu_peaks)(facts, target)
    bandwidth = facts.value("memory_bandwidth_gb_s")
    if peak is None or plain is None:
        return Rates(
            None, f"no peak rate at {target.precision} in the profile of {device.id}: measure some models there"
        )
    if bandwidth is None:
        return Rates(None, f"no memory bandwidth in the profile of {device.id}: measure some models there")
    mac, slow_mac, byte = 2e-9 / peak, 2e-9 / plain, 1e-6 / bandwidth
    launch, constant = _host(facts, target)
    copied = 1e-6 / _COPY_GB_S.get(device.kind, 6.0)
    known = {"depthwise_macs": slow_mac, "ops": launch, "one": constant, "copied_bytes": copied, "copied_one": constant}
    usual = (known.get(name, mac if name.endswith("_macs") else byte) for name in TERMS)
    return Rates(np.array(list(usual), dtype=np.float64))


def _gpu_peaks(facts: Device, target: Target) -> tuple[float | None, float | None]:
    """(TFLOPS of dense MACs, TFLOPS of depthwise MACs, which run beside the tensor cores)."""
    plain = facts.value("peak_fp32_tflops")
    return _best(facts, _peak_keys(target)), plain


def _peak_keys(target: Target) -> tuple[str, ...]:
    """Facts whose largest is the ceiling. Cards without fast fp16 keep fp16 data and compute at the fp32 rate."""
    fast = target.runtime in HALF_ACCUMULATE
    half = "peak_fp16_tflops" if fast else "peak_fp16_acc32_tflops"
    return {
        "fp32": ("peak_fp32_tflops", "peak_tf32_tflops"),
        "tf32": ("peak_fp32_tflops", "peak_tf32_tflops"),
        "fp16": (half, "peak_fp32_tflops"),
        "amp_fp16": (half, "peak_fp32_tflops"),
        "bf16": ("peak_bf16_tflops",),
        "amp_bf16": ("peak_bf16_tflops",),
        "int8": ("peak_int8_tops",),
        "int8+fp16": ("peak_int8_tops",),
        "mixed": ("peak_fp32_tflops",),
    }.get(target.precision, ())


def _best(facts: Device, keys: tuple[str, ...]) -> float | None:
    """Largest stated; without a stated rate for fp32 accumulation, the fp16 one (the two are equal off GeForce)."""
    values = [facts.value(key) for key in keys]
    if "peak_fp16_acc32_tflops" in keys and values[0] is None:
        values[0] = facts.value("peak_fp16_tflops")
    known = [value for value in values if value is not None]
    return max(known) if known else None


def _cpu_peaks(facts: Device, target: Target) -> tuple[float | None, float | None]:
    """TFLOPS of the threads used: the profile's peak by its cores, else threads x clock x a common core."""
    cores = facts.value("cpu_cores")
    threads = min(target.threads or cores or 1.0, cores or target.threads or 1.0)
    peak = facts.value("peak_fp32_tflops") if facts.kind in ("cpu", "sbc") else None
    if peak is not None:
        share = threads / cores if cores else 1.0
        return peak * share, peak * share
    clock = _cpu_mhz(facts)
    if clock is None or not (target.threads or cores):
        return None, None
    peak = threads * clock * _FLOP_PER_CYCLE / 1e6
    return peak, peak


def _cpu_mhz(facts: Device) -> float | None:
    clock = facts.value("cpu_boost_mhz")
    return facts.value("boost_mhz") if clock is None and facts.kind in ("cpu", "sbc") else clock


def _has_mode(device: Device, name: str) -> bool:
    """Whether the profile knows the mode; a source's own setting is not scaled but shifted in the fit."""
    return any(mode.name.casefold() == name.casefold() for mode in device.power_modes)


def _host(facts: Device, target: Target) -> tuple[float, float]:
    """Milliseconds of one nominal launch and of the constant, by clock: a slower host launches more slowly."""
    clock = _cpu_mhz(facts)
    if target.compute_unit == "cpu":
        factor = _REFERENCE_CPU_MHZ / clock if clock else 1.0
        return factor, factor
    host = _REFERENCE_HOST_MHZ / clock if clock and facts.kind == "jetson" else 1.0
    if target.runtime in LAUNCHING:
        return host, host
    gpu = facts.value("boost_mhz")
    return (_REFERENCE_GPU_MHZ / gpu if gpu and facts.kind == "jetson" else 1.0), host
