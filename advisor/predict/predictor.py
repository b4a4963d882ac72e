"""A fitted predictor of one target: coefficients, intervals, what it rests on; to JSON and back without running code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from advisor.errors import DataError
from advisor.predict.evidence import REGIMES, Cell, Evidence, Pool, pool_of, root_of
from advisor.predict.features import TERMS, Floats, Ints, Key, design, group_macs
from advisor.predict.intervals import NORMAL_90, UNKNOWN_DEVICE, CrossFit, Spread, measured_cell, new_device
from advisor.predict.model import DEVICE, HOST, Fit, device_share
from advisor.predict.scaling import least, power, rates
from advisor.predict.support import Networks, Support, support
from advisor.records import Device, Target

VERSION = 4
_KINDS = {"gpu": "a desktop or data-centre GPU", "jetson": "a Jetson's GPU", "x86": "an x86 CPU", "arm": "an Arm CPU"}
_OTHER_MODE = 0.15
"""Added (in squares) to the half-width where only other power modes were measured: clocks scale, other things do not."""
_HALF = 0.5


class Deviates(NamedTuple):
    """How a network deviates on the target, how sure that is, and whether its family was measured there."""

    mean: float
    sd: float
    relative: bool


class Longer(NamedTuple):
    """Logs of measured over modelled time: of what the host does and of what the device does."""

    host: float
    device: float


AS_MODELLED = Longer(0.0, 0.0)


def lengthened(parts: Floats, readings: Sequence[Longer]) -> Floats:
    """Modelled times of rows x TERMS, as much longer as the rows' networks took where they were timed."""
    host, device = np.exp(np.array(readings)).T
    found: Floats = parts.copy()
    found[:, HOST] *= host[:, None]
    found[:, DEVICE] *= device[:, None]
    return found


@dataclass(frozen=True)
class Predictor:
    """Everything needed to predict one target at any batch size."""

    target: Target
    power: float
    reason: str
    """Why nothing can be predicted; empty where it can."""
    coefficients: Floats
    """Milliseconds per unit of each term of TERMS."""
    least: Floats
    """The same at the best that the device can do; no prediction is below."""
    spreads: Mapping[str, Spread]
    """Regime -> half-width of the 90 % interval in logs."""
    calibrated: tuple[str, ...]
    """Regimes in which this target was measured."""
    sources: Mapping[str, tuple[str, ...]]
    """Regime -> source ids that the coefficients rest on there."""
    deviations: Mapping[Key, Deviates]
    """How far networks deviate from the coefficients' time; where there is none, no network does, as far as is known."""
    readings: Mapping[Key, Longer]
    """Of networks that were timed on the target: in other batches and modes they take longer than modelled by as much."""
    habits: Mapping[str, float]
    """Source and regime -> log of how much slower than the others the source reads on similar devices."""
    support: Support | None
    own: Support | None
    """Of what was measured on the target itself; None where nothing was."""
    elsewhere: Mapping[str, Spread]
    """Regime -> interval as if nothing had been measured on the target: of networks unlike those that were."""
    where: str
    notes: tuple[str, ...]


def unknown(target: Target, reason: str) -> Predictor:
    """A predictor that says why it predicts nothing."""
    return Predictor(
        target,
        1.0,
        reason,
        np.zeros(len(TERMS)),
        np.zeros(len(TERMS)),
        {},
        (),
        {},
        {},
        {},
        {},
        None,
        None,
        {},
        "",
        (),
    )


def build(cross: CrossFit, device: Device, target: Target, given: Mapping[str, Spread] | None = None) -> Predictor:
    """The predictor of a target from all evidence on it, on similar devices and on its runtime.

    `given`: spreads by regime that were set elsewhere, instead of those from folds of this evidence.
    """
    found, evidence = rates(device, target), cross.full.evidence
    if found.per_unit is None:
        return unknown(target, found.reason)
    cell, pool, head = Cell.of(target), pool_of(device, target), power(target)
    alike = _alike(evidence, pool)
    if not len(alike):
        return unknown(target, f"{target.runtime} was never measured on {_KINDS[pool.kind]}: measure some models there")
    own = evidence.where(cell)
    fitted = cross.full.cell(cell, pool, head)
    coefficients = np.exp(fitted.theta) * found.per_unit
    calibrated = _calibrated(cross, cell, pool, head, fitted, target) if len(own) else ()
    elsewhere = _elsewhere(cross, pool, head) if given is None else {}
    spreads = elsewhere | _spreads(cross, cell, pool, head, calibrated, target) if given is None else given
    return Predictor(
        target, head, "", coefficients, least(found.per_unit, target), spreads, calibrated,
        _sources(evidence, cell, pool),
        _deviations(cross, cell, pool, head), _readings(cross, cell, pool, head), _habits(cross, pool, head),
        _support(evidence, alike, target, coefficients),
        _support(evidence, own, target, coefficients) if len(own) else None, elsewhere,
        f"on {_KINDS[pool.kind]} with {pool.runtime}",
        _notes(evidence, target, pool, own),
    )  # fmt: skip


def _alike(evidence: Evidence, pool: Pool) -> Ints:
    """Rows of the same kind of device and runtime at any precision and memory format."""
    alike = [evidence.where(p) for p in evidence.all_pools if (p.kind, p.runtime) == (pool.kind, pool.runtime)]
    return np.concatenate([np.zeros(0, dtype=np.int64), *alike])


def _calibrated(cross: CrossFit, cell: Cell, pool: Pool, head: float, fitted: Fit, target: Target) -> tuple[str, ...]:
    """Regimes with rows in the power mode asked for, or in one that the source did not state.

    Where launches set the pace of small batches, rows bound by the device do not count for them: they are huge networks
    that fit in no larger batch.
    """
    evidence = cross.full.evidence
    rows, chosen = cross.full.settled(cell, pool, head)
    launched = (
        1.0 - device_share(rows.work, fitted.theta, head) > _HALF if head != 1.0 else np.ones(len(chosen), dtype=bool)
    )
    found = set()
    for i, bound_by_launches in zip(chosen, launched, strict=True):
        name, mode = str(evidence.regimes[i]), evidence.measurements[i].target.power_mode
        if mode in ("", target.power_mode) and (name != REGIMES[0] or bound_by_launches):
            found.add(name)
    return tuple(sorted(found))


def _habits(cross: CrossFit, pool: Pool, head: float) -> dict[str, float]:
    """What the pool found of sources that others can be compared with in their regime."""
    fitting, chosen = cross.full.prepared(pool)
    if not len(chosen):
        return {}
    shifts = dict(zip(fitting.sources, cross.full.pool(pool, head).sources.tolist(), strict=True))
    regimes = [line.rpartition(" ")[2] for line in shifts]
    return {line: shift for line, shift in shifts.items() if regimes.count(line.rpartition(" ")[2]) > 1}


def _elsewhere(cross: CrossFit, pool: Pool, head: float) -> dict[str, Spread]:
    """Of a device without rows."""
    if len(cross.full.evidence.where(pool)):
        return new_device(cross, pool, head)
    said = "interval assumed: no similar device was measured at this precision and memory format"
    return {name: Spread(UNKNOWN_DEVICE, said) for name in REGIMES}


def _spreads(
    cross: CrossFit, cell: Cell, pool: Pool, head: float, calibrated: tuple[str, ...], target: Target
) -> dict[str, Spread]:
    """In the regimes in which the target was measured, in any mode."""
    evidence, found = cross.full.evidence, dict[str, Spread]()
    if not len(evidence.where(cell)):
        return found
    modes = {evidence.measurements[i].target.power_mode for i in evidence.where(cell)}
    for name, spread in measured_cell(cross, cell, pool, head).items():
        if name in calibrated:
            found[name] = spread
        elif not modes & {"", target.power_mode}:
            wide = float(np.hypot(spread.half_width, NORMAL_90 * _OTHER_MODE))
            found[name] = Spread(wide, "only other power modes were measured here; scaled by clocks")
    return found


def _sources(evidence: Evidence, cell: Cell, pool: Pool) -> dict[str, tuple[str, ...]]:
    """Sources of the rows nearest to the target that there are in a regime: its own, else its pool's, else its runtime's."""
    found: dict[str, tuple[str, ...]] = {}
    for key in (root_of(pool), pool, cell):
        found |= evidence.sources(key)
    return found


def _deviations(cross: CrossFit, cell: Cell, pool: Pool, head: float) -> dict[Key, Deviates]:
    found = cross.full.deviation(cell, pool, head)
    rows = zip(found.mean.round(4).tolist(), found.sd.round(4).tolist(), found.relatives.tolist(), strict=True)
    return {key: Deviates(*row) for key, row in zip(cross.full.evidence.table.keys, rows, strict=True)}


def _readings(cross: CrossFit, cell: Cell, pool: Pool, head: float) -> dict[Key, Longer]:
    """What fit and deviations do not follow of forward passes timed with the newest software; of the part that set the pace."""
    evidence, full = cross.full.evidence, cross.full
    said, fitted = full.said(cell, pool, head), full.cell(cell, pool, head)
    left = evidence.log_ms[said.rows] - (said.log_ratio + said.log_ms)
    by_device = device_share(full.settled(cell, pool, head)[0].work, fitted.theta, head) > _HALF
    host, device = dict[Key, list[float]](), dict[Key, list[float]]()
    for i, longer, bound, newest in zip(said.rows, left.tolist(), by_device, evidence.current(said.rows), strict=True):
        if newest and evidence.measurements[i].timing_scope == "forward":
            key = evidence.table.keys[evidence.rows[i]]
            for part in (host, device) if head == 1.0 else (device,) if bound else (host,):
                part.setdefault(key, []).append(longer)
    return {
        key: Longer(*(round(median(part.get(key, [0.0])), 4) for part in (host, device))) for key in {**host, **device}
    }


def _support(evidence: Evidence, alike: Ints, target: Target, coefficients: Floats) -> Support:
    rows = np.unique(evidence.rows[alike])
    parts = design(evidence.table, rows, 1.0, target.precision, target.runtime) * coefficients
    return support(Networks(parts, group_macs(evidence.table)[rows].sum(1), evidence.table.attention[rows]))


def _notes(evidence: Evidence, target: Target, pool: Pool, own: Ints) -> tuple[str, ...]:
    if len(own):
        return ()
    if len(evidence.where(pool)):
        return ("no model was measured on this target: scaled from similar devices by the profile",)
    return (
        "neither this target nor a similar device was measured at this precision: scaled from other precisions by the profile",
    )


def to_json(p: Predictor) -> dict[str, Any]:
    """Plain JSON values."""
    return {
        "version": VERSION, "target": asdict(p.target), "power": p.power, "reason": p.reason,
        "coefficients": dict(zip(TERMS, p.coefficients.tolist(), strict=True)),
        "least": dict(zip(TERMS, p.least.tolist(), strict=True)),
        "spreads": {name: asdict(s) for name, s in p.spreads.items()},
        "calibrated": list(p.calibrated), "sources": {name: list(ids) for name, ids in p.sources.items()},
        "deviations": [[*key, *row] for key, row in p.deviations.items()],
        "readings": [[*key, *longer] for key, longer in p.readings.items()],
        "habits": dict(p.habits),
        "support": _support_json(p.support), "own": _support_json(p.own),
        "elsewhere": {name: asdict(s) for name, s in p.elsewhere.items()}, "where": p.where, "notes": list(p.notes),
    }  # fmt: skip


def _support_json(known: Support | None) -> dict[str, Any] | None:
    return None if known is None else asdict(known) | {"shares": known.shares.tolist()}


def from_json(content: Mapping[str, Any]) -> Predictor:
    """The predictor that `to_json` wrote. Raises DataError for anything else."""
    try:
        return _from_json(content)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"this is not a predictor of version {VERSION}: {error}; run 'advisor fit'") from error


def _from_json(content: Mapping[str, Any]) -> Predictor:
    if content["version"] != VERSION:
        raise ValueError(f"version {content['version']}")
    return Predictor(
        Target(**content["target"]), float(content["power"]), str(content["reason"]),
        np.array([float(content["coefficients"][name]) for name in TERMS]),
        np.array([float(content["least"][name]) for name in TERMS]),
        {name: Spread(**spread) for name, spread in content["spreads"].items()},
        tuple(content["calibrated"]), {name: tuple(ids) for name, ids in content["sources"].items()},
        {(str(s), int(size)): Deviates(float(mean), float(sd), bool(known)) for s, size, mean, sd, known in content["deviations"]},
        {(str(s), int(size)): Longer(float(host), float(device)) for s, size, host, device in content["readings"]},
        {line: float(shift) for line, shift in content["habits"].items()},
        _support_from(content["support"]), _support_from(content["own"]),
        {name: Spread(**spread) for name, spread in content["elsewhere"].items()},
        str(content["where"]), tuple(content["notes"]),
    )  # fmt: skip


def _support_from(content: Mapping[str, Any] | None) -> Support | None:
    return None if content is None else Support(
        np.array([float(share) for share in content["shares"]]), float(content["least_macs"]), float(content["most_macs"]),
        float(content["attention"]),
    )  # fmt: skip
