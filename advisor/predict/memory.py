"""Peak memory a process needs, in parts: weights, activations and what the runtime itself takes. Accounting, nothing fitted.

Constants and factors come from benchmarks_db/runtime_memory.toml, each with its source. On a discrete GPU this is the GPU's memory;
on unified memory and on CPUs it is what the process takes of the board's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from advisor.devices import load_toml
from advisor.errors import DataError
from advisor.predict.features import ELEMENT_BYTES, Floats
from advisor.records import Complexity, Device, Target

MIB = float(2**20)
_LEVELS = ("low", "typical", "high")
_AMP_WEIGHTS = 1.5
"""Autocast keeps fp32 weights and casts copies of those of convolutions and linear layers."""
_AMP_ACTIVATIONS = 0.75
"""Convolutions and linear layers put out fp16, normalisation and softmax fp32."""


@dataclass(frozen=True)
class RuntimeMemory:
    """What a runtime takes on a kind of device: (low, typical, high) each."""

    base_mib: tuple[float, float, float]
    weights_factor: tuple[float, float, float]
    activations_factor: tuple[float, float, float]
    source: str


@dataclass(frozen=True)
class MemoryEstimates:
    """Arrays over architectures, in MiB; `reason` instead where the runtime's constants are unknown."""

    value: Floats
    low: Floats
    high: Floats
    weights: Floats
    activations: Floats
    runtime: float
    source: str
    reason: str = ""


def load(path: Path) -> dict[tuple[str, str], RuntimeMemory]:
    """(runtime, kind of memory) -> constants. Raises DataError naming what is missing."""
    found = {}
    for name, table in load_toml(path).items():
        try:
            found[str(table["runtime"]), str(table["kind"])] = _constants(table)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}, table [{name}]: {error!r} is missing or not as expected") from error
    return found


def _constants(table: Mapping[str, Any]) -> RuntimeMemory:
    return RuntimeMemory(
        _levels(table["base_mib"]),
        _levels(table["weights_factor"]),
        _levels(table["activations_factor"]),
        str(table["source"]),
    )


def _levels(table: Mapping[str, Any]) -> tuple[float, float, float]:
    low, typical, high = (float(table[level]) for level in _LEVELS)
    if not 0 <= low <= typical <= high:
        raise ValueError(f"low {low}, typical {typical}, high {high} are not in order")
    return low, typical, high


def memory_kind(device: Device, target: Target) -> str:
    """gpu (its own memory), jetson (unified) or cpu."""
    if target.compute_unit == "cpu":
        return "cpu"
    return "jetson" if device.unified_memory else "gpu"


@dataclass(frozen=True)
class Sizes:
    """Weight bytes and peak live bytes at batch 1 and per further image, at fp32, of many architectures."""

    weights: Floats
    first: Floats
    further: Floats

    @staticmethod
    def of(complexities: list[Complexity]) -> Sizes:
        """From the catalogue; the peak is affine between batch 1 and 8."""
        weights = np.array([c.weight_bytes for c in complexities], dtype=np.float64)
        one = np.array([c.peak_live_bytes_b1 for c in complexities], dtype=np.float64)
        eight = np.array([c.peak_live_bytes_b8 for c in complexities], dtype=np.float64)
        return Sizes(weights, one, np.maximum(eight - one, 0.0) / 7.0)


def estimate(sizes: Sizes, constants: RuntimeMemory | None, target: Target, batch_size: int) -> MemoryEstimates:
    """Memory of every architecture on a target."""
    if constants is None:
        nothing = np.zeros(len(sizes.weights))
        reason = f"how much memory {target.runtime} itself takes on this kind of device is not known: measure it there"
        return MemoryEstimates(nothing, nothing, nothing, nothing, nothing, 0.0, "", reason)
    amp = target.precision.startswith("amp")
    share = ELEMENT_BYTES[target.precision] / 4.0
    weights = sizes.weights * (_AMP_WEIGHTS if amp else share) / MIB
    live = (sizes.first + sizes.further * (batch_size - 1)) * (_AMP_ACTIVATIONS if amp else share) / MIB
    low, value, high = (
        constants.base_mib[i] + weights * constants.weights_factor[i] + live * constants.activations_factor[i]
        for i in range(3)
    )
    typical_weights, typical_live = weights * constants.weights_factor[1], live * constants.activations_factor[1]
    return MemoryEstimates(value, low, high, typical_weights, typical_live, constants.base_mib[1], constants.source)
