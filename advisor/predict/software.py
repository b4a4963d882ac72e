"""Which rows speak for which version of the software they were timed with.

New software makes some networks much faster and others not at all: the mean of two versions is neither. Rows are arrays here:
a line (runs of one source that differ by software only), a number that rises with the version, and the network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from advisor.predict.features import Ints

Line = tuple[str, str]
"""(source, runtime options)."""


def version(software: str) -> tuple[tuple[int, ...], ...]:
    """Versions of the products that a software text names, in its order, for comparison; `8.6` is `8.6.0`."""
    found = (re.sub(r"(\.0+)+$", "", text) for text in re.findall(r"\d+(?:\.\d+)*", software))
    return tuple(tuple(map(int, text.split("."))) for text in found)


def newest_first(software: str) -> tuple[tuple[int, ...], ...]:
    """A key that sorts newer software before older."""
    return (*((*(-n for n in product), 1) for product in version(software)), (1,))


def ranked(software: Sequence[str]) -> Ints:
    """Of every row a number that rises with the version; comparable within a line."""
    found = [version(text) for text in software]
    rank = {one: number for number, one in enumerate(sorted(set(found)))}
    return np.array([rank[one] for one in found], dtype=np.int64)


def newest(lines: Sequence[Line], versions: Ints) -> dict[Line, int]:
    """Number of the newest version of each line."""
    found: dict[Line, int] = {}
    for line, number in zip(lines, versions.tolist(), strict=True):
        found[line] = max(found.get(line, number), number)
    return found


def nearest(lines: Sequence[Line], versions: Ints, networks: Ints, wanted: Mapping[Line, int]) -> NDArray[np.bool_]:
    """Rows that tell most of the versions `wanted`: of each network and line those of the newest that is not newer than wanted.

    Where all are newer those of the oldest; where nothing is wanted of a line those of the newest.
    """
    limit = np.array([wanted.get(line, np.iinfo(np.int64).max) for line in lines], dtype=np.int64)
    order = np.where(versions <= limit, versions, -1 - versions)
    groups = list(zip(networks.tolist(), lines, strict=True))
    best: dict[tuple[int, Line], int] = {}
    for group, value in zip(groups, order.tolist(), strict=True):
        best[group] = max(best.get(group, value), value)
    return np.asarray(order == np.array([best[group] for group in groups], dtype=np.int64), dtype=np.bool_)
