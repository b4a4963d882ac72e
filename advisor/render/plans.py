"""Answers of `plan` as text and JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from advisor.recommend.boards import Offer, Plan
from advisor.recommend.budgets import TITLES, describe
from advisor.render import as_json
from advisor.render.answers import bullets
from advisor.render.findings import pick_json
from advisor.render.grid import Grid, least_width, text
from advisor.render.picks import basis, number, spread
from advisor.units import format_chance, format_confidence

_NAMES = frozenset(("device", "model.weights"))
_WIDE = 150
"""Columns of a terminal below which columns are left out for the names."""
_LEFT_OUT = ("img/s#", "class", "also in", "basis", "px#", "power mode", "memory MiB#")
"""In this order, as many as must be."""


def plan(answer: Plan, fmt: str, width: int, most: int | None) -> str:
    """The whole answer in a format, of at most so many devices. CSV holds all that meets the budgets, a line per target."""
    if fmt == "json":
        return as_json.dump(plan_json(answer))
    if fmt == "csv":
        return text(_with_power(_table(answer, [[offer] for offer in answer.offers]), answer.offers), fmt, width)
    groups = _grouped(answer.offers)
    shown = [group for group in groups if group[0].device in _first_devices(answer.offers, most)]
    parts = [
        _headline(answer),
        _text(_table(answer, shown), fmt, width) if shown else "No device that is known meets all budgets.",
    ]
    parts += _more(answer, most, width)
    parts += _section(answer, "Might do, measure first:", answer.measure_first, fmt, width, settle=True)
    parts += _section(answer, "What comes closest:", answer.nearest, fmt, width, settle=False)
    return "\n\n".join([*parts, "Notes:\n" + bullets([*answer.notes, *_remarks(answer), *_unanswered(answer)], width)])


def _with_power(grid: Grid, offers: Sequence[Offer]) -> Grid:
    """With what orders the boards of a class: a CSV has no notes to say of which it is not known."""
    powers = ["unknown" if offer.rated_power_w is None else f"{offer.rated_power_w:g}" for offer in offers]
    rows = [(*row, power) for row, power in zip(grid.rows, powers, strict=True)]
    return Grid((*grid.heads, "rated power W#"), rows, grid.whole)


def plan_grid(answer: Plan) -> Grid:
    """Every device that meets the budgets, the power modes of one together."""
    return _table(answer, _grouped(answer.offers))


def _headline(answer: Plan) -> str:
    bounds = ", ".join(f"{TITLES[name]} {describe(name, bound)}" for name, bound in answer.budgets.items())
    what = answer.model or "the most accurate model of each device"
    return (
        f"Devices for {what} at {format_confidence(answer.confidence)} confidence, batch {answer.batch_size}; {bounds}"
    )


def _first_devices(offers: Sequence[Offer], most: int | None) -> list[str]:
    return list(dict.fromkeys(offer.device for offer in offers))[:most]


def _more(answer: Plan, most: int | None, width: int) -> list[str]:
    names = _first_devices(answer.offers, None)
    left = [] if most is None else names[most:]
    said = f"{len(left)} more devices do: {', '.join(left)} (--all shows their figures)"
    return [textwrap.fill(said, width, break_long_words=False, break_on_hyphens=False)] if left else []


def _grouped(offers: Sequence[Offer]) -> list[list[Offer]]:
    """Power modes of one device, runtime, precision and model together, the one that draws least first."""

    def key(offer: Offer) -> tuple[str, ...]:
        p = offer.pick
        return (offer.device, p.target.runtime, p.target.precision, p.model, p.weights)

    order = {k: at for at, k in reversed(list(enumerate(map(key, offers))))}
    return [list(group) for _, group in groupby(sorted(offers, key=lambda o: order[key(o)]), key)]


def _table(answer: Plan, groups: Sequence[Sequence[Offer]]) -> Grid:
    model = () if answer.model else ("model.weights", "px#", "top-1 %#")
    heads = (
        "device",
        "class",
        *model,
        "runtime",
        "power mode",
        "latency ms#",
        "img/s#",
        "memory MiB#",
        "basis",
        "chance#",
    )
    others = any(len(group) > 1 for group in groups)
    return Grid((*heads, "also in") if others else heads, [_row(answer, group, others) for group in groups], _NAMES)


def _text(grid: Grid, fmt: str, width: int) -> str:
    """For a narrow terminal without the columns that names have no room beside; Markdown has room for all."""
    left_out = iter(_LEFT_OUT if fmt == "table" and width < _WIDE else ())
    while least_width(grid) > width and (head := next(left_out, None)):
        grid = _without(grid, head)
    return text(grid, fmt, width)


def _without(grid: Grid, head: str) -> Grid:
    kept = [at for at, one in enumerate(grid.heads) if one != head]
    rows = [tuple(row[at] for at in kept) for row in grid.rows]
    return Grid(tuple(grid.heads[at] for at in kept), rows, grid.whole)


def _row(answer: Plan, group: Sequence[Offer], others: bool) -> tuple[str, ...]:
    offer = group[0]
    p = offer.pick
    model = () if answer.model else (f"{p.model}.{p.weights}".rstrip("."), str(p.resolution), f"{p.top1:.1f}")
    row = (
        offer.device, offer.board_class, *model, f"{p.target.runtime} {p.target.precision}", p.target.power_mode or "-",
        spread(p.latency_ms), number(p.throughput_img_s), number(p.memory_mib), basis(p.latency_ms),
        format_chance(p.probability, answer.confidence),
    )  # fmt: skip
    return (*row, ", ".join(other.pick.target.power_mode for other in group[1:])) if others else row


def _section(answer: Plan, title: str, offers: Sequence[Offer], fmt: str, width: int, settle: bool) -> list[str]:
    if not offers:
        return []
    lines = [f"{o.device}: {'; '.join(o.misses)}" for o in offers]
    if settle:
        lines = [f"{line}; settle it with: {o.pick.measure_command}" for line, o in zip(lines, offers, strict=True)]
    return [title + "\n" + _text(_table(answer, [[o] for o in offers]), fmt, width) + "\n" + bullets(lines, width)]


def _remarks(answer: Plan) -> list[str]:
    """What is to be said of several offers, once."""
    return list(dict.fromkeys(remark for offer in answer.offers for remark in offer.remarks)) if answer.model else []


def _unanswered(answer: Plan) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for device, reason in answer.unanswered.items():
        by_reason.setdefault(reason, []).append(device)
    return [f"no answer for {', '.join(devices)}: {reason}" for reason, devices in by_reason.items()]


def plan_json(answer: Plan) -> dict[str, Any]:
    """The answer as plain values."""
    return {
        "model": answer.model or None,
        "batch_size": answer.batch_size,
        "budgets": answer.budgets,
        "confidence": answer.confidence,
        "offers": [_offer(offer) for offer in answer.offers],
        "measure_first": [_offer(offer) for offer in answer.measure_first],
        "nearest": [_offer(offer) for offer in answer.nearest],
        "unanswered": [{"device": device, "reason": reason} for device, reason in answer.unanswered.items()],
        "notes": list(answer.notes),
    }


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "device": offer.device,
        "name": offer.name,
        "board_class": offer.board_class,
        "rated_power_w": offer.rated_power_w,
        **pick_json(offer.pick),
        "misses": list(offer.misses),
        "remarks": list(offer.remarks),
    }
