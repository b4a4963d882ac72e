"""Resolves what a source printed to an architecture of the catalogue and a target, or says why it cannot.

Works on tables and an in-memory catalogue; reads no database and guesses nothing: exact names and listed aliases only.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from advisor.records import PRECISIONS, RUNTIMES, Device, Measurement, Observation, Target
from advisor.store.importers.csvfile import shown
from advisor.store.importers.grades import CAUSES, causes_in, grade, options_in, params_in, rejection, sentences
from advisor.store.importers.plausible import impossible, peaks
from advisor.store.importers.tables import DeviceRow, RuntimeRow, Settled, Tables


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an observation is not evidence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What resolving needs to know of models and devices."""

    models: Mapping[str, tuple[str, int]]
    """library/name -> (signature, default resolution)."""
    aliases: Mapping[str, str]
    dropped: Mapping[str, str]
    """library/name -> why it is not in the catalogue."""
    complexities: Set[tuple[str, int]]
    """(signature, resolution) whose complexity is known."""
    params: Mapping[str, int] = field(default_factory=dict)
    """Signature -> parameters."""
    devices: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Exact profile names, case-folded -> (profile id, default compute unit)."""
    macs: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """(signature, resolution) -> multiply-accumulates of one image."""
    peaks: Mapping[str, float] = field(default_factory=dict)
    """Profile id -> multiply-accumulates per second at most."""


def read_catalogue(folder: Path, devices: Iterable[Device] = ()) -> Catalogue:
    """The shipped catalogue as text (see benchmarks_db/README.md)."""

    def rows(name: str) -> list[dict[str, str]]:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    counted = {(r["signature"], int(r["resolution"])): r for r in rows("complexity.csv")}
    params, profiles = {key: int(r["params"]) for key, r in counted.items()}, list(devices)
    return Catalogue(
        {r["name"]: (r["signature"], int(r["default_resolution"])) for r in rows("models.csv")},
        {r["alias"]: r["name"] for r in rows("aliases.csv")},
        {r["name"] if "/" in r["name"] else f"timm/{r['name']}": r["reason"] for r in rows("dropped.csv")},
        set(params),
        {signature: count for (signature, _), count in params.items()},
        device_names(profiles),
        {key: int(r["macs"]) for key, r in counted.items()},
        peaks(profiles),
    )


def device_names(devices: Iterable[Device]) -> dict[str, tuple[str, str]]:
    """Every exact name of every profile, case-folded -> (id, compute unit of its default target)."""
    return {
        name.casefold(): (device.id, device.default_target.compute_unit)
        for device in devices
        for name in (*device.aliases, device.name, device.id)
    }


REPARAM = "+reparam"
"""Suffix of a model whose branches are fused for deployment."""
_PARAMS_ABSOLUTE, _PARAMS_RELATIVE = 0.011, 0.01
"""Millions, and share, by which printed parameters may differ: rounding, and rewritten models."""


class _Refused(Exception):
    """Carries a reason up to resolve()."""


@dataclass(slots=True)
class _Doubts:
    """Causes collected on the way, with the detail of some."""

    causes: list[str] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)

    def add(self, cause: str, detail: str = "") -> None:
        if cause:
            self.causes.append(cause)
            if detail:
                self.details[cause] = detail


class Resolver:
    """Maps observations; remembers names, targets and grades it has worked out."""

    def __init__(self, tables: Tables, catalogue: Catalogue) -> None:
        self._tables = tables
        self._catalogue = catalogue
        self._groups = {source: facts.group for source, facts in tables.sources.items()}
        self._models: dict[tuple[str, str, str], tuple[str, str, int, str] | _Refused] = {}
        self._targets: dict[tuple[object, ...], tuple[Target, _Doubts] | _Refused] = {}
        self._grades: dict[tuple[str, ...], str] = {}

    def resolve(self, seen: Observation) -> Measurement | Rejection:
        """The measurement an observation is, or the reason why it is none."""
        try:
            return self._resolve(seen)
        except _Refused as refused:
            return Rejection(str(refused))

    def _resolve(self, seen: Observation) -> Measurement:
        doubts = _Doubts(list(causes_in(seen.note)))
        power_mode = self._overridden(seen, doubts)
        self._refuse_rejected(seen, doubts)
        model, signature, default, near = self._form(seen, *self._model(seen))
        doubts.add("near-architecture" if near else "", near)
        target = self._target(seen, power_mode, doubts)
        resolution = self._resolution(seen, default, doubts)
        if (signature, resolution) not in self._catalogue.complexities:
            raise _Refused(f"{model} at {resolution} px is not in the catalogue of complexities")
        macs, peak = self._catalogue.macs.get((signature, resolution), 0), self._catalogue.peaks.get(target.device)
        if wrong := impossible(seen, target.device, macs, peak):
            raise _Refused(wrong)
        _add_timing(seen, doubts)
        causes = tuple(dict.fromkeys(doubts.causes))
        if causes not in self._grades:
            self._grades[causes] = grade(causes)
        return Measurement(
            seen.id, seen.source, model, signature, resolution, seen.batch_size, target, seen.latency_ms,
            seen.throughput_img_s, seen.memory_mib, seen.memory_kind, seen.statistic, seen.timing_scope,
            self._grades[causes], sentences(causes, doubts.details), "accepted", seen.quantiles, seen.samples,
        )  # fmt: skip

    def _overridden(self, seen: Observation, doubts: _Doubts) -> str:
        for override in self._tables.overrides.get(seen.source, ()):
            if override.locator.match(seen.locator):
                doubts.add(override.cause)
                return override.power_mode
        return ""

    def _refuse_rejected(self, seen: Observation, doubts: _Doubts) -> None:
        if seen.latency_ms is None and seen.throughput_img_s is None and seen.memory_mib is None:
            doubts.add("no-figures")
        if seen.accelerators > 1:
            doubts.add("several-accelerators")
        reason = rejection(doubts.causes)
        if reason:
            raise _Refused(reason)

    def _keys(self, source: str) -> tuple[str, ...]:
        group = self._groups.get(source, "")
        return (source, group, "*") if group and group != source else (source, "*")

    def _model(self, seen: Observation) -> tuple[str, str, int, str]:
        """(model, signature, default resolution, why it is only near or '')."""
        key = (seen.source, seen.model, seen.library_hint)
        found = self._models.get(key)
        if found is None:
            try:
                found = self._find_model(*key)
            except _Refused as refused:
                found = refused
            self._models[key] = found
        if isinstance(found, _Refused):
            raise found
        return found

    def _form(
        self, seen: Observation, model: str, signature: str, default: int, near: str
    ) -> tuple[str, str, int, str]:
        """The plain or the re-parameterised form of a model, whichever has the parameters that the row prints."""
        printed = params_in(seen.note)
        if printed is None or near:
            return model, signature, default, near
        forms = [
            (name, *self._catalogue.models[name]) for name in (model, model + REPARAM) if name in self._catalogue.models
        ]
        counts = [self._catalogue.params.get(form[1], 0) / 1e6 for form in forms]
        best = min(range(len(forms)), key=lambda i: abs(counts[i] - printed))
        if abs(counts[best] - printed) > max(_PARAMS_ABSOLUTE, _PARAMS_RELATIVE * printed):
            raise _Refused(
                f"model {shown(seen.model)} prints {printed:g} M parameters where {model} has {counts[0]:.4g} M"
            )
        return (*forms[best], near)

    def _find_model(self, source: str, printed: str, hint: str) -> tuple[str, str, int, str]:
        for scope in self._keys(source):
            row = self._tables.models.get((scope, printed))
            if row is not None and row.relation == "none":
                raise _Refused(f"model {shown(printed)}: {row.note}")
            if row is not None:
                near = (
                    f"{shown(printed)} as {row.model}" + (f" ({row.note})" if row.note else "")
                    if row.relation == "near"
                    else ""
                )
                return (*self._listed(row.model), near)
        return (*self._listed(_full_name(printed, hint)), "")

    def _listed(self, name: str) -> tuple[str, str, int]:
        catalogue = self._catalogue
        name = catalogue.aliases.get(name, name)
        if name in catalogue.models:
            return (name, *catalogue.models[name])
        if name in catalogue.dropped:
            raise _Refused(f"model {shown(name)}: {catalogue.dropped[name]}")
        in_full = [full for library in ("torchvision", "timm") if (full := f"{library}/{name}") in catalogue.models]
        if in_full:
            raise _Refused(f"model {shown(name)} does not say its library: write {' or '.join(in_full)}")
        raise _Refused(f"model {shown(name)} is not in the catalogue; 'advisor models list' shows all")

    def _target(self, seen: Observation, power_mode: str, doubts: _Doubts) -> Target:
        key = (
            seen.source, seen.device, seen.runtime, seen.precision, seen.power_mode, power_mode, seen.threads,
            seen.memory_format, seen.software, options_in(seen.note),
        )  # fmt: skip
        found = self._targets.get(key)
        if found is None:
            try:
                found = self._find_target(seen, power_mode)
            except _Refused as refused:
                found = refused
            self._targets[key] = found
        if isinstance(found, _Refused):
            raise found
        doubts.causes += found[1].causes
        doubts.details.update(found[1].details)
        return found[0]

    def _find_target(self, seen: Observation, power_mode: str) -> tuple[Target, _Doubts]:
        doubts = _Doubts()
        device = self._device(seen)
        runtime = self._runtime(seen)
        precision = self._precision(seen)
        unit = runtime.compute_unit or device.compute_unit or "gpu"
        mode = Settled(power_mode, "", "") if power_mode else self._power_mode(seen, device)
        doubts.add("variant-unstated" if device.variant_unstated else "")
        doubts.add(mode.cause)
        doubts.add(precision.cause)
        doubts.add("double-precision" if precision.value == "fp64" else "")
        options = ", ".join(filter(None, (runtime.options, *options_in(seen.note))))
        threads = (seen.threads or runtime.threads or device.threads) if unit == "cpu" else 0
        return Target(
            device.device, unit, mode.value, runtime.runtime, precision.value, seen.memory_format or "nchw", threads,
            options, seen.software or runtime.software,
        ), doubts  # fmt: skip

    def _device(self, seen: Observation) -> DeviceRow:
        for scope in self._keys(seen.source):
            row = self._tables.devices.get((scope, seen.device))
            if row is not None and row.rejected:
                raise _Refused(f"device {shown(seen.device)}: {row.rejected}")
            if row is not None:
                return row
        known = self._catalogue.devices.get(seen.device.casefold())
        if known is None:
            raise _Refused(f"device {shown(seen.device)} is not a known profile; 'advisor devices list' shows all")
        return DeviceRow(known[0], known[1], "", 0, False, "")

    def _runtime(self, seen: Observation) -> RuntimeRow:
        for scope in self._keys(seen.source):
            row = self._tables.runtimes.get((scope, seen.runtime))
            if row is not None:
                return row
        if seen.runtime in RUNTIMES:
            return RuntimeRow(seen.runtime, "", 0, "", "")
        raise _Refused(
            f"runtime {shown(seen.runtime)} is not one of {', '.join(RUNTIMES)}"
            if seen.runtime
            else "runtime not stated"
        )

    def _precision(self, seen: Observation) -> Settled:
        for scope in self._keys(seen.source):
            row = self._tables.precisions.get((scope, seen.precision))
            if row is not None:
                return row
        if seen.precision in PRECISIONS:
            return Settled(seen.precision, "", "")
        raise _Refused(
            f"precision {shown(seen.precision)} is not one of {', '.join(PRECISIONS)}"
            if seen.precision
            else "precision not stated"
        )

    def _power_mode(self, seen: Observation, device: DeviceRow) -> Settled:
        for scope in self._keys(seen.source):
            for profile in (device.device, "*"):
                row = self._tables.power_modes.get((scope, profile, seen.power_mode))
                if row is not None:
                    return row
        has_modes = device.device.startswith("jetson-") and not seen.power_mode
        cause = ("power-mode-inferred" if device.power_mode else "power-mode-unstated") if has_modes else ""
        return Settled(seen.power_mode or device.power_mode, cause, "")

    def _resolution(self, seen: Observation, default: int, doubts: _Doubts) -> int:
        if seen.resolution is not None:
            return seen.resolution
        for scope in self._keys(seen.source):
            row = self._tables.resolutions.get((scope, seen.model))
            if row is not None:
                doubts.add("resolution-assumed", row[1])
                return row[0]
        doubts.add("resolution-default")
        return default


def _full_name(printed: str, hint: str) -> str:
    """`library/name` where the row itself says the library; else the printed name, unknown to the catalogue."""
    library, _, name = hint.partition(":")
    if "/" in printed or library not in ("timm", "torchvision"):
        return printed
    base = name.strip() or printed
    return f"{library}/{base.partition('.')[0] if library == 'timm' else base}"


def _add_timing(seen: Observation, doubts: _Doubts) -> None:
    doubts.add({"forward+copies": "copies", "pipeline": "pipeline"}.get(seen.timing_scope, ""))
    if seen.latency_ms is None:
        doubts.add("throughput-only" if seen.throughput_img_s is not None else "memory-only")


__all__ = ["CAUSES", "Catalogue", "Rejection", "Resolver", "device_names", "read_catalogue"]
