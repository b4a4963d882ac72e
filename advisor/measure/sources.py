"""Which telemetry sources a kind of device may have. Whether they answer is found out at the start of a measurement."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from advisor.measure.telemetry import Source
from advisor.probe import jetson, nvml, nvpmodel
from advisor.records import Probed

_ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class Sources:
    """What can be read of a machine while it works, and what its libraries do not tell of themselves."""

    read: tuple[Source, ...] = ()
    software: Mapping[str, str] = field(default_factory=dict)
    """driver and l4t, those that are known."""
    close: Callable[[], None] = lambda: None


def sources_of(kind: str, root: Path = _ROOT, nvml_module: ModuleType | None = None) -> Sources:
    """Sources of a `gpu` (NVML), of a `jetson` (its files, and NVML where it answers), of others none.

    `root` stands for /, `nvml_module` for pynvml. Close them after use.
    """
    if kind not in ("gpu", "jetson"):
        return Sources()
    session = nvml.Session(root, nvml_module, os.environ.get("CUDA_VISIBLE_DEVICES"))
    files: tuple[Source, ...] = (lambda: _board(root),) if kind == "jetson" else ()
    release = jetson.read(root)["l4t_release"] if kind == "jetson" else Probed(None)
    told = {"driver": session.driver().value, "l4t": release.value}
    return Sources((*files, session.read), {name: str(value) for name, value in told.items() if value}, session.close)


def _board(root: Path) -> Mapping[str, Probed]:
    return {**jetson.live(root), "mode_id": nvpmodel.read(root)["mode_id"]}
