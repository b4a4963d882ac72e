"""What was measured, and comparisons of two measurements, as text."""

from __future__ import annotations

from typing import Any

from advisor.measure.comparing import Comparison
from advisor.measure.published import MEMORY, Left, Published, Weighed
from advisor.recommend.measured import Measured
from advisor.render import as_json
from advisor.render.grid import Grid, text
from advisor.units import significant

_STOPPED = {
    "budget": "the time was used up; `advisor measure --resume` goes on",
    "interrupted": "interrupted; everything before is kept and `advisor measure --resume` goes on",
    "rejected": "stopped: more than half of the launches were rejected; change what the reasons above say and measure again",
}
_HEADS = (
    "model",
    "px#",
    "batch#",
    "p50 ms#",
    "interval",
    "p90#",
    "img/s#",
    "memory MiB#",
    "launches#",
    "verdict",
    "because",
)


def measured(found: Measured, fmt: str, width: int) -> str:
    """All numbers of a run, what has none and why, and what was fitted."""
    if fmt == "json":
        return as_json.dump(_json(found))
    grid = Grid(_HEADS, [*map(_row, found.numbers), *map(_left_row, found.left)])
    table = text(grid, fmt, width)
    return table if fmt != "table" else f"{table}\n\n{_summary(found)}"


def _row(number: Published) -> tuple[str, ...]:
    p90 = number.percentiles["p90"]
    return (
        number.job.model, str(number.job.resolution), str(number.job.batch_size), significant(number.p50),
        f"{significant(number.low)}-{significant(number.high)}", "-" if p90 is None else significant(p90),
        "-" if number.throughput_img_s is None else significant(number.throughput_img_s),
        "-" if number.memory_mib is None else f"{number.memory_mib:.0f}", str(len(number.launches)),
        number.verdict.verdict, "; ".join(number.verdict.reasons()),
    )  # fmt: skip


def _left_row(left: Left) -> tuple[str, ...]:
    job = left.job
    verdict = {"ok": "rejected", MEMORY: "memory only"}.get(left.status, left.status)
    memory = "-" if left.weighed is None else f"{left.weighed.memory_mib:.0f}"
    size = str(job.resolution), str(job.batch_size)
    return (job.model, *size, *("-",) * 4, memory, "-", verdict, "; ".join(left.reasons))


def _summary(found: Measured) -> str:
    counted = ", ".join(f"{count} {name}" for name, count in found.counts.items() if count)
    lines = [f"{found.device}: {counted or 'nothing measured'}, {found.seconds / 60:.1f} min (run {found.campaign})"]
    if found.profile_made:
        lines.append(f"profile of this machine: {found.profile_made}")
    if found.stopped:
        lines.append(_STOPPED[found.stopped])
    if found.fitted is not None:
        lines.append(f"predictors of {found.fitted.targets} targets fitted anew from {found.fitted.rows} measurements")
        lines.append(f"ask: advisor recommend --device {found.device} --max-latency 50ms")
    else:
        lines.append("nothing new: predictions stay as they were")
    return "\n".join(lines)


def _json(found: Measured) -> dict[str, Any]:
    return {
        "campaign": found.campaign,
        "device": found.device,
        "profile_made": found.profile_made or None,
        "stopped": found.stopped or None,
        "seconds": round(found.seconds, 1),
        "counts": dict(found.counts),
        "measurements": [_number(number, found) for number in found.numbers],
        "left_out": [
            {"model": left.job.model, "resolution": left.job.resolution, "batch_size": left.job.batch_size,
             "status": left.status, "reasons": list(left.reasons), **_memory(left.weighed)}
            for left in found.left
        ],
    }  # fmt: skip


def _memory(weighed: Weighed | None) -> dict[str, Any]:
    if weighed is None:
        return {}
    return {
        "memory_mib": weighed.memory_mib, "memory_kind": weighed.memory_kind,
        "memory_parts_mib": dict(weighed.memory_parts_mib),
    }  # fmt: skip


def _number(number: Published, found: Measured) -> dict[str, Any]:
    def tail(name: str) -> dict[str, Any]:
        value = number.percentiles[name]
        return {name: value} if value is not None else {name: None, f"{name}_reason": number.tail_reason}

    return {
        "id": number.result_id,
        "model": number.job.model,
        "resolution": number.job.resolution,
        "target": as_json.target(found.target, number.job.batch_size),
        "latency_ms": {
            "p50": number.p50, **tail("p90"), **tail("p95"), **tail("p99"), "ci_low": number.low, "ci_high": number.high,
            "samples": number.samples, "launches": len(number.launches),
        },
        "throughput_img_s": number.throughput_img_s,
        "memory_mib": number.memory_mib,
        "memory_kind": number.memory_kind or None,
        "memory_parts_mib": dict(number.memory_parts_mib),
        "first_call_ms": number.first_call_ms,
        "verdict": number.verdict.verdict,
        "reasons": list(number.verdict.reasons()),
    }  # fmt: skip


def comparison(found: Comparison, fmt: str, width: int) -> str:
    """The answer, both numbers with their intervals, what differs."""
    if fmt == "json":
        return as_json.dump(_comparison_json(found))
    rows = [
        (name, one["result_id"], one["model"]["name"], f"{one['timing_ms']['p50']:.4g}",
         f"{one['timing_ms']['ci_low']:.4g}-{one['timing_ms']['ci_high']:.4g}", str(len(one["timing_ms"]["launches"])), one["verdict"])
        for name, one in (("A", found.a), ("B", found.b))
    ]  # fmt: skip
    table = text(Grid(("run", "id", "model", "p50 ms#", "interval", "launches#", "verdict"), rows), fmt, width)
    return table if fmt == "csv" else f"{table}\n\n{_said(found)}"


def _said(found: Comparison) -> str:
    ratio = (
        ""
        if found.ratio is None
        else f" (B takes {found.ratio:.3f} of A's time, {found.ratio_low:.3f} to {found.ratio_high:.3f})"
    )
    lines = [f"B is {found.answer}{ratio}" if found.ratio is not None else f"{found.answer}"]
    lines += [f"  - {reason}" for reason in found.reasons]
    if found.differences:
        lines.append("what differs: " + "; ".join(found.differences))
    return "\n".join(lines)


def _comparison_json(found: Comparison) -> dict[str, Any]:
    return {
        "answer": found.answer,
        "ratio": None
        if found.ratio is None
        else {"value": found.ratio, "low": found.ratio_low, "high": found.ratio_high},
        "reasons": list(found.reasons),
        "differences": list(found.differences),
        "a": found.a["result_id"],
        "b": found.b["result_id"],
    }
