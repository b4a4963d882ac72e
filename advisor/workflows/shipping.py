"""Makes shipped evidence of what this home measured, for maintainers.

`python -m advisor.workflows.shipping --source advisor_NAME --device ID --out benchmarks_db`: the numbers as measurements/NAME.csv,
what they were measured with as fingerprints/NAME.json. What the source already has stays, but for what this home measured as well or
better. The source needs its entry in sources.toml and mapping/sources.csv.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from advisor.errors import DataError
from advisor.locations import database, measurements_folder
from advisor.measure.fingerprint import fingerprint, memory_fingerprint
from advisor.measure.journal import Journal
from advisor.records import Device, Observation
from advisor.store import open_store
from advisor.store.importers import observations as shipped_form
from advisor.workflows.recording import OneOfEach, memory_observation, observation, one_of_each

_ORDER = {"accepted": 0, "degraded": 1}
_SUBJECT = (
    "model", "device", "runtime", "precision", "batch_size", "resolution", "memory_format", "power_mode", "threads",
)  # fmt: skip


def best_of(journal: Journal, device: str) -> OneOfEach:
    """Of each subject of a device the number of the best verdict, most launches, newest; memory where it has no number."""
    best = one_of_each(
        journal,
        lambda new, old: _rank(new.verdict.verdict, len(new.launches)) <= _rank(old.verdict.verdict, len(old.launches)),
    )
    return OneOfEach(
        [pair for pair in best.numbers if pair[0].job.device == device],
        [pair for pair in best.weighed if pair[0].job.device == device],
    )


def _rank(verdict: str, launches: int) -> tuple[int, int]:
    """Lower is better: verdict, then launches; memory alone comes last."""
    return _ORDER.get(verdict, len(_ORDER)), -launches


class Kept(NamedTuple):
    """One row of a source, and what it was measured with."""

    seen: Observation
    measured_with: Mapping[str, Any]

    def subject(self) -> tuple[object, ...]:
        """What it is a measurement of; there is one row of each."""
        return self.measured_with["device"]["compute_unit"], *(getattr(self.seen, name) for name in _SUBJECT)

    def rank(self) -> tuple[int, int]:
        """Lower is better."""
        launches = (self.measured_with.get("timing_ms") or {}).get("launches", ())
        return _rank(self.measured_with["verdict"], len(launches))


def rows_of(found: OneOfEach, source: str, device: Device) -> list[Kept]:
    """The rows of a source that one home gives."""
    rows = [Kept(observation(one, threads, source), fingerprint(one, device)) for one, threads in found.numbers]
    weighed = found.weighed
    return rows + [Kept(memory_observation(one, n, source), memory_fingerprint(one, device)) for one, n in weighed]


def read(source: str, out: Path) -> list[Kept]:
    """The rows that a source has; none where its files are not there yet. Raises DataError where they are not as written, OSError."""
    table, prints = _files(source, out)
    if not table.exists():
        return []
    found = shipped_form.read(table)
    if found.rejected:
        line, reason = found.rejected[0]
        raise DataError(f"{table}:{line}: {reason}")
    of_result = _prints(prints)
    missing = [seen.locator for seen in found.observations if seen.locator not in of_result]
    if missing:
        raise DataError(f"{prints} has nothing of result {missing[0]}, which {table} has")
    return [Kept(seen, of_result[seen.locator]) for seen in found.observations]


def _prints(path: Path) -> dict[str, Mapping[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = [content["shared"] | one for one in content["numbers"]]
        return {one["result_id"]: one for one in found}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no file of fingerprints: {error!r}") from error


def joined(earlier: Sequence[Kept], now: Sequence[Kept]) -> list[Kept]:
    """One row of each subject: that of now unless the earlier one is of a better verdict or of more launches."""
    chosen = {row.subject(): row for row in earlier}
    for row in now:
        before = chosen.get(row.subject())
        if before is None or row.rank() <= before.rank():
            chosen[row.subject()] = row
    return sorted(chosen.values(), key=lambda row: (row.seen.runtime, row.seen.model, row.seen.batch_size, row.seen.id))


def write(rows: Sequence[Kept], source: str, out: Path) -> None:
    """Both files of a source. Raises OSError."""
    table, prints = _files(source, out)
    shipped_form.write(table, [row.seen for row in rows])
    prints.parent.mkdir(exist_ok=True)
    prints.write_text(_compact([row.measured_with for row in rows]), encoding="utf-8")


def _files(source: str, out: Path) -> tuple[Path, Path]:
    return out / "measurements" / f"{source}.csv", out / "fingerprints" / f"{source}.json"


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
    now = rows_of(best_of(Journal(measurements_folder()), asked.device), asked.source, device)
    write(joined(read(asked.source, asked.out), now), asked.source, asked.out)


if __name__ == "__main__":
    main()
