"""Sentences that justify a pick; each carries a number of the answer it stands in. Pure."""

from __future__ import annotations

from advisor.recommend import licenses
from advisor.recommend.budgets import Budgets, describe
from advisor.recommend.chance import bound_for
from advisor.recommend.objectives import Objective
from advisor.recommend.relaxing import Asked
from advisor.recommend.scoring import REPARAM, Known, Scored
from advisor.records import Estimate, Quantity
from advisor.units import format_confidence, format_mib, format_ms, significant

_BASIS = {
    "measured": "measured: this model on this device, run in this way",
    "calibrated": "calibrated: from measurements on this device, run in this way; none just so: model, mode, batch, statistic, no copies",
    "predicted": "predicted from the device's profile and similar devices: on it nothing was measured in this way and range of batches",
}


DOMINATED = "dominated by"


def of_pick(item: Scored, best: Scored, feasible: int, asked: Asked) -> tuple[str, ...]:
    """Where a feasible pick stands; `best` is rank 1, `feasible` the number of architectures that met all budgets."""
    if item is best:
        values = {
            "accuracy": f"{item.accuracy:.1f} % {asked.accuracy_on}",
            "confidence": format_confidence(asked.confidence),
        }
        return (_FIRST[asked.objective.name].format(count=feasible, **values),)
    gap = best.accuracy - item.accuracy
    standing = f"{abs(gap):.1f} points {'below' if gap >= 0 else 'above'} rank 1"
    if item.latency_key < best.latency_key:
        return (f"{standing}, {best.latency_key / item.latency_key:.2f}x as fast",)
    return (standing,)


_AMONG = "of {count} architectures with at least {confidence} chance to meet every budget"
_FIRST = {
    "accuracy": "{accuracy}, to a tenth of a point the best " + _AMONG,
    "latency": "the lowest latency " + _AMONG,
    "memory": "the least memory " + _AMONG,
    "throughput": "the highest throughput " + _AMONG,
    "balanced": "the best balance of accuracy, latency and memory " + _AMONG,
}


def of_group(group: int, peers: int, best: Scored, objective: Objective, confidence: float) -> tuple[str, ...]:
    """That a pick of the first group is not alone at the top."""
    if group > 1 or peers == 1:
        return ()
    width = objective.apart(objective.width(best, best, confidence))
    return (f"ties with {peers - 1} more: differences up to {width} are within the noise of {_NOISE[objective.name]}",)


_NOISE = {
    "accuracy": "the test set",
    "latency": "the estimates",
    "memory": "the estimates",
    "throughput": "the estimates",
    "balanced": "the test set and the estimates",
}


def of_front(item: Scored, beaten_by: Scored | None) -> tuple[str, ...]:
    """Which feasible candidate leaves no reason to choose this one, as far as accuracy, latency and memory go."""
    return () if beaten_by is None else (f"{DOMINATED} {named(beaten_by)}: {_figures(beaten_by)}",)


def of_quickest(quickest: Scored | None) -> tuple[str, ...]:
    """What is as good as rank 1 within the noise, and faster."""
    return (
        () if quickest is None else (f"as good within the noise, and faster: {named(quickest)}, {_figures(quickest)}",)
    )


def _figures(item: Scored) -> str:
    row = item.row
    costs = [format_ms(row.latency_ms)] if row.latency_ms is not None else []
    costs += [format_mib(row.memory_mib)] if row.memory_mib is not None else []
    return ", ".join([f"{item.accuracy:.1f} %", *costs])


def named(item: Scored) -> str:
    """A candidate in words."""
    return f"{item.row.model}.{item.row.tag}".rstrip(".") + f" at {item.row.resolution} px"


def of_precision(item: Scored, known: Known, precision: str) -> tuple[str, ...]:
    """What is known of the accuracy at the precision it is to run at."""
    key = (item.row.model, item.row.tag, item.row.resolution)
    if key in known.checked:
        top1, source = known.checked[key]
        return (f"at {precision} {top1:.1f} % top-1 was measured ({source})",)
    if known.accuracies is not None and "int8" in precision:
        return (f"accuracy is as measured at int8 ({known.accuracies[key][1]})",)
    return ()


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
    worst = bound_for(latency.value, latency.low, latency.high, confidence)
    said = f"{describe('max_latency_ms', worst, bound)} at {format_confidence(confidence)}"
    if worst <= bound:
        return f"stays under {said}, {format_ms(bound - worst)} below the budget" if worst < bound else ""
    return f"may take {said}, {format_ms(worst - bound)} over the budget"


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
