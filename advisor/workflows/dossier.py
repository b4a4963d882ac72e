"""Everything known of one pick: its layers, where its time goes on its target, and the measurements behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from advisor.complexity import shipped_layers
from advisor.recommend.answer import Pick
from advisor.recommend.boards import Plan
from advisor.recommend.guidelines import illustrated
from advisor.records import Complexity, Layer, Measurement, Model, Target
from advisor.store import Store
from advisor.workflows.children import run_verb
from advisor.workflows.placing import plan
from advisor.workflows.preparing import Progress, prepared_store, silent
from advisor.workflows.questioning import Asked

_TRACE_S = 300


class Dossier(NamedTuple):
    """What a person looks at before choosing a model."""

    pick: Pick
    model: Model
    totals: Complexity
    """Sums at the pick's resolution."""
    layers: tuple[Layer, ...]
    """Shipped ones; empty where the model must be traced first."""
    guidelines: tuple[str, ...]
    """Of the literature that its network illustrates, in words."""
    time_parts_ms: dict[str, float]
    """Part of the predicted latency on the pick's target -> milliseconds; empty where nothing was fitted for it."""
    evidence: tuple[Measurement, ...]
    """Of this architecture, under any of its names: the pick's device first, the pick's target before all."""


def dossier(pick: Pick, on_progress: Progress = silent) -> Dossier:
    """Read what the home knows; loads no torch. Raises UnknownName, StoreError."""
    with prepared_store(on_progress) as store:
        model = store.model(pick.model)
        totals = store.complexity(model.signature)[pick.resolution]
        parts = _parts(store, pick, totals)
        told = illustrated(store.makeup(model.name, pick.resolution))
        rows = [m for m in store.measurements() if m.signature == model.signature]
    rows.sort(key=lambda m: (_distance(m.target, pick.target), m.target.device, m.batch_size, m.resolution, m.id))
    layers = shipped_layers(model.name) if pick.resolution == model.default_resolution else None
    return Dossier(pick, model, totals, tuple(layers or ()), told, parts, tuple(rows))


def devices_for(pick: Pick, asked: Asked) -> Plan:
    """Which devices would run it within the same budgets. Raises UsageError where no budget is asked, NotEnoughEvidence."""
    return plan(
        f"{pick.model}.{pick.weights}".rstrip("."), resolution=pick.resolution, batch_size=pick.batch_size,
        max_latency=asked.max_latency or None, min_throughput=asked.min_throughput or None,
        max_memory=asked.max_memory or None, min_accuracy=asked.min_accuracy or None,
        max_params=asked.max_params or None, max_power=asked.max_power or None, max_energy=asked.max_energy or None,
        confidence=asked.confidence,
    )  # fmt: skip


def _parts(store: Store, pick: Pick, totals: Complexity) -> dict[str, float]:
    predictor = store.predictor(pick.target)
    if predictor is None:
        return {}
    from advisor.predict import breakdown

    return breakdown(predictor, totals, pick.batch_size)


def _distance(target: Target, wanted: Target) -> tuple[bool, bool, bool, bool]:
    return (
        target.device != wanted.device,
        target.runtime != wanted.runtime,
        target.precision != wanted.precision,
        target.power_mode != wanted.power_mode,
    )


def traced_layers(model: str, resolution: int, stopped: Callable[[], bool]) -> tuple[Sequence[Layer], str]:
    """(layers, why there are none), traced by a process of its own: torch takes more memory than a session should."""
    verb = ["explain", model, "--resolution", str(resolution), "--format", "json"]
    done = run_verb(verb, lambda _: None, lambda: 2 * stopped(), longest_s=_TRACE_S)
    if done.code != 0:
        return (), done.said[
            -1
        ] if done.said else f"tracing ended with code {done.code}: try 'advisor {' '.join(verb)}'"
    found = json.loads(done.output)
    layers = [Layer(**{**row, "output_shape": tuple(row["output_shape"])}) for row in found["layers"]]
    return layers, found["layers_reason"] or ""
