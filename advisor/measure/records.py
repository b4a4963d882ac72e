"""What the parent asks of a worker and what it gets back. Data only; travels between processes as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

PROTOCOL = 1
"""Raised when a number measured under the new rules must not stand beside one under the old."""

MEASURE, CALIBRATE, EXPORT = "measure", "calibrate", "export"


@dataclass(frozen=True, slots=True)
class Job:
    """One launch: a model in a mode at a batch size, in a fresh process."""

    kind: str
    model: str
    """library/name; empty for a calibration."""
    resolution: int
    batch_size: int
    device: str
    """Profile id."""
    compute_unit: str
    runtime: str
    precision: str
    memory_format: str
    threads: int
    """Threads of the process on a CPU; on a GPU those of the host."""
    power_mode: str
    replicate: int
    """0, 1, 2: launches of one published number."""
    built_for: int | None = None
    """Passed to the builder where the model is made for one resolution."""
    with_throughput: bool = False
    budget_s: float = 10.0
    """Most time to spend in timed forwards."""
    quiet_ms: float | None = None
    """Reference unit on the quiet machine; None while that is not known."""
    artifact: str = ""
    """File the model was exported to (ONNX), or is to be exported to."""
    timed: bool = True
    """False: only peak memory is wanted, which other work on the machine does not disturb."""

    def to_json(self) -> dict[str, Any]:
        """All fields by name."""
        return asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Job:
        """The inverse of to_json; a field that an older journal does not have takes its default. Raises TypeError for one without."""
        return Job(**{f.name: values[f.name] for f in fields(Job) if f.name in values})


_WHAT = (
    "kind", "model", "resolution", "batch_size", "device", "compute_unit", "runtime", "precision", "memory_format",
    "threads", "power_mode",
)  # fmt: skip


def subject_hash(job: Job) -> str:
    """16 hex digits over what is measured: the same for every launch of one published number."""
    return _hash({name: getattr(job, name) for name in _WHAT})


def plan_key(job: Job) -> str:
    """16 hex digits over what is measured, the protocol and the replicate: names a launch in the journal."""
    return _hash({**{name: getattr(job, name) for name in _WHAT}, "protocol": PROTOCOL, "replicate": job.replicate})


def _hash(values: Mapping[str, Any]) -> str:
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
