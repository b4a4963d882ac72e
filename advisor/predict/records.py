"""What fitting and evaluating report. Plain records; imports nothing heavy, so that rendering them does not either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.records import Target

LEAST_FAMILIES = 3
"""Families that a target needs for leaving one out to say anything."""
BATCHES = (1, 8)
"""Batch sizes that are materialised for every device's default target."""


@dataclass(frozen=True, slots=True)
class FitReport:
    """What was fitted."""

    targets: int
    predicted: int
    """Targets with a latency predictor."""
    estimates: int
    rows: int
    """Measurements fitted."""
    left_out: Mapping[str, int]
    """Reason -> measurements that could not be fitted."""
    unknown: Mapping[str, str]
    """Device -> why its default target has no latency."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The same rows predicted by a simple rule fitted on the same folds."""

    name: str
    scored: float
    """Share of the rows of which the rule says anything."""
    mape: float
    within_20: float
    spearman: float | None


@dataclass(frozen=True, slots=True)
class TargetEvaluation:
    """Errors of predictions for rows of the newest software that the fit did not see. Shares are between 0 and 1, errors
    |predicted / measured - 1|."""

    target: Target
    split: str
    """S1: the architecture is held out; S2: its family; S3 K=0: everything of the device."""
    rows: int
    families: int
    mape: float
    median_error: float
    bias: float
    """Median of predicted / measured, less 1."""
    within_10: float
    within_20: float
    p90_error: float
    family_mape: float
    """Mean over families of their mean errors."""
    every_mape: float | None
    """Of all rows, those too of which newer software has another; None where only the newest were held out (S3 and S4 from K = 5)."""
    spearman: float | None
    """None below three rows."""
    coverage: float | None
    """Mean over families of the share inside intervals of nominal 90 % made from the other families; None below enough families."""
    width: float | None
    """Median factor by which those intervals reach up and down."""
    undecided: float | None
    """Mean over families and over 19 budgets (the 5th to the 95th percentile of what was measured) of the share of rows whose interval
    holds the budget, so that neither "fits" nor "does not fit" is sure."""
    baselines: tuple[Baseline, ...]


@dataclass(frozen=True, slots=True)
class MemoryEvaluation:
    """Errors of peak memory for families that the fit did not see, on a device and mode where processes were measured."""

    target: Target
    memory_kind: str
    rows: int
    families: int
    runtime_mib: float
    """What the runtime takes, learnt as the constant of the device and mode."""
    library_mib: float
    """What timm takes beside torchvision."""
    live_factor: float
    churn: float
    """MiB per square root of the MiB of activations moved."""
    part_mape: float
    """Of the network's part: peak less the runtime."""
    part_family_mape: float
    part_median: float
    whole_mape: float
    """Of the whole process."""
    bound_holds: float | None
    """Mean over families of the share of peaks under the upper bound (nominal 95 %); None below enough families."""
    slope_mib_per_m: float | None
    """Of the line through peaks at batch 1 over millions of parameters."""
    intercept_mib: float | None
    r2: float | None
    line_rows: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that evaluate finds."""

    latency: tuple[TargetEvaluation, ...]
    memory: tuple[MemoryEvaluation, ...]
