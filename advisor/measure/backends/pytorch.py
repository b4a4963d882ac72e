"""PyTorch, eager or compiled, on a CPU or through CUDA (which PyTorch also calls ROCm's devices; only NVIDIA's are meant)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from advisor import zoo
from advisor.measure.backends.base import Loaded, Unsupported
from advisor.measure.backends.cuda import CudaGauge, CudaMarks
from advisor.measure.backends.norms import set_statistics
from advisor.measure.calibration import measured_rates
from advisor.measure.identity import identity_of
from advisor.measure.records import Job
from advisor.measure.reference import Clock, Reference, cpu_torch, gpu_torch
from advisor.measure.software import versions_of

_HALF = {"fp16": "float16", "bf16": "bfloat16"}
_AUTOCAST = {"amp_fp16": "float16", "amp_bf16": "bfloat16"}
_PRECISIONS = ("fp32", "tf32", *_HALF, *_AUTOCAST)
_OVERFLOWING = ("fp16", "amp_fp16")
"""Half precision with few bits for the exponent."""
_LOGITS = 64
_GPU_REFERENCE = {"jetson": (1024, 64 << 20), "gpu": (4096, 256 << 20)}
"""Side of the product and bytes copied."""


@dataclass(slots=True)
class _Network:
    """The module on its device with its input; a Runner."""

    torch: Any
    module: Any
    image: Any
    modes: Callable[[], AbstractContextManager[Any]]
    marks: CudaMarks | None
    norms_set: bool
    """Whether its batch norms got statistics of a forward."""
    last: Any = None

    def start(self) -> None:
        with self.modes():
            self.last = self.module(self.image)

    def wait(self) -> None:
        if self.marks is not None:
            self.torch.cuda.synchronize()

    def mark(self, end: bool) -> None:
        if self.marks is not None:
            self.marks.mark(end)

    def device_ms(self) -> list[float]:
        return [] if self.marks is None else self.marks.times()

    def logits(self) -> Sequence[float]:
        output = self.last[0] if isinstance(self.last, tuple) else self.last
        return [float(v) for v in output.flatten()[:_LOGITS].float().cpu()]


@dataclass(frozen=True, slots=True)
class PyTorch:
    """Both PyTorch runtimes; `torch` stands in for the module in tests."""

    stub: Any = None
    packages: tuple[str, ...] = field(default=("torch", "torchvision", "timm"))

    def _torch(self) -> Any:  # noqa: ANN401 - the module or a stub
        return self.stub if self.stub is not None else import_module("torch")

    def missing(self, job: Job) -> str:
        """PyTorch itself, the library of the model, or CUDA."""
        for package in ("torch", job.model.partition("/")[0]):
            if package and self.stub is None and find_spec(package) is None:
                return f"{package} is not installed: pip install 'arch-advisor[torch]' (on a Jetson, the torch of its JetPack)"
        if job.compute_unit == "gpu" and not self._torch().cuda.is_available():
            return "torch sees no CUDA device: check the driver and that torch was built for CUDA"
        return ""

    def prepare(self, job: Job) -> None:
        """torch and the library of the model."""
        self._torch()
        if job.model:
            zoo.list_models(job.model.partition("/")[0])

    def load(self, job: Job, clock: Clock) -> Loaded:
        """Build the model with random weights, move it, choose precision and layout."""
        torch = self._torch()
        if job.precision not in _PRECISIONS:
            raise Unsupported(f"{job.runtime} does not run {job.precision}; it runs {', '.join(_PRECISIONS)}")
        _settings(torch, job)
        network = _network(torch, job)
        eager = network.module
        if job.runtime == "pytorch-compile":
            network.module = torch.compile(network.module)
        gpu = job.compute_unit == "gpu"
        return Loaded(
            runner=network,
            output=network.logits,
            reference=partial(self.reference, job, clock),
            weight_bytes=sum(t.numel() * t.element_size() for t in (*eager.parameters(), *eager.buffers())),
            identity=identity_of(eager),
            mode={**_mode(torch, job), **({"batch_norm": "one forward"} if network.norms_set else {})},
            gauge=CudaGauge(torch) if gpu else None,
            subnormals=None
            if gpu
            else partial(_subnormal_share, torch, eager, network),  # a GPU is no slower with them
        )

    def reference(self, job: Job, clock: Clock) -> Reference:
        """Products and a copy on the compute unit, at the job's threads."""
        torch = self._torch()
        if job.compute_unit == "cpu":
            torch.set_num_threads(job.threads)
            return cpu_torch(clock)
        side, size = _GPU_REFERENCE["jetson" if job.device.startswith("jetson") else "gpu"]
        return gpu_torch(torch, _place(torch, job), side, size, clock)

    def rates(self, job: Job) -> Mapping[str, float]:
        """Products, copies and launches on the compute unit."""
        torch = self._torch()
        gpu = job.compute_unit == "gpu"
        return measured_rates(torch, _place(torch, job), torch.cuda.synchronize if gpu else _nothing, gpu=gpu)

    def versions(self) -> Mapping[str, str]:
        """torch with CUDA and cuDNN, torchvision, timm."""
        torch = self._torch()
        found = dict(versions_of(self.packages))
        found["cuda"] = str(torch.version.cuda or "")
        cudnn = torch.backends.cudnn.version() if torch.cuda.is_available() else None
        found["cudnn"] = str(cudnn or "")
        return {name: version for name, version in found.items() if version}


BACKEND = PyTorch()


def _nothing() -> None:
    """A CPU has finished when the call returns."""


def _settings(torch: Any, job: Job) -> None:  # noqa: ANN401
    torch.manual_seed(0)
    if job.compute_unit == "cpu":
        torch.set_num_threads(job.threads)
        return
    tf32 = job.precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = False


def _network(torch: Any, job: Job) -> _Network:  # noqa: ANN401
    module = zoo.build_on_cpu(job.model, job.built_for)
    norms_set = job.precision in _OVERFLOWING and set_statistics(torch, module, job.resolution)
    image = torch.randn(
        job.batch_size, 3, job.resolution, job.resolution, generator=torch.Generator().manual_seed(0)
    )  # normal, not zeros: zeros draw less power and run at other clocks
    dtype = getattr(torch, _HALF[job.precision]) if job.precision in _HALF else None
    layout = torch.channels_last if job.memory_format == "nhwc" else torch.contiguous_format
    place = {"device": _place(torch, job), "dtype": dtype, "memory_format": layout}
    module, image = module.to(**place), image.to(**place)
    marks = CudaMarks(torch) if job.compute_unit == "gpu" else None
    return _Network(torch, module, image, partial(_modes, torch, job), marks, norms_set)


def _place(torch: Any, job: Job) -> str:  # noqa: ANN401
    return getattr(torch, "stub_device", "cuda") if job.compute_unit == "gpu" else "cpu"


def _modes(torch: Any, job: Job) -> AbstractContextManager[Any]:  # noqa: ANN401
    stack = ExitStack()
    stack.enter_context(torch.inference_mode())
    if job.precision in _AUTOCAST:
        unit = "cuda" if job.compute_unit == "gpu" else "cpu"
        stack.enter_context(torch.autocast(unit, dtype=getattr(torch, _AUTOCAST[job.precision])))
    return stack


def _mode(torch: Any, job: Job) -> Mapping[str, Any]:  # noqa: ANN401
    mode: dict[str, Any] = {
        "grad_mode": "inference_mode",
        "input_kind": "normal, seed 0",
        "flush_denormal": False,
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
    }
    if job.runtime == "pytorch-compile":
        mode["compile"] = {"backend": "inductor", "mode": "default", "dynamic": None, "fullgraph": False}
    if job.compute_unit == "gpu":
        mode |= {
            "cudnn_benchmark": torch.backends.cudnn.benchmark,
            "tf32_matmul": torch.backends.cuda.matmul.allow_tf32,
            "tf32_conv": torch.backends.cudnn.allow_tf32,
        }
    return mode


def _subnormal_share(torch: Any, module: Any, network: _Network) -> float:  # noqa: ANN401
    """Untrained weights can shrink activations until they are subnormal, which some processors compute far slower."""
    counts = [0, 0]

    def count(_module: object, _inputs: object, output: object) -> None:
        if isinstance(output, torch.Tensor) and output.is_floating_point():
            size = output.abs()
            counts[0] += int(((size > 0) & (size < torch.finfo(output.dtype).smallest_normal)).sum())
            counts[1] += output.numel()

    weighted = [
        m for m in module.modules() if list(m.parameters(recurse=False))
    ]  # a masked softmax is subnormal by design
    hooks = [m.register_forward_hook(count) for m in weighted]
    try:
        with network.modes():
            module(network.image)
    finally:
        for hook in hooks:
            hook.remove()
    return counts[0] / counts[1] if counts[1] else 0.0
