"""The vocabulary: frozen records that every layer above exchanges. No I/O, no formatting, no arithmetic beyond properties.

Units are in the field names. `None` means unknown, never zero. Each record is loaded on first use: building the classes
takes longer than answering a question, and one answer needs few of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.records.answer import Estimate as Estimate
    from advisor.records.answer import Quantity as Quantity
    from advisor.records.architecture import ClassTotals as ClassTotals
    from advisor.records.architecture import Complexity as Complexity
    from advisor.records.architecture import Layer as Layer
    from advisor.records.architecture import Model as Model
    from advisor.records.candidate import Candidate as Candidate
    from advisor.records.candidate import Makeup as Makeup
    from advisor.records.candidate import Rated as Rated
    from advisor.records.device import Device as Device
    from advisor.records.device import Fact as Fact
    from advisor.records.device import PowerMode as PowerMode
    from advisor.records.evidence import ImportReport as ImportReport
    from advisor.records.evidence import Measurement as Measurement
    from advisor.records.evidence import Observation as Observation
    from advisor.records.probe import Probed as Probed
    from advisor.records.target import Target as Target
    from advisor.records.weights import Weights as Weights

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
POWER_SCOPES = ("board", "module", "accelerator", "unstated")
"""What a metered power is of: the whole board at its plug, the module's input rail, the GPU alone."""
PRECISIONS = ("fp64", "fp32", "tf32", "amp_fp16", "amp_bf16", "fp16", "bf16", "int8", "int8+fp16", "mixed")
"""`mixed` is a runtime's own default choice (ncnn: fp16 storage, fp16 arithmetic where the processor has it)."""

RUNTIMES = (
    "pytorch-eager", "pytorch-compile", "tensorrt", "onnxruntime", "paddle-tensorrt", "tf-trt", "tensorflow",
    "ncnn", "tflite", "armnn", "caffe", "torch7", "mxnet", "paddle",
)  # fmt: skip
READS_OTHERWISE = "measured here, which reads"
"""Said of a figure whose only source reads slow or fast on similar devices: to be known before devices are compared."""
MEASURABLE = ("pytorch-eager", "pytorch-compile", "onnxruntime", "tensorrt")
"""Runtimes that this program can time."""

_WHERE = {
    "Target": "target",
    "Fact": "device",
    "PowerMode": "device",
    "Device": "device",
    "Layer": "architecture",
    "ClassTotals": "architecture",
    "Complexity": "architecture",
    "Model": "architecture",
    "Rated": "candidate",
    "Weights": "weights",
    "Observation": "evidence",
    "Measurement": "evidence",
    "ImportReport": "evidence",
    "Candidate": "candidate",
    "Makeup": "candidate",
    "Quantity": "answer",
    "Estimate": "answer",
    "Probed": "probe",
}


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = found
    return found
