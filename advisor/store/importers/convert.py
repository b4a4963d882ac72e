"""Makes benchmarks_db/measurements and precision_accuracy.csv from collected source files, for maintainers.

`python -m advisor.store.importers.convert --data DIR --out benchmarks_db`: one CSV per source, in the source's order.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from advisor.records import Measurement, Observation
from advisor.store.importers import interchange, observations, timm
from advisor.store.importers.csvfile import read_rows
from advisor.store.importers.duplicates import find_duplicates
from advisor.store.importers.mapping import Catalogue, Rejection, Resolver
from advisor.store.importers.notes import read_note
from advisor.store.importers.sources import Known
from advisor.store.importers.sources import load as load_sources
from advisor.store.importers.tables import ModelRow, Tables, load_models

OWN = "advisor_"
"""Begins the id of a source that advisor measured itself: written by `python -m advisor.workflows.shipping`."""
MODEL_ONLY = " model only"
"""Suffix of the locator of a second figure that a row prints: the model without the copies."""


@dataclass(slots=True)
class Outcome:
    """What became of the rows of one source; accepted + duplicate + rejected = rows."""

    rows: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    devices: set[str] = field(default_factory=set)
    signatures: set[str] = field(default_factory=set)


def collect(data: Path, known: Known) -> tuple[dict[str, list[Observation]], dict[str, list[str]]]:
    """(observations by source, reasons of the rows that are none by source) of `data`/published and `data`/timm."""
    found: dict[str, list[Observation]] = defaultdict(list)
    refused: dict[str, list[str]] = defaultdict(list)
    for path in sorted((data / "timm").glob("benchmark-infer-*.csv")):
        result = timm.read(path)
        found[timm.SOURCE] += result.observations
        refused[timm.SOURCE] += [reason for _, reason in result.rejected]
    for path in sorted((data / "published").glob("*.csv")):
        result = interchange.read(path, known)
        for seen in result.observations:
            found[seen.source].append(seen)
        refused[path.stem] += [reason for _, reason in result.rejected]
        for seen in model_only(path, known):
            found[seen.source].append(seen)
    return dict(found), {source: reasons for source, reasons in refused.items() if reasons}


def model_only(path: Path, known: Known) -> list[Observation]:
    """Second observations of rows that print the model alone beside the time with copies."""
    alone = []
    for row in read_rows(path, interchange.REQUIRED, interchange.COLUMNS):
        noted = None if row.problem else read_note({**dict.fromkeys(interchange.COLUMNS, ""), **row.cells})
        if noted is None or noted.model_only_ms is None:
            continue
        alone.append(_alone(interchange.observation_of(row.cells, known), noted.model_only_ms, noted.model_only_max_ms))
    return alone


def _alone(first: Observation, latency: float, peak: float | None) -> Observation:
    return observations.make(
        source=first.source, locator=first.locator + MODEL_ONLY, model=first.model, library_hint=first.library_hint,
        device=first.device, runtime=first.runtime, precision=first.precision, batch_size=first.batch_size,
        resolution=first.resolution, latency_ms=latency, statistic="mean", timing_scope="forward",
        power_mode=first.power_mode, quantiles={"max": peak or latency}, note="rounded" if latency < 1 else "",
    )  # fmt: skip


def write_all(found: dict[str, list[Observation]], folder: Path) -> None:
    """Replace the shipped files of published sources by these, each observation once; what advisor measured itself stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.csv"):
        if not stale.name.startswith(OWN):
            stale.unlink()
    for source, seen in sorted(found.items()):
        observations.write(folder / f"{source}.csv", {o.id: o for o in seen}.values())


def outcomes(
    found: dict[str, list[Observation]], refused: dict[str, list[str]], tables: Tables, catalogue: Catalogue
) -> dict[str, Outcome]:
    """What becomes of every row when mapped with these tables, by source."""
    table: dict[str, Outcome] = defaultdict(Outcome)
    for source, reasons in refused.items():
        table[source].rows += len(reasons)
        table[source].rejected.update(reasons)
    resolver = Resolver(tables, catalogue)
    mapped = [m for source, seen in found.items() for m in _mapped(seen, table[source], resolver)]
    repeated = find_duplicates(mapped, tables.sources)
    for measurement in mapped:
        outcome = table[measurement.source]
        if measurement.id in repeated:
            outcome.duplicate += 1
        else:
            outcome.accepted += 1
            outcome.devices.add(measurement.target.device)
            outcome.signatures.add(measurement.signature)
    return dict(table)


def _mapped(all_seen: list[Observation], outcome: Outcome, resolver: Resolver) -> list[Measurement]:
    once = {seen.id: seen for seen in all_seen}
    outcome.rows += len(all_seen)
    outcome.duplicate += len(all_seen) - len(once)
    mapped = []
    for seen in once.values():
        result = resolver.resolve(seen)
        if isinstance(result, Rejection):
            outcome.rejected[result.reason] += 1
        else:
            mapped.append(result)
    return mapped


_FIRST_WEIGHTS = ("torchvision/resnet18", "torchvision/resnet34")
"""Of ArtTRT's models (`Weights.DEFAULT` of torchvision 0.15), those whose default was still the first set."""

Accuracy = tuple[str, str, int, str, str, int, str]


def precision_accuracy(data: Path, models: dict[tuple[str, ...], ModelRow]) -> list[Accuracy]:
    """(model, weights tag, resolution, precision, median top-1, runs, source) of weights evaluated at a reduced precision.

    Only ArtTRT's tables over the full validation set: its weights are the ones torchvision ships.
    """
    seen: dict[tuple[str, str, int, str], list[float]] = defaultdict(list)
    for row in read_rows(data / "published" / "arttrt.csv", interchange.REQUIRED, interchange.COLUMNS):
        cells = row.cells
        model = models.get(("arttrt", cells["model"]))
        full = "file=revision_practica/" in cells["note"] and cells["precision"] != "fp32"
        if model is not None and full and cells["top1"]:
            tag = "IMAGENET1K_V1" if model.model in _FIRST_WEIGHTS else "IMAGENET1K_V2"
            seen[model.model, tag, int(cells["resolution"]), cells["precision"]].append(float(cells["top1"]))
    return [(*key, f"{median(values):.2f}", len(values), "arttrt") for key, values in sorted(seen.items())]


def _write_accuracy(path: Path, rows: list[Accuracy]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("model", "tag", "resolution", "precision", "top1", "runs", "source"))
        writer.writerows(rows)


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with published/ and timm/")
    parser.add_argument(
        "--out", type=Path, required=True, help="benchmarks_db folder; its mapping/ is read, its measurements/ written"
    )
    chosen = parser.parse_args(arguments)
    found, refused = collect(chosen.data, load_sources(chosen.out / "mapping"))
    write_all(found, chosen.out / "measurements")
    accuracies = precision_accuracy(chosen.data, load_models(chosen.out / "mapping"))
    _write_accuracy(chosen.out / "precision_accuracy.csv", accuracies)
    for source in sorted({*found, *refused}):
        kept, without = len(found.get(source, [])), len(refused.get(source, []))
        sys.stdout.write(f"{source}: {kept} observations, {without} rows without figures\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
