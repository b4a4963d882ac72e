"""predict: what is known of named models on a target."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.errors import NotEnoughEvidence, UsageError
from advisor.recommend.reports import Prediction
from advisor.records import Estimate, Model, Target
from advisor.store import Store
from advisor.workflows.answering import TargetOptions, checked_batch, ensure_estimates
from advisor.workflows.choosing import chosen_device
from advisor.workflows.preparing import Progress, prepared_store, silent


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
) -> list[Prediction]:
    """Latency and memory of named models (or all) on a target, at their default resolution unless one is given.

    Raises UsageError, UnknownName; NotEnoughEvidence where a model has no complexity at the resolution.
    """
    checked_batch(batch_size)
    if not models and not all_models:
        raise UsageError("name at least one model, or ask for all ('advisor models list' shows the names)")
    options = TargetOptions(runtime, precision, power_mode, threads, memory_format)
    with prepared_store(on_progress) as store:
        profile, _ = chosen_device(store, device)
        target = options.on(profile)
        ensure_estimates(store, target, batch_size)
        rows = {(e.signature, e.resolution): e for e in store.estimates(target, batch_size)}
        chosen = store.models() if all_models else [store.model(name) for name in models]
        found = []
        for model in chosen:
            size = model.default_resolution if resolution is None else resolution
            estimate = rows.get((model.signature, size))
            if estimate is not None:
                found.append(_prediction(model.name, target, estimate))
            elif not all_models:
                raise NotEnoughEvidence(not_traced(store, model, size))
        return found


def not_traced(store: Store, model: Model, size: int) -> str:
    """Why nothing is known of a model at a resolution, and at which it is."""
    known = ", ".join(str(r) for r in sorted(store.complexity(model.signature)))
    return f"{model.name} was not traced at {size} px; its complexity is known at {known} px"


def _prediction(model: str, target: Target, e: Estimate) -> Prediction:
    return Prediction(
        model, e.resolution, target, e.batch_size, e.latency, e.latency_reason, e.memory, e.memory_reason, e.flags
    )
