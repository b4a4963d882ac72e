"""The only SQL of the project. `open_store` gives a Store; everything else in this package is its inside."""

from advisor.store.store import Store, open_store

__all__ = ["Store", "open_store"]
