"""What this machine is: reads the probes, finds the profile that fits, says what could not be told and why.

A board is known by its device tree and its memory size, a GPU by its NVML name and memory size, a CPU by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from advisor.devices.draft import draft_profile
from advisor.devices.naming import names_of
from advisor.devices.profile import load_profile, profile_files
from advisor.locations import shipped, user_profiles
from advisor.probe import devicetree, jetson, nvml, nvpmodel, procfs
from advisor.records import Device, Probed

SIZES_GIB = (0.5, 1, 2, 4, 8, 16, 32, 64, 128)
"""Sizes that boards with unified memory are sold with; Linux sees a little less."""

_ROOT = Path("/")
_GPU_MEMORY_RATIO = (0.90, 1.02)
"""Memory NVML reports over the marketed size: error correction and the driver keep up to a tenth."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What was found on a machine."""

    device_id: str | None
    """The profile that fits; None with `reason`."""
    reason: str
    facts: Mapping[str, Probed]
    """Every probed metric, `source.metric`, with its value or why there is none."""
    power_mode: str = ""
    """The mode nvpmodel is in; empty where there is none or it cannot be read."""
    also: tuple[str, ...] = ()
    """Ids of further known devices in the machine."""
    draft: str = ""
    """A user profile (TOML) with the facts that were read; empty where a profile fits."""

    @property
    def failed(self) -> tuple[str, ...]:
        """One line for each probe that gave nothing."""
        return tuple(f"{name}: {probed.reason}" for name, probed in self.facts.items() if probed.value is None)


def detect(root: Path = _ROOT, *, nvml_module: ModuleType | None = None) -> Detection:
    """Describe the machine whose file system begins at `root`; NVML is asked only about the running one."""
    facts = _probe(root, nvml_module)
    known = _Profiles()
    device, reason, also = _identify(facts, known)
    mode = facts["nvpmodel.mode_name"].value or ""
    draft = draft_profile(facts, reason) if device is None else ""
    return Detection(device.id if device else None, reason, facts, mode, also, draft)


def _probe(root: Path, nvml_module: ModuleType | None) -> dict[str, Probed]:
    if root == _ROOT or nvml_module is not None:
        gpus = nvml.read(root, nvml_module)
    else:
        gpus = dict.fromkeys(("driver", "gpu_count"), Probed(None, f"NVML: describes the running machine, not {root}"))
    sources = {
        "device_tree": devicetree.read(root),
        "jetson": jetson.read(root),
        "nvpmodel": nvpmodel.read(root),
        "proc": procfs.read(root),
        "nvml": gpus,
    }
    return {f"{source}.{name}": probed for source, found in sources.items() for name, probed in found.items()}


class _Profiles:
    """Shipped and user profiles; parses only the files that mention a name, because parsing all takes longer than an answer may."""

    def __init__(self) -> None:
        self._shipped = profile_files(shipped("profiles"))
        self._own = profile_files(user_profiles())

    def named(self, name: str) -> Device | None:
        """The profile that answers to exactly `name`, letter case aside."""
        folded = name.casefold()
        for device in self._mentioning(folded):
            if folded in names_of(device):
                return device
        return None

    def kin(self, device: Device) -> list[Device]:
        """The profiles of the same board series, `device` among them."""
        stem = device.variant_of or device.id
        return [d for d in self._mentioning(stem) if stem in (d.id, d.variant_of)]

    def _mentioning(self, folded: str) -> list[Device]:
        shipped_ones = [load_profile(path) for path, text in self._shipped if folded in text]
        return shipped_ones + [load_profile(path, "user") for path, text in self._own if folded in text]


_Found = tuple[Device | None, str, tuple[str, ...]]
"""(device or None, why not, ids of other known devices here)."""


def _identify(facts: Mapping[str, Probed], known: _Profiles) -> _Found:
    compatible = facts["device_tree.compatible"].value or ()
    model = facts["device_tree.model"].value
    if compatible or model:
        return _board((*compatible, *((model,) if model else ())), facts, known)
    gpus = [_gpu(facts, index, known) for index in range(facts["nvml.gpu_count"].value or 0)]
    cpu = known.named(facts["proc.cpu_name"].value or "")
    found = [device for device, _ in gpus if device] + ([cpu] if cpu else [])
    if gpus and gpus[0][0] is None:
        return None, gpus[0][1], tuple(device.id for device in found)
    if found:
        return found[0], "", tuple(dict.fromkeys(d.id for d in found[1:] if d.id != found[0].id))
    return None, _nothing(facts), ()


def _nothing(facts: Mapping[str, Probed]) -> str:
    cpu = facts["proc.cpu_name"].value
    seen = f"the CPU {cpu!r} has no profile" if cpu else "the CPU's name is not known"
    return f"{seen}, and no NVIDIA GPU answers ({facts['nvml.gpu_count'].reason or 'none is installed'})"


def _board(names: tuple[str, ...], facts: Mapping[str, Probed], known: _Profiles) -> _Found:
    """Device-tree entries in order, first hit wins, then the memory size decides among the sizes of the same board."""
    device = next((hit for hit in map(known.named, names) if hit), None)
    if device is None:
        return None, f"no profile has any of the device-tree names {', '.join(names[-1:] + names[:-1][:3])}", ()
    size = marketed_gib(facts["proc.memory_total_mib"].value)
    if size is None or _size(device) in (None, size):
        return device, "", ()
    is_super = device.id.endswith("-super")
    fitting = [d for d in known.kin(device) if _size(d) == size and d.id.endswith("-super") == is_super]
    if len(fitting) == 1:
        return fitting[0], "", ()
    seen = facts["proc.memory_total_mib"].value
    told = f"the device tree names {device.id}, but Linux sees {seen:.0f} MiB: a {size:g} GB board"
    choice = " or ".join(d.id for d in fitting)
    return (
        None,
        f"{told}; " + (f"could be {choice}: name one with --device" if fitting else "no profile of that size"),
        (),
    )


def _size(device: Device) -> float | None:
    """The marketed size; a profile drafted on a board states what Linux saw there."""
    stated = device.value("memory_gb")
    return None if stated is None else marketed_gib(stated * 1024)


def marketed_gib(total_mib: float | None) -> float | None:
    """The size a board with so much visible memory is sold with: the next one up, if no more than a quarter is missing."""
    if total_mib is None:
        return None
    size = next((size for size in SIZES_GIB if total_mib <= size * 1024), None)
    return size if size is not None and total_mib >= 0.75 * size * 1024 else None


def _gpu(facts: Mapping[str, Probed], index: int, known: _Profiles) -> tuple[Device | None, str]:
    name, memory = facts[f"nvml.gpu{index}.name"], facts[f"nvml.gpu{index}.memory_total_mib"].value
    if name.value is None:
        return None, f"GPU {index} has no name ({name.reason})"
    device = known.named(name.value)
    if device is None:
        return None, f"no profile is called {name.value!r}, the name NVML gives GPU {index}"
    if facts[f"nvml.gpu{index}.mig_mode"].value:
        return None, f"GPU {index}, {device.id}, is divided into MIG slices; a slice is not the whole device"
    size = device.value("memory_gb")
    if memory is None or size is None:
        return device, ""
    low, high = _GPU_MEMORY_RATIO
    if low <= memory / (size * 1024) <= high:
        return device, ""
    has = f"it has {memory / 1024:.1f} GiB where that card has {size:g}"
    return None, f"NVML names GPU {index} {name.value!r} like {device.id}, but {has}"
