"""Measured memory against parameters: does memory grow linearly with the size of the network? Pure.

One line per device, target, batch size and kind of memory: kinds are never mixed, nor are batch sizes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, median
from typing import NamedTuple

from advisor.records import Measurement, Target

LEAST_POINTS = 3
"""Networks of different size below which no line is drawn: through two points every line is perfect."""
LEAST_TO_JUDGE = 5
"""Networks of different size below which a line says nothing about other networks."""
LINEAR_R2 = 0.9
"""From this R2 on growth counts as almost linear."""

KINDS = {
    "process_peak": "peak memory of the whole process",
    "cuda_reserved+context": "what PyTorch reserves on the GPU and its CUDA context",
    "board_delta": "what the board's free memory fell by",
    "engine": "memory that the engine reports for itself",
    "activations": "feature maps alone, without weights and runtime",
    "unstated": "the source does not say what was counted",
}
"""Kind of memory -> what was observed, in words."""
WHOLE_PROCESS = ("process_peak", "cuda_reserved+context", "board_delta")
"""Kinds that the lecture's claim is about."""


class Fit(NamedTuple):
    """y = slope * x + intercept by least squares, and the share of the variance of y that it explains."""

    slope: float
    intercept: float
    r2: float
    n: int


class MemoryPoint(NamedTuple):
    """One architecture at one resolution: the median of what was observed, and the range."""

    model: str
    signature: str
    resolution: int
    params_m: float
    memory_mib: float
    low: float
    high: float
    observations: int


class MemoryLine(NamedTuple):
    """Measured memory of the networks of one target at one batch size, of one kind."""

    target: Target
    """Without software: versions are pooled."""
    batch_size: int
    kind: str
    points: tuple[MemoryPoint, ...]
    """Smallest network first."""
    fit: Fit | None
    """Slope in MiB per million parameters, intercept in MiB; None where there are too few networks."""
    reason: str
    """Why there is no line; empty otherwise."""
    sources: tuple[str, ...]

    @property
    def linear(self) -> bool | None:
        """Whether memory grows almost linearly with parameters; None where too few networks were measured."""
        if self.fit is None or len({p.params_m for p in self.points}) < LEAST_TO_JUDGE:
            return None
        return self.fit.slope > 0 and self.fit.r2 >= LINEAR_R2


def line_through(xs: Sequence[float], ys: Sequence[float]) -> Fit | None:
    """The least-squares line; None where all x are equal (or there are none). R2 is 1 where all y are equal."""
    if len(set(xs)) < 2:
        return None
    x_mean, y_mean = fmean(xs), fmean(ys)
    spread = sum((x - x_mean) ** 2 for x in xs)
    slope = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True)) / spread
    intercept = y_mean - slope * x_mean
    total = sum((y - y_mean) ** 2 for y in ys)
    left = sum((y - intercept - slope * x) ** 2 for x, y in zip(xs, ys, strict=True))
    return Fit(slope, intercept, 1.0 - left / total if total else 1.0, len(xs))


def memory_lines(measurements: Iterable[Measurement], params: Mapping[str, int]) -> list[MemoryLine]:
    """A line per target, batch size and kind with any measured memory, by device, then most networks first.

    `params` is signature -> number of parameters; an architecture without an entry is left out.
    """
    groups: dict[tuple[Target, int, str], list[Measurement]] = defaultdict(list)
    for m in measurements:
        if m.memory_mib is not None and m.signature in params:
            groups[replace(m.target, software=""), m.batch_size, m.memory_kind].append(m)
    lines = [_line(*key, members, params) for key, members in groups.items()]
    return sorted(lines, key=_order)


def _order(line: MemoryLine) -> tuple[object, ...]:
    target = line.target
    return (
        target.device, -len(line.points), line.batch_size, line.kind, target.runtime, target.precision,
        target.compute_unit, target.threads, target.power_mode, target.memory_format, target.runtime_options,
    )  # fmt: skip


def _line(
    target: Target, batch_size: int, kind: str, members: Sequence[Measurement], params: Mapping[str, int]
) -> MemoryLine:
    points = _points(members, params)
    sizes = {point.params_m for point in points}
    enough = len(sizes) >= LEAST_POINTS
    fit = line_through([p.params_m for p in points], [p.memory_mib for p in points]) if enough else None
    few = f"{len(sizes)} network{'s' if len(sizes) > 1 else ''} of different size, {LEAST_POINTS} are needed for a line"
    sources = tuple(sorted({m.source for m in members}))
    return MemoryLine(target, batch_size, kind, tuple(points), fit, "" if fit else few, sources)


def _points(members: Sequence[Measurement], params: Mapping[str, int]) -> list[MemoryPoint]:
    """One point per architecture and resolution: repeated observations count once."""
    seen: dict[tuple[str, int], list[Measurement]] = defaultdict(list)
    for m in members:
        seen[m.signature, m.resolution].append(m)
    points = []
    for (signature, resolution), same in seen.items():
        values = [m.memory_mib for m in same if m.memory_mib is not None]
        name = min(m.model for m in same)
        spread = (median(values), min(values), max(values), len(values))
        points.append(MemoryPoint(name, signature, resolution, params[signature] / 1e6, *spread))
    return sorted(points, key=lambda p: (p.params_m, p.model, p.resolution))
