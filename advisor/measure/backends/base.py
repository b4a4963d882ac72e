"""The interface of a runtime: what is missing for it, how a model is loaded, what is known of the loaded model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from advisor.measure.records import Job
from advisor.measure.reference import Clock, Reference
from advisor.measure.sampling import Runner
from advisor.records import Probed


class Unsupported(Exception):
    """The runtime cannot run this model in this mode; the message says why."""


class Gauge(Protocol):
    """Memory of an accelerator; a CPU has none of its own."""

    def reset(self) -> None:
        """Start a new peak."""

    def read(self) -> Mapping[str, Probed]:
        """Bytes by name: alloc_peak, reserved_peak, context, ..."""


@dataclass(slots=True)
class Loaded:
    """A model that is ready to run on one fixed input."""

    runner: Runner
    output: Callable[[], Sequence[float]]
    """The first logits of the last forward, to see that it stays the same."""
    reference: Callable[[], Reference | None]
    """Makes the kernel; called once the model's memory was read, because its buffers are not the model's."""
    weight_bytes: int | None
    identity: Mapping[str, Any]
    """params, arch_sha256, transforms: which network this is."""
    mode: Mapping[str, Any]
    """Switches of the runtime that change the number."""
    gauge: Gauge | None = None
    subnormals: Callable[[], float] | None = None
    """Share of subnormal numbers among the activations of one forward."""


@dataclass(slots=True)
class Timed:
    """What a runtime that times itself printed (trtexec): samples in ms, in order."""

    host_ms: list[float]
    enqueue_ms: list[float]
    device_ms: list[float]
    img_per_s: float | None
    identity: Mapping[str, Any] = field(default_factory=dict)
    mode: Mapping[str, Any] = field(default_factory=dict)
    memory: Mapping[str, Probed] = field(default_factory=dict)
    moments: Mapping[str, float] = field(default_factory=dict)
    """Monotonic seconds: process_from, memory_to, timed_from, timed_to, as far as they can be told."""


class Backend(Protocol):
    """One runtime."""

    def missing(self, job: Job) -> str:
        """What this machine lacks for it, with what to install; '' where nothing."""

    def prepare(self, job: Job) -> None:
        """Import what loading will need, so that its memory is told from the model's."""

    def load(self, job: Job, clock: Clock) -> Loaded | Timed:
        """Load the model and its input, or let the runtime time itself. Raises Unsupported."""

    def reference(self, job: Job, clock: Clock) -> Reference | None:
        """The kernel that stands between this runtime's forwards; None where it times itself or waits nowhere."""

    def rates(self, job: Job) -> Mapping[str, float]:
        """Rates of this machine under the names of profile facts; empty where this runtime measures none."""

    def versions(self) -> Mapping[str, str]:
        """Versions of the libraries that make the number."""
