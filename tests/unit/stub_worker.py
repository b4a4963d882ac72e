"""Stands in for advisor.measure.worker: the same protocol and the same promises, but figures that follow from the job alone."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from pathlib import Path

from advisor.measure.files import read_json, write_json
from advisor.measure.records import CALIBRATE, EXPORT, Job
from advisor.measure.worker import die_with_parent

UNIT_MS = 7.0


def main(job_file: str, result_file: str) -> None:
    content = read_json(Path(job_file))
    die_with_parent(content["parent"])
    job = Job.from_json(content["job"])
    time.sleep(float(os.environ.get("STUB_SECONDS", "0.02")))
    write_json(Path(result_file), result_of(job))


def result_of(job: Job) -> dict:
    """Deterministic: resnet18 is oom from batch 20 on, alexnet fails, squeezenet is contended at its first launches."""
    if job.kind == CALIBRATE:
        rates = {"peak_fp32_tflops": 0.2, "memory_bandwidth_gb_s": 30.0, "launch_us": 1.0}
        return {
            "status": "ok",
            "reason": "",
            "quiet": {"stub": {"quiet_ms": UNIT_MS, "slices_ms": [UNIT_MS]}},
            "rates": rates,
            "software": {},
        }
    if job.kind == EXPORT:
        Path(job.artifact).write_bytes(b"onnx")
        return {"status": "ok", "reason": ""}
    if "alexnet" in job.model:
        return {"status": "error", "reason": "RuntimeError: the stub says no"}
    if "resnet18" in job.model and job.batch_size >= 20:
        return {"status": "oom", "reason": "out of memory"}
    return {"status": "ok", "reason": "", **figures(job, float(os.environ.get("STUB_SLOWDOWN", "1")))}


def figures(job: Job, slowdown: float = 1.0) -> dict:
    base = 5.0 + int(hashlib.sha256(job.model.encode()).hexdigest()[:4], 16) / 1000 + 0.5 * job.batch_size
    host = [base * (1 + 0.001 * ((i * 7 + job.replicate) % 5)) * slowdown for i in range(60)]
    unit = UNIT_MS * slowdown
    value = {"value": None, "reason": "no such file"}
    if not job.timed:
        host = []
    return {
        "first_call_ms": base * 3, "warmup": {"n": 20, "seconds": 0.5, "steady": True},
        "samples": {"host_ms": host, "enqueue_ms": host, "cpu_ms": host, "reference_ms": [unit] * 21, "groups": [3] * 20,
                    "stop": "precision", "device_ms": []},
        "reference": "stub",
        "throughput": {"img_per_s": 1e3 * job.batch_size / base, "n": 30, "seconds": 2.0} if job.with_throughput else None,
        "gauges": {"run_delay_rel": 0.0, "steal_rel": 0.0, "psi_some_avg10": 0.0, "swap_pages": 0, "major_faults": 0,
                   "clock_step_ms": 0.0, "suspended_s": 0.0, "load_average": 1.0, "procs_running": 1, "involuntary_switches": 0},
        "memory": {"rss_after_import": {"value": 700 << 20, "reason": ""}, "rss_after_load": {"value": 750 << 20, "reason": ""},
                   "rss_peak": {"value": (760 + job.batch_size) << 20, "reason": ""}, "weights": {"value": 45 << 20, "reason": ""}},
        "accelerator": {"first": {}, "steady": {}}, "check": {"ok": True, "reason": ""}, "subnormal_share": 0.0,
        "identity": {"arch_sha256": "ab" * 32, "params": 11}, "mode": {"grad_mode": "inference_mode"},
        "software": {"torch": "2.99.0"}, "settings": {"governor": value, "boot_id": {"value": "secret-boot", "reason": ""}},
        "address_space_limit": "set", "settings_changed": [],
    }  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
