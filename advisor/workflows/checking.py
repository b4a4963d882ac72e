"""check: does this one model meet these budgets there: yes, no, or not enough evidence, and then what would settle it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from advisor import units
from advisor.devices import usable_memory_mib
from advisor.recommend.budgets import NO_POWER, Budgets, Draw, chances, describe
from advisor.recommend.chance import at_confidence, bound_for, throughput_of
from advisor.recommend.ranking import measure_command
from advisor.recommend.verdict import NOT_SETTLED, Checked, Verdict, checked, judged
from advisor.records import MEASURABLE, Candidate, Device, Estimate, Quantity, Target, Weights
from advisor.store import Store
from advisor.workflows.answering import (
    TargetOptions,
    checked_batch,
    ensure_estimates,
    parsed_budgets,
)
from advisor.workflows.choosing import chosen_device
from advisor.workflows.preparing import Progress, prepared_store, silent
from advisor.workflows.subjects import Subject, Warn, estimate_of, subject, warned
from advisor.workflows.tails import checked_statistic, tail_of

_TIME = ("max_latency_ms", "min_throughput_img_s")
_MEMORY = ("max_memory_mib", "board_memory_mib")
_POWER = ("max_power_w", "max_energy_mj")
_ACCURACY = "min_accuracy_percent"
_TRTEXEC = {"fp16": " --fp16", "bf16": " --bf16", "int8": " --int8", "int8+fp16": " --int8 --fp16", "fp32": " --noTF32"}


def check(
    model: str,
    *,
    device: str | None = None,
    max_latency: str | None = None,
    min_throughput: str | None = None,
    max_memory: str | None = None,
    min_accuracy: str | None = None,
    max_params: str | None = None,
    max_power: str | None = None,
    max_energy: str | None = None,
    batch_size: int = 1,
    resolution: int | None = None,
    runtime: str | None = None,
    precision: str | None = None,
    power_mode: str | None = None,
    threads: int | None = None,
    memory_format: str | None = None,
    latency_stat: str = "p50",
    confidence: str | float = 0.9,
    on_progress: Progress = silent,
    on_warning: Warn = warned,
) -> Verdict:
    """Whether a model meets budgets on a device. `model` is a registered name, `file.py:factory` (its code runs) or an ONNX file.

    Raises UsageError, UnknownName, DataError for a file that cannot be read, NotEnoughEvidence where nothing is known at all.
    """
    budgets = parsed_budgets(max_latency, min_throughput, max_memory, min_accuracy, max_params, max_power, max_energy)
    checked_batch(batch_size)
    checked_statistic(latency_stat)
    sure = units.fraction(str(confidence))
    options = TargetOptions(runtime, precision, power_mode, threads, memory_format)
    with prepared_store(on_progress) as store:
        profile, notes = chosen_device(store, device)
        target = options.on(profile)
        tail = tail_of(store, profile.kind, target.runtime, latency_stat)
        ensure_estimates(store, target, batch_size)
        found = subject(store, model, resolution, on_warning)
        known = tail.estimate(estimate_of(store, found, target, batch_size))
        asked = _Asked(store, profile, target, budgets._replace(board_memory_mib=usable_memory_mib(profile)), sure)
        return asked.verdict(found, known, (*notes, *tail.notes))


class _Asked:
    """A question whose target, device and bounds are known."""

    def __init__(self, store: Store, profile: Device, target: Target, budgets: Budgets, confidence: float) -> None:
        self._store = store
        self._profile = profile
        self._target = target
        self._budgets = budgets
        self._confidence = confidence

    def verdict(self, found: Subject, known: Estimate, notes: tuple[str, ...]) -> Verdict:
        """The answer for one subject."""
        weights, no_accuracy = self._accuracy(found)
        rows = self._checked(found, known, weights, no_accuracy)
        outcome, likely, least, most = judged(rows, self._confidence)
        latency = None if known.latency is None else at_confidence(known.latency, self._confidence)
        return Verdict(
            model=found.asked, registered="" if found.model is None else found.model.name,
            resolution=found.totals.resolution, target=self._target, batch_size=known.batch_size,
            confidence=self._confidence, outcome=outcome, probability=likely, at_least=least, at_most=most, budgets=rows,
            latency_ms=latency, latency_reason=known.latency_reason,
            throughput_img_s=throughput_of(known, self._confidence),
            memory_mib=None if known.memory is None else at_confidence(known.memory, self._confidence),
            memory_reason=known.memory_reason, reasons=(*self._reasons(rows, known), *known.flags),
            settle=self._settle(found, known, rows) if outcome == NOT_SETTLED else (), notes=notes,
        )  # fmt: skip

    def _checked(
        self, found: Subject, known: Estimate, weights: Weights | None, no_accuracy: str
    ) -> tuple[Checked, ...]:
        top1 = None if weights is None else weights.top1
        row = _candidate(found, known, top1 or 0.0)
        bounds = self._budgets.stated()
        draw = self._draw(found, known)
        doubts = {
            **dict.fromkeys(_TIME, _doubt(known.latency, known.latency_reason)),
            **dict.fromkeys(_MEMORY, "" if known.memory is not None else known.memory_reason or "memory is not known"),
            _ACCURACY: no_accuracy,
            **dict.fromkeys(_POWER, "" if draw is not None else NO_POWER),
        }
        unknown = [*(_TIME if known.latency is None else ()), *(_MEMORY if known.memory is None else ())]
        unknown += [*([] if top1 is not None else [_ACCURACY]), *([] if draw is not None else _POWER)]
        said = {**_found(found, known, weights), **_drawn(draw)}
        return checked(bounds, chances(bounds, known.batch_size)(row, top1 or 0.0, draw), doubts, unknown, said)

    def _draw(self, found: Subject, known: Estimate) -> Draw | None:
        """Power and energy as metered; None where they were not, or not asked for."""
        if self._budgets.max_power_w is None and self._budgets.max_energy_mj is None:
            return None
        from advisor.recommend.powering import draws

        metered = draws(self._store.power(self._target, known.batch_size), known.batch_size)
        draw = metered.get((found.totals.signature, found.totals.resolution))
        return None if draw is None or draw.power_w is None or draw.energy_mj is None else draw

    def _accuracy(self, found: Subject) -> tuple[Weights | None, str]:
        """(the most accurate weights at the resolution, why there are none)."""
        if found.model is None or found.kind != "name":
            return None, "the accuracy of your own weights is not known here: validate them on your test set"
        if "int8" in self._target.precision:
            return None, "accuracy at int8 is not that of the published weights: validate it after conversion"
        every = [w for w in self._store.weights(found.model.name) if w.top1 is not None]
        here = [w for w in every if w.resolution == found.totals.resolution]
        if here:
            return max(here, key=lambda w: w.top1 or 0.0), ""
        sizes = ", ".join(str(r) for r in sorted({w.resolution for w in every})) or "none"
        return None, f"no accuracy is known at {found.totals.resolution} px; known at: {sizes}"

    def _reasons(self, rows: tuple[Checked, ...], known: Estimate) -> tuple[str, ...]:
        said = [row.doubt for row in rows if row.doubt]
        latency = known.latency
        if latency is not None and not latency.extrapolated and 0.5 < self._confidence < 0.9995:
            worst = bound_for(latency.value, latency.low, latency.high, self._confidence)
            under = describe("max_latency_ms", worst, self._budgets.max_latency_ms)
            said.append(f"its latency stays under {under} at {units.format_confidence(self._confidence)}")
        return tuple(dict.fromkeys(said))

    def _settle(self, found: Subject, known: Estimate, rows: tuple[Checked, ...]) -> tuple[str, ...]:
        """What to do about what is open: measure it where that can be done, else narrow the prediction."""
        limit = self._confidence
        open_rows = [r.name for r in rows if r.doubt or not (r.chance is not None and r.chance >= limit)]
        steps = list(self._measured(found, known)) if {*_TIME, *_MEMORY} & {*open_rows} else []
        if {*_POWER} & {*open_rows}:
            steps.append("meter its power there, and import it with a power_w column: advisor db import FILE")
        if _ACCURACY in open_rows:
            steps.append(
                "validate the accuracy of the weights on your test set, and check again without --min-accuracy"
            )
        return tuple(steps)

    def _measured(self, found: Subject, known: Estimate) -> tuple[str, ...]:
        target = self._target
        if found.model is not None or target.runtime not in MEASURABLE:
            name = found.asked if found.model is None else found.model.name
            return (measure_command(target, name, found.totals.resolution, known.batch_size),)
        near = f"advisor measure --budget 10min --device {target.device} --runtime {target.runtime} --precision {target.precision}"
        if found.kind == "onnx" and target.runtime == "tensorrt":
            first = () if known.batch_size == 1 else (f"export it at a batch of {known.batch_size}",)
            return (*first, f"trtexec --onnx={shlex.quote(found.asked)}{_TRTEXEC.get(target.precision, '')}", near)
        return (f"time {found.asked} on {target.device} with {target.runtime} at {target.precision}", near)


def _doubt(latency: Quantity | None, reason: str) -> str:
    if latency is None:
        return reason or "latency is not known"
    return (
        "its latency is extrapolated: nothing like it was measured on this kind of device and runtime"
        if latency.extrapolated
        else ""
    )


def _candidate(found: Subject, known: Estimate, top1: float) -> Candidate:
    """The row that recommend scores, of this one subject."""
    time, memory, totals = known.latency, known.memory, found.totals
    return Candidate(
        signature=totals.signature, family=found.family, model=found.asked, tag="", resolution=totals.resolution,
        top1=top1, license="", params=totals.params, macs=totals.macs,
        latency_ms=time and time.value, latency_low=time and time.low, latency_high=time and time.high,
        extrapolated=time is not None and time.extrapolated, throughput_img_s=known.throughput_img_s,
        memory_mib=memory and memory.value, memory_low=memory and memory.low, memory_high=memory and memory.high,
    )  # fmt: skip


def _found(found: Subject, known: Estimate, weights: Weights | None) -> Mapping[str, str]:
    """Budget -> what the model takes of it, in words."""
    said: dict[str, str] = {"max_params": describe("max_params", found.totals.params)}
    rate = throughput_of(known)
    if known.latency is not None and rate is not None:
        said["max_latency_ms"] = _spread("max_latency_ms", known.latency)
        said["min_throughput_img_s"] = _spread("min_throughput_img_s", rate)
    if known.memory is not None:
        said |= dict.fromkeys(_MEMORY, _spread("max_memory_mib", known.memory))
    if weights is not None and weights.top1 is not None:
        said[_ACCURACY] = f"{describe(_ACCURACY, weights.top1)} ({weights.tag})"
    return said


def _drawn(draw: Draw | None) -> Mapping[str, str]:
    if draw is None or draw.power_w is None or draw.energy_mj is None:
        return {}
    scope = f" of the {draw.scope}" if draw.scope else ""
    return {
        "max_power_w": _spread("max_power_w", draw.power_w) + scope,
        "max_energy_mj": _spread("max_energy_mj", draw.energy_mj) + scope,
    }


def _spread(name: str, quantity: Quantity) -> str:
    words = quantity.basis + (", extrapolated" if quantity.extrapolated else "")
    return (
        f"{describe(name, quantity.value)} ({describe(name, quantity.low)} to {describe(name, quantity.high)}), {words}"
    )
