"""Runtimes behind one interface. Each module imports its library when it loads a model, not before."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from advisor.measure.backends.base import Backend

_WHERE = {
    "pytorch-eager": "advisor.measure.backends.pytorch",
    "pytorch-compile": "advisor.measure.backends.pytorch",
    "onnxruntime": "advisor.measure.backends.onnx",
    "tensorrt": "advisor.measure.backends.trtexec",
}


def backend(runtime: str) -> Backend:
    """The backend of a runtime. Raises KeyError for one that is not in records.MEASURABLE."""
    return cast("Backend", import_module(_WHERE[runtime]).BACKEND)
