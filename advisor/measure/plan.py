"""In which order launches are made. Pure: the same models and seed give the same order.

Anchors first, with all their launches, because they calibrate the prediction of everything else. Then rounds of eight models:
within a round every model once, then every model again, so that a model's launches are apart in time, the device's
temperature is no feature of a family, and whatever prefix was run is usable.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from advisor.measure.records import Job

ANCHORS = (
    "timm/resnet50", "timm/mobilenetv3_large_100", "timm/efficientnet_b0", "timm/convnext_tiny",
    "timm/vit_small_patch16_224", "timm/swin_tiny_patch4_window7_224", "timm/resnext50_32x4d", "timm/densenet121",
)  # fmt: skip
"""Eight that span the kinds of networks: the fingerprint of a device (docs/prediction.md)."""

LAUNCHES = 3
ROUND = 8
_SEED = 20240229


def in_order(anchors: Sequence[Job], others: Sequence[Job], launches: int = LAUNCHES, seed: int = _SEED) -> list[Job]:
    """All launches. Anchors keep their order; others, which come most wanted first, are shuffled within rounds."""
    shuffler = random.Random(seed)  # noqa: S311 - an order, not a secret
    planned = list(_interleaved(anchors, launches))
    for start in range(0, len(others), ROUND):
        members = list(others[start : start + ROUND])
        shuffler.shuffle(members)
        planned += _interleaved(members, launches)
    return planned


def launches_of(job: Job, launches: int = LAUNCHES) -> list[Job]:
    """The launches of one published number; throughput is measured in the first. Peak memory needs one only."""
    return [replace(job, replicate=i, with_throughput=i == 0) for i in range(launches if job.timed else 1)]


def _interleaved(members: Sequence[Job], launches: int) -> Iterator[Job]:
    for one_of_each in zip(*(launches_of(job, launches) for job in members), strict=True):
        yield from one_of_each


def rounds(launches: Iterable[Job]) -> list[list[Job]]:
    """The plan cut where a new set of models begins: what is finished together is published together."""
    cut: list[list[Job]] = []
    for job in launches:
        full = cut and len(cut[-1]) >= LAUNCHES * ROUND
        if not cut or full or (job.replicate == 0 and cut[-1][-1].replicate > 0):
            cut.append([])
        cut[-1].append(job)
    return cut
