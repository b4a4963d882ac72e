"""fit and estimate: from the store's evidence to predictors and materialised estimates, back in the store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from advisor.predict.evidence import pool_of
from advisor.predict.predictor import build, from_json, to_json
from advisor.predict.records import BATCHES, FitReport
from advisor.predict.workbench import Evidenced, Workbench
from advisor.records import Estimate, Target


def fit(
    store: Evidenced,
    devices: Sequence[str] | None,
    on_progress: Callable[[str], None] | None,
    given: Mapping[Target, Mapping[str, Any]],
) -> FitReport:
    """Fit the default target of each device (or of those named; or take it as given) and materialise its estimates at batch 1 and 8."""
    say = on_progress or (lambda _: None)
    bench = Workbench.of(store)
    chosen = store.devices() if devices is None else [store.device(name) for name in devices]
    written, unknown = 0, {}
    for number, device in enumerate(chosen, 1):
        say(f"predicting {device.id} ({number} of {len(chosen)})")
        content = given.get(device.default_target)
        predictor = build(bench.cross, device, device.default_target) if content is None else from_json(content)
        if predictor.reason:
            unknown[device.id] = predictor.reason
        store.write_predictor(predictor.target, to_json(predictor))
        for batch_size in BATCHES:
            rows = bench.estimates(predictor, batch_size)
            store.write_estimates(predictor.target, batch_size, rows)
            written += len(rows)
    evidence = bench.cross.full.evidence
    return FitReport(len(chosen), len(chosen) - len(unknown), written, len(evidence.rows), evidence.left_out, unknown)


def concerned(store: Evidenced, measured: Collection[str]) -> list[str]:
    """Devices of a pool in which one of `measured` has rows, and these themselves, in order."""
    devices = {device.id: device for device in store.devices()}
    rows = [m.target for name in sorted(measured) for m in store.measurements(name)]
    touched = {pool_of(devices[target.device], target) for target in rows}
    return [
        name
        for name, device in devices.items()
        if name in measured or pool_of(device, device.default_target) in touched
    ]


def estimate(store: Evidenced, target: Target, batch_size: int) -> list[Estimate]:
    """Estimates of the whole catalogue on any target at any batch size, kept in the store."""
    bench = Workbench.of(store)
    kept = store.predictor(target)
    predictor = build(bench.cross, store.device(target.device), target) if kept is None else from_json(kept)
    if kept is None:
        store.write_predictor(target, to_json(predictor))
    rows = bench.estimates(predictor, batch_size)
    store.write_estimates(target, batch_size, rows)
    return rows
