"""db, fit and evaluate: looking after the evidence and what is fitted to it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from advisor.errors import DataError, NotEnoughEvidence, UsageError
from advisor.locations import database, shipped
from advisor.predict.records import BATCHES, LEAST_FAMILIES, Evaluation, FitReport
from advisor.recommend.reports import Verification
from advisor.records import ImportReport, Target
from advisor.store import Store
from advisor.store.importers.observations import ReadResult
from advisor.store.verifying import by_source, checks, counts, rejections
from advisor.workflows.choosing import chosen_device
from advisor.workflows.preparing import Progress, prepared_store, silent

Outcome = tuple[str, str]
"""(accepted, duplicate or rejected; why)."""

SOURCE_FORMATS = ("interchange", "timm", "jsonl")


def db_info(*, on_progress: Progress = silent) -> dict[str, int]:
    """How much the database holds, by name."""
    with prepared_store(on_progress) as store:
        return counts(store)


def db_verify(*, on_progress: Progress = silent) -> Verification:
    """Run every check. Raises StoreError where the file itself is damaged."""
    with prepared_store(on_progress) as store:
        return Verification(counts(store), tuple(by_source(store)), tuple(rejections(store)), tuple(checks(store)))


def db_import(
    path: Path,
    *,
    source_format: str | None = None,
    device: str | None = None,
    dry_run: bool = False,
    on_progress: Progress = silent,
) -> ImportReport:
    """Add a file's measurements and fit anew what they touch; a dry run says what would happen and changes nothing.

    Raises DataError for a file that is not of its format, UsageError where the device cannot be told.
    """
    from advisor.store.seeding import add_observations

    chosen = source_format or _guess(path)
    result = _read(path, chosen, device)
    with prepared_store(on_progress) as store, _kept_unless(dry_run, store):
        outcomes = add_observations(store, shipped("benchmarks_db"), result.observations, "user")
        report = _report(path, result, outcomes)
        if chosen == "timm" and device is None:
            _ask_for_device(path, result, outcomes)
        if report.accepted and not dry_run:
            _fit(store, {m.target.device for m in store.measurements() if m.id in outcomes}, on_progress)
    return report


def _ask_for_device(path: Path, result: ReadResult, outcomes: Mapping[str, Outcome]) -> None:
    """Raises UsageError where no row was used because the device in the file's name is unknown: one hint, not one per row."""
    reasons = [reason for _, reason in outcomes.values()]
    if reasons and all(reason.startswith("device ") for reason in reasons):
        token = result.observations[0].device
        raise UsageError(
            f"{path}: its name says device {token!r}, which no profile has; name it with --device ('advisor devices list')"
        )


class _Undo(Exception):
    """Leaves a transaction without a trace."""


@contextmanager
def _kept_unless(dry_run: bool, store: Store) -> Iterator[None]:
    try:
        with store.writing():
            yield
            if dry_run:
                raise _Undo
    except _Undo:
        return


def _guess(path: Path) -> str:
    from advisor.store.importers.jsonl import is_jsonl

    if path.suffix == ".jsonl" or is_jsonl(path):
        return "jsonl"
    return "timm" if path.name.startswith("benchmark-infer-") else "interchange"


def _read(path: Path, source_format: str, device: str | None) -> ReadResult:
    from advisor.store.importers import interchange, jsonl, timm
    from advisor.store.importers.sources import load as load_sources

    if source_format == "timm":
        return timm.read(path, device)
    if device is not None:
        raise UsageError(f"--device goes with timm's benchmark files only; {path} names the device of each row itself")
    if source_format == "jsonl":
        return jsonl.read(path)
    return interchange.read(path, load_sources(shipped("benchmarks_db") / "mapping"))


def _report(path: Path, result: ReadResult, outcomes: Mapping[str, Outcome]) -> ImportReport:
    """Every row once: broken rows, then what became of each observation."""
    rejected = list(result.rejected)
    counts = {"accepted": 0, "duplicate": 0}
    seen: set[str] = set()
    for line, observation in zip(result.lines, result.observations, strict=True):
        outcome, reason = outcomes[observation.id]
        if observation.id in seen:
            outcome = "duplicate"
        seen.add(observation.id)
        if outcome == "rejected":
            rejected.append((line, reason))
        else:
            counts[outcome] += 1
    return ImportReport(str(path), result.rows, counts["accepted"], counts["duplicate"], tuple(sorted(rejected)))


def db_export(path: Path, *, everything: bool = False, on_progress: Progress = silent) -> int:
    """Write observations as lossless JSON Lines, only the user's own unless `everything`; returns how many.

    Raises DataError where the file cannot be written.
    """
    from advisor.store.importers.jsonl import write

    with prepared_store(on_progress) as store:
        return write(path, store.observations(origin=None if everything else "user"))


def fit(*, tune: int = 0, on_progress: Progress = silent) -> FitReport:
    """Fit all predictors from the evidence in the database; `tune` first tries so many settings of the model and keeps the best.

    The search goes on where an earlier one stopped. Raises UsageError for more than 50.
    """
    with prepared_store(on_progress) as store:
        if tune:
            _tune(store, tune, on_progress)
        return _fit(store, None, on_progress)


def _tune(store: Store, trials: int, on_progress: Progress) -> None:
    from advisor.predict import tune
    from advisor.predict.tuning import MOST_TRIALS
    from advisor.predict.workbench import SETTINGS

    if not 1 <= trials <= MOST_TRIALS:
        raise UsageError(f"--tune takes 1 to {MOST_TRIALS} trials, not {trials}")
    found, best, usual = tune(store, trials, Path(database()).with_name("tuning.db"), on_progress)
    on_progress(
        f"error on families left out: {100 * usual:.2f} % with the usual settings, {100 * best:.2f} % with the best found"
    )
    store.set_meta(SETTINGS, json.dumps(found))


def refit(store: Store, target: Target, on_progress: Progress) -> FitReport:
    """Fit anew what new measurements of a target concern, and make its estimates at the usual batch sizes."""
    from advisor.predict import estimate

    report = _fit(store, {target.device}, on_progress)
    for batch_size in BATCHES:
        if not store.has_estimates(target, batch_size):
            estimate(store, target, batch_size)
    return report


def _fit(store: Store, measured: Collection[str] | None, on_progress: Progress) -> FitReport:
    """Everything, or what new measurements of some devices concern: they and similar devices."""
    from advisor.predict import concerned
    from advisor.predict import fit as fit_all

    return fit_all(store, None if measured is None else concerned(store, measured), on_progress)


def evaluate(*, device: str | None = None, on_progress: Progress = silent) -> Evaluation:
    """Errors of the predictions on what was held out, per target."""
    from advisor.predict import evaluate as evaluate_all

    with prepared_store(on_progress) as store:
        chosen = None if device is None else chosen_device(store, device)[0].id
        targets = None if chosen is None else [m.target for m in store.measurements(chosen)]
        found = evaluate_all(store, targets, on_progress)
        if not found.latency and not found.memory:
            raise NotEnoughEvidence(
                f"{chosen}: nothing to evaluate: it has rows of fewer than {LEAST_FAMILIES} model families, and no similar device has any; "
                "measure some models with 'advisor measure', or bring figures with 'advisor db import'"
            )
        return found


def write_page(path: Path, content: str) -> None:
    """Write a page. Raises DataError where the file cannot be written."""
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}") from error
