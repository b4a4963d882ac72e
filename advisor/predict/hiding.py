"""What would be answered on a target had some of its measurements not been made: the folds of the benchmark of decisions.

Hidden rows are taken out of the evidence before anything is fitted, so nothing that is said of them, intervals included, can
depend on them. A row is one architecture at one resolution, in the batch regime in which most of the target was measured, by the
newest software of its source (or by one that is chosen); times are of one image. Knows no store and no accuracy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from advisor.predict import answers, transfer
from advisor.predict.evidence import Cell, Evidence, Pool, pool_of
from advisor.predict.features import Ints, Key
from advisor.predict.intervals import CrossFit, Spread, spread_of
from advisor.predict.latencies import Subject, predict_latencies
from advisor.predict.latency import Hierarchy, Said
from advisor.predict.predictor import Predictor, build
from advisor.predict.scaling import power
from advisor.predict.software import newest_first
from advisor.records import Device, Measurement, Quantity, Target

FAMILY_GROUPS, _FEW = 5, 10
"""Groups of families that are hidden from the fits together; every pair of groups is one more fit. Fewer families than the other are
each a group."""


@dataclass(frozen=True)
class Bench:
    """A target with enough measurements to hide some of them."""

    cross: CrossFit
    subject: Subject
    device: Device
    target: Target
    rows: Mapping[Key, int]
    """What can be chosen: position in the evidence of each architecture's row."""

    @property
    def cell(self) -> Cell:
        """The target as the evidence groups it."""
        return Cell.of(self.target)

    @property
    def pool(self) -> Pool:
        """Similar targets."""
        return pool_of(self.device, self.target)

    @property
    def evidence(self) -> Evidence:
        """All evidence, nothing hidden."""
        return self.cross.full.evidence

    def family(self, key: Key) -> str:
        """Family of an architecture that can be chosen."""
        return self.evidence.families[self.rows[key]]


class Hidden(NamedTuple):
    """One way of hiding: what is said of every row by the rest of the evidence."""

    label: str
    hidden: frozenset[Key]
    said: Mapping[Key, Quantity]
    """Predictions of hidden rows, of one image; their basis is never `measured`."""


def benches(
    cross: CrossFit, subject: Subject, devices: Mapping[str, Device], rated: Collection[Key], least: int
) -> list[Bench]:
    """The best documented target of each device, runtime and memory format of which so many rated architectures were measured."""
    evidence = cross.full.evidence
    found: dict[tuple[str, str, str], Bench] = {}
    for cell in sorted(set(evidence.cells)):
        rows = _rows(evidence, evidence.of_newest(evidence.where(cell)), rated)
        made = (
            Bench(
                CrossFit(cross.full),
                subject,
                devices[cell.device],
                evidence.measurements[next(iter(rows.values()))].target,
                rows,
            )
            if rows
            else None
        )
        way = (cell.device, cell.runtime, cell.memory_format)
        best = found.get(way)
        if made is not None and len(rows) >= least and (best is None or len(rows) > len(best.rows)):
            found[way] = made
    return list(found.values())


def in_each_software(bench: Bench, rated: Collection[Key], least: int) -> Iterator[Bench]:
    """The same target by every software with which so many rated architectures were timed, the newest first."""
    evidence = bench.evidence
    mine = evidence.where(bench.cell)
    stated = np.array([evidence.measurements[i].target.software for i in mine])
    for software in sorted(sorted(set(stated.tolist())), key=newest_first):
        rows = _rows(evidence, mine[stated == software], rated)
        if len(rows) >= least:
            yield replace(bench, target=replace(bench.target, software=software), rows=rows)


def _rows(evidence: Evidence, mine: Ints, rated: Collection[Key]) -> dict[Key, int]:
    """One of some rows for each architecture: in the main regime, at the largest batch."""
    names, counts = np.unique(evidence.regimes[mine], return_counts=True)
    main = names[counts.argmax()]
    found: dict[Key, int] = {}
    for i in mine[evidence.regimes[mine] == main]:
        m = evidence.measurements[i]
        key = m.signature, m.resolution
        largest = key not in found or evidence.measurements[found[key]].batch_size < m.batch_size
        if key in rated and m.timing_scope == "forward" and largest:
            found[key] = int(i)
    return found


def measured(bench: Bench) -> dict[Key, Quantity]:
    """What was measured of every row, of one image, with the interval of a measured answer."""
    return {key: _measured(bench.evidence.measurements[i]) for key, i in bench.rows.items()}


def _measured(m: Measurement) -> Quantity:
    return _scaled(answers.of_measurement(m), 1.0 / m.batch_size)


def _scaled(quantity: Quantity, factor: float) -> Quantity:
    return quantity._replace(value=quantity.value * factor, low=quantity.low * factor, high=quantity.high * factor)


def families_hidden(bench: Bench) -> Iterator[Hidden]:
    """Each family in turn, hidden on every device; it is predicted by a fit without the fifth of all families that it is in
    (where there are fewer than ten, without it alone).

    Interval widths come from families of the other fifths, each predicted by a fit without its fifth and without the hidden one.
    """
    folds = _groups(bench)
    for number, fold in enumerate(folds):
        families = sorted({bench.family(key) for key in bench.rows} & fold)
        if families:
            predictor = _without_families(bench, folds, number)
            for family in families:
                hidden = frozenset(key for key in bench.rows if bench.family(key) == family)
                yield Hidden(family, hidden, _said(bench, predictor, hidden))


def _groups(bench: Bench) -> list[frozenset[str]]:
    """The folds of the product, several together."""
    folds = bench.cross.folds("family", bench.cell)
    if len(folds) < _FEW:
        return folds
    return [frozenset[str]().union(*folds[number::FAMILY_GROUPS]) for number in range(FAMILY_GROUPS)]


def _without_families(bench: Bench, folds: list[frozenset[str]], number: int) -> Predictor:
    out = folds[number]
    names = np.array(bench.evidence.families)
    known = bench.evidence.take(~np.isin(names, sorted(out)))
    return _predictor(bench, known, _inner_spread(bench, folds, number))


def _inner_spread(bench: Bench, folds: list[frozenset[str]], number: int) -> dict[str, Spread]:
    """Spread of the main regime from folds inside what is not hidden."""
    evidence, head = bench.evidence, power(bench.target)
    main = evidence.regimes[next(iter(bench.rows.values()))]
    parts = []
    for other, fold in enumerate(folds):
        if other != number:
            said = bench.cross.without("family", folds[number] | fold).said(bench.cell, bench.pool, head)
            parts.append(
                said.take(
                    np.array(
                        [evidence.families[i] in fold and evidence.regimes[i] == main for i in said.rows], dtype=bool
                    )
                )
            )
    said = Said.joined(parts)
    return {str(main): spread_of(evidence, said.take(evidence.current(said.rows)))}


def as_new_device(bench: Bench, measured_here: int, draws: int) -> Iterator[Hidden]:
    """Everything of the physical device hidden but so many networks, drawn several times; the networks are known from other devices."""
    evidence = bench.evidence
    mine = np.array(sorted(bench.rows.values()), dtype=np.int64)
    for draw in range(draws):
        keys = transfer.medoids(evidence, mine, measured_here, transfer.seed(draw))
        shown = set(mine[np.isin(evidence.rows[mine], keys)].tolist())
        hidden = frozenset(key for key, i in bench.rows.items() if i not in shown)
        yield shown_only(bench, shown, hidden, f"draw {draw + 1}")


def shown_only(bench: Bench, shown: Collection[int], asked: Collection[Key], label: str) -> Hidden:
    """What is said of some rows where of the whole physical device only those at some positions of the evidence are known, doubted
    as if the harness had measured them."""
    keep = np.array([other.device != bench.cell.device for other in bench.evidence.cells], dtype=bool)
    keep[list(shown)] = True
    known = bench.evidence.as_own(shown).take(keep)
    return Hidden(label, frozenset(asked), _said(bench, _predictor(bench, known, None), asked))


def _predictor(bench: Bench, known: Evidence, spreads: Mapping[str, Spread] | None) -> Predictor:
    rest = Hierarchy(known, np.ones(len(known.measurements), dtype=bool), settings=bench.cross.full.settings)
    cross = CrossFit(rest)
    cross.spreads[bench.pool] = {}  # of regimes in which nothing was measured here: nobody asks for them
    return build(cross, bench.device, bench.target, spreads)


def _said(bench: Bench, predictor: Predictor, hidden: Collection[Key]) -> dict[Key, Quantity]:
    """Predictions of the hidden rows at the batch size of their row."""
    at = {key: i for i, key in enumerate(bench.subject.table.keys)}
    batches: dict[int, list[Key]] = {}
    for key in hidden:
        batches.setdefault(bench.evidence.measurements[bench.rows[key]].batch_size, []).append(key)
    found = {}
    for batch, keys in sorted(batches.items()):
        said = predict_latencies(predictor, bench.subject, batch)
        for key in keys:
            i = at[key]
            value, wide = float(said.value[i]) / batch, float(np.exp(said.half_width[i]))
            found[key] = Quantity(value, value / wide, value * wide, "predicted", bool(said.extrapolated[i]))
    return found


def nearest(bench: Bench) -> dict[Key, float]:
    """Milliseconds an image on the device with the most of these rows measured, the same runtime and kind of device first."""
    evidence = bench.evidence
    best: tuple[tuple[bool, bool, int], dict[Key, float]] = ((False, False, 0), {})
    for cell in sorted(set(evidence.cells)):
        if cell.device == bench.cell.device:
            continue
        rows = _rows(evidence, evidence.of_newest(evidence.where(cell)), bench.rows)
        likeness = (cell.compute_unit == bench.cell.compute_unit, cell.runtime == bench.cell.runtime, len(rows))
        if 2 * len(rows) > len(bench.rows) and likeness > best[0]:
            best = likeness, {key: _measured(evidence.measurements[i]).value for key, i in rows.items()}
    return best[1]
