"""Which targets of a device are worth asking about: what its profile supports and the evidence can speak of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from advisor.devices.targets import kind, target_for
from advisor.errors import UsageError
from advisor.records import Device, Target
from advisor.store import Store
from advisor.workflows.answering import TargetOptions

RUNS_THE_CATALOGUE = ("tensorrt", "pytorch-eager", "pytorch-compile", "onnxruntime", "ncnn", "tflite", "armnn")
"""Runtimes that run the published models of torchvision and timm, as they are or exported; the others run models of their own."""
_PRECISIONS = {
    "tensorrt": ("fp32", "fp16", "int8"),
    "pytorch-eager": ("fp32", "fp16", "amp_fp16"),
    "pytorch-compile": ("fp32", "fp16", "amp_fp16"),
    "onnxruntime": ("fp32", "fp16"),
    "ncnn": ("mixed", "int8"),
}  # fmt: skip
"""Precisions that people deploy with a runtime."""


class Ways:
    """What was measured anywhere: tells which ways of running a model can be predicted at all."""

    def __init__(self, store: Store) -> None:
        self.devices = {device.id: device for device in store.devices()}
        rows = store.measured_ways()
        self._on_kind = {(_kind(self.devices[device], unit), runtime) for device, unit, runtime, *_ in rows}
        self._measured: dict[str, set[tuple[str, str, str]]] = {}
        for device, unit, runtime, precision, *_ in rows:
            self._measured.setdefault(device, set()).add((unit, runtime, precision))

    def known(self, device: Device, target: Target) -> bool:
        """Whether the runtime was measured on this kind of device, so that something can be predicted."""
        return (kind(device, target), target.runtime) in self._on_kind

    def measured(self, target: Target) -> bool:
        """Whether this device was measured with this runtime at this precision."""
        return (target.compute_unit, target.runtime, target.precision) in self._measured.get(target.device, ())


def _kind(device: Device, compute_unit: str) -> str:
    return kind(device, replace(device.default_target, compute_unit=compute_unit))


def possible(device: Device, options: TargetOptions) -> Target | None:
    """The target of some options on a device, or None where its profile does not support them."""
    try:
        return options.on(device)
    except UsageError:
        return None


def refusal(device: Device, options: TargetOptions) -> str:
    """Why the profile does not support some options; empty where it does."""
    try:
        options.on(device)
    except UsageError as error:
        return str(error)
    return ""


def usual_targets(ways: Ways, device: Device, options: TargetOptions) -> list[Target]:
    """Targets of a device that a plan asks about, the default first.

    The default runtime (or the one asked for, or the first that has the precision asked for) in every power mode; in the default mode also
    every other runtime that runs the catalogue on the same compute unit and was measured on this kind of device, and every precision at
    which this very device was measured with these.
    """
    targets = [first] if (first := possible(device, options)) else []
    if options.runtime is None:
        unit = device.default_target.compute_unit
        targets += [t for t in _other_runtimes(device, options) if t.compute_unit == unit]
    if not targets:
        return []
    if options.precision is None:
        targets += [t for one in list(targets) for t in other_precisions(device, one) if ways.measured(t)]
    if options.power_mode is None:
        targets += in_every_mode(device, targets[:1])
    return [target for target in dict.fromkeys(targets) if ways.known(device, target)]


def _other_runtimes(device: Device, options: TargetOptions) -> Iterator[Target]:
    for runtime in device.runtimes:
        target = possible(device, options._replace(runtime=runtime)) if runtime in RUNS_THE_CATALOGUE else None
        if target is not None:
            yield target


def other_precisions(device: Device, target: Target) -> Iterator[Target]:
    """The target at the other precisions that its runtime is deployed with and the device can run."""
    for precision in _PRECISIONS.get(target.runtime, ()):
        found = possible(device, TargetOptions(target.runtime, precision, target.power_mode or None))
        if found is not None and found.precision != target.precision:
            yield replace(found, threads=target.threads, memory_format=target.memory_format)


def neighbours(ways: Ways, device: Device, target: Target) -> list[Target]:
    """Targets of the device that differ from one in its power mode, precision or runtime alone, where something can be said of them."""
    found = in_every_mode(device, [target])
    found += other_precisions(device, target)
    for runtime in device.runtimes:
        if runtime in RUNS_THE_CATALOGUE and runtime != target.runtime:
            found.append(target_for(device, runtime=runtime, power_mode=target.power_mode or None))
    return [one for one in dict.fromkeys(found) if one != target and ways.known(device, one)]


def in_every_mode(device: Device, targets: Iterable[Target]) -> list[Target]:
    """Each target in each power mode of the device."""
    return [replace(target, power_mode=mode.name) for target in targets for mode in device.power_modes]
