"""The vocabulary: frozen records that every layer above exchanges. No I/O, no formatting, no arithmetic beyond properties.

Units are in the field names. `None` means unknown, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OP_CLASSES = (
    "conv_kxk", "conv_1x1", "conv_dw", "conv_grouped", "linear", "attention", "norm", "activation",
    "elementwise", "pool", "softmax", "move", "other",
)  # fmt: skip
"""Classes an operator is counted under; views are in none of them because they do no work."""

BASES = ("measured", "calibrated", "predicted")
"""How a quantity is known, best first."""

GRADES = ("A", "B", "C", "D")
"""How well documented a measurement is, best first: A as asked, B something unstated, C a near match, D only for fits."""

STATISTICS = ("p50", "mean", "p90", "p95", "p99", "min", "max")
TIMING_SCOPES = ("forward", "forward+copies", "pipeline")
MEMORY_KINDS = ("process_peak", "cuda_reserved+context", "board_delta", "engine", "activations", "unstated")
PRECISIONS = ("fp64", "fp32", "tf32", "amp_fp16", "amp_bf16", "fp16", "bf16", "int8", "int8+fp16", "mixed")
"""`mixed` is a runtime's own default choice (ncnn: fp16 storage, fp16 arithmetic where the processor has it)."""

RUNTIMES = (
    "pytorch-eager", "pytorch-compile", "tensorrt", "onnxruntime", "paddle-tensorrt", "tf-trt", "tensorflow",
    "ncnn", "tflite", "armnn", "caffe", "torch7", "mxnet", "paddle",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One physical fact of a device and where it was read."""

    value: float
    source: str


@dataclass(frozen=True, slots=True)
class PowerMode:
    """One power mode of a board: the caps it sets. Watt names are clock caps, not metered power."""

    name: str
    nvpmodel_id: int | None
    power_cap_w: float | None
    online_cpus: int | None
    cpu_max_mhz: float | None
    gpu_max_mhz: float | None
    memory_max_mhz: float | None
    gpu_sms_online: int | None
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What a latency is a fact about; batch size stands apart. Empty string = not stated or not applicable."""

    device: str
    compute_unit: str
    """gpu, cpu or dla."""
    power_mode: str
    runtime: str
    precision: str
    memory_format: str = "nchw"
    threads: int = 0
    """CPU threads; 0 on other compute units or where not stated."""
    runtime_options: str = ""
    software: str = ""
    """Software generation as stated, e.g. `torch 2.4, cuda 12.4`; empty in the target of an answer."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device profile: identity, sourced physical facts, what runs on it."""

    id: str
    name: str
    kind: str
    """jetson, gpu, cpu or sbc."""
    vendor: str
    architecture: str
    aliases: tuple[str, ...]
    facts: Mapping[str, Fact]
    """Keys are documented in profiles/README.md; absent = unknown."""
    unified_memory: bool
    board_class: str
    """embedded, laptop, consumer, workstation or datacenter: the order of `cheapest that does it`."""
    runtimes: tuple[str, ...]
    default_target: Target
    power_modes: tuple[PowerMode, ...] = ()
    variant_of: str = ""
    note: str = ""
    origin: str = "shipped"
    """shipped or user."""
    processor: str = ""
    """CPU in words, e.g. `6x Cortex-A78AE @ 1.5 GHz`."""
    memory_type: str = ""
    target_reason: str = ""
    """Why the default target is what it is."""

    def value(self, key: str) -> float | None:
        """The fact's value, or None where the profile does not state it."""
        fact = self.facts.get(key)
        return None if fact is None else fact.value


@dataclass(frozen=True, slots=True)
class Layer:
    """One counted operator of a traced forward."""

    index: int
    name: str
    """Module path, e.g. `layer1.0.conv1`."""
    op: str
    """ATen operator, e.g. `convolution`."""
    op_class: str
    output_shape: tuple[int, ...]
    params: int
    macs: int
    bytes_in: int
    bytes_out: int
    weight_bytes: int
    receptive_field: int | None
    """Side in input pixels, along a chain of convolutions and pools; None where it is not a chain."""


@dataclass(frozen=True, slots=True)
class ClassTotals:
    """Sums over one op class. A count at batch B is affine: value(B) = fixed + per_image * B."""

    n: int
    macs: float
    act_bytes_in: float
    act_bytes_out: float
    weight_bytes: float


@dataclass(frozen=True, slots=True)
class Complexity:
    """Totals of one architecture at one resolution, per image unless the name says a batch size."""

    signature: str
    resolution: int
    params: int
    macs: int
    """Multiply-accumulates of one image (1 MAC = 2 FLOPs)."""
    activations: int
    """Elements of convolution and linear outputs, one image."""
    weight_bytes: int
    """Parameters and buffers at fp32."""
    n_ops: int
    """Operators that do work (views excluded)."""
    n_kernels: int
    """Operators after folding batch norm and activations into the convolution before them."""
    depth: int
    peak_live_bytes_b1: int
    peak_live_bytes_b8: int
    classes: Mapping[str, ClassTotals]
    uncounted: tuple[str, ...] = ()
    extras: Mapping[str, float] = field(default_factory=dict)
    """Further features by name: largest tensor, roofline sums, occupancy shares."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A trained set of a model with its accuracy at one resolution."""

    model: str
    """library/name."""
    tag: str
    resolution: int
    top1: float | None
    """Percent, ImageNet-1k validation."""
    top5: float | None
    real_top1: float | None
    v2_top1: float | None
    a_top1: float | None
    r_top1: float | None
    sketch_top1: float | None
    license: str
    """SPDX-like name, or `unknown`."""
    train_resolution: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Model:
    """A registered architecture name."""

    name: str
    """library/name."""
    library: str
    family: str
    """timm module or torchvision file."""
    signature: str
    default_resolution: int
    fixed_resolution: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """Weights of an architecture at a resolution, with what the catalogue knows of both."""

    signature: str
    family: str
    weights: Weights
    params: int
    macs: int
    """Of one image at the weights' resolution."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One measurement as a source printed it, in our units, before any name is mapped.

    `locator` says where in the source it stands (file and line); `id` hashes what was printed with the locator.
    """

    id: str
    source: str
    locator: str
    model: str
    library_hint: str
    device: str
    runtime: str
    """As printed; the device and runtime tables map it."""
    precision: str
    batch_size: int
    resolution: int | None
    latency_ms: float | None
    """Whole batch."""
    throughput_img_s: float | None
    memory_mib: float | None
    memory_kind: str
    statistic: str
    timing_scope: str
    samples: int | None
    memory_format: str
    power_mode: str
    threads: int
    software: str
    quantiles: Mapping[str, float] = field(default_factory=dict)
    """Further statistics the source printed, e.g. {"p90": 4.1} (ms per batch)."""
    note: str = ""
    accelerators: int = 1
    """How many accelerators together produced the figure."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """An observation mapped to an architecture and a target."""

    id: str
    source: str
    model: str
    """library/name in the catalogue."""
    signature: str
    resolution: int
    batch_size: int
    target: Target
    latency_ms: float | None
    throughput_img_s: float | None
    memory_mib: float | None
    memory_kind: str
    statistic: str
    timing_scope: str
    grade: str
    caveats: tuple[str, ...]
    verdict: str
    """accepted, degraded (own measurements with flags) or duplicate."""
    quantiles: Mapping[str, float] = field(default_factory=dict)
    samples: int | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its interval at the answer's confidence, and how it is known."""

    value: float
    low: float
    high: float
    basis: str
    extrapolated: bool = False
    evidence: tuple[str, ...] = ()
    """Source ids."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known of one architecture at one resolution and batch size on one target: a row of an answer.

    Intervals are 90 %. `log_sd` is the standard deviation of the natural logarithm that the interval implies.
    """

    signature: str
    resolution: int
    batch_size: int
    latency: Quantity | None
    latency_reason: str
    """Why latency is unknown; empty otherwise."""
    throughput_img_s: float | None
    """Measured throughput; None means batch / latency is the best known."""
    memory: Quantity | None
    memory_reason: str
    memory_parts_mib: Mapping[str, float] = field(default_factory=dict)
    """weights, activations, runtime."""
    flags: tuple[str, ...] = ()
    """Why this is extrapolated or uncertain, in words."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of each row of an imported file; the counts add up to rows."""

    file: str
    rows: int
    accepted: int
    duplicate: int
    rejected: tuple[tuple[int, str], ...]
    """(line, reason)."""


@dataclass(frozen=True, slots=True)
class Probed:
    """One metric of a running machine: a value, or None with the reason."""

    value: Any
    reason: str = ""
