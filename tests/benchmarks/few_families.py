"""Whether intervals from few families hold: `python tests/benchmarks/few_families.py [FAMILIES] [DRAWS]`.

On every target with 15 families or more, all but a few networks of so many families (drawn by their size) are hidden as on a new
device; printed is the share of rows of the other families inside their 90 % interval, families weighing the same. Then the same of
targets with five to fourteen families, each hidden in turn on every device.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from statistics import mean, median

import numpy as np

from advisor.predict import hidden_targets, hiding, one_core
from advisor.predict.hiding import Bench, Hidden
from advisor.workflows.preparing import prepared_store

LEAST_MODELS, LEAST_FAMILIES, OF_A_FAMILY = 25, 15, 5
SMALL_MODELS, SMALL_FAMILIES = 6, range(5, 15)


def draws(bench: Bench, families: int, count: int) -> Iterator[Hidden]:
    """What is said of the networks of all other families."""
    names, sizes = np.unique([bench.family(key) for key in bench.rows], return_counts=True)
    for draw in range(count):
        rng = np.random.default_rng(draw)
        chosen = set(rng.choice(names, families, replace=False, p=sizes / sizes.sum()).tolist())
        shown: list[int] = []
        for name in sorted(chosen):
            mine = [i for key, i in bench.rows.items() if bench.family(key) == name]
            shown += rng.permutation(mine)[:OF_A_FAMILY].tolist()
        others = frozenset(key for key in bench.rows if bench.family(key) not in chosen)
        yield hiding.shown_only(bench, shown, others, f"draw {draw + 1}")


def held(bench: Bench, said: Hidden) -> tuple[float, float]:
    """(share inside, families alike; median factor of the interval)."""
    truth = hiding.measured(bench)
    inside: dict[str, list[bool]] = {}
    for key, quantity in said.said.items():
        inside.setdefault(bench.family(key), []).append(quantity.low <= truth[key].value <= quantity.high)
    return mean(mean(rows) for rows in inside.values()), median(q.high / q.value for q in said.said.values())


def small(benches: list[Bench]) -> None:
    """Of targets whose own families are few."""
    print("| target, each family hidden in turn | families | inside |\n|---|---|---|")
    found: list[float] = []
    for bench in benches:
        if len({bench.family(key) for key in bench.rows}) in SMALL_FAMILIES:
            t, shares = bench.target, [held(bench, said)[0] for said in hiding.families_hidden(bench)]
            found += shares
            print(f"| {t.device}, {t.runtime}, {t.precision} | {len(shares)} | {mean(shares):.2f} |", flush=True)
    print(f"| all | {len(found)} | {mean(found):.2f} |")


def main(families: int = 5, count: int = 6) -> None:
    print(f"| target, {families} families | inside | lowest and highest draw | x/÷ |\n|---|---|---|---|")
    with prepared_store() as store, one_core():
        known = set(store.complexities())
        for bench in hidden_targets(store, known, LEAST_MODELS):
            if len({bench.family(key) for key in bench.rows}) >= LEAST_FAMILIES:
                t, found = bench.target, [held(bench, said) for said in draws(bench, families, count)]
                shares = [inside for inside, _ in found]
                factor = median(width for _, width in found)
                where = f"{t.device}, {t.runtime}, {t.precision}, {t.memory_format}"
                print(
                    f"| {where} | {mean(shares):.2f} | {min(shares):.2f}-{max(shares):.2f} | {factor:.2f} |", flush=True
                )
        small(hidden_targets(store, known, SMALL_MODELS))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
