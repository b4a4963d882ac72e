"""How far the first tie group depends on the noise of the evidence: `python tests/benchmarks/stability.py [DEVICE ...]`.

Every measured latency is drawn anew from its noise, the predictors are fitted to that, and the question is asked again: 19 latency
budgets, at the 5th to 95th percentile of what the device takes. Prints the mean Jaccard similarity of first tie groups.
The noise is what another day of the same machine repeats; with `--noise grade` also, in each row by itself, what its source left unsaid.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import mean, quantiles

from advisor.predict.answers import _NOISE_BY_GRADE, _REPEATS
from advisor.predict.predictor import build
from advisor.predict.workbench import Workbench
from advisor.recommend.budgets import Budgets
from advisor.recommend.ranking import Question, standing
from advisor.recommend.scoring import Known, score
from advisor.records import Candidate, Measurement, Target
from advisor.store import Store
from advisor.workflows.answering import ensure_estimates
from advisor.workflows.preparing import prepared_store

_Z90 = 1.6449
DEVICES = ("jetson-orin-nano-8gb", "jetson-agx-orin-64gb", "raspberry-pi-4b", "intel-i9-10940x", "rtx-3090", "rtx-4090")
RESAMPLES = 5


class Resampled:
    """A store whose measurements are drawn from their noise; everything else is the store's."""

    def __init__(self, store: Store, seed: int, noise: str) -> None:
        self._store = store
        self._seed = seed
        self._whole = noise == "grade"

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def measurements(self, device: str | None = None) -> list[Measurement]:
        return [self._drawn(m) for m in self._store.measurements(device)]

    def _drawn(self, m: Measurement) -> Measurement:
        if m.latency_ms is None:
            return m
        half_width = _NOISE_BY_GRADE[m.grade] if self._whole else _REPEATS
        own = random.Random(f"{self._seed} {m.id}")  # so that further evidence leaves the other draws as they are
        factor = math.exp(own.gauss(0.0, half_width / _Z90))
        flow = None if m.throughput_img_s is None else m.throughput_img_s / factor
        quantiles = {name: value * factor for name, value in m.quantiles.items()}
        return replace(m, latency_ms=m.latency_ms * factor, throughput_img_s=flow, quantiles=quantiles)


def first_groups(rows: Sequence[Candidate], target: Target, budgets: Sequence[float]) -> Iterator[set[str]]:
    """Signatures of the first tie group at each latency budget."""
    for bound in budgets:
        question = Question(target, 1, Budgets(max_latency_ms=bound))
        yield {i.row.signature for i in standing(score(rows, question.budgets, 1, Known()), question).tied()}


def refitted(store: Store, target: Target, rows: Sequence[Candidate], seed: int, noise: str) -> list[Candidate]:
    """The candidates as they would be, had the noise of every measurement fallen otherwise."""
    bench = Workbench.of(Resampled(store, seed, noise))
    predictor = build(bench.cross, store.device(target.device), target)
    found = {(e.signature, e.resolution): e for e in bench.estimates(predictor, 1)}
    return [_with(row, found[row.signature, row.resolution]) for row in rows]


def _with(row: Candidate, estimate) -> Candidate:
    q = estimate.latency
    return row._replace(
        latency_ms=q and q.value, latency_low=q and q.low, latency_high=q and q.high,
        extrapolated=bool(q and q.extrapolated), throughput_img_s=estimate.throughput_img_s,
    )  # fmt: skip


def jaccards(store: Store, device: str, seeds: Sequence[int], noise: str = "repeat") -> list[float]:
    """Similarity of the first tie groups before and after, for each resample and budget at which anything fits."""
    target = store.device(device).default_target
    ensure_estimates(store, target, 1)
    rows = store.candidates(target, 1)
    budgets = quantiles([r.latency_ms for r in rows if r.latency_ms is not None], n=20)
    before = list(first_groups(rows, target, budgets))
    found = []
    for seed in seeds:
        after = first_groups(refitted(store, target, rows, seed, noise), target, budgets)
        found += [len(a & b) / len(a | b) for a, b in zip(before, after, strict=True) if a | b]
    return found


def main() -> None:
    """Print one line per device and the mean of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("devices", nargs="*", default=DEVICES)
    parser.add_argument("--noise", choices=["repeat", "grade"], default="repeat")
    options = parser.parse_args()
    everything: list[float] = []
    with prepared_store() as store:
        for device in options.devices:
            found = jaccards(store, device, range(RESAMPLES), options.noise)
            everything += found
            print(f"{device}: {mean(found):.2f} over {len(found)} questions", flush=True)
    print(f"all: {mean(everything):.2f}")


if __name__ == "__main__":
    main()
