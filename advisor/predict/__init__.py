"""Latency and memory of what nobody measured, with intervals whose coverage was tested.

Importing this package loads no numpy: each function brings what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, cast

from advisor.predict.records import Evaluation, FitReport
from advisor.records import Complexity, Estimate, Target

if TYPE_CHECKING:
    from pathlib import Path

    from advisor.predict.hiding import Bench
    from advisor.predict.workbench import Evidenced

__all__ = [
    "Evaluation", "FitReport", "breakdown", "concerned", "estimate", "estimate_all", "evaluate", "fit", "hidden_targets", "newcomer",
    "one_core", "reading", "tune",
]  # fmt: skip


def fit(
    store: Evidenced,
    devices: Sequence[str] | None = None,
    on_progress: Callable[[str], None] | None = None,
    given: Mapping[Target, Mapping[str, Any]] | None = None,
) -> FitReport:
    """Fit the default target of each device (or of those named) and keep predictors and estimates at batch 1 and 8.

    A target among `given` takes that predictor instead of a fit.
    """
    from advisor.predict import fitting

    with one_core():
        return fitting.fit(store, devices, on_progress, given or {})


def concerned(store: Evidenced, measured: Collection[str]) -> list[str]:
    """Devices whose default target is predicted otherwise once these devices have new measurements: they and similar ones."""
    from advisor.predict import fitting

    return fitting.concerned(store, measured)


def tune(
    store: Evidenced, trials: int, study_file: Path, on_progress: Callable[[str], None]
) -> tuple[dict[str, float], float, float]:
    """(settings by name, their error on families left out, the error of the usual ones); keeps nothing in the store."""
    from advisor.predict import tuning
    from advisor.predict.settings import Settings
    from advisor.predict.workbench import Workbench

    with one_core():
        evidence = Workbench.of(store).cross.full.evidence
        study = tuning.Study(study_file, store.evidence_state())
        found, best, usual = tuning.tuned(evidence, Settings(), trials, study, on_progress)
    return found.to_json(), best, usual


def estimate(store: Evidenced, target: Target, batch_size: int) -> list[Estimate]:
    """Estimates of the whole catalogue on any target at any batch size, kept in the store."""
    from advisor.predict import fitting

    with one_core():
        return fitting.estimate(store, target, batch_size)


def newcomer(store: Evidenced, target: Target, batch_size: int, complexity: Complexity, family: str) -> Estimate:
    """The estimate of one architecture that the catalogue does not have; nothing of it is kept in the store."""
    from advisor.predict import newcomers

    with one_core():
        return newcomers.estimate(store, target, batch_size, complexity, family)


def estimate_all(
    store: Evidenced,
    wanted: Sequence[tuple[Target, int]],
    only: str | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> None:
    """The same for many targets, which share the time of loading the evidence; of the architecture with the signature `only` if given."""
    from advisor.predict import fitting

    with one_core():
        fitting.estimate_all(store, wanted, only, on_progress)


def reading(store: Evidenced, known: Estimate, target: Target) -> Estimate | None:
    """An estimate with what was measured since it was made; None where nothing was."""
    from advisor.predict import fitting

    return fitting.reading(store, known, target)


def evaluate(
    store: Evidenced, targets: Sequence[Target] | None = None, on_progress: Callable[[str], None] = lambda _: None
) -> Evaluation:
    """Errors on networks, families and devices that the fit did not see, per target (all that were measured, or those given)."""
    from advisor.predict import evaluation

    with one_core():
        return evaluation.evaluate(store, targets, on_progress)


def hidden_targets(store: Evidenced, rated: Collection[tuple[str, int]], least: int) -> list[Bench]:
    """Targets of which so many architectures (signature, resolution) among `rated` were measured, for hiding some of them."""
    from advisor.predict import hiding
    from advisor.predict.workbench import Workbench

    bench = Workbench.of(store)
    return hiding.benches(bench.cross, bench.subject, {d.id: d for d in store.devices()}, rated, least)


def breakdown(content: Mapping[str, Any], complexity: Complexity, batch_size: int) -> dict[str, float]:
    """Part of the predicted time -> milliseconds, from a stored predictor."""
    from advisor.predict import parts

    return parts.breakdown(content, complexity, batch_size)


def one_core() -> AbstractContextManager[object]:
    """The matrices are small: several threads spend their time waiting for each other (3.4 times slower on a busy machine)."""
    import numpy  # noqa: F401 - its linear algebra must be loaded to be limited
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return cast("AbstractContextManager[object]", threadpool_limits(1, "blas"))
