"""Answers as plain dictionaries in the shape scripts rely on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from advisor.recommend.answer import Pick, Recommendation, Relaxation, Tightening
from advisor.records import Quantity, Target


def dump(content: Mapping[str, Any]) -> str:
    """One JSON object."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def quantity(name: str, found: Quantity | None, reason: str) -> dict[str, Any]:
    """`{name: {...}}`, or `{name: null, name_reason: ...}`."""
    if found is None:
        return {name: None, f"{name}_reason": reason or "not known"}
    return {
        name: {
            "value": _rounded(found.value),
            "low": _rounded(found.low),
            "high": _rounded(found.high),
            "basis": found.basis,
            "extrapolated": found.extrapolated,
            "evidence": list(found.evidence),
        }
    }


def target(found: Target, batch_size: int) -> dict[str, Any]:
    """The target with its batch size; what does not apply is null."""
    return {
        "device": found.device,
        "compute_unit": found.compute_unit,
        "power_mode": found.power_mode or None,
        "runtime": found.runtime,
        "runtime_options": found.runtime_options or None,
        "precision": found.precision,
        "memory_format": found.memory_format,
        "threads": found.threads or None,
        "batch_size": batch_size,
    }


def pick(p: Pick) -> dict[str, Any]:
    """One pick."""
    return {
        "rank": p.rank or None,
        "model": p.model,
        "weights": p.weights,
        "license": p.license,
        "license_kind": p.license_kind,
        "resolution": p.resolution,
        "top1": _rounded(p.top1),
        "accuracy": _rounded(p.accuracy),
        "accuracy_precision": p.accuracy_precision,
        "params_m": _rounded(p.params_m),
        "gmacs": _rounded(p.gmacs),
        "target": target(p.target, p.batch_size),
        **quantity("latency_ms", p.latency_ms, p.latency_reason),
        **quantity("throughput_img_s", p.throughput_img_s, p.latency_reason),
        **quantity("memory_mib", p.memory_mib, p.memory_reason),
        "memory_parts_mib": {name: _rounded(value) for name, value in p.memory_parts_mib.items()},
        **quantity("power_w", p.power_w, p.power_reason),
        **quantity("energy_mj_per_image", p.energy_mj, p.power_reason),
        "probability": round(p.probability, 4),
        "chances": {name: round(chance, 4) for name, chance in p.chances.items()},
        "tie_group": p.tie_group or None,
        "pareto": p.pareto if p.rank else None,
        "dominated_by": p.dominated_by or None,
        "reasons": list(p.reasons),
        "measure": p.measure_command,
    }


def recommendation(answer: Recommendation) -> dict[str, Any]:
    """The whole answer."""
    return {
        "device": answer.device,
        "target": target(answer.target, answer.batch_size),
        "budgets": {name: _rounded(value) for name, value in answer.budgets.items()},
        "confidence": answer.confidence,
        "objective": answer.objective,
        "accuracy_on": answer.accuracy_on,
        "picks": [pick(p) for p in answer.picks],
        "measure_first": [pick(p) for p in answer.measure_first],
        "relaxations": [_price(r) for r in answer.relaxations],
        "tightenings": [_price(t) for t in answer.tightenings],
        "tied": list(answer.tied),
        "tie_width": answer.tie_width or None,
        "notes": list(answer.notes),
        **({"confirmed": [one._asdict() for one in answer.confirmed]} if answer.confirmed else {}),
    }


def _price(moved: Relaxation | Tightening) -> dict[str, Any]:
    return {name: _rounded(v) if isinstance(v, float) else v for name, v in moved._asdict().items()}


def records(name: str, rows: Sequence[Any]) -> dict[str, Any]:
    """`{name: [...]}` of plain dataclass rows."""
    return {name: [asdict(row) for row in rows]}
