"""Exports a model to ONNX with a fixed input shape, in a process of its own: its memory is not the runtime's."""

from __future__ import annotations

from collections.abc import Container, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from advisor import zoo
from advisor.measure.backends.base import Unsupported
from advisor.measure.files import write_json
from advisor.measure.identity import identity_of
from advisor.measure.records import Job

INPUT, OUTPUT = "image", "logits"
OPSET = {"tensorrt": 17}
"""TensorRT 8.6, which JetPack 6.0 comes with, reads no higher one; other runtimes take what torch writes by itself."""


def export(job: Job) -> Mapping[str, Any]:
    """Write `job.artifact` (and beside it which network it is). Raises Unsupported without the packages."""
    try:
        import onnx  # noqa: F401 - torch's exporter needs both, and fails late and obscurely without them
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise Unsupported(f"{error.name} is not installed: pip install 'arch-advisor[onnx]'") from error
    import torch

    torch.manual_seed(0)
    module = zoo.build_on_cpu(job.model, job.built_for)
    image = torch.randn(job.batch_size, 3, job.resolution, job.resolution)
    path = Path(job.artifact)
    scratch = path.with_suffix(".part.onnx")
    wanted = options(job.runtime, signature(torch.onnx.export).parameters)
    if not wanted.get("dynamo"):  # the older exporter does not know the fused attention of evaluation
        torch.backends.mha.set_fastpath_enabled(False)
    with torch.inference_mode():
        torch.onnx.export(module, (image,), str(scratch), input_names=[INPUT], output_names=[OUTPUT], **wanted)
    write_json(path.with_suffix(".json"), identity_of(module))
    scratch.replace(path)
    return {"file": path.name}


def options(runtime: str, known: Container[str]) -> dict[str, Any]:
    """How torch is asked to export for a runtime; versions of torch differ in what they `know`.

    The older exporter writes low opsets as they are; the newer one writes a high one and converts it down, where it can.
    """
    opset = OPSET.get(runtime)
    wanted = {"dynamo": True, "external_data": False} if opset is None else {"dynamo": False, "opset_version": opset}
    return {name: value for name, value in wanted.items() if name in known}
