"""From rows of the store to the panels of a chart. Pure: the TUI calls these again at every change of a budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from advisor.predict.memory_lines import KINDS, MemoryLine
from advisor.recommend import licenses
from advisor.recommend.budgets import TITLES, Budgets, describe
from advisor.recommend.chance import throughput_of
from advisor.recommend.charts import Axis, Bound, Line, Panel, Point
from advisor.recommend.claims import BAND, VARIED_GMACS, accuracy_of, best_rated
from advisor.recommend.fronts import front_of
from advisor.recommend.scoring import Filters, Known, Scored, admitted, score
from advisor.records import Candidate, Estimate, Rated, Target
from advisor.units import format_confidence

Estimates = Mapping[tuple[str, int], Estimate]
"""(signature, resolution) -> estimate, on one target at one batch size."""

LECTURE = {
    "alexnet": 224, "vgg16": 224, "googlenet": 224, "inception_v3": 299, "resnet18": 224, "resnet50": 224, "resnet152": 224,
    "densenet161": 224, "squeezenet1_1": 224, "mobilenet_v2": 224,
}  # fmt: skip
"""Networks of the lecture (torchvision's names) and their usual resolution: their names are written beside their points."""

ONE_EACH = "accuracy is of the best weights per architecture and resolution"

_PARAMS = Axis("parameters", "M")


def accuracy_axis(accuracy: str) -> Axis:
    """Percent on ImageNet-1k."""
    return Axis(f"ImageNet-1k {accuracy} accuracy", "%")


def short_name(model: str) -> str:
    """The name without its library."""
    return model.partition("/")[2]


def _names(rows: Iterable[Rated]) -> dict[tuple[str, int], str]:
    """(signature, resolution) -> name, of the lecture's networks; where both libraries build one otherwise, torchvision's."""
    found: dict[str, Rated] = {}
    for row in sorted(rows, key=lambda r: (r.model, r.tag), reverse=True):
        if LECTURE.get(short_name(row.model)) == row.resolution:
            found.setdefault(short_name(row.model), row)
    return {(row.signature, row.resolution): name for name, row in found.items()}


def complexity_panel(rows: Iterable[Rated], accuracy: str) -> Panel:
    """Accuracy against GMACs of one image; a point's size is its parameters. The lecture's two bands are marked."""
    of, rows = accuracy_of(accuracy), list(rows)
    names = _names(rows)
    points = [
        Point(row.model, row.tag, row.resolution, row.family, row.macs / 1e9, value, row.params / 1e6, "counted",
              label=names.get((row.signature, row.resolution), ""))
        for row in best_rated(rows, accuracy)
        if (value := of(row)) is not None
    ]  # fmt: skip
    varied = Bound("x", *VARIED_GMACS, "10 to 15 GMACs")
    band = (Bound("y", *BAND, "near 95 % top-5"),) if accuracy == "top-5" else ()
    complexity = Axis("complexity of one image", "GMACs", log=True)
    return Panel("", complexity, accuracy_axis(accuracy), tuple(points), bounds=(varied, *band))


def speed_panel(
    rows: Iterable[Rated], estimates: Estimates, accuracy: str, target: Target, batch_size: int, detail: str
) -> Panel:
    """Accuracy against images per second on one target at one batch size; `detail` names the setting in the axis."""
    of, rows = accuracy_of(accuracy), list(rows)
    names = _names(rows)
    points = []
    for row in best_rated(rows, accuracy):
        known = estimates.get((row.signature, row.resolution))
        speed = None if known is None else throughput_of(known)
        value = of(row)
        if known is None or known.latency is None or speed is None or value is None:
            continue
        points.append(
            Point(row.model, row.tag, row.resolution, row.family, speed.value, value, row.params / 1e6, known.latency.basis,
                  known.latency.extrapolated, speed.low, speed.high, label=names.get((row.signature, row.resolution), ""))
        )  # fmt: skip
    x = Axis("throughput", "images/s", detail, log=True)
    return Panel(target.device, x, accuracy_axis(accuracy), tuple(points), "x", target=target, batch_size=batch_size)


def memory_panel(line: MemoryLine, families: Mapping[str, str]) -> Panel:
    """Measured memory against parameters, with the fitted line; `families` is signature -> family."""
    points = tuple(
        Point(p.model, "", p.resolution, families.get(p.signature, ""), p.params_m, p.memory_mib, p.params_m, "measured",
              low=p.low, high=p.high, label=short_name(p.model) if short_name(p.model) in LECTURE else "")
        for p in line.points
    )  # fmt: skip
    fitted = Line(line.fit, "MiB per M parameters", line.reason, line.linear)
    title = f"{line.target.device}: batch {line.batch_size}, {setting(line.target)}"
    return Panel(
        title, _PARAMS, Axis("memory", "MiB", KINDS[line.kind]), points, "y", (fitted,), target=line.target,
        batch_size=line.batch_size, memory_kind=line.kind,
    )  # fmt: skip


def predicted_memory_panel(
    rows: Iterable[Rated], estimates: Estimates, target: Target, batch_size: int, reason: str
) -> Panel:
    """Memory as accounted, where none was measured. No line: it would show the accounting, not the device."""
    rows = list(rows)
    names = _names(rows)
    points = []
    for row in best_rated(rows, "top-1"):
        known = estimates.get((row.signature, row.resolution))
        if known is None or known.memory is None:
            continue
        memory = known.memory
        points.append(
            Point(row.model, row.tag, row.resolution, row.family, row.params / 1e6, memory.value, row.params / 1e6,
                  memory.basis, memory.extrapolated, memory.low, memory.high, label=names.get((row.signature, row.resolution), ""))
        )  # fmt: skip
    axis = Axis("memory", "MiB", "of the process, by accounting", log=True)
    title = f"{target.device}: batch {batch_size}, {setting(target)}"
    line = Line(None, "MiB per M parameters", reason, None)
    return Panel(
        title, _PARAMS._replace(log=True), axis, tuple(points), "y", (line,), target=target, batch_size=batch_size
    )


def setting(target: Target) -> str:
    """Runtime, options, precision and what else a figure depends on, in words: `tensorrt fp16, 15W`."""
    parts = [f"{target.runtime} {target.precision}"]
    parts += [part for part in (target.runtime_options, target.power_mode) if part]
    if target.compute_unit == "cpu":
        parts.append(f"cpu, {target.threads} threads" if target.threads else "cpu")
    if target.memory_format == "nhwc":
        parts.append("channels last")
    return ", ".join(parts)


class Scene(NamedTuple):
    """What a Pareto chart is computed from, read once; a changed budget needs no database."""

    target: Target
    batch_size: int
    candidates: Sequence[Candidate]
    estimates: Estimates
    accuracy: str
    known: Known
    """Accuracies where the published top-1 is not what counts, doubts at the precision, power."""


def pareto_panel(
    scene: Scene,
    budgets: Budgets,
    confidence: float,
    filters: Filters = Filters(),  # noqa: B008 - a tuple
) -> Panel:
    """Accuracy against latency of the batch: what meets every budget, its front, and what does not.

    A point is on the front where no other that meets the budgets is as fast and more accurate, or faster and as accurate.
    What is barred (extrapolated, or doubtful at the precision) is shown and never on the front, as it is never picked.
    """
    rows = admitted(scene.candidates, filters, licenses.kind)
    return scored_panel(scene, score(rows, budgets, scene.batch_size, scene.known), budgets, confidence)


def scored_panel(scene: Scene, scored: Iterable[Scored], budgets: Budgets, confidence: float) -> Panel:
    """The same from candidates that were scored already, which is most of the work."""
    items = _best_items(scored)
    leading = _leading(items, confidence)
    points = [_pareto_point(item, _role(item, confidence, leading), scene.estimates) for item in items]
    x = Axis("latency of the batch", "ms", f"batch {scene.batch_size}, {setting(scene.target)}", log=True)
    return Panel(
        scene.target.device, x, accuracy_axis(scene.accuracy), tuple(p for p in points if p is not None), "x",
        bounds=_budget_bounds(budgets, scene.batch_size), target=scene.target, batch_size=scene.batch_size,
    )  # fmt: skip


def pareto_notes(panel: Panel, budgets: Budgets, confidence: float) -> list[str]:
    """The budgets, how many points meet them and how many are on the front, in sentences."""
    counts = Counter(point.role for point in panel.points)
    met = counts["front"] + counts["dominated"]
    stated = ", ".join(_spoken(name, bound) for name, bound in budgets.stated().items()) or "none"
    notes = [
        f"budgets: {stated}; {met} of {len(panel.points)} points meet them at {format_confidence(confidence)} and "
        f"{counts['front']} are on the front: nothing that meets them is faster without being less accurate"
    ]
    if not met:
        notes[0] = (
            f"budgets: {stated}; nothing meets them at {format_confidence(confidence)}: 'advisor recommend' says what comes closest"
        )
    if counts["unsure"]:
        notes.append(
            f"{counts['unsure']} more would, but are extrapolated or doubtful at this precision: shown, never on the front"
        )
    return notes


def _best_items(items: Iterable[Scored]) -> list[Scored]:
    """The most accurate weights of each architecture and resolution that have a latency."""
    kept: dict[tuple[str, int], Scored] = {}
    for item in sorted(items, key=lambda i: (-i.accuracy, i.row.model, i.row.tag)):
        if item.row.latency_ms is not None:
            kept.setdefault((item.row.signature, item.row.resolution), item)
    return list(kept.values())


def _leading(items: Sequence[Scored], confidence: float) -> set[tuple[str, int]]:
    """(signature, resolution) of what is on the front."""
    fitting = [item for item in items if item.probability >= confidence and not item.barred]
    front = front_of([item.latency_key for item in fitting], [item.accuracy for item in fitting])
    return {(fitting[i].row.signature, fitting[i].row.resolution) for i in front}


def _role(item: Scored, confidence: float, leading: set[tuple[str, int]]) -> str:
    if item.probability < confidence:
        return "excluded"
    if item.barred:
        return "unsure"
    return "front" if (item.row.signature, item.row.resolution) in leading else "dominated"


def _pareto_point(item: Scored, role: str, estimates: Estimates) -> Point | None:
    row = item.row
    known = estimates.get((row.signature, row.resolution))
    if known is None or known.latency is None or row.latency_ms is None:
        return None
    label = _sized_name(row) if role == "front" else ""
    return Point(
        row.model, row.tag, row.resolution, row.family, row.latency_ms, item.accuracy, row.params / 1e6, known.latency.basis,
        row.extrapolated, row.latency_low, row.latency_high, role, item.probability, label,
    )  # fmt: skip


def _sized_name(row: Candidate) -> str:
    """Name and resolution, once where the name ends in it."""
    name = short_name(row.model)
    return name if name.endswith(str(row.resolution)) else f"{name} {row.resolution}"


def _budget_bounds(budgets: Budgets, batch_size: int) -> tuple[Bound, ...]:
    """Budgets that lie along an axis; a throughput is the latency at which it is just met."""
    bounds = []
    if budgets.max_latency_ms is not None:
        bounds.append(Bound("x", None, budgets.max_latency_ms, _spoken("max_latency_ms", budgets.max_latency_ms)))
    if budgets.min_throughput_img_s is not None:
        label = _spoken("min_throughput_img_s", budgets.min_throughput_img_s)
        bounds.append(Bound("x", None, 1000.0 * batch_size / budgets.min_throughput_img_s, label))
    if budgets.min_accuracy_percent is not None:
        bounds.append(
            Bound(
                "y", budgets.min_accuracy_percent, None, _spoken("min_accuracy_percent", budgets.min_accuracy_percent)
            )
        )
    return tuple(bounds)


def _spoken(name: str, bound: float) -> str:
    return f"{TITLES[name]} {describe(name, bound)}"
