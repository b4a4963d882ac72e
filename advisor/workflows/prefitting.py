"""The command `python -m advisor.workflows.prefitting`: fits the shipped evidence anew and writes the predictors that are shipped.

To be run after the evidence, the profiles, the catalogue or the model of latency changed; about a minute.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from advisor.devices import shipped_profiles
from advisor.locations import shipped
from advisor.predict import fit
from advisor.predict.prefitted import save
from advisor.store import manifest, open_store
from advisor.store.seeding import seed
from advisor.workflows.preparing import Progress


def main() -> int:
    """Write benchmarks_db/predictors.jsonl.gz; returns the exit code."""
    count = prefit(shipped("benchmarks_db") / manifest.PREDICTORS, lambda said: print(said, file=sys.stderr))
    print(f"{count} predictors")
    return 0


def prefit(path: Path, on_progress: Progress) -> int:
    """Fit the default targets of the shipped profiles in a database of its own; returns how many predictors were written.

    The manifest is written anew, so that existing homes take them over.
    """
    devices = shipped_profiles()
    with tempfile.TemporaryDirectory() as folder, open_store(f"{folder}/advisor.db") as store:
        with store.writing():
            seed(store, shipped("benchmarks_db"), devices, on_progress)
            fit(store, on_progress=on_progress)
        found = [store.predictor(device.default_target) for device in sorted(devices, key=lambda device: device.id)]
    contents = [content for content in found if content is not None]
    save(path, manifest.compute(), contents)
    manifest.write()
    return len(contents)


if __name__ == "__main__":
    sys.exit(main())
