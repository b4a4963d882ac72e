"""The few numbers of the latency model that are tuned rather than fitted. Data only; from and to JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from advisor.errors import DataError


@dataclass(frozen=True)
class Settings:
    """Standard deviations are of natural logarithms, variances their squares, lengths in units of the typical distance."""

    root_shared: float = 0.7
    """How far all terms of a device together may leave rough physics in a root, then its root in a pool, then its pool in a cell."""
    root_own: float = 0.55
    """The same for each term alone."""
    root_host: float = 0.7
    pool_shared: float = 0.5
    pool_own: float = 0.2
    pool_host: float = 0.35
    cell_shared: float = 0.3
    cell_own: float = 0.2
    cell_host: float = 0.05
    """Of terms of a host that launches operator by operator: rows of large batches say little of it."""
    cell_kernel: float = 0.5
    """Of the same terms where a kernel's own cost adds to the time."""
    of_kind: float = 0.5
    """Share of a term's own variance that is common to its kind: 1x1 convolutions tell much of 3x3 ones."""
    alone_own: float = 0.3
    """`cell_own` of a device that is alone in its pool, which knows no more of it than its own rows do."""
    alone_of_kind: float = 0.9
    """`of_kind` there."""
    broad: float = 0.03
    """Variance of deviations that networks alike at a long distance share."""
    broad_length: float = 1.5
    narrow: float = 0.02
    narrow_length: float = 0.5
    family: float = 0.03
    """Variance that only networks of one family share."""
    family_length: float = 1.0
    own: float = 0.003
    """Variance that only rows of one architecture share."""
    noise: float = 0.002
    """Variance of a well documented row."""

    def to_json(self) -> dict[str, float]:
        """All settings by name."""
        return asdict(self)

    @staticmethod
    def from_json(content: Mapping[str, object]) -> Settings:
        """Raises DataError for unknown names and for values that are no positive numbers."""
        known = {field.name for field in fields(Settings)}
        wrong = [name for name, value in content.items() if name not in known or not _positive(value)]
        if wrong:
            raise DataError(
                f"settings of the latency model: {', '.join(sorted(wrong))} not as expected; run 'advisor fit --tune 20'"
            )
        return Settings(**{name: float(str(value)) for name, value in content.items()})


def _positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
