"""What is known of one pick, and several picks side by side, as tables and sentences. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from advisor.recommend.answer import Pick
from advisor.records import Measurement, Target
from advisor.render.grid import Grid
from advisor.render.picks import basis, licence, number, spread
from advisor.units import format_mib, format_ms, significant


def evidence_grid(rows: Sequence[Measurement]) -> Grid:
    """One row for each measurement: where, what, from whom, how good."""
    heads = (
        "device",
        "px#",
        "batch#",
        "latency ms#",
        "img/s#",
        "MiB#",
        "grade",
        "source",
        "target",
        "statistic",
        "scope",
        "remarks",
    )
    return Grid(heads, [_evidence(row) for row in rows])


def _evidence(m: Measurement) -> tuple[str, ...]:
    remarks = [*([m.verdict] if m.verdict != "accepted" else []), *m.caveats]
    memory = "" if m.memory_mib is None else f"{significant(m.memory_mib)} ({m.memory_kind})"
    return (
        m.target.device, str(m.resolution), str(m.batch_size), _figure(m.latency_ms), _figure(m.throughput_img_s), memory,
        m.grade, m.source, setting(m.target), m.statistic, m.timing_scope, "; ".join(remarks),
    )  # fmt: skip


def _figure(value: float | None) -> str:
    return "" if value is None else significant(value)


def setting(target: Target) -> str:
    """Runtime, precision and what else a figure depends on, in words."""
    parts = [target.runtime, target.precision, target.power_mode, target.software]
    if target.threads:
        parts.append(f"{target.threads} threads")
    return " ".join(part for part in parts if part)


def parts_grid(parts_ms: Mapping[str, float], width: int = 24) -> Grid:
    """Where the predicted time goes, longest first, with a bar."""
    total = sum(parts_ms.values())
    longest = max(parts_ms.values(), default=0.0)
    rows = [
        (name, format_ms(ms), f"{ms / total:.0%}", "█" * round(width * ms / longest))
        for name, ms in sorted(parts_ms.items(), key=lambda item: -item[1])
        if ms > 0
    ]
    return Grid(("where time goes (parts may overlap)", "predicted#", "share#", ""), rows)


def memory_grid(pick: Pick, width: int = 24) -> Grid:
    """Where memory goes, with a bar."""
    total, longest = sum(pick.memory_parts_mib.values()), max(pick.memory_parts_mib.values(), default=0.0)
    rows = [
        (name, format_mib(mib), f"{mib / total:.0%}", "█" * round(width * mib / longest))
        for name, mib in pick.memory_parts_mib.items()
        if mib > 0
    ]
    return Grid(("where memory goes", "predicted#", "share#", ""), rows)


_LINES: tuple[tuple[str, Callable[[Pick], str]], ...] = (
    ("weights", lambda p: p.weights),
    ("licence of the weights", licence),
    ("resolution px", lambda p: str(p.resolution)),
    ("ImageNet-1k top-1 %", lambda p: f"{p.top1:.1f}"),
    ("latency ms", lambda p: spread(p.latency_ms)),
    ("  known by", lambda p: basis(p.latency_ms)),
    ("throughput img/s", lambda p: number(p.throughput_img_s)),
    ("memory MiB", lambda p: spread(p.memory_mib)),
    ("  known by", lambda p: basis(p.memory_mib)),
    ("  weights MiB", lambda p: _part(p, "weights")),
    ("  activations MiB", lambda p: _part(p, "activations")),
    ("  runtime MiB", lambda p: _part(p, "runtime")),
    ("power W", lambda p: number(p.power_w)),
    ("energy mJ per image", lambda p: number(p.energy_mj)),
    ("chance to meet all budgets", lambda p: f"{p.probability:.0%}"),
    ("on the Pareto front", lambda p: "yes" if p.pareto else p.dominated_by and f"no: {p.dominated_by}"),
    ("parameters M", lambda p: significant(p.params_m)),
    ("GMACs", lambda p: significant(p.gmacs)),
    ("family", lambda p: p.family),
)


def _part(pick: Pick, name: str) -> str:
    value = pick.memory_parts_mib.get(name)
    return "?" if value is None else significant(value)


def compared_grid(picks: Sequence[Pick]) -> Grid:
    """Two to four picks side by side, one line for each figure."""
    heads = ("", *(f"{pick.model}#" for pick in picks))
    return Grid(heads, [(title, *(cell(pick) for pick in picks)) for title, cell in _LINES])
