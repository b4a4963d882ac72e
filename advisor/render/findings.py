"""Answers of `why` as text and JSON."""

from __future__ import annotations

import math
from typing import Any

from advisor.recommend.answer import Pick
from advisor.recommend.budgets import TITLES, describe
from advisor.recommend.findings import Change, Rival, Why
from advisor.recommend.verdict import FITS, NOT_SETTLED
from advisor.render import as_json
from advisor.render.answers import bullets
from advisor.render.grid import Grid, text
from advisor.render.picks import basis, number, spread
from advisor.units import format_chance, format_confidence, significant


def why(answer: Why, fmt: str, width: int) -> str:
    """The whole answer in a format. CSV holds the budgets only: sentences would break its columns."""
    if fmt == "json":
        return as_json.dump(why_json(answer))
    checks = text(_checks(answer), fmt, width)
    if fmt == "csv":
        return checks
    failed = [check.sentence for check in answer.checks if not check.met]
    parts = [_headline(answer), checks + ("\n\n" + bullets(failed, width) if failed else "")]
    parts += [f"There it has {figures(answer.pick)}"]
    if answer.verdict == NOT_SETTLED:
        parts.append("To settle it:\n" + bullets([answer.pick.measure_command], width))
    parts += _changes(answer, fmt, width) + _standing(answer, width) + _about(answer, width)
    return "\n\n".join([*parts, "Notes:\n" + bullets(answer.notes, width)])


def _headline(answer: Why) -> str:
    p = answer.pick
    what = f"{p.model}.{p.weights}".rstrip(".") + f" at {p.resolution} px"
    latency = p.latency_ms
    chance = f"{format_chance(p.probability, answer.confidence)} chance to meet every budget"
    asked = f"{format_confidence(answer.confidence)} asked"
    if answer.verdict == NOT_SETTLED and latency is not None and latency.extrapolated:
        return f"{what} on {answer.device}: {answer.verdict}, because it is extrapolated ({chance} if the extrapolation holds, {asked})"
    return f"{what} on {answer.device}: {answer.verdict} ({chance}, {asked})"


def _checks(answer: Why) -> Grid:
    kept = f"kept at {format_confidence(answer.confidence)}#"
    rows = [
        (
            TITLES[c.budget], describe(c.budget, c.bound, c.value, c.needed),
            *("?" if v is None else describe(c.budget, v, c.bound) for v in (c.value, c.needed)),
            format_chance(c.probability, answer.confidence), "yes" if c.met else "no",
        )
        for c in answer.checks
    ]  # fmt: skip
    return Grid(("budget", "bound#", "found#", kept, "chance#", "met"), rows)


def figures(p: Pick) -> str:
    """Accuracy, latency, throughput and memory in a line."""
    top1 = "top-1 unknown" if math.isnan(p.top1) else f"{p.top1:.1f} % top-1"
    parts = [
        top1,
        f"{spread(p.latency_ms)} ms ({basis(p.latency_ms)})",
        f"{number(p.throughput_img_s)} img/s",
        f"{number(p.memory_mib)} MiB",
        f"{significant(p.params_m)} M parameters",
        f"{significant(p.gmacs)} GMACs",
    ]
    return ", ".join(parts)


def _changes(answer: Why, fmt: str, width: int) -> list[str]:
    if answer.verdict == FITS or all(check.met for check in answer.checks):
        return []
    if not answer.changes:
        return [
            f"No power mode, batch size, resolution, precision or runtime of {answer.device} that is known makes it fit."
        ]
    lines = [c.sentence + (f"; {c.accuracy}" if c.accuracy else "") for c in answer.changes]
    return ["It would fit with (least change first):\n" + bullets(lines, width)]


def _standing(answer: Why, width: int) -> list[str]:
    place = answer.standing
    lines = list(place.sentences)
    if place.first:
        also = " and is better in every way" if place.first in place.dominated_by else ""
        lines.append(f"first comes {place.first.sentence}{also}")
    lines += [f"better in every way: {rival.sentence}" for rival in place.dominated_by if rival != place.first]
    title = (
        "Why it is the first pick:"
        if place.rank == 1
        else "Why it is not the first pick:"
        if place.rank
        else "Instead:"
    )
    return [title + "\n" + bullets(lines, width)]


def _about(answer: Why, width: int) -> list[str]:
    p = answer.pick
    return ["About it:\n" + bullets([*p.reasons, f"to measure it: {p.measure_command}"], width)]


def why_json(answer: Why) -> dict[str, Any]:
    """The answer as plain values."""
    return {
        "device": answer.device,
        "target": as_json.target(answer.target, answer.batch_size),
        "budgets": answer.budgets,
        "confidence": answer.confidence,
        "verdict": answer.verdict,
        "pick": pick_json(answer.pick),
        "checks": [check._asdict() for check in answer.checks],
        "changes": [_change(change) for change in answer.changes],
        "standing": {
            "rank": answer.standing.rank,
            "of": answer.standing.of,
            "first": _rival(answer.standing.first),
            "dominated_by": [_rival(rival) for rival in answer.standing.dominated_by],
            "sentences": list(answer.standing.sentences),
        },
        "notes": list(answer.notes),
    }


def pick_json(p: Pick) -> dict[str, Any]:
    """A pick whose accuracy may be unknown."""
    unrated = {"top1": None, "accuracy": None} if math.isnan(p.top1) else {}
    return as_json.pick(p) | unrated


def _change(change: Change) -> dict[str, Any]:
    return {
        "settings": [setting._asdict() for setting in change.settings],
        "pick": pick_json(change.pick),
        "accuracy": change.accuracy,
        "sentence": change.sentence,
    }


def _rival(rival: Rival | None) -> dict[str, Any] | None:
    return None if rival is None else rival._asdict()
