"""The facade over the database: one method per question the layers above ask. Decides nothing.

Modules that an answer does not need are imported where they are used, so that answering stays quick.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from advisor.store import candidates, estimates, profiles
from advisor.store.connection import back_up, connect, transaction, translated

if TYPE_CHECKING:
    from types import TracebackType

    from advisor.records import (
        Candidate,
        Complexity,
        Device,
        Estimate,
        Makeup,
        Measurement,
        Model,
        Observation,
        Rated,
        Target,
        Weights,
    )
    from advisor.store.candidates import PowerRow


class Store:
    """An open database. Use as a context manager; raises StoreError for anything SQLite refuses."""

    def __init__(self, path: str, db: sqlite3.Connection, writable: bool) -> None:
        self.path = path
        self.db = db
        """For the modules of this package only."""
        self.writable = writable
        """False on read-only media: nothing can be kept, answers still work."""

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all or nothing. Inside another one it joins that."""
        with translated(self.path):
            if self.db.in_transaction:
                yield
            else:
                with transaction(self.db):
                    yield

    def copy_to(self, path: str) -> None:
        """Write a copy of the whole database. Raises StoreError."""
        with translated(path):
            back_up(self.db, path)

    def meta(self, key: str) -> str | None:
        """A setting of the database itself, or None."""
        with translated(self.path):
            row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Remember a setting."""
        with self.writing():
            self.db.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
            )

    def forget_meta(self, key: str) -> None:
        """Forget a setting."""
        with self.writing():
            self.db.execute("DELETE FROM meta WHERE key = ?", (key,))

    # What an answer asks.

    def device(self, name: str) -> Device:
        """The profile with exactly this id, name or alias. Raises UnknownName, UsageError."""
        return profiles.find_device(self.db, name)

    def devices(self) -> list[Device]:
        """All profiles."""
        return profiles.all_devices(self.db)

    def device_ids(self, family: str) -> list[str]:
        """Ids of the profiles of a family, e.g. `jetson`."""
        return profiles.ids_of_family(self.db, family)

    def candidates(self, target: Target, batch_size: int) -> list[Candidate]:
        """Weights with a known top-1, joined with the materialised estimates of their architecture."""
        return candidates.candidates(self.db, target, batch_size)

    def candidates_of(self, target: Target, batch_size: int, signature: str) -> list[Candidate]:
        """The candidates of one architecture."""
        return candidates.candidates_of(self.db, target, batch_size, signature)

    def makeup(self, model: str, resolution: int) -> Makeup | None:
        """What a model is made of at a resolution, by class of operator."""
        return candidates.makeup(self.db, model, resolution)

    def precision_accuracies(self, precision: str) -> dict[tuple[str, str, int], tuple[float, str]]:
        """(model, weights tag, resolution) -> (top-1 percent, source) observed at this precision."""
        return candidates.precision_accuracies(self.db, precision)

    def accuracies(self, column: str) -> dict[tuple[str, str, int], tuple[float, str]]:
        """(model, weights tag, resolution) -> (percent, source) on another test set. Raises DataError for no such column."""
        return candidates.accuracies(self.db, column)

    def precision_doubts(self, runtime: str, precision: str) -> dict[str, str]:
        """Family -> why its accuracy is in doubt at a precision in a runtime."""
        return candidates.precision_doubts(self.db, runtime, precision)

    def power(self, target: Target, batch_size: int) -> list[PowerRow]:
        """Metered power on a target at a batch size, best documented first."""
        return candidates.power(self.db, target, batch_size)

    def has_estimates(self, target: Target, batch_size: int, signature: str | None = None) -> bool:
        """Whether estimates of a target at a batch size were kept: of the whole catalogue, or of one architecture."""
        return estimates.has_estimates(self.db, target, batch_size, signature)

    def estimates(self, target: Target, batch_size: int) -> list[Estimate]:
        """Materialised estimates; empty where none were computed."""
        return estimates.read_estimates(self.db, target, batch_size)

    def estimate(self, target: Target, batch_size: int, signature: str, resolution: int) -> Estimate | None:
        """One materialised estimate, or None."""
        return estimates.read_estimate(self.db, target, batch_size, signature, resolution)

    # What predictors read and write.

    def write_estimates(self, target: Target, batch_size: int, rows: Iterable[Estimate]) -> None:
        """Replace the estimates of a target at a batch size."""
        with self.writing():
            estimates.EstimateWriter(self.db).write(target, batch_size, rows)

    def add_estimates(self, target: Target, batch_size: int, rows: Iterable[Estimate]) -> None:
        """Keep estimates of some architectures beside those of others."""
        with self.writing():
            estimates.EstimateWriter(self.db).add(target, batch_size, rows)

    def write_predictor(self, target: Target, content: Mapping[str, Any]) -> None:
        """Keep a fitted predictor."""
        with self.writing():
            estimates.write_predictor(self.db, target, content)

    def predictor(self, target: Target) -> dict[str, Any] | None:
        """The fitted predictor of a target, or None."""
        return estimates.read_predictor(self.db, target)

    def evidence_state(self) -> str:
        """A digest of which measurements there are: another one means that something was added or taken away."""
        from hashlib import sha256  # for fitting only

        with translated(self.path):
            ids = self.db.execute("SELECT id FROM measurements ORDER BY id")
            return sha256("".join(row[0] for row in ids).encode()).hexdigest()[:16]

    def forget_estimates(self, keep: Collection[Target] = ()) -> None:
        """Drop all estimates and predictors, those of some targets aside."""
        with self.writing():
            estimates.forget(self.db, keep)

    # The catalogue.

    def models(self) -> list[Model]:
        """All registered models."""
        from advisor.store import catalogue

        return catalogue.all_models(self.db)

    def model(self, name: str) -> Model:
        """One model by full, bare or deprecated name. Raises UnknownName."""
        from advisor.store import catalogue

        return catalogue.find_model(self.db, name)

    def weights(self, model: str) -> list[Weights]:
        """All weights of a model."""
        from advisor.store import catalogue

        return catalogue.weights_of(self.db, model)

    def best_weights(self) -> dict[str, Weights]:
        """Model -> its most accurate weights."""
        from advisor.store import catalogue

        return catalogue.best_weights(self.db)

    def complexities(self) -> dict[tuple[str, int], Complexity]:
        """(signature, resolution) -> complexity."""
        from advisor.store import catalogue

        return catalogue.complexities(self.db)

    def complexity(self, signature: str) -> dict[int, Complexity]:
        """Resolution -> complexity of one architecture."""
        from advisor.store import catalogue

        return catalogue.complexity_of(self.db, signature)

    def families(self) -> dict[str, str]:
        """Signature -> family."""
        from advisor.store import catalogue

        return catalogue.families(self.db)

    def only_timm(self) -> set[str]:
        """Signatures of the architectures that torchvision does not define."""
        from advisor.store import catalogue

        return catalogue.only_timm(self.db)

    def rated(self) -> list[Rated]:
        """Every set of weights with a known accuracy, with the complexity of its architecture at that resolution."""
        from advisor.store import catalogue

        return catalogue.rated(self.db)

    def parameters(self) -> dict[str, int]:
        """Signature -> number of parameters."""
        from advisor.store import catalogue

        return catalogue.parameters(self.db)

    def add_device(self, device: Device) -> None:
        """Insert or replace a profile."""
        with self.writing():
            profiles.write_devices(self.db, [device])

    # The evidence.

    def measurements(self, device: str | None = None) -> list[Measurement]:
        """Accepted measurements, of one device if given."""
        from advisor.store import evidence

        return evidence.measurements(self.db, device)

    def observations(self, origin: str | None = None, outcome: str | None = None) -> Iterator[Observation]:
        """Stored observations."""
        from advisor.store import evidence

        return evidence.observations(self.db, origin, outcome)

    def forget_observations(self, source: str, chosen: Callable[[Observation], bool]) -> int:
        """Remove the chosen observations of a source of the user's own, with their measurements; returns how many."""
        from advisor.store import evidence

        with self.writing():
            return evidence.forget(self.db, source, chosen)

    def tail_ratios(self, kind: str, runtime: str, statistic: str) -> list[tuple[float, str]]:
        """(tail / typical latency, source) on one kind of device and runtime."""
        from advisor.store import evidence

        return evidence.tail_ratios(self.db, kind, runtime, statistic)

    def measurements_per_device(self) -> dict[str, int]:
        """Device id -> number of measurements."""
        from advisor.store import evidence

        return evidence.per_device(self.db)

    def measured_ways(self) -> set[tuple[str, str, str, str, str, int]]:
        """(device, compute unit, runtime, precision, memory format, threads) that have measurements."""
        from advisor.store import evidence

        return evidence.ways(self.db)

    def measured_targets(self, device: str) -> list[tuple[str, int]]:
        """(target in words, measurements) of a device."""
        from advisor.store import evidence

        return evidence.targets_of(self.db, device)


def open_store(path: str) -> Store:
    """Open (creating or upgrading) the database at `path`. Raises StoreError."""
    db, writable = connect(path)
    return Store(path, db, writable)
