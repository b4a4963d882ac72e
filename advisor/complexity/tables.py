"""Reads timm's result tables: which models and resolutions they name, and the accuracy per weights. Pure text, no torch."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from advisor.errors import DataError

ACCURACY = {
    "top1": "results-imagenet.csv",
    "real_top1": "results-imagenet-real.csv",
    "v2_top1": "results-imagenetv2-matched-frequency.csv",
    "a_top1": "results-imagenet-a.csv",
    "r_top1": "results-imagenet-r.csv",
    "sketch_top1": "results-sketch.csv",
}
"""Column of the weights table -> the file that holds that test set's top-1, in percent."""


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def named(folder: Path) -> dict[str, dict[int, int]]:
    """Architecture -> resolution -> how many rows name it in the benchmark and accuracy tables, less timm's test models."""
    found: dict[str, dict[int, int]] = {}
    for model, resolution in _mentions(folder):
        if not model.startswith("test_"):
            sizes = found.setdefault(model.partition(".")[0], {})
            sizes[resolution] = sizes.get(resolution, 0) + 1
    if not found:
        raise DataError(f"no benchmark-*.csv or results-imagenet.csv in {folder}")
    return found


def _mentions(folder: Path) -> Iterator[tuple[str, int]]:
    for path in sorted(folder.glob("benchmark-*.csv")):
        for row in _rows(path):
            yield row["model"], int(float(row["infer_img_size"]))
    for row in _rows(folder / ACCURACY["top1"]):
        yield row["model"], int(row["img_size"])


def accuracies(folder: Path) -> dict[tuple[str, int], dict[str, float]]:
    """(arch.tag, resolution) -> accuracy in percent per test set, joined at the same resolution."""
    table: dict[tuple[str, int], dict[str, float]] = {}
    for column, name in ACCURACY.items():
        for row in _rows(folder / name):
            key = (row["model"], int(row["img_size"]))
            if column == "top1":
                table[key] = {"top1": float(row["top1"]), "top5": float(row["top5"])}
            elif key in table:
                table[key][column] = float(row["top1"])
    return table


def further_sizes(path: Path) -> dict[str, set[int]]:
    """`library/name` -> resolutions that other sources measured, from a CSV with the columns model and resolution."""
    sizes: dict[str, set[int]] = {}
    for row in _rows(path):
        sizes.setdefault(row["model"], set()).add(int(row["resolution"]))
    return sizes
