"""Reads the per-layer tables that are shipped as text. Needs no torch."""

from __future__ import annotations

import csv
from dataclasses import fields
from pathlib import Path

from advisor.errors import DataError
from advisor.locations import shipped
from advisor.records import Layer

COLUMNS = tuple(f.name for f in fields(Layer))


def layers_path(model: str, folder: Path | None = None) -> Path:
    """Where the table of `library/name` is or would be."""
    library, _, name = model.partition("/")
    base = shipped("benchmarks_db") / "catalogue" if folder is None else folder
    return base / "layers" / library / f"{name}.csv"


def shipped_layers(model: str) -> list[Layer] | None:
    """Operators of `library/name` at its default resolution and batch 1; None where no table is shipped."""
    path = layers_path(model)
    if not path.is_file():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        try:
            return [_layer(row) for row in csv.DictReader(file)]
        except (KeyError, ValueError) as error:
            raise DataError(f"{path} is not a table of layers: {error}") from error


def layer_row(layer: Layer) -> dict[str, str]:
    """The columns of one operator as text."""
    row = {name: str(getattr(layer, name)) for name in COLUMNS}
    row["output_shape"] = "x".join(str(n) for n in layer.output_shape)
    row["receptive_field"] = "" if layer.receptive_field is None else str(layer.receptive_field)
    return row


def _layer(row: dict[str, str]) -> Layer:
    return Layer(
        index=int(row["index"]),
        name=row["name"],
        op=row["op"],
        op_class=row["op_class"],
        output_shape=tuple(int(n) for n in row["output_shape"].split("x") if n),
        params=int(row["params"]),
        macs=int(row["macs"]),
        bytes_in=int(row["bytes_in"]),
        bytes_out=int(row["bytes_out"]),
        weight_bytes=int(row["weight_bytes"]),
        receptive_field=int(row["receptive_field"]) if row["receptive_field"] else None,
    )
