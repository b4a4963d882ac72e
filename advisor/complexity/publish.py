"""Writes the catalogue's tables from the results of the traces. Text only; the same results give the same bytes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from advisor import zoo
from advisor.complexity.caching import RESERVED
from advisor.complexity.shipped import COLUMNS, layers_path
from advisor.complexity.work import compact
from advisor.errors import DataError
from advisor.records import Complexity, Model, Weights

Row = Mapping[str, str]
_PEAKS = ("peak_live_bytes_b1", "peak_live_bytes_b8")


def write(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """One CSV with a header and Unix line ends; returns the number of rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(listed)
    return len(listed)


def publish(
    work: Path, out: Path, dropped: Mapping[str, str], accuracy: Mapping[tuple[str, int], Mapping[str, float]]
) -> dict[str, int]:
    """Write all tables from what has been traced so far; returns the rows of each."""
    results = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(work.glob("*.json"))]
    results.sort(key=lambda r: (not r["name"].startswith("torchvision/"), r["name"]))
    traced = _without_echoes([r for r in results if r["rows"]])
    models = [_model(r) for r in traced]
    lost = {**dropped, **{r["name"]: _why(r) for r in results if not r["rows"]}, **_refusals(traced)}
    return {
        "models": write(out / "models.csv", [f.name for f in fields(Model)], models),
        "complexity": write(out / "complexity.csv", [f.name for f in fields(Complexity)], _complexities(traced)),
        "aliases": write(out / "aliases.csv", ("alias", "name", "reason"), _aliases({m["name"] for m in models})),
        "dropped": write(out / "dropped.csv", ("name", "reason"), _dropped(lost)),
        "weights": write(
            out / "weights.csv", [f.name for f in fields(Weights)], _weights([m["name"] for m in models], accuracy)
        ),
        "layers": sum(_write_layers(r, out) for r in traced),
    }


def _without_echoes(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out deployed forms that are the model itself: nothing in it was merged."""
    signatures = {r["name"]: r["signature"] for r in results}
    return [r for r in results if r["signature"] != signatures.get(r["name"].removesuffix(zoo.REPARAM)) or _plain(r)]


def _plain(result: Mapping[str, Any]) -> bool:
    return not result["name"].endswith(zoo.REPARAM)


def _model(result: Mapping[str, Any]) -> dict[str, str]:
    name = result["name"]
    return {
        "name": name,
        "library": name.partition("/")[0],
        "family": result["family"],
        "signature": result["signature"],
        "default_resolution": str(result["default_resolution"]),
        "fixed_resolution": str(int(result["fixed_resolution"])),
    }


def _complexities(results: Iterable[Mapping[str, Any]]) -> list[Row]:
    """One row per architecture and resolution; of twins the first (torchvision before timm) with the larger peak.

    Twins differ in how long their code keeps tensors alive; the larger peak keeps an answer on the safe side.
    """
    table: dict[tuple[str, str], dict[str, str]] = {}
    for result in results:
        for row in result["rows"]:
            kept = table.setdefault((row["signature"], row["resolution"]), dict(row))
            for peak in _PEAKS:
                kept[peak] = str(max(int(kept[peak]), int(row[peak])))
            kept["extras"] = _larger(kept["extras"], row["extras"])
    return [table[key] for key in sorted(table, key=lambda k: (k[0], int(k[1])))]


def _larger(kept: str, other: str) -> str:
    """The further features of one twin, with the larger of what both reserve on a GPU. Raises DataError where a trace has none."""
    mine, theirs = json.loads(kept), json.loads(other)
    if not RESERVED.keys() <= mine.keys() & theirs.keys():
        raise DataError("results of an older trace lack what is reserved on a GPU: trace into another --work folder")
    return compact(mine | {name: max(mine[name], theirs[name]) for name in RESERVED})


def _aliases(known: set[str]) -> list[Row]:
    return [
        {"alias": old, "name": zoo.canonical(new), "reason": f"deprecated by timm, now {new.partition('/')[2]}"}
        for old, new in sorted(zoo.aliases().items())
        if zoo.canonical(new) in known
    ]


def _why(result: Mapping[str, Any]) -> str:
    return f"cannot be traced: {next(iter(result['failures'].values()), 'no resolution')}"


def _refusals(results: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Resolutions that a model in the catalogue refuses, as `name@resolution`."""
    return {f"{r['name']}@{size}": f"refused: {why}" for r in results for size, why in r["failures"].items()}


def _dropped(lost: Mapping[str, str]) -> list[Row]:
    return [{"name": name, "reason": lost[name]} for name in sorted(lost)]


def _weights(models: Sequence[str], accuracy: Mapping[tuple[str, int], Mapping[str, float]]) -> list[Row]:
    """Accuracy per weights and resolution; merging branches does not change what is computed, so that it carries over."""
    known = set(models)
    vision = [w for n in models if n.startswith("torchvision/") for w in zoo.weights(n)]
    plain = [_timm_weights(f"timm/{t}", size, accuracy[t, size]) for t, size in sorted(accuracy)]
    merged = [replace(w, model=w.model + zoo.REPARAM) for w in plain]
    return [_text(w) for w in (*vision, *plain, *merged) if w.model in known]


def _timm_weights(name: str, resolution: int, accuracy: Mapping[str, float]) -> Weights:
    known = zoo.has_tag(name)
    columns = ("top1", "top5", "real_top1", "v2_top1", "a_top1", "r_top1", "sketch_top1")
    return Weights(
        model=name.partition(".")[0],
        tag=name.partition(".")[2],
        resolution=resolution,
        **{column: accuracy.get(column) for column in columns},
        license=zoo.license_of(name) if known else "unknown",
        train_resolution=zoo.train_resolution(name) if known else None,
        source="timm-results",
    )


def _text(weights: Weights) -> Row:
    return {name: "" if value is None else str(value) for name, value in asdict(weights).items()}


def _write_layers(result: Mapping[str, Any], out: Path) -> int:
    if not result["layers"]:
        return 0
    return write(layers_path(result["name"], out), COLUMNS, result["layers"])
