"""The table of picks, laid out for the width there is: what does not fit beside the figures is left out, never squeezed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from advisor.recommend.answer import Pick, Recommendation
from advisor.recommend.testsets import TEST_SETS
from advisor.records import Quantity
from advisor.render.grid import Grid, text
from advisor.units import format_chance, significant

Column = tuple[str, Callable[[Pick], str]]

_MARKS = {"non-commercial": " (!)", "unknown": " (?)"}
_WIDE, _MIDDLE = 150, 100
"""Columns of a terminal from which on a layout fits names of usual length."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_BASES = {"measured": "m", "calibrated": "c", "predicted": "p"}


def spread(quantity: Quantity | None) -> str:
    """`4.57 (4.1-5.2)`; `?` where unknown."""
    if quantity is None:
        return "?"
    return f"{significant(quantity.value)} ({significant(quantity.low)}-{significant(quantity.high)})"


def number(quantity: Quantity | None) -> str:
    """The value to three digits; `?` where unknown."""
    return "?" if quantity is None else significant(quantity.value)


def basis(quantity: Quantity | None) -> str:
    """measured, calibrated or predicted, with a mark where extrapolated."""
    if quantity is None:
        return "unknown"
    return quantity.basis + (", extrapolated" if quantity.extrapolated else "")


def _letter(quantity: Quantity | None) -> str:
    return "?" if quantity is None else _BASES[quantity.basis] + ("x" if quantity.extrapolated else "")


def place(pick: Pick, groups: Sequence[int]) -> str:
    """Rank, letter of the tie group, star on the Pareto front: `2 a*`. `groups` are those shown, in order: no letter is skipped."""
    if not pick.rank:
        return "-"
    turn, letter = divmod(groups.index(pick.tie_group), len(_LETTERS))
    return f"{pick.rank} {_LETTERS[letter]}{turn or ''}{'*' if pick.pareto else ''}"


def _full_name(pick: Pick) -> str:
    return f"{pick.model}.{pick.weights}".rstrip(".")


def licence(pick: Pick) -> str:
    """The licence of the weights, marked where it forbids commercial use or is not known."""
    return pick.license + _MARKS.get(pick.license_kind, "")


def _accuracy(pick: Pick) -> str:
    return f"{pick.accuracy:.1f}"


_NAMES = frozenset({"model.weights"})
"""Heads whose cells stay whole, so that they can be copied."""
_EXTRA: Mapping[str, Column] = {
    "power": ("power W#", lambda p: number(p.power_w)),
    "energy": ("mJ/img#", lambda p: number(p.energy_mj)),
}
"""Shown where any pick has them."""


def _columns(answer: Recommendation, picks: Sequence[Pick], width: int) -> list[Column]:
    groups = list(dict.fromkeys(p.tie_group for p in picks))
    rank: Column = ("", lambda p: place(p, groups))
    accuracy: Column = (f"{TEST_SETS[answer.accuracy_on].label} %#", _accuracy)
    px: Column = ("px#", lambda p: str(p.resolution))
    chance: Column = ("chance#", lambda p: format_chance(p.probability, answer.confidence))
    extra = [_EXTRA["power"]] if any(p.power_w for p in picks) else []
    extra += [_EXTRA["energy"]] if any(p.energy_mj for p in picks) else []
    if width < _MIDDLE:
        return [
            rank, ("model", lambda p: p.model), px, accuracy, ("ms#", lambda p: number(p.latency_ms)),
            ("by", lambda p: _letter(p.latency_ms)), ("MiB#", lambda p: number(p.memory_mib)), *extra, chance,
        ]  # fmt: skip
    latency: Column = ("latency ms#", lambda p: spread(p.latency_ms))
    tail: list[Column] = [("basis", lambda p: basis(p.latency_ms)), chance, ("licence", licence)]
    if width < _WIDE:
        return [
            rank, ("model", lambda p: p.model), px, accuracy, latency, ("MiB#", lambda p: number(p.memory_mib)),
            *extra, *tail,
        ]  # fmt: skip
    return [
        rank, ("model.weights", _full_name), px, accuracy, latency, ("img/s#", lambda p: number(p.throughput_img_s)),
        ("memory MiB#", lambda p: number(p.memory_mib)), *extra, *tail,
    ]  # fmt: skip


_MORE_COLUMNS: tuple[Column, ...] = (
    ("params M#", lambda p: significant(p.params_m)),
    ("GMACs#", lambda p: significant(p.gmacs)),
)
"""Only where there is room: Markdown."""


def table(answer: Recommendation, picks: Sequence[Pick], fmt: str, width: int) -> str:
    """Picks as a table for a terminal, or as Markdown, which has room for everything."""
    grid = _grid(_columns(answer, picks, width), picks) if fmt == "table" else full_grid(answer, picks)
    return text(grid, fmt, width)


def full_grid(answer: Recommendation, picks: Sequence[Pick]) -> Grid:
    """Every column, for what has room for all of them."""
    return _grid([*_columns(answer, picks, _WIDE), *_MORE_COLUMNS], picks)


def _grid(columns: Sequence[Column], picks: Sequence[Pick]) -> Grid:
    heads = tuple(head for head, _ in columns)
    return Grid(heads, [tuple(cell(p) for _, cell in columns) for p in picks], _NAMES & set(heads))


def legend(answer: Recommendation, fmt: str, width: int) -> str:
    """What the marks of the table of picks say."""
    what = "accuracy" if answer.objective == "accuracy" else answer.objective
    said = [
        f"Picks of one letter tie: their {what} is closer than the noise (about {answer.tie_width})",
        "* on the Pareto front of accuracy, latency and memory",
    ]
    if fmt == "table" and width < _MIDDLE:
        said.append("by: m measured, c calibrated, p predicted, x extrapolated")
    return "; ".join(said) + "."
