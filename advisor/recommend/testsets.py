"""The test sets that accuracy can be asked on: where the store keeps each, and how much chance is in a figure on it."""

from __future__ import annotations

import math
from typing import NamedTuple


class TestSet(NamedTuple):
    """A test set of ImageNet's classes."""

    column: str
    """Of the table of weights."""
    images: int
    title: str
    label: str
    """Short, for heads of columns."""


TEST_SETS = {
    "top-1": TestSet("top1", 50_000, "ImageNet-1k top-1", "top-1"),
    "top-5": TestSet("top5", 50_000, "ImageNet-1k top-5", "top-5"),
    "real": TestSet("real_top1", 46_837, "ImageNet-ReaL top-1", "ReaL"),
    "v2": TestSet("v2_top1", 10_000, "ImageNet-V2 top-1", "V2"),
    "a": TestSet("a_top1", 7_500, "ImageNet-A top-1", "A"),
    "r": TestSet("r_top1", 30_000, "ImageNet-R top-1", "R"),
    "sketch": TestSet("sketch_top1", 50_889, "ImageNet-Sketch top-1", "Sketch"),
}
"""Name on the command line -> the set.

Images: Russakovsky et al. 2015 (1k), Beyer et al. 2020 (ReaL: validation images with a label left), Recht et al. 2019 (V2, matched
frequency), Hendrycks et al. 2021 (A; R), Wang et al. 2019 (Sketch).
"""


def sampling_variance(percent: float, images: int) -> float:
    """Variance, in squared points, of an accuracy as an estimate of that on more images of the kind: binomial."""
    share = min(max(percent / 100, 0.0), 1.0)
    return 1e4 * share * (1 - share) / images


def sampling_sd(first: float, second: float, images: int) -> float:
    """Standard deviation, in points, of the difference of two accuracies (percent) on one test set.

    As if the two erred independently. Models err on the same images more than that (Mania et al. 2019, Geirhos et al. 2020), so this
    is an upper bound; images that both get wrong are not published, so the difference itself is not known better.
    """
    return math.sqrt(sampling_variance(first, images) + sampling_variance(second, images))
