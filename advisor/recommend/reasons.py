"""Sentences that justify a pick; each carries a number of the answer it stands in. Pure."""

from __future__ import annotations

from advisor.recommend import licenses
from advisor.recommend.budgets import Budgets
from advisor.recommend.chance import bound_for
from advisor.recommend.scoring import REPARAM, Scored
from advisor.records import Estimate, Quantity
from advisor.units import format_mib, format_ms, significant

_BASIS = {
    "measured": "measured on this target",
    "calibrated": "calibrated: this target was measured, this architecture not in this mode and batch, forward pass alone",
    "predicted": "predicted from the device profile and similar devices",
}


def of_pick(
    item: Scored, known: Estimate, best: Scored, feasible: int, budgets: Budgets, confidence: float
) -> tuple[str, ...]:
    """Reasons of a feasible pick; `best` is rank 1, `feasible` the number of architectures that met all budgets."""
    return (*_standing(item, best, feasible, confidence), *common(item, known, budgets, confidence))


def _standing(item: Scored, best: Scored, feasible: int, confidence: float) -> tuple[str, ...]:
    if item is best:
        return (
            f"{item.accuracy:.1f} % top-1, to a tenth of a point the best of {feasible} architectures "
            f"with at least {confidence:.0%} chance to meet every budget",
        )
    gap = best.accuracy - item.accuracy
    if item.latency_key < best.latency_key:
        return (f"{gap:.1f} points below rank 1, {best.latency_key / item.latency_key:.2f}x as fast",)
    return (f"{gap:.1f} points below rank 1",)


def common(item: Scored, known: Estimate, budgets: Budgets, confidence: float) -> tuple[str, ...]:
    """Reasons about time, memory, licence and flags."""
    return (*_time(known, budgets, confidence), *_memory(known, budgets), *_license(item), *_fused(item), *known.flags)


def _time(known: Estimate, budgets: Budgets, confidence: float) -> tuple[str, ...]:
    latency = known.latency
    if latency is None:
        return (f"latency unknown: {known.latency_reason}",)
    found = [f"latency {_with_source(latency)}"]
    if budgets.max_latency_ms is not None:
        found.append(_slack(latency, budgets.max_latency_ms, max(confidence, 0.5)))
    return tuple(found)


def _with_source(quantity: Quantity) -> str:
    sources = ", ".join(quantity.evidence[:3])
    more = len(quantity.evidence) - 3
    named = f" ({sources}{f' and {more} more' if more > 0 else ''})" if sources else ""
    return f"{format_ms(quantity.value)} {_BASIS[quantity.basis]}{named}"


def _slack(latency: Quantity, bound: float, confidence: float) -> str:
    worst = bound_for(latency.value, latency.high, min(max(confidence, 0.501), 0.999))
    if worst <= bound:
        return (
            f"stays under {format_ms(worst)} at {confidence:.0%}, {format_ms(bound - worst)} below the budget"
            if worst < bound
            else ""
        )
    return f"may take {format_ms(worst)} at {confidence:.0%}, {format_ms(worst - bound)} over the budget"


def _memory(known: Estimate, budgets: Budgets) -> tuple[str, ...]:
    memory, parts = known.memory, known.memory_parts_mib
    if memory is None:
        return (f"memory unknown: {known.memory_reason}",)
    split = ", ".join(f"{name} {significant(value)}" for name, value in parts.items())
    board = budgets.board_memory_mib
    share = f", {memory.value / board:.0%} of what the device leaves" if board else ""
    return (
        f"memory {format_mib(memory.value)} ({split} MiB){share}"
        if split
        else f"memory {format_mib(memory.value)}{share}",
    )


def _fused(item: Scored) -> tuple[str, ...]:
    """How to get the form of the model that was timed."""
    if not item.row.model.endswith(REPARAM):
        return ()
    return (
        f"timed with its branches fused to {item.row.params / 1e6:.1f} M parameters: timm.utils.reparameterize_model(model)",
    )


def _license(item: Scored) -> tuple[str, ...]:
    name = item.row.license
    kind = licenses.kind(name)
    if kind == "non-commercial":
        return (f"licence {name}: NON-COMMERCIAL use only",)
    if kind == "unknown":
        return ("licence of the weights UNKNOWN: ask before shipping",)
    return ()
