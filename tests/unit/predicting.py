"""A small world for the tests of the predictor: architectures, devices and a store in memory, with latencies from a known law."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from dataclasses import replace

import numpy as np

from advisor.complexity.caching import RESERVED
from advisor.predict.features import TERMS, design, tabulate
from advisor.predict.model import HOST
from advisor.predict.scaling import power, rates
from advisor.records import ClassTotals, Complexity, Device, Fact, Measurement, PowerMode, Target

RESOLUTION = 224


def architecture(
    name: str, *, gmacs: float = 1.0, depthwise: float = 0.05, linear: float = 0.02, ops: int = 100
) -> Complexity:
    """A network whose multiply-accumulates are split over groups; bytes follow from them."""
    macs = gmacs * 1e9
    dense, moved = macs * (1 - depthwise - linear), 4e6 * (1 + gmacs)
    classes = {
        "conv_kxk": ClassTotals(ops // 3, dense, moved, moved, 8e6 * gmacs),
        "conv_dw": ClassTotals(ops // 10, macs * depthwise, moved * 3 * depthwise, moved * 3 * depthwise, 1e5),
        "linear": ClassTotals(1, macs * linear, moved * linear, moved * linear, 4e6),
        "activation": ClassTotals(ops // 2, 0.0, moved * 2, moved * 2, 0.0),
    }
    live, weights = int(moved), int(16e6 * gmacs)
    signature = hashlib.sha256(name.encode()).hexdigest()[:16]
    return Complexity(
        signature, RESOLUTION, int(4e6 * gmacs), int(macs), 10**6, weights, ops, ops // 2, ops // 2, live, live * 8, classes,
        extras=segments(weights, live),
    )  # fmt: skip


def segments(weights: int, live: int) -> dict[str, float]:
    """What an allocator would reserve that loses half as much again as is alive."""
    return {name: (weights + 1.5 * live * batch) * share for name, (batch, share) in RESERVED.items()}


def transformer(name: str = "vit") -> Complexity:
    """A network of linear and attention layers only."""
    classes = {
        "linear": ClassTotals(50, 4e9, 2e7, 2e7, 8e7),
        "attention": ClassTotals(12, 2e8, 1e7, 1e7, 0.0),
        "norm": ClassTotals(25, 0.0, 1e7, 1e7, 1e4),
    }
    signature = hashlib.sha256(name.encode()).hexdigest()[:16]
    return Complexity(
        signature, RESOLUTION, 22_000_000, 42 * 10**8, 10**6, 88 * 10**6, 150, 90, 90, 10**7, 8 * 10**7, classes,
        extras=segments(88 * 10**6, 10**7),
    )  # fmt: skip


def catalogue(families: int = 12, members: int = 3) -> tuple[dict[tuple[str, int], Complexity], dict[str, str]]:
    """Convolutional architectures of several families, and which family each is of."""
    rng = np.random.default_rng(1)
    known, family_of = {}, {}
    for family in range(families):
        depthwise, linear = rng.uniform(0, 0.3), rng.uniform(0, 0.1)
        for member in range(members):
            name = f"f{family}m{member}"
            ops = int(rng.integers(60, 300))
            made = architecture(name, gmacs=float(rng.uniform(0.2, 8)), depthwise=depthwise, linear=linear, ops=ops)
            known[made.signature, RESOLUTION] = made
            family_of[made.signature] = f"family{family}"
    return known, family_of


def device(name: str, *, kind: str = "gpu", scale: float = 1.0, **facts: float) -> Device:
    """A profile whose rates are `scale` times a middling card's."""
    known = {
        "peak_fp32_tflops": 10.0 * scale,
        "peak_fp16_tflops": 40.0 * scale,
        "memory_bandwidth_gb_s": 400.0 * scale,
        "boost_mhz": 1500.0,
    }
    if kind == "jetson":
        known |= {"cpu_boost_mhz": 2000.0, "cpu_cores": 6.0, "sm_count": 8.0, "memory_mhz": 2000.0}
    known |= facts
    modes = (
        (
            PowerMode("FULL", 0, None, 6, 2000.0, known["boost_mhz"], 2000.0, 8, "test"),
            PowerMode("HALF", 1, 10.0, 6, 2000.0, known["boost_mhz"] / 2, 1000.0, 8, "test"),
        )
        if kind == "jetson"
        else ()
    )
    runtime, precision = ("tensorrt", "fp16") if kind == "jetson" else ("pytorch-eager", "amp_fp16")
    target = Target(name, "gpu", "FULL" if modes else "", runtime, precision)
    return Device(
        name, name, kind, "test", "test", (), {k: Fact(v, "test") for k, v in known.items()}, kind == "jetson", "embedded",
        (runtime,), target, modes,
    )  # fmt: skip


_LAW = {
    "dense_macs": 3.0, "pointwise_macs": 3.0, "grouped_macs": 6.0, "depthwise_macs": 12.0, "linear_macs": 4.0, "attention_macs": 4.0,
    "dense_bytes": 1.5, "pointwise_bytes": 1.5, "grouped_bytes": 1.5, "depthwise_bytes": 2.0, "linear_bytes": 2.0,
    "attention_bytes": 2.0, "pool_bytes": 1.0, "light_bytes": 1.0, "statistics_bytes": 1.0, "weight_bytes": 2.0,
    "thin_weight_bytes": 2.0, "ops": 0.04, "one": 0.1, "copied_bytes": 1.0, "copied_one": 0.3,
}  # fmt: skip
LAW = np.array([_LAW[name] for name in TERMS])
"""Coefficients of the true latency: inverse efficiencies, milliseconds per launch and of the constant."""


class World:
    """A store in memory with the methods that the predictor needs."""

    def __init__(self, devices: list[Device], *, families: int = 12, extra: list[Complexity] | None = None) -> None:
        self._complexities, self._families = catalogue(families)
        for made in extra or []:
            self._complexities[made.signature, made.resolution] = made
            self._families[made.signature] = made.signature
        self._devices = {d.id: d for d in devices}
        self.rows: list[Measurement] = []
        self.kept: dict = {}
        self.predictors: dict = {}
        self.metas: dict = {}

    def measure(
        self,
        target: Target,
        *,
        batch_sizes=(1, 8, 64),
        noise: float = 0.05,
        source: str = "lab",
        seed: int = 0,
        **changes,
    ) -> None:
        """Measure every convolutional architecture on a target by the law, with noise."""
        rng = np.random.default_rng(seed)
        keys = [key for key in self._complexities if self._families[key[0]] != key[0]]
        table = tabulate([self._complexities[key] for key in keys])
        per_unit = rates(self._devices[target.device], target).per_unit * LAW
        for batch in batch_sizes:
            parts = design(table, np.arange(len(keys)), float(batch), target.precision, target.runtime) * per_unit
            head, host, work = power(target), parts[:, HOST].sum(1), parts[:, : HOST.start].sum(1)
            times = (host**head + work**head) ** (1 / head) * np.exp(rng.normal(0, noise, len(keys)))
            self.rows += [
                _measurement(f"{source}-{target.device}-{batch}-{i}", source, key, batch, target, float(ms), **changes)
                for i, (key, ms) in enumerate(zip(keys, times, strict=True))
            ]

    def replace_rows(self, change) -> None:
        """Replace every row by what `change` makes of it."""
        self.rows = [change(row) for row in self.rows]

    def meta(self, key):
        return self.metas.get(key)

    def evidence_state(self):
        return hashlib.sha256("".join(sorted(row.id for row in self.rows)).encode()).hexdigest()[:16]

    def forget_estimates(self, keep=()):
        self.kept = {key: rows for key, rows in self.kept.items() if key[0] in keep}
        self.predictors = {target: content for target, content in self.predictors.items() if target in keep}

    def writing(self):
        return nullcontext()

    def devices(self):
        return list(self._devices.values())

    def device(self, device_id):
        return self._devices[device_id]

    def complexities(self):
        return self._complexities

    def only_timm(self):
        return set()

    def families(self):
        return self._families

    def measurements(self, device=None):
        return [m for m in self.rows if device in (None, m.target.device)]

    def write_estimates(self, target, batch_size, rows):
        self.kept[target, batch_size] = list(rows)

    def write_predictor(self, target, content):
        self.predictors[target] = content

    def predictor(self, target):
        return self.predictors.get(target)


def _measurement(name, source, key, batch, target, latency_ms, *, scope="forward", grade="A") -> Measurement:
    return Measurement(
        name, source, "timm/any", key[0], key[1], batch, target, latency_ms, None, None, "unstated", "mean", scope, grade, (), "accepted"
    )  # fmt: skip


def changed(row: Measurement, latency_ms: float) -> Measurement:
    """The row with another latency."""
    return replace(row, latency_ms=latency_ms)
