"""Database counts, imports, verification, fits and evaluations as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from advisor.predict.records import Baseline, Evaluation, FitReport, MemoryEvaluation, TargetEvaluation
from advisor.recommend.reports import Verification
from advisor.records import ImportReport, Target
from advisor.render import as_json
from advisor.render.grid import Grid, text

_SHOWN_REJECTIONS = 20


def info(counts: Mapping[str, int], fmt: str, width: int) -> str:
    """Counts by name."""
    if fmt == "json":
        return as_json.dump(counts)
    return text(Grid(("what", "count#"), [(name, str(count)) for name, count in counts.items()]), fmt, width)


def imported(report: ImportReport, fmt: str, width: int) -> str:
    """What became of each row of a file."""
    if fmt == "json":
        rejected = [{"line": line, "reason": reason} for line, reason in report.rejected]
        return as_json.dump({**asdict(report), "rejected": rejected})
    table = text(
        Grid(("line#", "rejected because"), [(str(line), reason) for line, reason in _shown(report, fmt)]), fmt, width
    )
    if fmt == "csv":
        return table
    counted = (
        f"{report.rows} rows: {report.accepted} accepted, {report.duplicate} duplicate, {len(report.rejected)} rejected"
    )
    hidden = len(report.rejected) - len(_shown(report, fmt))
    parts = [f"{report.file}: {counted}"] + ([table] if report.rejected else [])
    return "\n\n".join(parts + ([f"and {hidden} more; --format json shows all"] if hidden else []))


def _shown(report: ImportReport, fmt: str) -> Sequence[tuple[int, str]]:
    return report.rejected if fmt == "csv" else report.rejected[:_SHOWN_REJECTIONS]


def verification(found: Verification, fmt: str, width: int) -> str:
    """Every check and count; CSV holds the sources."""
    if fmt == "json":
        return as_json.dump(_verification_json(found))
    heads = ("source", "licence", "rows#", "accepted#", "duplicate#", "rejected#")
    rows = [
        (s.source, s.license, str(s.rows), str(s.accepted), str(s.duplicate), str(s.rejected)) for s in found.sources
    ]
    sources = text(Grid(heads, rows), fmt, width)
    if fmt == "csv":
        return sources
    checks = [(check.name, "holds" if check.holds else "BROKEN", check.detail) for check in found.checks]
    reasons = [(source, str(count), reason) for source, reason, count in found.rejections[:_SHOWN_REJECTIONS]]
    return "\n\n".join(
        [
            text(Grid(("check", "verdict", "detail"), checks), fmt, width),
            info(found.counts, fmt, width),
            sources,
            "Most frequent reasons of rejection:\n" + text(Grid(("source", "rows#", "reason"), reasons), fmt, width),
        ]
    )


def _verification_json(found: Verification) -> dict[str, object]:
    return {
        "intact": found.intact,
        "checks": [asdict(check) for check in found.checks],
        "counts": found.counts,
        "sources": [asdict(source) for source in found.sources],
        "rejections": [{"source": s, "reason": r, "rows": n} for s, r, n in found.rejections],
    }


def fitted(report: FitReport, fmt: str, width: int) -> str:
    """What was fitted, what could not be used and why."""
    if fmt == "json":
        return as_json.dump(asdict(report))
    counts = [(name, str(getattr(report, name))) for name in ("targets", "predicted", "estimates", "rows")]
    table = text(Grid(("what", "count#"), counts), fmt, width)
    if fmt == "csv":
        return table
    left = [(str(n), reason) for reason, n in sorted(report.left_out.items(), key=lambda item: -item[1])]
    parts = (
        [table, "Measurements not fitted:\n" + text(Grid(("rows#", "reason"), left), fmt, width)] if left else [table]
    )
    unknown = Grid(("device", "no latency because"), list(report.unknown.items()))
    return "\n\n".join(parts + ([text(unknown, fmt, width)] if report.unknown else []))


def evaluation(found: Evaluation, fmt: str, width: int) -> str:
    """Errors on rows that the fit did not see, per target: latency, then (not in CSV, which is one table) memory."""
    if fmt == "json":
        return as_json.dump(
            {**as_json.records("evaluations", found.latency), **as_json.records("memory", found.memory)}
        )
    heads = (
        "device", "target", "split", "rows#", "families#", "MAPE#", "median#", "bias#", "in 10%#", "in 20%#", "p90#", "rank#",
        "cover#", "width#", "undecided#", "older too#", "baselines: MAPE, rank",
    )  # fmt: skip
    latency = text(Grid(heads, [_evaluation(row) for row in found.latency]), fmt, width)
    if fmt == "csv" or not found.memory:
        return latency
    return f"{latency}\n\nPeak memory, families held out:\n\n{_memory(found.memory, fmt, width)}"


_PAGE = """# Errors on what was not seen

Written by `advisor evaluate --write docs/evaluation.md`; do not edit. What the splits are and how the predictions are made:
[prediction.md](prediction.md).

S1: a new network of a known family; S2: a new family; S3 K: a new device of which K networks were measured; S4 K: the same and a
new family. Scored are held-out rows of the newest software with which a source timed the network: a target includes its software,
and predictions stand for the newest. *bias*: the median of predicted over measured, less one; *in 10%*: the share within 10 %;
*rank*: Spearman's correlation; *cover*: the share inside the 90 % interval, families alike; *width*: its median factor; *undecided*:
the share of budgets (5th to 95th percentile of what was measured) that an interval holds; *older too*: MAPE where rows of older
software are scored as well (S3 and S4 from K = 5 hide the newest only). Baselines are fitted on the same folds, to all rows.

"""


def evaluation_page(found: Evaluation) -> str:
    """The same as a page of the documentation."""
    return f"{_PAGE}{evaluation(found, 'markdown', 0)}\n"


def _memory(rows: Sequence[MemoryEvaluation], fmt: str, width: int) -> str:
    heads = (
        "device", "target", "kind", "rows#", "families#", "runtime MiB#", "MAPE less runtime#", "median#", "MAPE whole#", "bound holds#",
        "line at batch 1",
    )  # fmt: skip
    return text(Grid(heads, [_memory_row(row) for row in rows]), fmt, width)


def _memory_row(e: MemoryEvaluation) -> tuple[str, ...]:
    line = (
        "-"
        if e.slope_mib_per_m is None
        else f"{e.intercept_mib:.0f} MiB + {e.slope_mib_per_m:.2f} MiB per million parameters, R2 {e.r2:.2f}, {e.line_rows} networks"
    )
    return (
        e.target.device, _target(e.target), e.memory_kind, str(e.rows), str(e.families), f"{e.runtime_mib:.0f}",
        _tenths(e.part_mape), _tenths(e.part_median), _tenths(e.whole_mape), _percent(e.bound_holds), line,
    )  # fmt: skip


def _evaluation(e: TargetEvaluation) -> tuple[str, ...]:
    simple = "; ".join(map(_simple, e.baselines))
    return (
        e.target.device, _target(e.target), e.split, str(e.rows), str(e.families), _tenths(e.mape),
        _tenths(e.median_error),
        f"{e.bias:+.0%}", _percent(e.within_10), _percent(e.within_20), _percent(e.p90_error), _decimal(e.spearman),
        _percent(e.coverage), "-" if e.width is None else f"x/÷{e.width:.2f}", _percent(e.undecided),
        "-" if e.every_mape is None else _tenths(e.every_mape), simple or "-",
    )  # fmt: skip


def _target(t: Target) -> str:
    threads = f"{t.threads}T" if t.threads else ""
    layout = "" if t.memory_format == "nchw" else t.memory_format
    return " ".join(filter(None, (t.runtime, t.precision, t.compute_unit, layout, t.power_mode, threads)))


def _simple(b: Baseline) -> str:
    partly = "" if b.scored == 1.0 else f" (of {_percent(b.scored)} of the rows)"
    return f"{b.name} {_tenths(b.mape)}, {_decimal(b.spearman)}{partly}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _tenths(share: float) -> str:
    return f"{100 * share:.1f}%"


def _decimal(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
