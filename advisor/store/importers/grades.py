"""The one table of what lowers the grade of a measurement or keeps it out: cause -> grade -> sentence.

A is as documented; B has something unstated; C is a near match or another timing scope; D is for fits only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from advisor.records import GRADES
from advisor.records.cases import CASES, DEGRADE

REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Cause:
    """What a cause does: the grade it limits a measurement to (or REJECT) and the sentence that says why."""

    grade: str
    sentence: str


CAUSES: dict[str, Cause] = {
    "variant-unstated": Cause("B", "the source does not say which memory variant of the board"),
    "power-mode-unstated": Cause("B", "power mode not stated"),
    "power-mode-inferred": Cause(
        "B", "power mode not printed; inferred from other figures or the documentation of the source"
    ),
    "resolution-assumed": Cause("B", "input size not printed; taken from the source's documentation"),
    "resolution-default": Cause("B", "input size not printed; the model's default is assumed"),
    "statistic-unstated": Cause("B", "statistic not stated; taken as the mean"),
    "scope-unstated": Cause("B", "timing scope not stated; taken as the forward pass"),
    "framework-launch": Cause("B", "time includes the framework's launch overhead"),
    "mean-above-p95": Cause("B", "the printed mean lies above the printed p95: it holds start-up outliers"),
    "near-architecture": Cause("C", "nearly the same architecture"),
    "copies": Cause("C", "time includes copies to and from the device"),
    "runtime-inferred": Cause("C", "the source does not state the runtime; it was inferred from the figures"),
    "precision-inferred": Cause(
        "C", "the source does not state the precision; it was inferred from an equal submission"
    ),
    "pipeline": Cause("D", "time includes preprocessing"),
    "training-mode": Cause("D", "model in training mode: batch norm computes batch statistics"),
    "rounded": Cause("D", "latency printed with so few digits that rounding alone is 5 % or more"),
    "double-precision": Cause("D", "double precision"),
    "throughput-only": Cause("D", "only throughput is stated"),
    "memory-only": Cause("D", "only memory is stated"),
    "no-figures": Cause(REJECT, "states neither latency nor throughput nor memory"),
    "several-accelerators": Cause(
        REJECT, "the figure is of several accelerators together and cannot be attributed to one"
    ),
    "multistream-fixed-rate": Cause(
        REJECT,
        "MultiStream before v2.0 sends queries of a system-chosen size at a fixed rate: not the device alone",
    ),
    "dla-shared": Cause(REJECT, "GPU and DLAs together; cannot be attributed to the GPU"),
    "precision-contradicted": Cause(
        REJECT,
        "labelled fp32 but faster than the device's fp32 peak; the same run is listed as int8 in the open division",
    ),
    "tf32-on-volta": Cause(REJECT, "labelled TF32 on a V100, which has none"),
    "latency-contradicts-throughput": Cause(
        REJECT, "latency and throughput of the row contradict each other by more than 25 %"
    ),
    "two-devices": Cause(
        REJECT, "the source prints the very same figures for another device too; one of the labels is wrong"
    ),
}

CAUSES |= {code: Cause(case.grade, case.sentence) for code, case in CASES.items() if case.effect == DEGRADE}

OPTIONS = {"triton": "triton"}
"""Note tokens that are runtime options, not doubts: served through Triton rather than by TensorRT directly."""

SEPARATOR = "; "
PARAMS = "params="
"""Note token: millions of parameters that the source prints, to tell which form of a model was timed."""


def causes_in(note: str) -> tuple[str, ...]:
    """The causes an observation's note names; other text is commentary."""
    return tuple(token for token in note.split(SEPARATOR) if token in CAUSES) if note else ()


def options_in(note: str) -> tuple[str, ...]:
    """The runtime options an observation's note names."""
    return tuple(OPTIONS[token] for token in note.split(SEPARATOR) if token in OPTIONS) if note else ()


def params_in(note: str) -> float | None:
    """Millions of parameters that an observation's note states."""
    if PARAMS not in note:
        return None
    found = [token.removeprefix(PARAMS) for token in note.split(SEPARATOR) if token.startswith(PARAMS)]
    try:
        return float(found[0]) if found else None
    except ValueError:
        return None


def rejection(causes: Iterable[str]) -> str:
    """The sentence of the first cause that keeps a row out, or ''."""
    return next((CAUSES[cause].sentence for cause in causes if CAUSES[cause].grade == REJECT), "")


def grade(causes: Iterable[str]) -> str:
    """The worst grade any cause limits to; A without causes."""
    return max((CAUSES[cause].grade for cause in causes), default="A", key=GRADES.index)


def sentences(causes: Iterable[str], details: dict[str, str]) -> tuple[str, ...]:
    """The caveats, each once, with the detail known for a cause."""
    return tuple(
        CAUSES[cause].sentence + (f": {details[cause]}" if details.get(cause) else "")
        for cause in dict.fromkeys(causes)
    )
