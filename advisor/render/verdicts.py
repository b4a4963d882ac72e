"""The verdict of a check as text: table, JSON, CSV, Markdown, JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree

from advisor.recommend.budgets import TITLES, describe
from advisor.recommend.verdict import DOES_NOT_FIT, FITS, Checked, Verdict
from advisor.render import FORMATS, as_json
from advisor.render.answers import bullets
from advisor.render.grid import Grid, as_csv, text
from advisor.units import format_chance, format_confidence

CHECK_FORMATS = (*FORMATS, "junit")
_SUMMARY = {FITS: "FITS", DOES_NOT_FIT: "DOES NOT FIT"}


def verdict(found: Verdict, fmt: str, width: int) -> str:
    """The verdict in a format. CSV holds one row per budget, each with the outcome."""
    if fmt == "json":
        return as_json.dump(_json(found))
    if fmt == "junit":
        return _junit(found)
    if fmt == "csv":
        return as_csv(_rows(found))
    parts = [headline(found), text(_budgets(found), fmt, width)]
    for title, lines in (("Why:", found.reasons), ("To settle it:", found.settle), ("Notes:", found.notes)):
        parts += [f"{title}\n{bullets(lines, width)}"] if lines else []
    return "\n\n".join(parts)


def headline(found: Verdict) -> str:
    """The outcome in one line."""
    said = _SUMMARY.get(found.outcome, "NOT SETTLED")
    if found.at_least == found.at_most:
        sure = f"{_percent(found.probability, found.confidence)} chance to meet every budget"
    else:
        least, most = (_percent(chance, found.confidence) for chance in (found.at_least, found.at_most))
        sure = f"chance to meet every budget between {least} and {most}"
    registered = f" ({found.registered})" if found.registered not in ("", found.model) else ""
    return (
        f"{said}: {found.model}{registered} at {found.resolution} px on {_where(found)}: {sure}; "
        f"asked for {format_confidence(found.confidence)}"
    )


def _where(found: Verdict) -> str:
    t = found.target
    mode = f", {t.power_mode}" if t.power_mode else ""
    return f"{t.device} ({t.runtime}, {t.precision}{mode}, batch {found.batch_size})"


def _percent(chance: float, confidence: float) -> str:
    """Whole percent where that says on which side of the confidence it is, but never 0 or 100 for what is only nearly so."""
    if 0.0 < chance < 0.005 or 0.995 < chance < 1.0:
        return "under 1%" if chance < 0.5 else "over 99%"
    return format_chance(chance, confidence)


def _chance(row: Checked, confidence: float) -> str:
    return "unknown" if row.chance is None else _percent(row.chance, confidence) + (" (doubtful)" if row.doubt else "")


def _budgets(found: Verdict) -> Grid:
    heads = ("budget", "bound#", "found", "chance#")
    rows = [
        (TITLES[b.name], describe(b.name, b.bound), b.found or "?", _chance(b, found.confidence)) for b in found.budgets
    ]
    return Grid(heads, rows)


def _rows(found: Verdict) -> Grid:
    heads = (
        "model",
        "registered",
        "resolution",
        "device",
        "outcome",
        "probability",
        "budget",
        "bound",
        "found",
        "chance",
        "doubt",
    )
    return Grid(
        heads,
        [
            (
                found.model, found.registered, str(found.resolution), found.target.device, found.outcome,
                f"{found.probability:.4f}", b.name, f"{b.bound:.5g}", b.found, "" if b.chance is None else f"{b.chance:.4f}",
                b.doubt,
            )
            for b in found.budgets
        ],
    )  # fmt: skip


def _json(found: Verdict) -> dict[str, object]:
    return {
        "model": found.model, "registered": found.registered or None, "resolution": found.resolution,
        "target": as_json.target(found.target, found.batch_size), "outcome": found.outcome, "confidence": found.confidence,
        "probability": round(found.probability, 4), "at_least": round(found.at_least, 4), "at_most": round(found.at_most, 4),
        "budgets": [
            {"name": b.name, "bound": float(f"{b.bound:.5g}"), "chance": None if b.chance is None else round(b.chance, 4),
             "found": b.found or None, "doubt": b.doubt or None}
            for b in found.budgets
        ],
        **as_json.quantity("latency_ms", found.latency_ms, found.latency_reason),
        **as_json.quantity("throughput_img_s", found.throughput_img_s, found.latency_reason),
        **as_json.quantity("memory_mib", found.memory_mib, found.memory_reason),
        "reasons": list(found.reasons), "settle": list(found.settle), "notes": list(found.notes),
    }  # fmt: skip


def _junit(found: Verdict) -> str:
    """One test case: passed, a failure (does not fit) or an error (not settled), so that no CI takes the last for a pass."""
    failed, open_ = found.outcome == DOES_NOT_FIT, found.outcome not in (FITS, DOES_NOT_FIT)
    counts = {"tests": "1", "failures": str(int(failed)), "errors": str(int(open_)), "skipped": "0"}
    suites = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "advisor check", **counts})
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {"classname": f"advisor.check.{found.target.device}", "name": _printable(f"{found.model} fits")},
    )
    lines = [
        f"{TITLES[b.name]} {describe(b.name, b.bound)}: {b.found or '?'}; chance {_chance(b, found.confidence)}"
        for b in found.budgets
    ]
    lines = [headline(found), *lines, *found.reasons, *(f"to settle it: {step}" for step in found.settle)]
    if failed or open_:
        kind = "does-not-fit" if failed else "not-enough-evidence"
        problem = ElementTree.SubElement(
            case, "failure" if failed else "error", {"type": kind, "message": _printable(headline(found))}
        )
        problem.text = _printable("\n".join(lines))
    else:
        ElementTree.SubElement(case, "system-out").text = _printable("\n".join(lines))
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode")


def _printable(said: str) -> str:
    """Without the control characters that XML 1.0 has no place for."""
    return "".join(
        c if c in "\n\t" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else "?" for c in said
    )
