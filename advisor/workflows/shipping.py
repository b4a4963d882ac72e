"""Makes shipped evidence of what this home measured, for maintainers.

`python -m advisor.workflows.shipping --source advisor_NAME --out benchmarks_db`: the numbers as measurements/NAME.csv, what they were
measured with as fingerprints/NAME.json. The source needs its entry in sources.toml and mapping/sources.csv.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from advisor.locations import database, measurements_folder
from advisor.measure.fingerprint import fingerprint, memory_fingerprint
from advisor.measure.journal import Journal
from advisor.measure.published import Published, Weighed
from advisor.records import Device
from advisor.store import open_store
from advisor.store.importers import observations as shipped_form
from advisor.workflows.recording import OneOfEach, memory_observation, observation, one_of_each

Kept = TypeVar("Kept", Published, Weighed)
_ORDER = {"accepted": 0, "degraded": 1}


def best_of(journal: Journal, device: str) -> OneOfEach:
    """Of each subject of a device the number of the best verdict, most launches, newest; memory where it has no number."""
    best = one_of_each(journal, lambda new, old: _rank(new) <= _rank(old))
    return OneOfEach(_in_order(best.numbers, device), _in_order(best.weighed, device))


def _in_order(found: Sequence[tuple[Kept, int]], device: str) -> list[tuple[Kept, int]]:
    mine = [pair for pair in found if pair[0].job.device == device]
    return sorted(mine, key=lambda pair: (pair[0].job.runtime, pair[0].job.model, pair[0].job.batch_size))


def _rank(number: Published) -> tuple[int, int]:
    return _ORDER[number.verdict.verdict], -len(number.launches)


def write(found: OneOfEach, source: str, device: Device, out: Path) -> None:
    """Both files of a source. Raises OSError."""
    seen = [observation(number, threads, source) for number, threads in found.numbers]
    seen += [memory_observation(one, threads, source) for one, threads in found.weighed]
    shipped_form.write(out / "measurements" / f"{source}.csv", seen)
    folder = out / "fingerprints"
    folder.mkdir(exist_ok=True)
    prints = [fingerprint(number, device) for number, _ in found.numbers]
    prints += [memory_fingerprint(one, device) for one, _ in found.weighed]
    (folder / f"{source}.json").write_text(_compact(prints), encoding="utf-8")


def _compact(found: Sequence[Mapping[str, Any]]) -> str:
    """What all have in common once, then a line for each number."""
    names = dict.fromkeys(name for one in found for name in one)
    shared = {n: found[0][n] for n in names if all(one.get(n) == found[0].get(n) for one in found)}
    lines = [json.dumps({n: v for n, v in one.items() if n not in shared}, separators=(",", ":")) for one in found]
    return f'{{"shared": {json.dumps(shared, indent=1)},\n"numbers": [\n' + ",\n".join(lines) + "\n]}\n"


def main() -> None:
    """The command line of maintainers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="id of the source, beginning with advisor_")
    parser.add_argument("--device", required=True, help="profile that was measured")
    parser.add_argument("--out", type=Path, required=True, help="benchmarks_db")
    asked = parser.parse_args()
    with open_store(database()) as store:
        device = store.device(asked.device)
    write(best_of(Journal(measurements_folder()), asked.device), asked.source, device, asked.out)


if __name__ == "__main__":
    main()
