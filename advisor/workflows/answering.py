"""recommend and predict: from plain arguments to an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from advisor import units
from advisor.devices import Device, target_for, usable_memory_mib
from advisor.errors import NotEnoughEvidence, UsageError
from advisor.recommend.answer import Recommendation
from advisor.recommend.budgets import Budgets
from advisor.recommend.ranking import Question
from advisor.recommend.ranking import recommend as rank
from advisor.recommend.reports import Prediction
from advisor.recommend.scoring import Filters
from advisor.records import Estimate, Target
from advisor.store import Store
from advisor.workflows.choosing import chosen_device
from advisor.workflows.preparing import Progress, prepared_store, silent

_SCOPE_NOTE = "latency is the forward pass of the whole batch; copies to the device and pre-processing are not in it"


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """Choices that replace a profile's default target; None keeps the default."""

    runtime: str | None = None
    precision: str | None = None
    power_mode: str | None = None
    threads: int | None = None
    memory_format: str | None = None

    def on(self, device: Device) -> Target:
        """The target on a device. Raises UsageError where the profile does not support it."""
        return target_for(
            device, runtime=self.runtime, precision=self.precision, power_mode=self.power_mode,
            threads=self.threads, memory_format=self.memory_format,
        )  # fmt: skip


def recommend(
    *,
    device: str | None = None,
    max_latency: str | None = None,
    min_throughput: str | None = None,
    max_memory: str | None = None,
    min_accuracy: str | None = None,
    max_params: str | None = None,
    batch_size: int = 1,
    resolution: int | None = None,
    runtime: str | None = None,
    precision: str | None = None,
    power_mode: str | None = None,
    threads: int | None = None,
    memory_format: str | None = None,
    latency_stat: str = "p50",
    confidence: str | float = 0.9,
    top: int = 5,
    all_rows: bool = False,
    library: str | None = None,
    license: str | None = None,
    on_progress: Progress = silent,
) -> Recommendation:
    """The best models for a device under budgets, with reasons and how each figure is known.

    Budgets are texts with a unit (`50ms`, `30fps`, `1GB`, `75%`, `30M`). `device` None is this machine.
    Raises UsageError for what cannot be asked, NotEnoughEvidence where nothing is known of the target.
    """
    budgets = Budgets(
        max_latency_ms=_parsed(units.latency_ms, max_latency),
        min_throughput_img_s=_parsed(units.throughput_img_s, min_throughput),
        max_memory_mib=_parsed(units.memory_mib, max_memory),
        min_accuracy_percent=_parsed(units.accuracy_percent, min_accuracy),
        max_params=_parsed(units.count, max_params),
    )
    _check(batch_size, top, latency_stat)
    options = TargetOptions(runtime, precision, power_mode, threads, memory_format)
    filters = Filters(resolution, library, license)
    with prepared_store(on_progress) as store:
        profile, notes = chosen_device(store, device)
        question = Question(
            options.on(profile), batch_size, replace(budgets, board_memory_mib=usable_memory_mib(profile)),
            units.fraction(str(confidence)), top, all_rows, filters,
        )  # fmt: skip
        return _answer(store, profile, question, latency_stat, notes)


def _parsed(parser: object, text: str | None) -> float | None:
    return None if text is None else float(parser(str(text)))  # type: ignore[operator]


def _check(batch_size: int, top: int, latency_stat: str) -> None:
    if batch_size < 1:
        raise UsageError(f"batch size {batch_size} must be at least 1")
    if top < 1:
        raise UsageError(f"--top {top} must be at least 1")
    if latency_stat not in ("p50", "p90"):
        raise UsageError(f"latency statistic {latency_stat!r} is not known; accepted: p50, p90")


def _answer(
    store: Store, profile: Device, question: Question, latency_stat: str, notes: Sequence[str]
) -> Recommendation:
    rows = estimates_for(store, question.target, question.batch_size)
    if latency_stat == "p90":
        rows, tail_note = _tails(store, profile, question.target, rows)
        notes = (*notes, tail_note)
    if question.budgets.max_latency_ms or question.budgets.min_throughput_img_s:
        _require_latency(rows, question.target)
    accuracies, precision_note = _accuracies(store, question.target.precision)
    all_notes = (*notes, *_notes(profile, question), *precision_note)
    return rank(question, store.candidates(), rows, accuracies, all_notes)


def estimates_for(store: Store, target: Target, batch_size: int) -> list[Estimate]:
    """Materialised estimates, computed and kept first where there are none."""
    rows = store.estimates(target, batch_size)
    if not rows:
        from advisor.predict import estimate

        rows = estimate(store, target, batch_size)
    return rows


def _require_latency(rows: Sequence[Estimate], target: Target) -> None:
    if any(row.latency is not None for row in rows):
        return
    reason = rows[0].latency_reason if rows else "the catalogue is empty"
    raise NotEnoughEvidence(
        f"no latency is known for {target.runtime} {target.precision} on {target.device}: {reason}; "
        f"measure some models there or choose another --runtime or --precision ('advisor devices show {target.device}')"
    )


def _tails(store: Store, profile: Device, target: Target, rows: Sequence[Estimate]) -> tuple[list[Estimate], str]:
    """The estimates at p90: typical latency times the median ratio seen on this kind of device and runtime."""
    ratios = store.tail_ratios(profile.kind, target.runtime, "p90")
    if len(ratios) < _LEAST_TAILS:
        raise NotEnoughEvidence(
            f"p90 latency of {target.runtime} on this kind of device ({profile.kind}) is documented by {len(ratios)} measurements; "
            f"{_LEAST_TAILS} are needed: ask for p50 or import measurements with p90"
        )
    ordered = sorted(ratio for ratio, _ in ratios)
    middle, highest = ordered[len(ordered) // 2], ordered[int(0.95 * (len(ordered) - 1))]
    sources = sorted({source for _, source in ratios})
    note = f"p90 = typical latency x {middle:.2f} (up to x {highest:.2f}), seen in {len(ratios)} measurements of {', '.join(sources)}"
    return [_with_tail(row, middle, highest) for row in rows], note


_LEAST_TAILS = 5


def _with_tail(row: Estimate, middle: float, highest: float) -> Estimate:
    latency = row.latency
    if latency is None:
        return row
    basis = "calibrated" if latency.basis == "measured" else latency.basis
    tail = replace(latency, value=latency.value * middle, low=latency.low, high=latency.high * highest, basis=basis)
    return replace(row, latency=tail, throughput_img_s=None)


def _accuracies(
    store: Store, precision: str
) -> tuple[dict[tuple[str, str, int], tuple[float, str]] | None, tuple[str, ...]]:
    """Accuracy observed at int8, which alone may recommend int8; None = the published accuracy counts."""
    if "int8" not in precision:
        if precision in ("fp32", "tf32", "fp64"):
            return None, ()
        checked = store.precision_accuracies(precision)
        return None, (
            f"accuracy is of the published weights at full precision; at {precision} it was checked for {len(checked)} of them",
        )
    found = store.precision_accuracies("int8")
    if not found:
        raise NotEnoughEvidence("no accuracy at int8 is known: int8 is recommended only with evidence; ask for fp16")
    return found, (f"int8: only the {len(found)} sets of weights with accuracy measured at int8 are considered",)


def _notes(profile: Device, question: Question) -> list[str]:
    target = question.target
    described = [target.runtime, target.precision, target.compute_unit]
    if target.power_mode:
        described.append(f"power mode {target.power_mode}")
    if target.threads:
        described.append(f"{target.threads} threads")
    notes = [f"target: {', '.join(described)}, batch {question.batch_size}", _SCOPE_NOTE]
    if question.budgets.board_memory_mib is None:
        notes.append("the profile does not state the device's memory: memory is bounded only by --max-memory")
    elif profile.value("system_reserved_gb") is None:
        notes.append("what the system keeps of the device's memory is not known and not subtracted")
    return notes


def predict(
    models: Sequence[str] = (),
    *,
    all_models: bool = False,
    device: str | None = None,
    batch_size: int = 1,
    resolution: int | None = None,
    runtime: str | None = None,
    precision: str | None = None,
    power_mode: str | None = None,
    threads: int | None = None,
    memory_format: str | None = None,
    on_progress: Progress = silent,
) -> list[Prediction]:
    """Latency and memory of named models (or all) on a target, at their default resolution unless one is given.

    Raises UsageError, UnknownName; NotEnoughEvidence where a model has no complexity at the resolution.
    """
    _check(batch_size, 1, "p50")
    if not models and not all_models:
        raise UsageError("name at least one model, or ask for all ('advisor models list' shows the names)")
    options = TargetOptions(runtime, precision, power_mode, threads, memory_format)
    with prepared_store(on_progress) as store:
        profile, _ = chosen_device(store, device)
        target = options.on(profile)
        rows = {(e.signature, e.resolution): e for e in estimates_for(store, target, batch_size)}
        chosen = store.models() if all_models else [store.model(name) for name in models]
        found = []
        for model in chosen:
            size = resolution or model.default_resolution
            estimate = rows.get((model.signature, size))
            if estimate is not None:
                found.append(_prediction(model.name, target, estimate))
            elif not all_models:
                raise NotEnoughEvidence(_no_resolution(store, model.name, model.signature, size))
        return found


def _no_resolution(store: Store, name: str, signature: str, size: int) -> str:
    known = ", ".join(str(r) for r in sorted(store.complexity(signature)))
    return f"{name} was not traced at {size} px; its complexity is known at {known} px"


def _prediction(model: str, target: Target, e: Estimate) -> Prediction:
    return Prediction(
        model, e.resolution, target, e.batch_size, e.latency, e.latency_reason, e.memory, e.memory_reason, e.flags
    )
