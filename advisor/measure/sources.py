"""Which telemetry sources a kind of device may have. Whether they answer is found out at the start of a measurement."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from advisor.measure.telemetry import Source
from advisor.probe import jetson, nvml, nvpmodel
from advisor.records import Probed

_ROOT = Path("/")


def sources_of(kind: str, root: Path = _ROOT, nvml_module: ModuleType | None = None) -> tuple[Source, ...]:
    """Sources of a `gpu` (NVML), of a `jetson` (its files, and NVML where it answers), of others none.

    `root` stands for /, `nvml_module` for pynvml.
    """
    if kind == "gpu":
        return (nvml.Session(root, nvml_module).read,)
    if kind == "jetson":
        return (lambda: _board(root), nvml.Session(root, nvml_module).read)
    return ()


def _board(root: Path) -> Mapping[str, Probed]:
    return {**jetson.live(root), "mode_id": nvpmodel.read(root)["mode_id"]}
