"""The estimate of one architecture that is not in the catalogue, as if it had been in it. Writes nothing.

Sizes, features and memory come from its complexity like any other's. How it deviates is learnt over its descriptors; as no network
of its family was measured, its interval is that of a new family, unless the family is named.
"""

from __future__ import annotations

from dataclasses import replace

from advisor.errors import NotEnoughEvidence
from advisor.predict.evidence import Cell, pool_of
from advisor.predict.predictor import Deviates, Predictor, from_json
from advisor.predict.scaling import power
from advisor.predict.workbench import Evidenced, Workbench
from advisor.records import Complexity, Estimate, Target

NEW_FAMILY = "(new)"
"""A family that no registered network has."""


def estimate(store: Evidenced, target: Target, batch_size: int, complexity: Complexity, family: str) -> Estimate:
    """Latency and memory of an architecture on a target for which the store keeps a predictor. `family` '' is a new one.

    Raises NotEnoughEvidence where no predictor is kept.
    """
    content = store.predictor(target)
    if content is None:
        raise NotEnoughEvidence(f"no predictor of {target.runtime} {target.precision} on {target.device} is kept")
    bench = Workbench.of(store, {family or NEW_FAMILY: complexity})
    predictor = from_json(content)
    if not predictor.reason:
        predictor = _knowing(predictor, bench, complexity)
    return bench.estimates(predictor, batch_size)[-1]


def _knowing(predictor: Predictor, bench: Workbench, complexity: Complexity) -> Predictor:
    """The predictor with how the newcomer deviates."""
    target = predictor.target
    cell, pool = Cell.of(target), pool_of(bench.store.device(target.device), target)
    found = bench.cross.full.deviation(cell, pool, power(target))
    own = Deviates(float(found.mean[-1]), float(found.sd[-1]), bool(found.relatives[-1]))
    key = (complexity.signature, complexity.resolution)
    return replace(predictor, deviations={**predictor.deviations, key: own})
