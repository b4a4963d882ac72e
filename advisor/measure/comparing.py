"""Whether two measurements of one model say faster, slower, the same, or nothing; and whether they may be compared at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from advisor.measure.stats import relative_iqr

FASTER, SLOWER, SAME, AMBIGUOUS, NOT_COMPARABLE = "faster", "slower", "same", "ambiguous", "not comparable"
_BAND = 0.02
_EQUAL = (
    ("model", "name"), ("model", "arch_sha256"), ("model", "resolution"), ("model", "batch_size"), ("mode", "runtime"),
    ("mode", "precision"), ("mode", "memory_format"), ("mode", "compile"), ("mode", "cudnn_benchmark"),
    ("mode", "tf32_matmul"), ("mode", "tf32_conv"),
)  # fmt: skip
_DEVICE = (("device", "id"), ("device", "compute_unit"))
_ON_A_CPU = (("threads", "intra"),)
"""On a GPU these are threads of the host."""
_WORTH_SAYING = (
    ("device", "power_mode"), ("device", "class_hash"), ("software", "torch"), ("software", "torchvision"),
    ("software", "timm"), ("software", "onnxruntime"), ("software", "tensorrt"), ("software", "driver"), ("software", "l4t"),
    ("software", "cudnn"), ("software", "cuda"), ("software", "kernel"), ("software", "python"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """B compared with A."""

    answer: str
    reasons: tuple[str, ...]
    """Why they are not comparable, or why the answer is not clearer."""
    differences: tuple[str, ...]
    """What else differs and may be the cause: driver, power mode, versions."""
    ratio: float | None
    """p50 of B over p50 of A."""
    ratio_low: float | None
    ratio_high: float | None
    a: Mapping[str, Any]
    b: Mapping[str, Any]


def compare(a: Mapping[str, Any], b: Mapping[str, Any]) -> Comparison:
    """Compare two fingerprints. The band within which two numbers are the same is 2 %, or what launches differ by."""
    differences = tuple(_differs(a, b, *path) for path in _WORTH_SAYING if _at(a, path) != _at(b, path))
    on_a_cpu = "cpu" in (_at(a, ("device", "compute_unit")), _at(b, ("device", "compute_unit")))
    equal = (*_EQUAL, *_DEVICE, *(_ON_A_CPU if on_a_cpu else ()))
    apart = [_differs(a, b, *path) for path in equal if _at(a, path) != _at(b, path)]
    if apart:
        return Comparison(NOT_COMPARABLE, tuple(apart), differences, None, None, None, a, b)
    one, other = a["timing_ms"], b["timing_ms"]
    low, high = other["ci_low"] / one["ci_high"], other["ci_high"] / one["ci_low"]
    ratio = other["p50"] / one["p50"]
    answer, reasons = _answer(ratio, low, high, max(_BAND, _between(one), _between(other)))
    return Comparison(answer, reasons, differences, ratio, low, high, a, b)


def _answer(ratio: float, low: float, high: float, band: float) -> tuple[str, tuple[str, ...]]:
    if high < 1 - band:
        return FASTER, ()
    if low > 1 + band:
        return SLOWER, ()
    if low >= 1 - band and high <= 1 + band:
        return SAME, (f"the whole interval lies within {band:.0%}",)
    overlap = f"the interval of the ratio, {low:.3f} to {high:.3f}, reaches into the band of {band:.0%} around 1"
    return AMBIGUOUS, (f"{overlap}: measure both again, longer or on a quieter machine",)


def _between(timing: Mapping[str, Any]) -> float:
    """Spread between the launches of one number."""
    return relative_iqr(timing["launches"]) if len(timing["launches"]) > 1 else 0.0


def _at(found: Mapping[str, Any], path: tuple[str, str]) -> Any:  # noqa: ANN401 - JSON values
    return found.get(path[0], {}).get(path[1])


def _differs(a: Mapping[str, Any], b: Mapping[str, Any], group: str, name: str) -> str:
    return f"{name.replace('_', ' ')}: {_at(a, (group, name))} and {_at(b, (group, name))}"
