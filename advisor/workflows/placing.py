"""plan: which devices, runtimes, precisions and power modes would do, for one model or for a floor of accuracy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from advisor import units
from advisor.devices import usable_memory_mib
from advisor.errors import NotEnoughEvidence, StoreError, UsageError
from advisor.recommend import licenses, reasons
from advisor.recommend.boards import (
    CLASSES,
    Offer,
    Place,
    Plan,
    Sorted,
    best_candidate,
    board_order,
    nearest_first,
    one_per_device,
    rated_power_w,
    sort_places,
    unrated,
)
from advisor.recommend.budgets import NO_POWER, Budgets
from advisor.recommend.guidelines import illustrated
from advisor.recommend.judging import checks
from advisor.recommend.ranking import FULL, Question
from advisor.recommend.scoring import Filters, Scored, admitted, score
from advisor.records import READS_OTHERWISE, Candidate, Device, Estimate, Target
from advisor.store import Store
from advisor.workflows.answering import SCOPE_NOTE, TargetOptions, checked_batch, ensure_all_estimates, parsed_budgets
from advisor.workflows.asking import Asked, asked_model, check_traced, chosen, known_of, rows_on, shown
from advisor.workflows.knowing import known_beside
from advisor.workflows.preparing import Progress, prepared_store, silent
from advisor.workflows.targeting import Ways, refusal, usual_targets

_MOST_NEAREST = 5
_UNMETERED = "power was never measured there in this way, and is not guessed from rated power"
_MOST_UNSETTLED = 5


def plan(
    model: str | None = None,
    *,
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
    board_class: Sequence[str] = (),
    library: str | None = None,
    license: str | None = None,
    confidence: str | float = 0.9,
    on_progress: Progress = silent,
) -> Plan:
    """Devices on which `model`, or without one the best model for each, meets the budgets, cheapest class of board first.

    Budgets are texts with a unit, as for `recommend`; at least one is needed. `board_class` limits the classes (all of them if empty).
    Raises UsageError, UnknownName; NotEnoughEvidence where the model was not traced at the resolution.
    """
    budgets = parsed_budgets(max_latency, min_throughput, max_memory, min_accuracy, max_params, max_power, max_energy)
    _check(budgets, batch_size, board_class)
    options = TargetOptions(runtime, precision)
    with prepared_store(on_progress) as store:
        asked = None if model is None else asked_model(store, model)
        if asked is not None and resolution is not None:
            check_traced(store, asked.model, resolution)
        search = _Search(
            store,
            budgets,
            batch_size,
            units.fraction(str(confidence)),
            asked,
            resolution,
            Filters(resolution, library, license),
        )
        return search.answer(options, tuple(board_class) or CLASSES, on_progress)


def _check(budgets: Budgets, batch_size: int, board_class: Sequence[str]) -> None:
    checked_batch(batch_size)
    if not budgets.stated():
        raise UsageError("a plan needs a budget: --max-latency, --min-throughput, --max-memory, --min-accuracy, ...")
    unknown = [name for name in board_class if name not in CLASSES]
    if unknown:
        raise UsageError(f"unknown class of board {unknown[0]!r}; known: {', '.join(CLASSES)}")


class _Search:
    """One question over many targets."""

    def __init__(
        self, store: Store, budgets: Budgets, batch_size: int, confidence: float, asked: Asked | None, resolution: int | None,
        filters: Filters,
    ) -> None:  # fmt: skip
        self._store, self._budgets, self._batch_size, self._confidence = store, budgets, batch_size, confidence
        self._asked, self._resolution, self._filters = asked, resolution, filters
        self._checked: dict[str, dict[tuple[str, str, int], tuple[float, str]]] = {}
        self._silent: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        """Device -> why nothing can be said of one of its targets."""

    def answer(self, options: TargetOptions, classes: Sequence[str], on_progress: Progress) -> Plan:
        ways = Ways(self._store)
        devices = sorted((d for d in ways.devices.values() if d.board_class in classes), key=board_order)
        targets = {device.id: self._worth(usual_targets(ways, device, options)) for device in devices}
        wanted = [(target, self._batch_size) for device in devices for target in targets[device.id]]
        only = None if self._asked is None else self._asked.model.signature
        ensure_all_estimates(self._store, wanted, only, on_progress)
        places = []
        for device in devices:
            found = [place for target in targets[device.id] if (place := self._place(device, target))]
            places += found
            if not found:
                self._silent[device.id] = self._why_silent(device, targets[device.id], options)
        found_all = sort_places(places, self._confidence)
        if not found_all.meeting and not found_all.unsettled and self._asked is None:
            found_all = found_all._replace(nearest=self._nearest(devices, targets))
        return self._plan(found_all, len(wanted), len(devices))

    def _worth(self, targets: Sequence[Target]) -> list[Target]:
        """Without int8 where no accuracy at int8 is known."""
        return [target for target in targets if "int8" not in target.precision or self._rated_at_int8()]

    def _rated_at_int8(self) -> bool:
        known = self._at("int8")
        return bool(known) if self._asked is None else any(model == self._asked.model.name for model, _, _ in known)

    def _at(self, precision: str) -> dict[tuple[str, str, int], tuple[float, str]]:
        if precision not in self._checked:
            self._checked[precision] = self._store.precision_accuracies(precision)
        return self._checked[precision]

    def _question(self, device: Device, target: Target) -> Question:
        budgets = self._budgets._replace(board_memory_mib=usable_memory_mib(device))
        return Question(target, self._batch_size, budgets, self._confidence, filters=self._filters)

    def _place(self, device: Device, target: Target) -> Place | None:
        """The candidate for a target: the model asked about, or the best; None where nothing is known of its latency."""
        question = self._question(device, target)
        try:
            items = self._items(device, question)
        except NotEnoughEvidence as error:
            metered = {"max_power_w", "max_energy_mj"} & set(self._budgets.stated())
            self._refused.setdefault(device.id, _UNMETERED if metered else str(error))
            return None
        item = best_candidate(items, self._confidence, question.best().order)
        if item is None or item.row.latency_ms is None:
            return None
        return Place(device, target, self._batch_size, item, question.budgets)

    def _items(self, device: Device, question: Question) -> list[Scored]:
        target, batch_size = question.target, question.batch_size
        if self._asked is None:
            rows = admitted(self._store.candidates(target, batch_size), self._filters, licenses.kind)
            known, _ = known_beside(self._store, device, question)
            return score(rows, question.budgets, batch_size, known)
        rows = rows_on(self._store, self._asked, target, batch_size)
        row = chosen(self._store, self._asked, rows, target, batch_size, self._resolution)
        if "int8" in target.precision and math.isnan(row.top1):
            return []
        return score([row], question.budgets, batch_size, known_of(self._store, device, question))

    def _nearest(self, devices: Iterable[Device], targets: dict[str, list[Target]]) -> tuple[Place, ...]:
        """Over all models: of each device's default target the candidate that misses the budgets by the least."""
        found = []
        for device in devices:
            for target in targets[device.id][:1]:
                question = self._question(device, target)
                items = self._items(device, question)
                found += [Place(device, target, self._batch_size, item, question.budgets) for item in items]
        return tuple(nearest_first(found, self._confidence))

    def _why_silent(self, device: Device, targets: Sequence[Target], options: TargetOptions) -> str:
        if device.id in self._refused:
            return self._refused[device.id]
        if targets:
            row = next(iter(self._store.estimates(targets[0], self._batch_size)), None)
            return (
                row.latency_reason if row and row.latency_reason else "no accuracy is known at the precision asked for"
            )
        if refused := refusal(device, options):
            return refused.removeprefix(f"device {device.id}").lstrip(": ")
        return "no runtime of its profile that runs these models was measured on this kind of device"

    def _plan(self, found: Sorted, targets: int, devices: int) -> Plan:
        meeting = found.meeting if self._asked is not None else one_per_device(found.meeting)
        likeliest = sorted(found.unsettled, key=lambda place: -place.item.probability)[:_MOST_UNSETTLED]
        some = next(iter((*found.meeting, *found.unsettled, *found.nearest)), None)
        offers, first, nearest = (
            tuple(map(self._offer, places))
            for places in (meeting, [p for p in found.unsettled if p in likeliest], found.nearest[:_MOST_NEAREST])
        )
        return Plan(
            model="" if self._asked is None else _named(some.item.row if some else None, self._asked),
            batch_size=self._batch_size, budgets=self._budgets.stated(), confidence=self._confidence,
            offers=offers, measure_first=first, nearest=nearest, unanswered=self._silent,
            notes=(*self._notes(targets, devices), *unrated((*offers, *first, *nearest))),
        )  # fmt: skip

    def _offer(self, place: Place) -> Offer:
        row, target = place.item.row, place.target
        known = self._store.estimate(target, self._batch_size, row.signature, row.resolution)
        if known is None:
            raise StoreError(f"{self._store.path} changed while it was read; ask again")
        question = self._question(place.device, target)
        said = reasons.common(place.item, known, place.budgets, self._confidence)
        told = (*said, *illustrated(self._store.makeup(row.model, row.resolution)))
        missed = checks(place.item, place.budgets, self._confidence, self._batch_size, {"power": NO_POWER})
        return Offer(
            place.device.id, place.device.name, place.device.board_class,
            shown(question, place.item, known, told),
            (*((place.item.barred,) if place.item.barred else ()), *(check.sentence for check in missed if not check.met)),
            (*self._remarks(place), *_slow_or_fast(place.device, known)), rated_power_w(place.device),
        )  # fmt: skip

    def _remarks(self, place: Place) -> list[str]:
        said = []
        row, precision = place.item.row, place.target.precision
        if "int8" not in precision and precision not in FULL and not math.isnan(row.top1):
            checked = self._at(precision).get((row.model, row.tag, row.resolution))
            said.append(
                f"top-1 at {precision}: {f'{checked[0]:.1f} % measured' if checked else 'not checked for these weights'}"
            )
        if place.budgets.board_memory_mib is None:
            said.append(f"memory of {place.device.id} depends on the machine and is not checked")
        return said

    def _notes(self, targets: int, devices: int) -> tuple[str, ...]:
        return (
            f"boards by class ({', '.join(CLASSES)}), then by kind and rated power: prices are not known",
            f"{targets} targets of {devices} devices were asked: the default runtime in every power mode, others in the default mode",
            SCOPE_NOTE,
        )


def _slow_or_fast(device: Device, known: Estimate) -> list[str]:
    """Where a board may seem slower or faster than it is beside boards that others measured."""
    return [f"{device.id}: {flag}" for flag in known.flags if READS_OTHERWISE in flag]


def _named(row: Candidate | None, asked: Asked) -> str:
    return asked.model.name if row is None else f"{row.model}.{row.tag}".rstrip(".") + f" at {row.resolution} px"
