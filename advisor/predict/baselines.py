"""What predictions are compared with: simple rules that people use, fitted to the same rows. Knows no store."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from advisor.predict.evidence import Cell, Evidence
from advisor.predict.features import Floats, Ints, group_bytes, group_macs

WITHIN = {"line in MACs": [0, 4], "MACs, inputs, outputs, weights": [0, 1, 2, 3, 4]}
"""Columns of `counts`: a line in multiply-accumulates; bytes of inputs, outputs and weights beside them, in the manner of
ConvMeter (ICPP 2024)."""
NEAREST = "nearest device times a scale"
_REWEIGHTED = 6


def counts(evidence: Evidence, rows: Ints) -> Floats:
    """Rows x (billions of multiply-accumulates, of activation bytes read, written, of weight bytes, 1), of the whole batch."""
    batch = np.array([evidence.measurements[i].batch_size for i in rows], dtype=np.float64)
    at = evidence.rows[rows]
    macs, weights = group_macs(evidence.table)[at].sum(1) * batch, evidence.table.weights[at]
    inputs = evidence.table.inputs[at] * batch
    outputs = group_bytes(evidence.table)[at].sum(1) * batch - inputs
    return np.stack([macs / 1e9, inputs / 1e9, outputs / 1e9, weights / 1e9, np.ones(len(rows))], axis=1)


def fitted(columns: Floats, log_ms: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Log milliseconds of all rows by non-negative weights of the columns, fitted to the seen ones for relative error."""
    scale = np.maximum(np.abs(columns[seen]).max(0), 1e-12)
    weight = np.exp(-log_ms[seen])
    found = np.zeros(columns.shape[1])
    for _ in range(_REWEIGHTED):
        found = nnls(columns[seen] / scale * weight[:, None], np.exp(log_ms[seen]) * weight)[0] / scale
        predicted = np.maximum(columns[seen] @ found, 1e-9)
        weight = 1.0 / np.sqrt(predicted * np.exp(log_ms[seen]))
    return np.asarray(np.log(np.maximum(columns @ found, 1e-9)), dtype=np.float64)


def nearest_device(evidence: Evidence, cell: Cell, rows: Ints, shown: Ints) -> Floats:
    """Log of said over measured of `rows`: the network's time per image on the device that measured most of them, times one scale
    from the rows that are `shown`. NaN for a network that was not measured there in the regime, or where no shown one was."""
    said = np.full(len(rows), np.nan)
    best = 0
    for other in sorted({one for one in evidence.cells if one.device != cell.device and one.runtime == cell.runtime}):
        theirs = _per_image(evidence, evidence.where(other))
        mine, known = _looked_up(evidence, theirs, rows), _looked_up(evidence, theirs, shown)
        if np.isfinite(mine).sum() > best and np.isfinite(known).any():
            best, scale = int(np.isfinite(mine).sum()), float(np.nanmedian(_image_log(evidence, shown) - known))
            said = mine + scale - _image_log(evidence, rows)
    return said


def _image_log(evidence: Evidence, rows: Ints) -> Floats:
    """Log of milliseconds per image."""
    batch = np.array([evidence.measurements[i].batch_size for i in rows], dtype=np.float64)
    return np.asarray(evidence.log_ms[rows] - np.log(batch), dtype=np.float64)


def _per_image(evidence: Evidence, rows: Ints) -> dict[tuple[int, str], float]:
    """(position in the table, regime) -> mean log of milliseconds per image."""
    found: dict[tuple[int, str], list[float]] = {}
    for i, value in zip(rows, _image_log(evidence, rows).tolist(), strict=True):
        found.setdefault((int(evidence.rows[i]), str(evidence.regimes[i])), []).append(value)
    return {key: float(np.mean(values)) for key, values in found.items()}


def _looked_up(evidence: Evidence, theirs: dict[tuple[int, str], float], rows: Ints) -> Floats:
    return np.array([theirs.get((int(evidence.rows[i]), str(evidence.regimes[i])), np.nan) for i in rows])
