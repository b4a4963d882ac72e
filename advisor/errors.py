"""The one tree of errors; only the command line turns them into exit codes.

AdvisorError
    UsageError          what was asked makes no sense (unit, name, contradictory budgets); exit 2
        UnknownName     a device, model or source nobody knows; carries close matches
    DataError           a file that cannot be read as what it claims to be; exit 1
    StoreError          the database cannot be opened, read or written; exit 1
    MissingExtra        an optional dependency is needed for this; exit 1
    NotEnoughEvidence   nothing measured and nothing similar to predict from; exit 4
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class AdvisorError(Exception):
    """Root of all errors that a user can be told in one line."""


class UsageError(AdvisorError):
    """The question itself is wrong: a unit, a name, a contradiction."""


class UnknownName(UsageError):
    """A name that is not known; says what comes close and where the list is."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str, holding: Sequence[str] = ()) -> None:
        """`holding`: names of which this one is a part; they are what was meant, where there are any."""
        close = list(holding) or _near(name, known)
        meant = f"; did you mean {' or '.join(filter(None, (', '.join(close[:-1]), close[-1])))}?" if close else ""
        super().__init__(f"unknown {kind} {name!r}{meant} ({hint})")


def _near(name: str, known: Iterable[str]) -> list[str]:
    from difflib import get_close_matches  # only on the way to an error

    by_folded = {k.casefold(): k for k in known}
    return [by_folded[c] for c in get_close_matches(name.casefold(), by_folded, n=3, cutoff=0.6)]


class DataError(AdvisorError):
    """A file's content is not what its format promises."""


class StoreError(AdvisorError):
    """The database cannot be opened, read or written as asked."""


class MissingExtra(AdvisorError):
    """An optional dependency is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the optional packages of extra {extra!r}: pip install 'arch-advisor[{extra}]'")


class NotEnoughEvidence(AdvisorError):
    """Neither a measurement nor anything similar enough to predict from."""
