"""The sentences of the CNN lecture that a chart can check, and the figures of today's catalogue. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import quantiles

from advisor.predict.memory_lines import KINDS, LEAST_TO_JUDGE, LINEAR_R2, WHOLE_PROCESS, MemoryLine
from advisor.recommend.charts import Claim
from advisor.records import Rated
from advisor.units import significant

BAND = (94.5, 95.5)
"""`Near 95 % top-5`: half a point to either side."""
BAND_GMACS = (4.0, 25.0)
"""What the lecture says the band spans."""
VARIED_GMACS = (10.0, 15.0)
WIDE_POINTS, WIDE_RATIO = 5.0, 3.0
"""Accuracy varies widely from this span in points, size from this ratio of the largest to the smallest."""

BAND_CLAIM = "near 95 % top-5 (94.5 to 95.5 %) networks span 4 to 25 GMACs"
VARIED_CLAIM = "between 10 and 15 GMACs accuracy and size vary widely"
MEMORY_CLAIM = "memory grows almost linearly with model complexity (parameters)"


def best_rated(rows: Iterable[Rated], accuracy: str) -> list[Rated]:
    """The most accurate weights of each architecture at each resolution, where that accuracy (top-1, top-5) is known."""
    of = accuracy_of(accuracy)
    known = [(found, row) for row in rows if (found := of(row)) is not None]
    kept: dict[tuple[str, int], Rated] = {}
    for _, row in sorted(known, key=lambda pair: (-pair[0], pair[1].model, pair[1].tag)):
        kept.setdefault((row.signature, row.resolution), row)
    return sorted(kept.values(), key=lambda row: (row.model, row.resolution))


def accuracy_of(accuracy: str) -> Callable[[Rated], float | None]:
    """Reads top-1 or top-5 of a row, in percent."""
    return _top5 if accuracy == "top-5" else _top1


def _top1(row: Rated) -> float | None:
    return row.top1


def _top5(row: Rated) -> float | None:
    return row.top5


def complexity_claims(rows: Sequence[Rated]) -> tuple[Claim, Claim]:
    """What holds of the two claims on accuracy against complexity, over the best weights per architecture and resolution."""
    return _band(best_rated(rows, "top-5")), _varied(best_rated(rows, "top-5"))


def _band(rows: Sequence[Rated]) -> Claim:
    band = [row for row in rows if row.top5 is not None and BAND[0] <= row.top5 <= BAND[1]]
    if len(band) < 2:
        return _empty(BAND_CLAIM, len(band))
    macs = sorted(row.macs / 1e9 for row in band)
    least, most = min(band, key=lambda row: row.macs), max(band, key=lambda row: row.macs)
    inside = sum(BAND_GMACS[0] <= value <= BAND_GMACS[1] for value in macs)
    tenths = quantiles(macs, n=10, method="inclusive")
    spans = macs[0] <= BAND_GMACS[0] and macs[-1] >= BAND_GMACS[1]
    wider = " and more" if spans and (macs[0] < BAND_GMACS[0] or macs[-1] > BAND_GMACS[1]) else ""
    found = (
        f"{'they span that' + wider if spans else 'they do not span that'}: {len(band)} networks need "
        f"{significant(macs[0])} ({least.model}) to {significant(macs[-1])} GMACs ({most.model}), "
        f"eight in ten {significant(tenths[0])} to {significant(tenths[-1])}; {inside} of {len(band)} lie within 4 to 25"
    )
    figures: dict[str, float | int | str | None] = {
        "networks": len(band), "least_gmacs": macs[0], "least_model": least.model, "most_gmacs": macs[-1],
        "most_model": most.model, "p10_gmacs": tenths[0], "p90_gmacs": tenths[-1], "within_4_to_25": inside,
    }  # fmt: skip
    return Claim(BAND_CLAIM, spans, found, figures)


def _varied(rows: Sequence[Rated]) -> Claim:
    inside = [row for row in rows if VARIED_GMACS[0] <= row.macs / 1e9 <= VARIED_GMACS[1]]
    if len(inside) < 2:
        return _empty(VARIED_CLAIM, len(inside))
    figures: dict[str, float | int | str | None] = {"networks": len(inside)}
    spans = []
    for name, of in (("top1", _top1), ("top5", _top5)):
        values = sorted((value, row.model) for row in inside if (value := of(row)) is not None)
        spans.append(_span(figures, name, values))
    sizes = sorted((row.params / 1e6, row.model) for row in inside)
    (small, small_name), (large, large_name) = sizes[0], sizes[-1]
    figures |= {"least_params_m": small, "smallest": small_name, "most_params_m": large, "largest": large_name}
    wide = (spans[0] or 0) >= WIDE_POINTS and large / small >= WIDE_RATIO
    found = (
        f"{len(inside)} networks: {_spoken(figures, 'top1', 'top-1')}; {_spoken(figures, 'top5', 'top-5')}; "
        f"{significant(small)} M ({small_name}) to {significant(large)} M parameters ({large_name}), "
        f"a factor of {significant(large / small, 2)}"
    )
    return Claim(VARIED_CLAIM, wide, found, figures)


def _span(figures: dict[str, float | int | str | None], name: str, values: Sequence[tuple[float, str]]) -> float | None:
    """Note the ends of an accuracy and return how far they lie apart, in points."""
    if not values:
        return None
    (low, worst), (high, best) = values[0], values[-1]
    figures |= {f"least_{name}": low, f"worst_{name}": worst, f"most_{name}": high, f"best_{name}": best}
    return high - low


def _spoken(figures: dict[str, float | int | str | None], name: str, title: str) -> str:
    low, high = figures.get(f"least_{name}"), figures.get(f"most_{name}")
    if low is None or high is None:
        return f"{title} unknown"
    return f"{title} {low:.1f} ({figures[f'worst_{name}']}) to {high:.1f} % ({figures[f'best_{name}']})"


def _empty(claim: str, n: int) -> Claim:
    return Claim(claim, None, f"{n} such networks here: too few to say", {"networks": n})


def memory_claim(line: MemoryLine) -> Claim:
    """What the measured memory of one target, batch size and kind says of the claim that it grows with parameters."""
    fit, about = line.fit, f"{line.target.device}, batch {line.batch_size}, {line.kind} ({KINDS[line.kind]})"
    figures: dict[str, float | int | str | None] = {
        "device": line.target.device, "batch_size": line.batch_size, "memory_kind": line.kind, "networks": len(line.points),
        "slope_mib_per_m": fit.slope if fit else None, "intercept_mib": fit.intercept if fit else None,
        "r2": fit.r2 if fit else None,
    }  # fmt: skip
    if fit is None:
        return Claim(MEMORY_CLAIM, None, f"{about}: {line.reason}", figures)
    found = (
        f"{about}: {significant(abs(fit.slope))} MiB {'more' if fit.slope >= 0 else 'less'} per million parameters, "
        f"{significant(fit.intercept)} MiB at none, R2 {fit.r2:.2f} over {fit.n} networks"
    )
    if line.linear is None:
        found += f"; fewer than {LEAST_TO_JUDGE} sizes say nothing about other networks"
    elif not line.linear:
        found += f"; almost linear would be growth with R2 of {LINEAR_R2:g}"
    if line.kind not in WHOLE_PROCESS:
        found += "; the claim is about a whole process, which this kind is not known to be"
        return Claim(MEMORY_CLAIM, None, found, figures)
    return Claim(MEMORY_CLAIM, line.linear, found, figures)
