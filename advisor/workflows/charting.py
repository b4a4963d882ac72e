"""The data of the charts: from plain arguments to a Chart. Draws nothing; workflows/drawing.py does. Memory is apart.

Each verb opens the home. Who holds data already (the TUI) uses `pareto_scene` once and recommend/panels.py after that.
"""

from __future__ import annotations

from collections.abc import Sequence

from advisor.devices import memory_note, usable_memory_mib
from advisor.errors import NotEnoughEvidence, UsageError
from advisor.recommend import licenses
from advisor.recommend.budgets import Budgets
from advisor.recommend.charts import ACCURACIES, Chart, Panel
from advisor.recommend.claims import complexity_claims
from advisor.recommend.panels import (
    ONE_EACH,
    Scene,
    complexity_panel,
    pareto_notes,
    pareto_panel,
    setting,
    speed_panel,
)
from advisor.recommend.ranking import Question
from advisor.recommend.scoring import Filters, Known, admitted
from advisor.recommend.sides import Side, axis_details, basis_note, comparison, measured_note
from advisor.records import Device, Rated, Target
from advisor.store import Store
from advisor.units import fraction
from advisor.workflows.answering import (
    TargetOptions,
    checked_batch,
    estimates_by_size,
    parsed_budgets,
    refuse_nothing,
)
from advisor.workflows.choosing import chosen_device
from advisor.workflows.knowing import known_beside
from advisor.workflows.preparing import Progress, prepared_store, silent

_GPU_OF_THE_LECTURE, _BOARD = "titan-xp", "jetson"


def accuracy_complexity(
    *,
    device: str | None = None,
    accuracy: str = "top-1",
    resolution: int | None = None,
    library: str | None = None,
    license: str | None = None,
    on_progress: Progress = silent,
) -> Chart:
    """Accuracy against GMACs, the size of a point its parameters, with the lecture's two claims checked; with a device of the
    networks that were measured there.

    Raises UsageError where the filters leave nothing, NotEnoughEvidence where the device does.
    """
    _check_accuracy(accuracy)
    with prepared_store(on_progress) as store:
        rows = _rated(store, Filters(resolution, library, license))
        said: tuple[str, ...] = ()
        if device is not None:
            rows, said = _of_device(store, rows, device)
    panel = complexity_panel(rows, accuracy)
    notes = (
        *said,
        f"{len(panel.points)} points; {ONE_EACH}",
        "1 MAC = 2 FLOPs; GMACs are of one image at that resolution",
    )
    title = f"Accuracy ({accuracy}) against complexity"
    return Chart("accuracy-complexity", title, accuracy, (panel,), complexity_claims(rows), notes)


def accuracy_speed(
    *,
    device: str | None = None,
    against: str | None = None,
    accuracy: str = "top-1",
    batch_size: int = 1,
    resolution: int | None = None,
    runtime: str | None = None,
    precision: str | None = None,
    power_mode: str | None = None,
    threads: int | None = None,
    memory_format: str | None = None,
    against_batch_size: int | None = None,
    against_runtime: str | None = None,
    against_precision: str | None = None,
    against_power_mode: str | None = None,
    library: str | None = None,
    license: str | None = None,
    on_progress: Progress = silent,
) -> Chart:
    """Accuracy against images per second on two devices; what is unequal between them is marked in axes and notes.

    Without devices: Titan Xp and the default Jetson. Runtime, precision and batch size are of both devices, unless the
    second has its own; power mode and threads are of the first, memory format is of both. Raises UsageError, UnknownName,
    NotEnoughEvidence.
    """
    _check_accuracy(accuracy)
    first = TargetOptions(runtime, precision, power_mode, threads, memory_format)
    second = TargetOptions(
        against_runtime or runtime, against_precision or precision, against_power_mode, memory_format=memory_format
    )
    batches = (batch_size, batch_size if against_batch_size is None else against_batch_size)
    for size in batches:
        checked_batch(size)
    with prepared_store(on_progress) as store:
        rows = _rated(store, Filters(resolution, library, license))
        one, other, notes = _two_devices(store, device, against)
        sides = [(first.on(one), batches[0]), (second.on(other), batches[1])]
        details = axis_details(*sides)
        panels = [_speed(store, rows, side, accuracy, said) for side, said in zip(sides, details, strict=True)]
        known = [
            f"{basis_note(panel)}; {_measured_there(store, side[0])}" for panel, side in zip(panels, sides, strict=True)
        ]
    _require_points(panels)
    text = (
        *notes,
        comparison(*sides),
        *known,
        ONE_EACH,
        "intervals are 90 %; copies and pre-processing are not in the speed",
    )
    title = f"Accuracy ({accuracy}) against speed on two devices"
    return Chart("accuracy-speed", title, accuracy, tuple(panels), notes=text)


def pareto(
    *,
    device: str | None = None,
    accuracy: str = "top-1",
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
    confidence: str | float = 0.9,
    library: str | None = None,
    license: str | None = None,
    on_progress: Progress = silent,
) -> Chart:
    """Accuracy against latency under budgets, with the front. Raises UsageError, UnknownName, NotEnoughEvidence."""
    _check_accuracy(accuracy)
    checked_batch(batch_size)
    budgets = parsed_budgets(max_latency, min_throughput, max_memory, min_accuracy, max_params, max_power, max_energy)
    chance, filters = fraction(str(confidence)), Filters(resolution, library, license)
    options = TargetOptions(runtime, precision, power_mode, threads, memory_format)
    with prepared_store(on_progress) as store:
        profile, notes = chosen_device(store, device)
        scene, said = pareto_scene(store, options.on(profile), batch_size, accuracy, budgets)
    refuse_nothing(scene.candidates, filters)
    budgets = budgets._replace(board_memory_mib=usable_memory_mib(profile))
    panel = pareto_panel(scene, budgets, chance, filters)
    _require_points([panel])
    text = (*notes, *pareto_notes(panel, budgets, chance), *said, ONE_EACH, memory_note(profile), basis_note(panel))
    return Chart("pareto", f"Accuracy ({accuracy}) against latency", accuracy, (panel,), notes=text)


def pareto_scene(
    store: Store,
    target: Target,
    batch_size: int,
    accuracy: str,
    budgets: Budgets = Budgets(),  # noqa: B008 - a tuple
) -> tuple[Scene, tuple[str, ...]]:
    """All that the Pareto chart of a target needs, and notes on its accuracy; of the budgets only those of power matter here.

    Raises NotEnoughEvidence where the accuracy is not known at the target's precision.
    """
    known, notes = _known(store, target, batch_size, accuracy, budgets)
    estimates = estimates_by_size(store, target, batch_size)
    return Scene(target, batch_size, store.candidates(target, batch_size), estimates, accuracy, known), notes


def _known(
    store: Store, target: Target, batch_size: int, accuracy: str, budgets: Budgets
) -> tuple[Known, tuple[str, ...]]:
    question = Question(target, batch_size, budgets, accuracy_on=accuracy)
    return known_beside(store, store.device(target.device), question)


def _two_devices(store: Store, device: str | None, against: str | None) -> tuple[Device, Device, tuple[str, ...]]:
    """The devices asked for; else the lecture's GPU and a Jetson, of which the other is taken."""
    one, notes = chosen_device(store, device or _GPU_OF_THE_LECTURE)
    other, more = chosen_device(store, against or (_GPU_OF_THE_LECTURE if one.kind == "jetson" else _BOARD))
    said = (*(notes if device else ()), *(more if against else ()))
    if device and against:
        return one, other, said
    return one, other, (*said, f"{one.id} and {other.id}: choose others with --device and --against")


def _check_accuracy(accuracy: str) -> None:
    if accuracy not in ACCURACIES:
        raise UsageError(f"accuracy {accuracy!r} is not known; accepted: {', '.join(ACCURACIES)}")


def _rated(store: Store, filters: Filters) -> list[Rated]:
    rows = store.rated()
    refuse_nothing(rows, filters)
    return admitted(rows, filters, licenses.kind)


def _of_device(store: Store, rows: Sequence[Rated], device: str) -> tuple[list[Rated], tuple[str, ...]]:
    """The rows of architectures that were measured on a device, however they were run there, and what to say of it."""
    profile, notes = chosen_device(store, device)
    measured = {m.signature for m in store.measurements(profile.id)}
    kept = [row for row in rows if row.signature in measured]
    if not kept:
        raise NotEnoughEvidence(
            f"no network with known accuracy was measured on {profile.id}; leave --device out, or 'advisor measure' there"
        )
    return kept, (*notes, f"only networks that were measured on {profile.id}")


def _speed(store: Store, rows: Sequence[Rated], side: Side, accuracy: str, detail: str) -> Panel:
    target, batch_size = side
    known = estimates_by_size(store, target, batch_size)
    return speed_panel(_at_precision(store, rows, target, accuracy), known, accuracy, target, batch_size, detail)


def _measured_there(store: Store, target: Target) -> str:
    return measured_note(target, store.measurements(target.device))


def _at_precision(store: Store, rows: Sequence[Rated], target: Target, accuracy: str) -> list[Rated]:
    """The rows with the accuracy that counts at the target's precision: at int8 only what was observed there."""
    if "int8" not in target.precision:
        return list(rows)
    known, _ = _known(store, target, 1, accuracy, Budgets())
    found = known.accuracies or {}
    keys = {(row.model, row.tag, row.resolution): row for row in rows}
    return [row._replace(top1=found[key][0], top5=None) for key, row in keys.items() if key in found]


def _require_points(panels: Sequence[Panel]) -> None:
    for panel in panels:
        if not panel.points:
            where = f"{setting(panel.target)} on {panel.target.device}" if panel.target else "this target"
            raise NotEnoughEvidence(f"no latency is known for {where}; choose another --runtime or --precision")
