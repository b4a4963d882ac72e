"""Which models are worth measuring: the anchors, then what the database lacks on the target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import log
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from advisor.measure.plan import ANCHORS
from advisor.records import Device, Model, Target
from advisor.store import Store

if TYPE_CHECKING:
    from advisor.workflows.planning import Options


class Wanted(NamedTuple):
    """Anchors and the rest, most wanted first."""

    anchors: list[Model]
    others: list[Model]


def wanted_models(store: Store, device: Device, target: Target, asked: Options) -> Wanted:
    """The models named, or the anchors and what was not measured on the target yet. Raises UnknownName."""
    if asked.models:
        return Wanted([], [store.model(name) for name in asked.models])
    rows = [m for m in store.measurements(device.id) if same_cell(m.target, target)]
    seen = {m.signature for m in rows if (m.memory_mib if asked.memory_only else m.latency_ms) is not None}
    anchors = [store.model(name) for name in ANCHORS]
    lacking = [m for m in _one_per_architecture(store, asked.library) if m.signature not in seen]
    first = {m.signature for m in anchors}
    others = _by_family([m for m in lacking if m.signature not in first], store)
    return Wanted([m for m in anchors if m.signature not in seen], others)


def same_cell(one: Target, other: Target) -> bool:
    """Whether two targets differ by software, options or power mode at most."""
    what = ("device", "compute_unit", "runtime", "precision", "memory_format", "threads")
    return all(getattr(one, name) == getattr(other, name) for name in what)


def _one_per_architecture(store: Store, library: str | None) -> list[Model]:
    """Models with published accuracy, one name of each architecture: only these can be recommended."""
    kept: dict[str, Model] = {}
    rated = store.best_weights()
    for model in store.models():
        if model.name in rated and library in (None, model.library):
            kept.setdefault(model.signature, model)
    return list(kept.values())


def _by_family(models: Sequence[Model], store: Store) -> list[Model]:
    """Round robin over families, in each from its middle size outwards: new families teach the prediction most."""
    macs = {key[0]: c.macs for key, c in store.complexities().items()}
    families: dict[str, list[Model]] = defaultdict(list)
    for model in models:
        families[model.family].append(model)
    for members in families.values():
        centre = median(log(macs[m.signature]) for m in members)
        members.sort(key=lambda m: (abs(log(macs[m.signature]) - centre), m.name))
    order = sorted(families.values(), key=lambda members: (-len(members), members[0].name))
    return [members[i] for i in range(max(map(len, order), default=0)) for members in order if i < len(members)]
