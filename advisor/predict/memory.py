"""Peak memory a process needs, in parts: weights, activations and what the runtime itself takes.

Accounting first; how the parts count comes from measured processes (footprint.py) or, where there are none, from
benchmarks_db/runtime_memory.toml, each figure with its source. On a discrete GPU this is the GPU's memory; on unified memory and on
CPUs it is what the process takes of the board's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from advisor.complexity.caching import RESERVED
from advisor.devices import load_toml
from advisor.errors import DataError
from advisor.predict.features import ELEMENT_BYTES, Floats, Ints
from advisor.predict.footprint import Footprint, Prior
from advisor.predict.intervals import NORMAL_90
from advisor.records import Complexity, Device, Target

MIB = float(2**20)
_LEVELS = ("low", "typical", "high")
_AMP_WEIGHTS = 1.5
"""Autocast keeps fp32 weights and casts copies of those of convolutions and linear layers."""
_NOTHING = {"low": 0.0, "typical": 0.0, "high": 0.0}
_LEAST_SD = 1e-3
BASE_REPEATS = 0.02
"""Share by which what a runtime takes differs between builds of its libraries."""


@dataclass(frozen=True)
class RuntimeMemory:
    """What a runtime takes on a kind of device: (low, typical, high) each."""

    base_mib: tuple[float, float, float]
    weights_factor: tuple[float, float, float]
    activations_factor: tuple[float, float, float]
    churn: tuple[float, float, float]
    """MiB per square root of the MiB that operators move."""
    library_mib: tuple[float, float, float]
    """What timm takes beside torchvision, in a process that defines its network with it."""
    caching: bool
    """Memory comes from PyTorch's caching allocator for GPUs: whole segments count."""
    source: str

    def prior(self) -> Prior:
        """What is expected of a process before any was measured."""
        levels = (self.base_mib, self.activations_factor, self.churn, self.library_mib)
        base, live, churn, library = map(_expected, levels)
        return Prior(base, live, churn, library, least_live=self.activations_factor[0])


def _expected(levels: tuple[float, float, float]) -> tuple[float, float]:
    low, typical, high = levels
    return typical, max((high - low) / (2 * NORMAL_90), _LEAST_SD)


@dataclass(frozen=True)
class Learnt:
    """A fit of measured processes as it applies to one device and mode."""

    footprint: Footprint
    place: int | None
    """None where no process was measured there: the runtime's share is the usual one."""
    sources: tuple[str, ...]


@dataclass(frozen=True)
class MemoryEstimates:
    """Arrays over architectures, in MiB; `reason` instead where the runtime's constants are unknown."""

    value: Floats
    low: Floats
    high: Floats
    weights: Floats
    activations: Floats
    """With the copies and the slack that running takes."""
    runtime: Floats
    """What the process takes anyway."""
    basis: str
    """calibrated: other networks were measured on the device in the mode."""
    sources: tuple[str, ...] = ()
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
        _levels(table.get("churn", _NOTHING)),
        _levels(table.get("library_mib", _NOTHING)),
        _caching(table.get("allocator")),
        str(table["source"]),
    )


def _levels(table: Mapping[str, Any]) -> tuple[float, float, float]:
    low, typical, high = (float(table[level]) for level in _LEVELS)
    if not 0 <= low <= typical <= high:
        raise ValueError(f"low {low}, typical {typical}, high {high} are not in order")
    return low, typical, high


def _caching(allocator: object) -> bool:
    if allocator not in (None, "caching"):
        raise ValueError(f"allocator {allocator!r} is not known; there is 'caching'")
    return allocator == "caching"


def memory_kind(device: Device, target: Target) -> str:
    """gpu (its own memory), jetson (unified) or cpu."""
    if target.compute_unit == "cpu":
        return "cpu"
    return "jetson" if device.unified_memory else "gpu"


@dataclass(frozen=True)
class Sizes:
    """Weight bytes, peak live bytes at batch 1 and per further image, and reserved segments, at fp32, of many architectures."""

    weights: Floats
    first: Floats
    further: Floats
    moved: Floats
    """Bytes of activations that operators read and write, per image."""
    library: Floats
    """1 for an architecture that only timm defines."""
    full: Floats
    """Share of the activations that autocast keeps at fp32: what norms that take statistics, and softmax, put out."""
    segments: Floats
    """Rows x RESERVED: bytes that the caching allocator reserves for weights and activations."""

    @staticmethod
    def of(complexities: list[Complexity], only_timm: Collection[str] = ()) -> Sizes:
        """From the catalogue; the peak of live bytes is affine between batch 1 and 8. `only_timm` are signatures."""
        weights = np.array([c.weight_bytes for c in complexities], dtype=np.float64)
        one = np.array([c.peak_live_bytes_b1 for c in complexities], dtype=np.float64)
        eight = np.array([c.peak_live_bytes_b8 for c in complexities], dtype=np.float64)
        moved = np.array([sum(_moved(c, name) for name in c.classes) for c in complexities], dtype=np.float64)
        library = np.array([float(c.signature in only_timm) for c in complexities])
        full = np.array([c.extras.get("statistics_bytes", 0.0) + _moved(c, "softmax") for c in complexities]) / moved
        segments = np.array([[c.extras[name] for name in RESERVED] for c in complexities], dtype=np.float64)
        return Sizes(weights, one, np.maximum(eight - one, 0.0) / 7.0, moved, library, full, segments)

    def take(self, rows: Ints) -> Sizes:
        """Some of the architectures."""
        return Sizes(*(getattr(self, part.name)[rows] for part in fields(self)))

    def held(self, precision: str, batch: float, caching: bool = False) -> tuple[Floats, Floats, Floats]:
        """(weights, peak of live activations, square root of activations moved) in MiB at a precision and batch size.

        `caching`: activations are all that the allocator reserves beside the weights, not only what is alive.
        """
        amp, share = precision.startswith("amp"), ELEMENT_BYTES[precision] / 4.0
        part = (1.0 + self.full) / 2.0 if amp else share
        activations = self._live(float(batch)) * part
        if caching:
            activations = np.maximum(activations, self._reserved(share, amp, float(batch)))
        moved = np.sqrt(self.moved * batch * part / MIB)
        return self.weights * (_AMP_WEIGHTS if amp else share) / MIB, activations / MIB, moved

    def _live(self, batch: float) -> Floats:
        return np.asarray(self.first + self.further * (batch - 1.0), dtype=np.float64)

    def _reserved(self, share: float, amp: bool, batch: float) -> Floats:
        """Bytes that segments take beside the weights."""
        whole, half = self._beside(batch, 1.0), self._beside(batch, 0.5)
        mixed = half + (whole - half) * self.full
        return np.asarray(mixed if amp else whole * share if share >= 1.0 else half * 2.0 * share)

    def _beside(self, batch: float, share: float) -> Floats:
        """The same at fp32 or at half of that: between the batch sizes that were replayed in proportion, beyond as live bytes grow."""
        counted = [(size, at) for at, (size, of) in enumerate(RESERVED.values()) if of == share]
        known = [(size, self.segments[:, at] - self.weights * share) for size, at in counted]
        for (low, less), (high, more) in pairwise(known):
            if batch <= high:
                return np.asarray(less + (more - less) * (batch - low) / (high - low))
        largest, most = known[-1]
        return np.asarray(most * self._live(batch) / self._live(float(largest)))


def _moved(complexity: Complexity, op_class: str) -> float:
    totals = complexity.classes.get(op_class)
    return 0.0 if totals is None else totals.act_bytes_in + totals.act_bytes_out


def estimate(
    sizes: Sizes, constants: RuntimeMemory | None, target: Target, batch_size: int, learnt: Learnt | None = None
) -> MemoryEstimates:
    """Memory of every architecture on a target: parts by what was learnt of measured processes, else by the usual factors."""
    if constants is None:
        nothing = np.zeros(len(sizes.weights))
        reason = f"how much memory {target.runtime} itself takes on this kind of device is not known: measure it there"
        return MemoryEstimates(nothing, nothing, nothing, nothing, nothing, nothing, "", reason=reason)
    weights, live, churn = sizes.held(target.precision, float(batch_size), constants.caching)
    if learnt is None:
        return _usual(constants, sizes.library, weights, live, churn)
    footprint, held = learnt.footprint, weights * constants.weights_factor[1]
    part = footprint.law.part(held, live, churn)
    bounds = [
        constants.weights_factor[i] * weights + constants.activations_factor[i] * live + constants.churn[i] * churn
        for i in (0, 2)
    ]
    low = bounds[0] if footprint.below is None else part * np.exp(-max(footprint.below, 0.0))
    high = bounds[1] if footprint.above is None else part * np.exp(max(footprint.above, 0.0))
    least, base, most = (level + footprint.law.library * sizes.library for level in _base(constants, learnt))
    return MemoryEstimates(
        base + part, np.minimum(least + low, base + part), np.maximum(most + high, base + part), held, part - held, base,
        "predicted" if learnt.place is None else "calibrated", learnt.sources,
    )  # fmt: skip


def _usual(constants: RuntimeMemory, library: Floats, weights: Floats, live: Floats, churn: Floats) -> MemoryEstimates:
    held = [weights * factor for factor in constants.weights_factor]
    running = [
        live * factor + churn * slack
        for factor, slack in zip(constants.activations_factor, constants.churn, strict=True)
    ]
    base = [mib + extra * library for mib, extra in zip(constants.base_mib, constants.library_mib, strict=True)]
    low, value, high = (base[i] + held[i] + running[i] for i in range(3))
    return MemoryEstimates(value, low, high, held[1], running[1], base[1], "predicted")


def _base(constants: RuntimeMemory, learnt: Learnt) -> tuple[float, float, float]:
    """(low, typical, high) of what the runtime takes."""
    if learnt.place is None:
        return constants.base_mib
    base = learnt.footprint.law.bases[learnt.place]
    return base * (1 - BASE_REPEATS), base, base * (1 + BASE_REPEATS)
