"""Which precisions a compute unit can run at all. Pure; says nothing about speed or accuracy."""

from __future__ import annotations

CPU_PRECISIONS = ("fp32", "fp64", "bf16", "amp_bf16", "int8", "mixed")
GPU_PRECISIONS = ("fp64", "fp32", "tf32", "amp_fp16", "amp_bf16", "fp16", "bf16", "int8", "int8+fp16", "mixed")


def precision_problem(precision: str, compute_unit: str, compute_capability: float | None) -> str:
    """Why `precision` cannot run there; empty where it can or where the profile does not tell."""
    known = CPU_PRECISIONS if compute_unit == "cpu" else GPU_PRECISIONS
    if precision not in known:
        return f"{precision} does not run on a {compute_unit}; supported: {', '.join(known)}"
    if compute_unit == "cpu" or compute_capability is None:
        return ""
    if precision in ("tf32", "bf16", "amp_bf16") and compute_capability < 8:
        return f"{precision} needs compute capability 8.0, this GPU has {compute_capability:g}; supported: {_below_8(compute_capability)}"
    if precision in ("int8", "int8+fp16") and not has_int8(compute_capability):
        return f"{precision} needs int8 arithmetic, compute capability {compute_capability:g} has none; supported: fp32, fp16, amp_fp16"
    return ""


def has_int8(compute_capability: float) -> bool:
    """Integer dot products came with 6.1; the TX2's 6.2 has none."""
    return compute_capability >= 6.1 and compute_capability != 6.2


def _below_8(compute_capability: float) -> str:
    return ", ".join(["fp32", "fp16", "amp_fp16"] + (["int8"] if has_int8(compute_capability) else []))
