"""explain, models and devices: what is known, without a question about budgets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from advisor import complexity
from advisor.devices import Detection, detect, validate_profile
from advisor.errors import MissingExtra
from advisor.recommend.reports import DeviceDetails, Explanation, ModelDetails, ModelRow
from advisor.records import Complexity, Device, Estimate, Layer, Model
from advisor.store import Store
from advisor.workflows.answering import TargetOptions, ensure_estimates
from advisor.workflows.choosing import chosen_device
from advisor.workflows.keeping import check_names, keep_profile
from advisor.workflows.preparing import Progress, prepared_store, silent
from advisor.workflows.subjects import Subject, Warn, estimate_of, from_file, subject, warned


def explain(
    name: str,
    *,
    device: str | None = None,
    resolution: int | None = None,
    on_progress: Progress = silent,
    on_warning: Warn = warned,
) -> Explanation:
    """Where parameters, operations, memory (and on a device, time) of a model go.

    `name` is a registered name, an ONNX file, or `file.py:factory`, whose code runs. Raises UnknownName, DataError for a file that
    cannot be read; MissingExtra where the resolution was never traced and torch is not installed.
    """
    with prepared_store(on_progress) as store:
        if from_file(name):
            return _of_file(store, subject(store, name, resolution, on_warning), device)
        model = store.model(name)
        size = model.default_resolution if resolution is None else resolution
        totals = store.complexity(model.signature).get(size)
        layers, reason = _layers(model, size)
        if totals is None:
            totals = complexity.explain(model.name, size).complexity
        profile, estimate, parts = _on_device(store, device, totals)
        return Explanation(model, totals, layers, reason, tuple(store.weights(model.name)), profile, estimate, parts)


def _of_file(store: Store, found: Subject, device: str | None) -> Explanation:
    """The architecture of a file; its weights are its own, so that no accuracy is known."""
    totals = found.totals
    model = Model(found.asked, "", found.family or "new", totals.signature, totals.resolution, False)
    if device is None:
        return Explanation(model, totals, found.layers or (), "", (), "", None, {}, found.notes)
    from advisor.predict import breakdown

    profile, _ = chosen_device(store, device)
    target = TargetOptions().on(profile)
    ensure_estimates(store, target, 1)
    known, predictor = estimate_of(store, found, target, 1), store.predictor(target)
    parts = breakdown(predictor, totals, 1) if predictor else {}
    return Explanation(model, totals, found.layers or (), "", (), profile.id, known, parts)


def _layers(model: Model, size: int) -> tuple[tuple[Layer, ...], str]:
    if size == model.default_resolution:
        shipped = complexity.shipped_layers(model.name)
        if shipped is not None:
            return tuple(shipped), ""
    try:
        return complexity.explain(model.name, size).layers, ""
    except MissingExtra as error:
        return (), str(error)


def _on_device(store: Store, device: str | None, totals: Complexity) -> tuple[str, Estimate | None, dict[str, float]]:
    """(device id, what is known at batch 1, predicted milliseconds by part), nothing where no device is named."""
    if device is None:
        return "", None, {}
    from advisor.predict import breakdown

    profile, _ = chosen_device(store, device)
    target = TargetOptions().on(profile)
    ensure_estimates(store, target, 1)
    known = store.estimate(target, 1, totals.signature, totals.resolution)
    predictor = store.predictor(target)
    return profile.id, known, breakdown(predictor, totals, 1) if predictor else {}


def models(*, library: str | None = None, family: str | None = None, on_progress: Progress = silent) -> list[ModelRow]:
    """The catalogue, one row per registered model."""
    with prepared_store(on_progress) as store:
        known = store.complexities()
        best = store.best_weights()
        return [
            ModelRow(m, known[m.signature, m.default_resolution], best.get(m.name))
            for m in store.models()
            if library in (None, m.library) and family in (None, m.family)
        ]


def model(name: str, *, on_progress: Progress = silent) -> ModelDetails:
    """One model with its twins, resolutions and weights. Raises UnknownName."""
    with prepared_store(on_progress) as store:
        found = store.model(name)
        twins = tuple(m.name for m in store.models() if m.signature == found.signature and m.name != found.name)
        totals = tuple(c for _, c in sorted(store.complexity(found.signature).items()))
        return ModelDetails(found, twins, totals, tuple(store.weights(found.name)))


def devices(*, on_progress: Progress = silent) -> list[tuple[Device, int]]:
    """(profile, number of measurements on it) of every device."""
    with prepared_store(on_progress) as store:
        counts = store.measurements_per_device()
        return [(device, counts.get(device.id, 0)) for device in store.devices()]


def device(name: str, *, on_progress: Progress = silent) -> DeviceDetails:
    """A profile and what was measured on it. Raises UnknownName."""
    with prepared_store(on_progress) as store:
        profile, _ = chosen_device(store, name)
        return DeviceDetails(profile, tuple(store.measured_targets(profile.id)))


def detect_device() -> Detection:
    """What this machine is, as far as its own files and drivers say."""
    return detect()


def add_device(path: Path, *, on_progress: Progress = silent) -> Device:
    """Check a user's profile, keep it in the home and predict for it. Raises DataError, UsageError."""
    return _added(validate_profile(path), str(path), on_progress)


def describe_device(name: str, kind: str, figures: Mapping[str, str], *, on_progress: Progress = silent) -> Device:
    """The same from figures of a data sheet (`devices.stated.FACTS`), as texts. Raises UsageError, DataError."""
    from advisor.devices.stated import stated_profile

    return _added(stated_profile(name, kind, figures), "this description", on_progress)


def _added(profile: Device, where: str, on_progress: Progress) -> Device:
    with prepared_store(on_progress) as store:
        check_names(store, profile, where)
        from advisor.predict import fit

        on_progress("predictions for the device: up to a minute")
        with store.writing():
            store.add_device(profile)
            fit(store, devices=[profile.id])
            keep_profile(profile)
    return profile
