"""Database counts, imports, verification, fits and evaluations as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from advisor.predict.records import FitReport, TargetEvaluation
from advisor.recommend.reports import Verification
from advisor.records import ImportReport
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
    """What was fitted."""
    if fmt == "json":
        return as_json.dump(asdict(report))
    lines = [(name, str(value)) for name, value in asdict(report).items()]
    return text(Grid(("what", "count#"), lines), fmt, width)


def evaluation(rows: Sequence[TargetEvaluation], fmt: str, width: int) -> str:
    """Errors on held-out families, per target."""
    if fmt == "json":
        return as_json.dump(as_json.records("evaluations", rows))
    raise NotImplementedError
