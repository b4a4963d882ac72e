"""What a number was measured with: one nested record for exchange and comparison, built from an allow-list.

Field names and units follow docs/measurement.md. What is unknown is null with `<field>_reason`. Host names, users, serial numbers,
addresses, paths, boot and process ids and log texts are never in it, because only what is named here is copied.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from advisor.measure.analysis import Analysis, analyse
from advisor.measure.published import MEMORY, Published, Weighed
from advisor.measure.records import PROTOCOL, Job
from advisor.measure.software import system
from advisor.records import Device

SCHEMA = 1
_STATE = (
    "governor", "scaling_driver", "cpu_min_mhz", "cpu_max_mhz", "cpu_cur_mhz", "turbo", "thp", "clocksource", "hypervisor",
    "cgroup_cpu_quota",
)  # fmt: skip
_GAUGES = (
    "run_delay_rel", "steal_rel", "psi_some_avg10", "load_average", "procs_running", "involuntary_switches",
    "major_faults", "swap_pages", "clock_step_ms", "suspended_s",
)  # fmt: skip
_MODE = (
    "grad_mode", "input_kind", "flush_denormal", "deterministic_algorithms", "compile", "cudnn_benchmark", "tf32_matmul",
    "tf32_conv", "providers", "graph_optimization", "flags", "batch_norm",
)  # fmt: skip
_SYSTEM = ("python", "kernel", "os", "libc", "machine")
_SOFTWARE = (
    "torch", "torchvision", "timm", "onnx", "onnxruntime", "numpy", "tensorrt", "cuda", "cudnn", "driver", "l4t",
)  # fmt: skip
_TELEMETRY_WORDS = ("gpu_governor", "mode_id", "online_cpus")


def fingerprint(number: Published, device: Device) -> dict[str, Any]:
    """Everything about one published number that another person needs to trust or compare it."""
    result = number.result
    first = analyse(Job.from_json(result["job"]), result)
    return {
        **_common(number, device),
        "verdict": number.verdict.verdict,
        "flags": list(number.verdict.codes),
        "reasons": list(number.verdict.reasons()),
        "timing_ms": _timing(number, first, result),
        "throughput": dict(result["throughput"]) if result["throughput"] and number.throughput_img_s is not None else None,
        "noise": _noise(result, first),
    }  # fmt: skip


def memory_fingerprint(weighed: Weighed, device: Device) -> dict[str, Any]:
    """The same of peak memory that has no latency beside it."""
    return {**_common(weighed, device), "verdict": MEMORY}


def _common(number: Published | Weighed, device: Device) -> dict[str, Any]:
    job, result = number.job, number.result
    return {
        "schema_version": SCHEMA,
        "protocol_version": PROTOCOL,
        "result_id": number.result_id,
        "model": {
            "name": job.model, "arch_sha256": result["identity"].get("arch_sha256"), "params": result["identity"].get("params"),
            "resolution": job.resolution, "batch_size": job.batch_size,
        },
        "mode": {
            "runtime": job.runtime, "precision": job.precision, "memory_format": job.memory_format,
            **_chosen(result["mode"], _MODE),
        },
        "device": {**_device(device, job), "class_hash": class_hash(device, job, result)},
        "state": {**_probed(result.get("settings", {}), _STATE), "telemetry": _telemetry(result)},
        "software": {**_chosen(result.get("system", system()), _SYSTEM), **_chosen(result["software"], _SOFTWARE)},
        "threads": {"intra": job.threads, "environment": dict(result["environment"])},
        "memory_bytes": _probed(result["memory"], tuple(result["memory"])),
        "accelerator_bytes": {when: _probed(found, tuple(found)) for when, found in result["accelerator"].items()},
        "subnormal_share": result["subnormal_share"],
    }  # fmt: skip


def _chosen(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _probed(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Values, and the kind of reason (without the path it names) where there is none."""
    found: dict[str, Any] = {}
    for name in names:
        entry = values.get(name, {"value": None, "reason": "not measured"})
        found[name] = entry["value"]
        if entry["value"] is None:
            found[f"{name}_reason"] = reason_code(entry["reason"])
    return found


_REASONS = (
    ("no such f", "not_supported"), ("not supported", "not_supported"), ("NotSupported", "not_supported"),
    ("permission", "no_permission"), ("not permitted", "no_permission"), ("no NVIDIA driver", "library_missing"),
    ("Library", "library_missing"), ("Function", "function_missing"), ("not measured", "not_measured"),
    ("not limited", "not_limited"),
)  # fmt: skip


def reason_code(reason: str) -> str:
    """A short code for a probe's sentence, which may hold a path."""
    return next((code for sign, code in _REASONS if sign in reason), "io_error")


def _device(device: Device, job: Job) -> dict[str, Any]:
    facts = ("memory_gb", "sm_count", "compute_capability", "cpu_cores", "cpu_threads")
    return {
        "id": device.id, "name": device.name, "kind": device.kind, "processor": device.processor or None,
        "compute_unit": job.compute_unit, "power_mode": job.power_mode or None,
        **{fact: device.value(fact) for fact in facts},
    }  # fmt: skip


def class_hash(device: Device, job: Job, result: Mapping[str, Any]) -> str:
    """12 hex digits over what must be equal for two machines to be of one class: kind, name, memory, SMs, power state."""
    telemetry = result.get("telemetry", {})
    power = {name: telemetry.get(name, {}).get("first") for name in ("power_limit_w", "gpu_min_mhz", "gpu_max_mhz")}
    memory = device.value("memory_gb")
    same = [
        device.kind,
        device.name,
        None if memory is None else round(memory),
        device.value("sm_count"),
        job.power_mode,
        power,
    ]
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:12]


def _telemetry(result: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers of the accelerator and the board; of words only those that name a setting."""
    found = {}
    for name, entry in result.get("telemetry", {}).items():
        numbers = isinstance(entry, Mapping) and isinstance(entry.get("first"), int | float)
        if numbers or name in _TELEMETRY_WORDS:
            found[name] = dict(entry)
    unknown = result.get("telemetry", {}).get("unknown", {})
    return {**found, "unknown": {name: reason_code(str(reason)) for name, reason in unknown.items()}}


def _timing(number: Published, first: Analysis | None, result: Mapping[str, Any]) -> dict[str, Any]:
    tails: dict[str, Any] = {}
    for name, value in number.percentiles.items():
        tails[name] = value
        if value is None:
            tails[f"{name}_reason"] = number.tail_reason
    return {
        "p50": number.p50, **{name: value for name, value in tails.items() if name != "p50"},
        "ci_low": number.low, "ci_high": number.high, "samples": number.samples, "launches": list(number.launches),
        "first_call": number.first_call_ms, "headline": number.headline,
        "warmup": result["warmup"], "stop": result["samples"]["stop"], "gc_disabled": True, "l2_flush": False,
        "blocks": list(first.blocks) if first else [], "iqr_rel": first.iqr_rel if first else None,
        "n_eff": first.n_eff if first else None, "cpu_time": first.cpu_ms if first else None,
        "host_bound": first.host_bound if first else None,
    }  # fmt: skip


def _noise(result: Mapping[str, Any], first: Analysis | None) -> dict[str, Any]:
    job = result["job"]
    return {
        "ref_id": result["reference"],
        "ref_quiet_ms": job["quiet_ms"],
        "slowdown": first.slowdown if first else None,
        "corrected_p50_ms": first.corrected_ms if first else None,
        **_chosen(result["gauges"], _GAUGES),
    }
