"""The table of picks: what fits, best first, then what might fit and is to be measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.message import Message

from advisor.recommend.answer import Pick, Recommendation
from advisor.recommend.testsets import TEST_SETS
from advisor.render.picks import basis, licence, number, place, spread
from advisor.tui.widgets.rows import Rows
from advisor.units import format_chance, significant


class Column(NamedTuple):
    """A column; a head that ends in `#` is a number."""

    head: str
    cell: Callable[[Pick], str]
    weight: int = 0
    """Where there is no room for all, those of the highest weight are left out first; 0 always stays."""
    least: int = 0
    """Width to which names may be cut where all else has gone; 0: never."""


def columns_of(answer: Recommendation) -> list[Column]:
    """All columns of an answer, from left to right."""
    picks = (*answer.picks, *answer.measure_first)
    power = [Column("power W#", lambda p: number(p.power_w), 1)] if any(p.power_w for p in picks) else []
    groups = list(dict.fromkeys(p.tie_group for p in answer.picks))
    return [
        Column("", lambda p: f"{' ' if 0 < p.rank < 10 else ''}{place(p, groups)}"),
        Column("model", lambda p: p.model, least=20),
        Column("weights", lambda p: p.weights, 4),
        Column("px#", lambda p: str(p.resolution), 3),
        Column(f"{TEST_SETS[answer.accuracy_on].label} %#", lambda p: f"{p.accuracy:.1f}"),
        Column("latency ms#", lambda p: spread(p.latency_ms)),
        Column("img/s#", lambda p: number(p.throughput_img_s), 5),
        Column("MiB#", lambda p: number(p.memory_mib)),
        *power,
        Column("chance#", lambda p: format_chance(p.probability, answer.confidence)),
        Column("basis", lambda p: basis(p.latency_ms), least=12),
        Column("licence", licence, 2),
        Column("params M#", lambda p: significant(p.params_m), 6),
        Column("GMACs#", lambda p: significant(p.gmacs), 7),
    ]


def laid_out(columns: Sequence[Column], cells: Sequence[Sequence[str]], room: int) -> tuple[list[int], list[int]]:
    """(numbers of the columns that fit, their widths). `cells` are columns of texts, heads included."""
    widths = [max(map(len, column)) for column in cells]
    kept = list(range(len(columns)))
    while sum(widths[n] + 1 for n in kept) > room and any(columns[n].weight for n in kept):
        kept.remove(max(kept, key=lambda n: columns[n].weight))
    for n in sorted(kept, key=lambda n: -columns[n].least):  # names first, they are repeated below
        over = sum(widths[k] + 1 for k in kept) - room
        if over > 0 and columns[n].least:
            widths[n] = max(widths[n] - over, min(widths[n], columns[n].least))
    return kept, [widths[n] for n in kept]


def _shorten_basis(
    columns: Sequence[Column], cells: list[list[str]], kept: Sequence[int], widths: Sequence[int]
) -> None:
    """Where `calibrated, extrapolated` has no room, its graver half is what must be read."""
    for n, width in zip(kept, widths, strict=True):
        if columns[n].head == "basis":
            cells[n] = [words if len(words) <= width else words.rpartition(", ")[2] for words in cells[n]]


def key_of(pick: Pick) -> str:
    """What tells one row from all others: weights at a resolution."""
    return f"{pick.model} {pick.weights} {pick.resolution}"


class PicksTable(Rows):
    """Picks as rows; the row under the cursor is the model that everything else is about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Model", tooltip="Layers, evidence and code of the model under the cursor")
    ]

    class Pointed(Message):
        """The cursor is on another pick; None where there is none."""

        def __init__(self, pick: Pick | None) -> None:
            super().__init__()
            self.pick = pick

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._answer: Recommendation | None = None
        self._picks: dict[str, Pick] = {}
        self._keys: list[str] = []
        self.marked: list[str] = []
        """Keys of the rows that are marked to be compared, in the order they were marked."""

    def on_resize(self) -> None:
        """Other columns for another width."""
        self._lay_out()

    def show(self, answer: Recommendation | None) -> None:
        """Replace the rows; the cursor stays on the first pick, or on its model where that is still there."""
        before, at = self.pointed_key if self.cursor else "", 0
        self._answer = answer
        picks = () if answer is None else (*answer.picks, *answer.measure_first)
        self._picks = {key_of(pick): pick for pick in picks}
        self._keys = list(self._picks)
        self._lay_out(self._keys.index(before) if before in self._picks else at)
        self.post_message(self.Pointed(self.pointed))

    def _lay_out(self, cursor: int | None = None) -> None:
        if self._answer is None:
            self.fill((), ())
            return
        columns = columns_of(self._answer)
        cells = [[c.head.removesuffix("#"), *(c.cell(pick) for pick in self._picks.values())] for c in columns]
        for row, key in enumerate(self._keys, 1):
            if key in self.marked:
                cells[0][row] += " ✓"
        kept, widths = laid_out(columns, cells, self.size.width - 2)
        _shorten_basis(columns, cells, kept, widths)
        heads = [columns[n].head for n in kept]
        rows = list(zip(*(cells[n][1:] for n in kept), strict=True))
        self.fill(heads, rows, widths, self.cursor if cursor is None else cursor)

    @property
    def pointed_key(self) -> str:
        """Key of the row under the cursor; empty where there is none."""
        return self._keys[self.cursor] if self.cursor < len(self._keys) else ""

    @property
    def pointed(self) -> Pick | None:
        """The pick under the cursor."""
        return self._picks.get(self.pointed_key)

    def point_at(self, key: str) -> bool:
        """Put the cursor on a row; False where it is not in the table."""
        if key in self._picks:
            self.cursor = self._keys.index(key)
        return key in self._picks

    def point_at_further(self, pick: Pick) -> None:
        """Put a pick from elsewhere under the others, until the next answer, and the cursor on it."""
        self._picks[key_of(pick)] = pick
        self._keys = list(self._picks)
        self._lay_out(len(self._keys) - 1)
        self.post_message(self.Pointed(pick))

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Tell who shows the model."""
        event.stop()
        self.post_message(self.Pointed(self.pointed))

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or take the mark away."""
        key = self.pointed_key
        if key in self.marked:
            self.marked.remove(key)
        elif key:
            self.marked.append(key)
        self._lay_out()

    def marked_picks(self) -> list[Pick]:
        """The marked picks that are in the table."""
        return [self._picks[key] for key in self.marked if key in self._picks]
