"""Where the predicted time of one network goes on a target: the terms of its predictor, in milliseconds. Reads no measurement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from advisor.predict.deviations import applied
from advisor.predict.features import TERMS, design, tabulate
from advisor.predict.predictor import AS_MODELLED, from_json, lengthened
from advisor.records import Complexity

_PARTS = {
    "dense convolutions": ("dense_macs", "dense_bytes"),
    "1x1 convolutions": ("pointwise_macs", "pointwise_bytes"),
    "grouped convolutions": ("grouped_macs", "grouped_bytes"),
    "depthwise convolutions": ("depthwise_macs", "depthwise_bytes"),
    "linear layers": ("linear_macs", "linear_bytes"),
    "attention": ("attention_macs", "attention_bytes"),
    "operators that only move data": ("pool_bytes", "light_bytes", "statistics_bytes"),
    "reading weights": ("weight_bytes", "thin_weight_bytes"),
    "launching operators": ("ops", "one"),
}
"""Terms in words; copies to and from the device are no part of a forward pass."""


def breakdown(content: Mapping[str, Any], complexity: Complexity, batch_size: int) -> dict[str, float]:
    """Part -> milliseconds of a batch, largest first; empty where the predictor gives no latency.

    `content` is what the store keeps of a predictor. Where the host launches operator by operator the longer of launching and
    computing passes, so the parts do not add up to the latency.
    """
    predictor = from_json(content)
    if predictor.reason:
        return {}
    target = predictor.target
    table, only = tabulate([complexity]), np.arange(1)
    work = design(table, only, float(batch_size), target.precision, target.runtime)
    key = (complexity.signature, complexity.resolution)
    found = predictor.deviations.get(key)
    deviates = np.array([0.0 if found is None else found.mean])
    modelled = lengthened(work * predictor.coefficients, [predictor.readings.get(key, AS_MODELLED)])
    times = applied(modelled, deviates, predictor.power)[0]
    spent = dict(zip(TERMS, times.tolist(), strict=True))
    parts = {name: sum(spent[term] for term in terms) for name, terms in _PARTS.items()}
    return dict(sorted(((n, ms) for n, ms in parts.items() if ms > 0), key=lambda item: -item[1]))
