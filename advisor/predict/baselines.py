"""What predictions are compared with: simple rules that people use, fitted to the same rows. Knows no store."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from advisor.predict.evidence import Evidence
from advisor.predict.features import Floats, Ints, group_bytes, group_macs

WITHIN = {"line in MACs": [0, 3], "MACs, activations, weights": [0, 1, 2, 3]}
"""Columns of `counts`: a line in multiply-accumulates; activation and weight bytes beside them, in the manner of
ConvMeter (ICPP 2024)."""
_REWEIGHTED = 6


def counts(evidence: Evidence, rows: Ints) -> Floats:
    """Rows x (billions of multiply-accumulates, of activation bytes, of weight bytes, 1), of the whole batch."""
    batch = np.array([evidence.measurements[i].batch_size for i in rows], dtype=np.float64)
    at = evidence.rows[rows]
    macs, moved = group_macs(evidence.table)[at].sum(1) * batch, group_bytes(evidence.table)[at].sum(1) * batch
    weights = evidence.table.weights[at]
    return np.stack([macs / 1e9, moved / 1e9, weights / 1e9, np.ones(len(rows))], axis=1)


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
