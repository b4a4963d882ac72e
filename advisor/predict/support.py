"""Whether an architecture is like anything that was measured on a kind of device and runtime. Arrays in, words out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.predict.features import TERMS, Floats

_NAMES = {
    "dense": "dense convolutions", "grouped": "grouped convolutions", "depthwise": "depthwise convolutions",
    "pointwise": "1x1 convolutions", "linear": "linear layers", "attention": "attention layers",
    "pool": "pools (and, compiled, changes of layout)",
    "light": "operators that only move data",
    "statistics": "norms that take statistics (layer or group norms)",
}  # fmt: skip
_COLUMNS = {
    "dense": ("dense_macs", "dense_bytes"), "pointwise": ("pointwise_macs", "pointwise_bytes"),
    "grouped": ("grouped_macs", "grouped_bytes"), "depthwise": ("depthwise_macs", "depthwise_bytes"),
    "linear": ("linear_macs", "linear_bytes"), "attention": ("attention_macs", "attention_bytes"),
    "pool": ("pool_bytes",),
    "light": ("light_bytes",), "statistics": ("statistics_bytes",),
}  # fmt: skip
_TWICE = 2.0
_FAR = 5.0
"""Times larger or smaller than anything measured."""
_LEAST_SHARE = 0.05
_SOME_ATTENTION = 0.001
_MATTERS, _MATTERS_UNSEEN = 0.25, 0.02
"""Share of the time from which a group decides about the latency; the second of a group that was in no measured network."""
_UNSEEN = 0.005


@dataclass(frozen=True)
class Support:
    """The largest share of time that each group of operators had in a measured network, and the range of work."""

    shares: Floats
    least_macs: float
    most_macs: float
    attention: float
    """The largest share of multiply-accumulates in attention."""


def group_shares(parts: Floats) -> Floats:
    """Rows x groups: share of the time of the device that each group causes, weights and launches apart."""
    at = {name: i for i, name in enumerate(TERMS)}
    grouped = np.stack([parts[:, [at[c] for c in _COLUMNS[name]]].sum(1) for name in _COLUMNS], axis=1)
    return np.asarray(grouped / np.maximum(grouped.sum(1), 1e-12)[:, None], dtype=np.float64)


@dataclass(frozen=True)
class Networks:
    """Networks to be supported or compared: time per term, multiply-accumulates of one image, share of those in attention."""

    parts: Floats
    macs: Floats
    attention: Floats


def support(measured: Networks) -> Support:
    """Support from the networks measured on a kind of device and runtime, in any precision."""
    shares, macs = group_shares(measured.parts).max(0), measured.macs
    return Support(shares, float(macs.min()), float(macs.max()), float(measured.attention.max()))


def extrapolations(known: Support, asked: Networks, where: str) -> tuple[NDArray[np.bool_], list[tuple[str, ...]]]:
    """(extrapolated or not, reasons) of every network; `where` says on what nothing like it was measured."""
    shares = group_shares(asked.parts)
    more = (shares > _MATTERS) & (shares > _TWICE * np.maximum(known.shares, _LEAST_SHARE))
    beyond: NDArray[np.bool_] = more | ((shares > _MATTERS_UNSEEN) & (known.shares < _UNSEEN))
    unseen: NDArray[np.bool_] = np.logical_or.reduce(beyond, axis=1)
    decisive = np.where(beyond, shares, 0.0).argmax(1)
    attending = (asked.attention > _SOME_ATTENTION) & (known.attention <= _SOME_ATTENTION)
    far = (asked.macs > _FAR * known.most_macs) | (asked.macs < known.least_macs / _FAR)
    reasons: list[tuple[str, ...]] = [()] * len(shares)
    outside = np.asarray(unseen | attending | far, dtype=np.bool_)
    for i in np.flatnonzero(outside):
        said = [_unseen(known, int(decisive[i]), float(shares[i, decisive[i]]), where)] if unseen[i] else []
        said += [f"it has attention, and no network with attention was measured {where}"] if attending[i] else []
        said += [_far(known, float(asked.macs[i]), where)] if far[i] else []
        reasons[i] = tuple(said)
    return outside, reasons


def _unseen(known: Support, at: int, share: float, where: str) -> str:
    """In steps of 10 %: the words are kept once for all architectures that share them."""
    group, most = _NAMES[list(_COLUMNS)[at]], float(known.shares[at])
    measured = "none was measured" if most < 0.01 else f"at most {most:.0%} in any network measured"
    return f"{group} take about {round(share, 1):.0%} of its time, {measured} {where}"


def _far(known: Support, macs: float, where: str) -> str:
    if macs > known.most_macs:
        return f"more than {_FAR:g} times the largest network measured {where} ({known.most_macs / 1e9:.3g} GMACs)"
    return f"less than 1/{_FAR:g} of the smallest network measured {where} ({known.least_macs / 1e9:.3g} GMACs)"
