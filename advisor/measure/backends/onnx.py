"""ONNX Runtime on an exported model. The process holds no torch, so its memory is the runtime's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from advisor.measure.backends.base import Loaded, Unsupported
from advisor.measure.files import read_json
from advisor.measure.records import Job
from advisor.measure.reference import Clock, Reference, cpu_numpy
from advisor.measure.software import versions_of

_PROVIDERS = {"cpu": "CPUExecutionProvider", "gpu": "CUDAExecutionProvider"}
_LOGITS = 64


@dataclass(slots=True)
class _Session:
    """The session with its input; a Runner. A run returns when it has finished, on a GPU too."""

    session: Any
    feed: Mapping[str, Any]
    last: Any = None

    def start(self) -> None:
        self.last = self.session.run(None, self.feed)

    def wait(self) -> None:
        return

    def mark(self, end: bool) -> None:
        return

    def device_ms(self) -> list[float]:
        return []

    def logits(self) -> Sequence[float]:
        return [float(v) for v in self.last[0].reshape(-1)[:_LOGITS]]


@dataclass(frozen=True, slots=True)
class OnnxRuntime:
    """The runtime; `stub` stands in for the module in tests."""

    stub: Any = None

    def _library(self) -> Any:  # noqa: ANN401 - the module or a stub
        return self.stub if self.stub is not None else import_module("onnxruntime")

    def missing(self, job: Job) -> str:
        """The package, or the provider of the compute unit."""
        if self.stub is None and find_spec("onnxruntime") is None:
            return "onnxruntime is not installed: pip install 'arch-advisor[onnx]' (for a GPU: onnxruntime-gpu)"
        provider, offered = _PROVIDERS[job.compute_unit], self._library().get_available_providers()
        if provider not in offered:
            return f"onnxruntime offers no {provider} here, only {', '.join(offered)}: install onnxruntime-gpu"
        return ""

    def prepare(self, job: Job) -> None:
        """The runtime and numpy."""
        self._library()
        import_module("numpy")

    def load(self, job: Job, clock: Clock) -> Loaded:
        """Open the exported file with every graph optimisation."""
        if job.precision != "fp32":
            raise Unsupported(f"onnxruntime is measured at fp32 only, not at {job.precision}: the export is fp32")
        library = self._library()
        options = library.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = job.threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        provider = _PROVIDERS[job.compute_unit]
        session = library.InferenceSession(job.artifact, options, providers=[provider])
        if provider not in session.get_providers():  # its libraries did not load: the session would run on the CPU
            raise Unsupported(
                f"onnxruntime could not start {provider}, only {', '.join(session.get_providers())}: see the log"
            )
        running = _Session(session, {session.get_inputs()[0].name: _image(job)})
        return Loaded(
            runner=running,
            output=running.logits,
            reference=partial(self.reference, job, clock),
            weight_bytes=Path(job.artifact).stat().st_size if Path(job.artifact).exists() else None,
            identity=read_json(Path(job.artifact).with_suffix(".json")) or {},
            mode={
                "providers": session.get_providers(),
                "graph_optimization": "all",
                "input_kind": "normal, seed 0",
                "flags": "allow_spinning=0",
            },
        )

    def reference(self, job: Job, clock: Clock) -> Reference | None:
        """The same work as torch's, through numpy; none on a GPU, which numpy does not reach."""
        return cpu_numpy(clock) if job.compute_unit == "cpu" else None

    def rates(self, job: Job) -> Mapping[str, float]:
        """None: PyTorch measures them."""
        return {}

    def versions(self) -> Mapping[str, str]:
        """onnxruntime, whichever package it came in, and what exported the model."""
        found = dict(versions_of(("onnxruntime", "onnxruntime-gpu", "numpy", "onnx", "torch", "torchvision", "timm")))
        gpu = found.pop("onnxruntime-gpu", None)
        return found if gpu is None else {**found, "onnxruntime": gpu}


BACKEND = OnnxRuntime()


def _image(job: Job) -> Any:  # noqa: ANN401 - a numpy array
    import numpy as np

    shape = (job.batch_size, 3, job.resolution, job.resolution)
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
