"""predict: what is known of named models on a target."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.errors import UsageError
from advisor.recommend.reports import Prediction
from advisor.records import Estimate, Target
from advisor.store import Store
from advisor.workflows.answering import TargetOptions, checked_batch, ensure_estimates
from advisor.workflows.choosing import chosen_device
from advisor.workflows.preparing import Progress, prepared_store, silent
from advisor.workflows.subjects import Warn, estimate_of, subject, warned


def predict(
    models: Sequence[str] = (),
    *,
    all_models: bool = False,
    device: str | None = None,
    batch_size: int = 1,
    resolution: int | None = None,
    runtime: str | None = None,
    precision: str | None = None,
    power_mode: str | None = None,
    threads: int | None = None,
    memory_format: str | None = None,
    on_progress: Progress = silent,
    on_warning: Warn = warned,
) -> list[Prediction]:
    """Latency and memory of named models (or all) on a target, at their default resolution unless one is given.

    A model is a registered name, an ONNX file, or `file.py:factory`, whose code runs. Raises UsageError, UnknownName, DataError
    for a file that cannot be read; NotEnoughEvidence where a model has no complexity at the resolution.
    """
    checked_batch(batch_size)
    if not models and not all_models:
        raise UsageError("name at least one model, or ask for all ('advisor models list' shows the names)")
    options = TargetOptions(runtime, precision, power_mode, threads, memory_format)
    with prepared_store(on_progress) as store:
        profile, _ = chosen_device(store, device)
        target = options.on(profile)
        ensure_estimates(store, target, batch_size)
        if all_models:
            return _every(store, target, batch_size, resolution)
        subjects = [subject(store, name, resolution, on_warning) for name in models]
        return [_prediction(s.asked, target, estimate_of(store, s, target, batch_size)) for s in subjects]


def _every(store: Store, target: Target, batch_size: int, resolution: int | None) -> list[Prediction]:
    """The whole catalogue, less the models that were not traced at the resolution."""
    rows = {(e.signature, e.resolution): e for e in store.estimates(target, batch_size)}
    wanted = [(m.name, (m.signature, resolution or m.default_resolution)) for m in store.models()]
    return [_prediction(name, target, rows[key]) for name, key in wanted if key in rows]


def _prediction(model: str, target: Target, e: Estimate) -> Prediction:
    return Prediction(
        model, e.resolution, target, e.batch_size, e.latency, e.latency_reason, e.memory, e.memory_reason, e.flags
    )
