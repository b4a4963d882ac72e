"""Names beside points: each is put where it hides no other name and no named point; one that finds no place is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import cos, pi, sin

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from advisor.recommend.charts import Point

_FONT_PT = 7.5
_RADII_PT = (7, 12, 18, 26, 36, 48, 62, 78, 96)
_ANGLES = tuple(pi * k / 8 for k in (6, 4, 8, 2, 10, 0, 14, 12, 5, 7, 3, 9, 1, 11, 13, 15))
"""Up and left first: there a front leaves room."""
_NEAR_PT = 10
"""Up to this distance a name needs no line to its point."""
_MARKER_PX = 5.0
_MARGIN_PX = 4.0
"""Room between a name and the edge of the axes."""

Place = tuple[float, float]
"""Offset from the point in typographic points, to the right and up."""


def place_labels(figure: Figure, ax: Axes, points: Sequence[Point], ink: str, paper: str) -> None:
    """Write `label` beside each of the points, with a thin line where it is far; what finds no place is in the table."""
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    inside = ax.get_window_extent(renderer).padded(-_MARGIN_PX)
    scale = figure.dpi / 72
    spots = [_around(*ax.transData.transform((p.x, p.y))) for p in points]
    taken = [text.get_window_extent(renderer) for text in ax.texts]
    for point, spot in sorted(zip(points, spots, strict=True), key=lambda pair: (-pair[0].y, pair[0].x)):
        size = _size(ax, point.label, renderer)
        others = [*taken, *(other for other in spots if other is not spot)]
        place = next((o for o in _places() if _fits(_box(spot, o, size, scale), inside, others)), None)
        if place is not None:
            taken.append(_box(spot, place, size, scale))
            _write(ax, point, place, ink, paper)


def _around(x: float, y: float) -> Bbox:
    return Bbox.from_extents(x - _MARKER_PX, y - _MARKER_PX, x + _MARKER_PX, y + _MARKER_PX)


def _size(ax: Axes, label: str, renderer: object) -> tuple[float, float]:
    """Width and height of a name in pixels."""
    text = ax.text(0, 0, label, fontsize=_FONT_PT)
    box = text.get_window_extent(renderer)  # type: ignore[arg-type]
    text.remove()
    return box.width + 4, box.height + 2


def _places() -> Iterator[Place]:
    for radius in _RADII_PT:
        for angle in _ANGLES:
            yield radius * cos(angle), radius * sin(angle)


def _sides(place: Place) -> tuple[str, str]:
    """Which edge of the name is nearest to its point: (horizontal, vertical)."""
    across, up = place
    reach = max(abs(across), abs(up))
    horizontal = "center" if abs(across) < 0.35 * reach else "left" if across > 0 else "right"
    vertical = "center" if abs(up) < 0.35 * reach else "bottom" if up > 0 else "top"
    return horizontal, vertical


def _box(spot: Bbox, place: Place, size: tuple[float, float], scale: float) -> Bbox:
    """Where the name would stand, in pixels."""
    x, y = (spot.x0 + spot.x1) / 2 + place[0] * scale, (spot.y0 + spot.y1) / 2 + place[1] * scale
    horizontal, vertical = _sides(place)
    left = x - {"left": 0.0, "center": 0.5, "right": 1.0}[horizontal] * size[0]
    low = y - {"bottom": 0.0, "center": 0.5, "top": 1.0}[vertical] * size[1]
    return Bbox.from_bounds(left, low, *size)


def _fits(box: Bbox, inside: Bbox, others: Sequence[Bbox]) -> bool:
    within = inside.contains(box.x0, box.y0) and inside.contains(box.x1, box.y1)
    return bool(within) and not any(box.overlaps(other) for other in others)


def _write(ax: Axes, point: Point, place: Place, ink: str, paper: str) -> None:
    horizontal, vertical = _sides(place)
    far = (place[0] ** 2 + place[1] ** 2) ** 0.5 > _NEAR_PT
    ax.annotate(
        point.label, (point.x, point.y), xytext=place, textcoords="offset points", ha=horizontal, va=vertical,
        fontsize=_FONT_PT, color=ink, zorder=7, annotation_clip=False,
        bbox={"facecolor": paper, "edgecolor": "none", "alpha": 0.85, "pad": 0.6},
        arrowprops={"arrowstyle": "-", "color": ink, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2} if far else None,
    )  # fmt: skip
