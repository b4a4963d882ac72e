"""evaluate, memory: how well peak memory of families that were left out is said, where processes were measured; and whether memory
grows linearly with parameters."""

from __future__ import annotations

import numpy as np

from advisor.predict.features import Floats, Ints
from advisor.predict.footprint import HeldOut, held_out
from advisor.predict.memory import BASE_REPEATS
from advisor.predict.memory_lines import LEAST_POINTS, line_through
from advisor.predict.processes import Group
from advisor.predict.records import LEAST_FAMILIES, MemoryEvaluation
from advisor.predict.workbench import Workbench
from advisor.records import Target

_LEAST_PART_MIB = 1.0


def evaluate(bench: Workbench, targets: set[object] | None) -> list[MemoryEvaluation]:
    """One record for each device and mode of which processes of enough families were measured. `targets` are cells, None is all."""
    found = []
    for runtime, kind in sorted(bench.processes.groups):
        group = bench.processes.groups[runtime, kind]
        said = held_out(group.seen, group.constants.prior())
        for place, cell in enumerate(group.places):
            rows = np.flatnonzero(group.seen.place == place)
            if (targets is None or cell in targets) and len(_families(group, rows)) >= LEAST_FAMILIES:
                found.append(_evaluation(bench, group, said, place, rows))
    return found


def _families(group: Group, rows: Ints) -> list[str]:
    return sorted({group.seen.families[i] for i in rows})


def _evaluation(bench: Workbench, group: Group, said: HeldOut, place: int, rows: Ints) -> MemoryEvaluation:
    m = group.measurements[rows[0]]
    learnt = bench.processes.learnt(m.target, bench.kind_of(m.target))
    assert learnt is not None  # noqa: S101 - the group exists
    law = learnt.footprint.law
    base, peak = law.base(group.seen)[rows], group.seen.peak[rows]
    true = np.maximum(peak - base, _LEAST_PART_MIB)
    part = np.abs(said.part[rows] / true - 1.0)
    whole = np.abs((said.base + said.part)[rows] / peak - 1.0)
    holds = peak <= said.base[rows] * (1 + BASE_REPEATS) + said.part[rows] * np.exp(np.maximum(said.above[rows], 0.0))
    known = bool(np.isfinite(said.above[rows]).all())
    slope, intercept, r2, count = _law(bench, group, rows)
    t = m.target
    return MemoryEvaluation(
        Target(t.device, t.compute_unit, "", t.runtime, t.precision, t.memory_format, t.threads), m.memory_kind, len(rows),
        len(_families(group, rows)), law.bases[place], law.library, law.live, law.churn, float(part.mean()),
        _by_family(part, group, rows), float(np.median(part)), float(whole.mean()),
        _by_family(holds.astype(np.float64), group, rows) if known else None, slope, intercept, r2, count,
    )  # fmt: skip


def _by_family(values: Floats, group: Group, rows: Ints) -> float:
    """Mean over families of their means."""
    names = np.array([group.seen.families[i] for i in rows])
    return float(np.mean([values[names == name].mean() for name in sorted(set(names.tolist()))]))


def _law(bench: Workbench, group: Group, rows: Ints) -> tuple[float | None, float | None, float | None, int]:
    """(slope, intercept, R2, networks) of peak memory at batch 1 over millions of parameters."""
    params = {(c.signature, c.resolution): c.params / 1e6 for c in bench.complexities}
    single = [i for i in rows if group.measurements[i].batch_size == 1]
    sizes = [params[group.measurements[i].signature, group.measurements[i].resolution] for i in single]
    fit = line_through(sizes, group.seen.peak[single].tolist()) if len(single) >= LEAST_POINTS else None
    return (None, None, None, len(single)) if fit is None else (fit.slope, fit.intercept, fit.r2, fit.n)
