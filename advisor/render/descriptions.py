"""Explanations, models and devices as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from advisor.devices import Detection, device_to_json
from advisor.recommend import licenses
from advisor.recommend.reports import DeviceDetails, Explanation, ModelDetails, ModelRow
from advisor.records import OP_CLASSES, Complexity, Device, Layer, Weights
from advisor.render import as_json
from advisor.render.grid import Grid, text
from advisor.render.picks import basis, spread
from advisor.units import format_count, format_mib, significant


def explanation(found: Explanation, fmt: str, width: int) -> str:
    """A model's layers, sums per class and totals. CSV holds the layers."""
    if fmt == "json":
        return as_json.dump(_explanation_json(found))
    layers = text(layer_grid(found.layers), fmt, width)
    if fmt == "csv":
        return layers
    parts = [
        _totals(found),
        layers if found.layers else found.layers_reason,
        "By class:\n" + text(class_grid(found.totals), fmt, width),
    ]
    if found.estimate is not None:
        parts.append(_cost(found))
    parts += found.notes
    if found.totals.uncounted:
        parts.append("Not counted: " + ", ".join(found.totals.uncounted))
    return "\n\n".join(parts)


def _explanation_json(found: Explanation) -> dict[str, object]:
    t, e = found.totals, found.estimate
    cost = {} if e is None else {
        "device": found.device,
        **as_json.quantity("latency_ms", e.latency, e.latency_reason),
        **as_json.quantity("memory_mib", e.memory, e.memory_reason),
        "flags": list(e.flags),
        "predicted_parts_ms": {part: float(f"{ms:.4g}") for part, ms in found.time_parts_ms.items()},
    }  # fmt: skip
    return {
        "model": found.model.name, "resolution": t.resolution, "params": t.params, "macs": t.macs, "activations": t.activations,
        "weight_bytes": t.weight_bytes, "peak_live_bytes": t.peak_live_bytes_b1, "peak_live_bytes_b8": t.peak_live_bytes_b8,
        "n_ops": t.n_ops, "n_kernels": t.n_kernels, "depth": t.depth,
        "classes": {name: asdict(sums) for name, sums in t.classes.items()},
        "layers": [asdict(layer) for layer in found.layers], "layers_reason": found.layers_reason or None,
        "uncounted": list(t.uncounted), **({"notes": list(found.notes)} if found.notes else {}), **cost,
    }  # fmt: skip


def _totals(found: Explanation) -> str:
    t = found.totals
    lines = [
        f"{found.model.name} at {t.resolution} px (family {found.model.family}, signature {found.model.signature})",
        f"  parameters        {format_count(t.params)} ({format_mib(t.weight_bytes / 2**20)} at fp32, buffers included)",
        f"  multiply-adds     {format_count(t.macs)}MACs per image (1 MAC = 2 FLOPs)",
        f"  activations       {format_count(t.activations)} elements out of convolutions and linear layers, per image",
        f"  peak live memory  {_mib(t.peak_live_bytes_b1)} at batch 1, {_mib(t.peak_live_bytes_b8)} at batch 8, fp32",
        f"  operators         {t.n_ops}, {t.n_kernels} after fusing; longest path {t.depth}",
    ]
    lines += [
        f"  top-1             {w.top1:.2f} % ({w.tag} at {w.resolution} px, {w.license})"
        for w in found.weights[:3]
        if w.top1
    ]
    return "\n".join(lines)


def _mib(count: int) -> str:
    return format_mib(count / 2**20)


def _cost(found: Explanation) -> str:
    estimate = found.estimate
    assert estimate is not None  # noqa: S101 - the caller checked
    lines = [
        f"On {found.device}, batch 1:",
        f"  latency  {spread(estimate.latency)} ms, {basis(estimate.latency)} {estimate.latency_reason}".rstrip(),
    ]
    lines.append(
        f"  memory   {spread(estimate.memory)} MiB, {basis(estimate.memory)} {estimate.memory_reason}".rstrip()
    )
    lines += [f"  {flag}" for flag in estimate.flags]
    if found.time_parts_ms:
        lines.append("  predicted to go to (parts may overlap; a measured latency need not be their sum):")
        lines += [f"    {part:<30} {significant(ms):>8} ms" for part, ms in found.time_parts_ms.items()]
    return "\n".join(lines)


def layer_grid(layers: Sequence[Layer]) -> Grid:
    """One row for each layer."""
    heads = ("##", "layer", "op", "class", "output", "params#", "MACs#", "in KiB#", "out KiB#", "field px#")
    return Grid(heads, [_layer(layer) for layer in layers])


def _layer(layer: Layer) -> tuple[str, ...]:
    shape = "x".join(str(n) for n in layer.output_shape)
    field = "" if layer.receptive_field is None else str(layer.receptive_field)
    return (
        str(layer.index), layer.name, layer.op, layer.op_class, shape, format_count(layer.params), format_count(layer.macs),
        f"{layer.bytes_in / 1024:.0f}", f"{layer.bytes_out / 1024:.0f}", field,
    )  # fmt: skip


def class_grid(t: Complexity) -> Grid:
    """Sums over each class of operators that occurs."""
    rows = [
        (
            name, str(sums.n), format_count(sums.macs), f"{sums.macs / t.macs:.0%}" if t.macs else "-",
            format_mib((sums.act_bytes_in + sums.act_bytes_out) / 2**20) if sums.n else "-",
            format_mib(sums.weight_bytes / 2**20),
        )
        for name in OP_CLASSES
        if (sums := t.classes.get(name)) is not None and sums.n
    ]  # fmt: skip
    return Grid(("class", "ops#", "MACs#", "share#", "activations moved#", "weights#"), rows)


def _accuracy(value: float | None) -> str:
    return "?" if value is None else f"{value:.2f}"


def models(rows: Sequence[ModelRow], fmt: str, width: int) -> str:
    """The catalogue."""
    if fmt == "json":
        return as_json.dump({"models": [_model_json(row) for row in rows]})
    heads = ("model", "family", "px#", "params M#", "GMACs#", "best top-1 %#", "at px#", "weights", "licence")
    return text(Grid(heads, [_model_row(row) for row in rows]), fmt, width)


def _model_row(row: ModelRow) -> tuple[str, ...]:
    t, best = row.totals, row.best
    tail = ("?", "", "", "") if best is None else (_accuracy(best.top1), str(best.resolution), best.tag, best.license)
    return (
        row.model.name,
        row.model.family,
        str(t.resolution),
        significant(t.params / 1e6),
        significant(t.macs / 1e9),
        *tail,
    )


def _model_json(row: ModelRow) -> dict[str, object]:
    t = row.totals
    return {
        **asdict(row.model), "params": t.params, "macs": t.macs, "activations": t.activations,
        "best": None if row.best is None else asdict(row.best),
    }  # fmt: skip


def model(found: ModelDetails, fmt: str, width: int) -> str:
    """One model with its weights; CSV holds the weights."""
    if fmt == "json":
        return as_json.dump(
            {
                **asdict(found.model), "twins": list(found.twins), "complexity": [asdict(t) for t in found.totals],
                "weights": [asdict(w) for w in found.weights],
            }
        )  # fmt: skip
    table = text(_weights(found.weights), fmt, width)
    if fmt == "csv":
        return table
    sizes = ", ".join(f"{t.resolution} px: {significant(t.macs / 1e9)} GMACs" for t in found.totals)
    head = [f"{found.model.name} (family {found.model.family}, signature {found.model.signature})", f"  sizes: {sizes}"]
    if found.twins:
        head.append(f"  the same architecture: {', '.join(found.twins)}")
    return "\n".join(head) + "\n\n" + (table if found.weights else "No weights with known accuracy.")


def _weights(rows: Sequence[Weights]) -> Grid:
    heads = (
        "weights",
        "px#",
        "top-1#",
        "top-5#",
        "ReaL#",
        "V2#",
        "A#",
        "R#",
        "Sketch#",
        "trained at px#",
        "licence",
        "use",
    )
    return Grid(heads, [_weight(w) for w in rows])


def _weight(w: Weights) -> tuple[str, ...]:
    scores = (w.top1, w.top5, w.real_top1, w.v2_top1, w.a_top1, w.r_top1, w.sketch_top1)
    trained = "?" if w.train_resolution is None else str(w.train_resolution)
    return (w.tag, str(w.resolution), *(_accuracy(s) for s in scores), trained, w.license, licenses.kind(w.license))


def devices(rows: Sequence[tuple[Device, int]], fmt: str, width: int) -> str:
    """All profiles."""
    if fmt == "json":
        return as_json.dump({"devices": [{**device_to_json(device), "measurements": count} for device, count in rows]})
    heads = ("id", "name", "kind", "class", "memory GB#", "default target", "measurements#")
    return text(Grid(heads, [_device_row(device, count) for device, count in rows]), fmt, width)


def _device_row(device: Device, count: int) -> tuple[str, ...]:
    memory = device.value("memory_gb")
    default = device.default_target
    target = f"{default.runtime} {default.precision}"
    return (
        device.id,
        device.name,
        device.kind,
        device.board_class,
        "?" if memory is None else f"{memory:g}",
        target,
        str(count),
    )


def device(found: DeviceDetails, fmt: str, width: int) -> str:
    """One profile; CSV holds the facts."""
    if fmt == "json":
        measured = [{"target": words, "measurements": count} for words, count in found.measured]
        return as_json.dump({**device_to_json(found.device), "measured": measured})
    d = found.device
    facts = text(
        Grid(("fact", "value#", "source"), [(k, f"{f.value:g}", f.source) for k, f in d.facts.items()]), fmt, width
    )
    if fmt == "csv":
        return facts
    return "\n\n".join([*_device_head(d), facts, *_modes(d, fmt, width), *_measured(found, fmt, width)])


def _device_head(d: Device) -> list[str]:
    default = d.default_target
    lines = [
        f"{d.id}: {d.name}",
        f"  {d.vendor} {d.architecture}, {d.kind}, {d.board_class}" + (", unified memory" if d.unified_memory else ""),
        f"  names: {', '.join(d.aliases) or '-'}",
        f"  runtimes: {', '.join(d.runtimes)}",
        f"  default target: {default.runtime} {default.precision} on {default.compute_unit} {default.power_mode}".rstrip(),
    ]
    return ["\n".join(lines + ([f"  {d.note}"] if d.note else []))]


def _modes(d: Device, fmt: str, width: int) -> list[str]:
    if not d.power_modes:
        return []
    heads = ("power mode", "id#", "cap W#", "CPUs#", "CPU MHz#", "GPU MHz#", "memory MHz#", "source")
    rows = [
        (
            m.name, _or_blank(m.nvpmodel_id), _or_blank(m.power_cap_w), _or_blank(m.online_cpus), _or_blank(m.cpu_max_mhz),
            _or_blank(m.gpu_max_mhz), _or_blank(m.memory_max_mhz), m.source,
        )
        for m in d.power_modes
    ]  # fmt: skip
    return ["Power modes (watt names are clock caps, not metered power):\n" + text(Grid(heads, rows), fmt, width)]


def _or_blank(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _measured(found: DeviceDetails, fmt: str, width: int) -> list[str]:
    if not found.measured:
        return ["No measurements of this device."]
    return [text(Grid(("measured target", "rows#"), [(words, str(n)) for words, n in found.measured]), fmt, width)]


def detection(found: Detection, fmt: str, width: int) -> str:
    """What this machine is; CSV holds the probes."""
    if fmt == "json":
        facts = {name: {"value": p.value, "reason": p.reason or None} for name, p in found.facts.items()}
        return as_json.dump(
            {"device": found.device_id, "reason": found.reason or None, "probes": facts, "draft": found.draft}
        )
    rows = [(name, "" if p.value is None else str(p.value), p.reason) for name, p in found.facts.items()]
    probes = text(Grid(("probe", "value", "why there is none"), rows), fmt, width)
    if fmt == "csv":
        return probes
    verdict = f"This machine is {found.device_id}." if found.device_id else f"No profile matches: {found.reason}."
    draft = [] if found.device_id else [f"Draft of a profile for 'advisor devices add FILE':\n\n{found.draft}"]
    return "\n\n".join([verdict, probes, *draft])
