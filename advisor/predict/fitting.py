"""fit and estimate: from the store's evidence to predictors and materialised estimates, back in the store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from advisor.predict.answers import as_measured, comparable
from advisor.predict.evidence import pool_of
from advisor.predict.predictor import Predictor, build, from_json, to_json
from advisor.predict.records import BATCHES, FitReport
from advisor.predict.workbench import Evidenced, Workbench
from advisor.records import Estimate, Target


def fit(
    store: Evidenced,
    devices: Sequence[str] | None,
    on_progress: Callable[[str], None] | None,
    given: Mapping[Target, Mapping[str, Any]],
) -> FitReport:
    """Fit the default target of each device (or of those named; or take it as given) and materialise its estimates at batch 1 and 8.

    The store is locked only to write: fitting takes a minute. Estimates of other default targets stay, all others are forgotten.
    """
    say = on_progress or (lambda _: None)
    while True:
        state = store.evidence_state()
        bench = Workbench.of(store)
        chosen = store.devices() if devices is None else [store.device(name) for name in devices]
        predictors = []
        for number, device in enumerate(chosen, 1):
            say(f"predictions of {device.id} ({number} of {len(chosen)})")
            content = given.get(device.default_target)
            predictors.append(
                build(bench.cross, device, device.default_target) if content is None else from_json(content)
            )
        with store.writing():
            if store.evidence_state() == state:
                return _written(store, bench, predictors)
        say("predictions once more: the evidence changed meanwhile")


def _written(store: Evidenced, bench: Workbench, predictors: Sequence[Predictor]) -> FitReport:
    fitted = {predictor.target for predictor in predictors}
    store.forget_estimates(keep={d.default_target for d in store.devices()} - fitted)
    written = 0
    for predictor in predictors:
        store.write_predictor(predictor.target, to_json(predictor))
        for batch_size in BATCHES:
            rows = bench.estimates(predictor, batch_size)
            store.write_estimates(predictor.target, batch_size, rows)
            written += len(rows)
    evidence = bench.cross.full.evidence
    unknown = {predictor.target.device: predictor.reason for predictor in predictors if predictor.reason}
    return FitReport(
        len(predictors), len(predictors) - len(unknown), written, len(evidence.rows), evidence.left_out, unknown
    )


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


def reading(store: Evidenced, known: Estimate, target: Target) -> Estimate | None:
    """The estimate with what was measured since it was made; None where nothing was."""
    rows = comparable(store.measurements(target.device), target, known.batch_size)
    kept = store.predictor(target)
    found = rows.get((known.signature, known.resolution))
    return None if found is None or kept is None else as_measured(known, found, from_json(kept))


def estimate(store: Evidenced, target: Target, batch_size: int) -> list[Estimate]:
    """Estimates of the whole catalogue on any target at any batch size, kept in the store."""
    return _estimated(store, Workbench.of(store), target, batch_size)


def estimate_all(
    store: Evidenced, wanted: Sequence[tuple[Target, int]], only: str | None, on_progress: Callable[[str], None] | None
) -> None:
    """The same for many targets, or of one architecture on them; each is kept as soon as it is there, so that stopping loses little."""
    say = on_progress or (lambda _: None)
    bench = Workbench.of(store)
    narrow = None if only is None else bench.narrowed(only)
    for number, (target, batch_size) in enumerate(wanted, 1):
        words = " ".join(part for part in (target.device, target.runtime, target.precision, target.power_mode) if part)
        say(f"predictions of {words}, batch {batch_size} ({number} of {len(wanted)})")
        _estimated(store, narrow or bench, target, batch_size, narrow is None)


def _estimated(
    store: Evidenced, bench: Workbench, target: Target, batch_size: int, whole: bool = True
) -> list[Estimate]:
    kept = store.predictor(target)
    predictor = build(bench.cross, store.device(target.device), target) if kept is None else from_json(kept)
    rows = bench.estimates(predictor, batch_size)
    with store.writing():
        if kept is None:
            store.write_predictor(target, to_json(predictor))
        if whole:
            store.write_estimates(target, batch_size, rows)
        else:
            store.add_estimates(target, batch_size, rows)
    return rows
