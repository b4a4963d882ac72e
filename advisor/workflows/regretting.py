"""evaluate --regret: what decisions cost where measurements are hidden, beside the rules people use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from advisor.errors import NotEnoughEvidence
from advisor.recommend import regret
from advisor.recommend.confirming import Key
from advisor.recommend.regret import Case, Outcome, Regret, Rule
from advisor.records import Candidate
from advisor.store import Store
from advisor.workflows.choosing import chosen_device
from advisor.workflows.preparing import Progress, prepared_store, silent

if TYPE_CHECKING:
    from advisor.predict.hiding import Bench, Hidden

LEAST_MODELS, ENOUGH_TO_HIDE = 25, 400
"""Measured models from which a device takes part, and from which it is hidden as a whole."""
CALIBRATION, DRAWS = 10, 20
FAMILY, DECIDED, EVERY_FAMILY = "a family hidden", "a family hidden that decides", "every family hidden"
NEW_DEVICE = "new device, {} models measured"


def decision_regret(
    *, device: str | None = None, measured: int = CALIBRATION, on_progress: Progress = silent
) -> list[Regret]:
    """Points of top-1 lost and budgets broken per target and way of hiding; `measured` models are known of a new device.

    Raises NotEnoughEvidence.
    """
    from advisor.predict import hidden_targets, one_core

    with prepared_store(on_progress) as store, one_core():
        chosen = None if device is None else chosen_device(store, device)[0].id
        rows = _candidates(store)
        benches = [
            bench
            for bench in hidden_targets(store, {_key(row) for row in rows}, LEAST_MODELS)
            if chosen in (None, bench.target.device)
        ]
        if not benches:
            raise NotEnoughEvidence(
                f"no target of {chosen or 'any device'} has {LEAST_MODELS} measured models with known accuracy: "
                "measure more with 'advisor measure --all', or bring figures with 'advisor db import'"
            )
        return [found for bench in benches for found in _of_target(bench, rows, measured, on_progress)]


def _key(row: Candidate) -> Key:
    return row.signature, row.resolution


def _candidates(store: Store) -> list[Candidate]:
    """Weights with their accuracy; latency is replaced and memory is not bounded here."""
    target = store.devices()[0].default_target
    return [row._replace(memory_mib=None) for row in store.candidates(target, 1)]


def _of_target(bench: Bench, rows: Sequence[Candidate], measured: int, on_progress: Progress) -> Iterator[Regret]:
    from advisor.predict import hiding

    where = f"{bench.target.device} {bench.target.runtime} {bench.target.memory_format}"
    on_progress(f"{where}, families hidden")
    yield from _Trial(bench, rows).families(list(hiding.families_hidden(bench)))
    for one in hiding.in_each_software(bench, {_key(row) for row in rows}, ENOUGH_TO_HIDE):
        on_progress(f"{where} {one.target.software} as a new device")
        draws = list(hiding.as_new_device(one, measured, DRAWS))
        yield _Trial(one, rows).new_device(NEW_DEVICE.format(measured), draws, hiding.nearest(one))


class _Trial:
    """The rules, tried on one target; what was measured counts as exact."""

    def __init__(self, bench: Bench, rows: Iterable[Candidate]) -> None:
        from advisor.predict import hiding

        known = hiding.measured(bench)
        self._truth = {key: one._replace(low=one.value, high=one.value) for key, one in known.items()}
        self._bench, self._rows = bench, regret.best_weights(rows, self._truth)
        self._own: dict[str, Rule] = {
            regret.OWN: regret.ours,
            regret.CONFIRMED: regret.confirmed,
            "interval ignored": regret.certain,
        }
        self._macs: dict[str, Rule] = {"limit in MACs": regret.table({_key(row): float(row.macs) for row in rows})}

    def families(self, hidden: Sequence[Hidden]) -> Iterator[Regret]:
        """One at a time, then all at once: every candidate as it is predicted without its family."""
        found = self._tried(hidden, self._own)
        yield self._summed(FAMILY, len(hidden), found)
        decided = [one for one in found if any(outcome.hidden for outcome in one.values())]
        yield self._summed(DECIDED, len(hidden), decided)
        said = {key: quantity for one in hidden for key, quantity in one.said.items()}
        everything = hidden[0]._replace(label="", hidden=frozenset(said), said=said)
        yield self._summed(EVERY_FAMILY, 1, self._tried([everything], self._own | self._macs))

    def new_device(self, setting: str, hidden: Sequence[Hidden], nearest: Mapping[Key, float]) -> Regret:
        """All but a few models hidden."""
        bolder = {f"advisor at {confidence:.0%}": regret.at(confidence) for confidence in regret.BOLDER}
        rules = self._own | bolder | self._macs
        if nearest:
            rules["nearest device's table, scaled"] = regret.table(nearest)
        return self._summed(setting, len(hidden), self._tried(hidden, rules))

    def _tried(self, hidden: Sequence[Hidden], rules: Mapping[str, Rule]) -> list[dict[str, Outcome]]:
        found = []
        for one in hidden:
            rows = regret.believed(self._rows, self._truth, one.said)
            known = frozenset(self._truth) - one.hidden
            for budget in regret.budgets(self._truth.values()):
                found.append(regret.outcomes(Case(self._bench.target, rows, known, self._truth, budget), rules))
        return [one for one in found if one]

    def _summed(self, setting: str, hidden: int, found: Sequence[Mapping[str, Outcome]]) -> Regret:
        return regret.regret(setting, self._bench.target, len(self._rows), hidden, found)
