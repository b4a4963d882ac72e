"""Opens the home's database, building or refreshing it from the shipped data first where needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from advisor.errors import DataError, StoreError
from advisor.locations import database, shipped, user_profiles
from advisor.records import Target
from advisor.store import Store, open_store
from advisor.store.manifest import PREDICTORS, recorded

if TYPE_CHECKING:
    from pathlib import Path

Progress = Callable[[str], None]


def silent(_: str) -> None:
    """The progress callback of who does not want to hear."""


def prepared_store(on_progress: Progress = silent) -> Store:
    """The database, up to date with the shipped data. The caller closes it. Raises StoreError, DataError."""
    store = open_store(database())
    try:
        digest, fitted = recorded()
        if store.meta("shipped") != f"{digest} {fitted}":
            _prepare(store, digest, fitted, on_progress)
    except BaseException:
        store.db.close()
        raise
    return store


def copied_home(folder: Path, on_progress: Progress = silent) -> None:
    """Make a folder a home with a copy of this home's database. Raises StoreError."""
    with prepared_store(on_progress) as store:
        store.copy_to(os.path.join(folder, os.path.basename(database())))


def _check_settings(store: Store, on_progress: Progress) -> None:
    """Drop tuned settings of another version, which would stop every fit, and say so."""
    from advisor.predict.workbench import SETTINGS, kept_settings

    try:
        kept_settings(store)
    except DataError:
        on_progress("without the settings that were tuned for another version; 'advisor fit --tune 20' searches again")
        store.forget_meta(SETTINGS)


def _prefitted(store: Store, digest: str) -> dict[Target, Mapping[str, Any]]:
    """The shipped predictors, where the database holds nothing but the shipped evidence and no settings of its own."""
    from advisor.predict.prefitted import load
    from advisor.predict.workbench import SETTINGS

    own = next(iter(store.observations(origin="user")), None)
    return load(shipped("benchmarks_db") / PREDICTORS, digest) if own is None and store.meta(SETTINGS) is None else {}


def _prepare(store: Store, digest: str, fitted: str, on_progress: Progress) -> None:
    if not store.writable:
        raise StoreError(
            f"{store.path} was built by another version and cannot be written; set ADVISOR_HOME to a writable folder"
        )
    from advisor.devices import shipped_profiles, user_devices
    from advisor.predict import fit
    from advisor.store.seeding import seed

    with store.writing():
        if store.meta("shipped") == f"{digest} {fitted}":  # another process did it while this one waited
            return
        devices = [*shipped_profiles(), *user_devices(user_profiles())]
        seed(store, shipped("benchmarks_db"), devices, on_progress)
        _check_settings(store, on_progress)
        given = _prefitted(store, digest)
        on_progress(
            "predictions" if given else "predictions, fitted anew with your evidence or settings: about a minute"
        )
        fit(store, given=given)
        store.set_meta("shipped", f"{digest} {fitted}")
