"""TOML profile -> Device: checks every key, refuses unknown ones, invents nothing."""

from __future__ import annotations

import re
from pathlib import Path

from advisor.devices.precision import precision_problem
from advisor.devices.toml import Table, citation, load_toml, subtables
from advisor.errors import DataError
from advisor.locations import shipped
from advisor.records import PRECISIONS, RUNTIMES, Device, Fact, PowerMode, Target

KINDS = ("jetson", "gpu", "cpu", "sbc")
BOARD_CLASSES = ("embedded", "laptop", "consumer", "workstation", "datacenter")
COMPUTE_UNITS = ("gpu", "cpu", "dla")
MEMORY_FORMATS = ("nchw", "nhwc")

FACT_KEYS = (
    "sm_count", "cuda_cores", "tensor_cores", "compute_capability", "base_mhz", "boost_mhz",
    "peak_fp32_tflops", "peak_tf32_tflops", "peak_fp16_tflops", "peak_fp16_acc32_tflops", "peak_bf16_tflops", "peak_int8_tops",
    "memory_gb", "system_reserved_gb", "memory_bandwidth_gb_s", "memory_mhz", "l2_mb", "tdp_w", "release_year",
    "cpu_cores", "cpu_threads", "cpu_boost_mhz", "launch_us",
)  # fmt: skip
"""Every physical fact a profile may state; profiles/README.md says what each means."""

COUNTS = ("tensor_cores",)
"""Facts that may be 0: the device has none."""

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


def load_profile(path: Path, origin: str = "shipped") -> Device:
    """The device a profile describes. Raises DataError naming file, key and what was expected."""
    table = Table(path, "", load_toml(path))
    device = _device(table, origin)
    table.finish()
    if path.stem != device.id and origin == "shipped":
        raise table.error("id", f"is {device.id!r} but the file is called {path.name!r}")
    return device


def validate_profile(path: Path) -> Device:
    """A user's profile, checked. Raises DataError."""
    return load_profile(path, origin="user")


def shipped_profiles() -> list[Device]:
    """Every profile that comes with the program, by id."""
    return sorted((load_profile(path) for path in shipped("profiles").glob("*.toml")), key=lambda device: device.id)


def user_devices(folder: Path) -> list[Device]:
    """The user's own profiles in `folder`, by id; an absent folder holds none. Raises DataError."""
    return sorted((validate_profile(path) for path in folder.glob("*.toml")), key=lambda device: device.id)


def _device(table: Table, origin: str) -> Device:
    device_id = _identifier(table, "id")
    sources = _sources(table)
    kind = table.choice("kind", KINDS)
    modes = tuple(_power_mode(t, sources) for t in subtables(table.path, "power_modes", table.get("power_modes")))
    facts = _facts(table, sources)
    runtimes = _runtimes(table)
    target, reason = _default_target(table, device_id, runtimes, facts, modes)
    return Device(
        id=device_id,
        name=table.text("name", longest=200),
        kind=kind,
        vendor=table.text("vendor", longest=200),
        architecture=table.text("architecture", longest=200),
        aliases=_aliases(table),
        facts=facts,
        unified_memory=table.flag("unified_memory"),
        board_class=table.choice("board_class", BOARD_CLASSES),
        runtimes=runtimes,
        default_target=target,
        power_modes=_distinct(table, modes),
        variant_of=_identifier(table, "variant_of") if table.has("variant_of") else "",
        note=table.text("note", ""),
        origin=origin,
        processor=table.text("processor", "", 200),
        memory_type=table.text("memory_type", "", 200),
        target_reason=reason,
    )


def _identifier(table: Table, key: str) -> str:
    value = table.text(key, longest=64)
    if not _ID.match(value):
        raise table.error(
            key, f"is {value!r}; expected lower-case letters, digits and single hyphens, e.g. my-board-8gb"
        )
    return value


def _aliases(table: Table) -> tuple[str, ...]:
    aliases = table.texts("aliases")
    own = {table.text("id"), table.text("name").casefold()}
    repeated = [a for a in aliases if a.casefold() in own]
    if repeated:
        raise table.error("aliases", f"repeats the id or the name: {repeated[0]!r}")
    return aliases


def _sources(table: Table) -> dict[str, str]:
    if not table.has("sources"):
        return {}
    listed = Table(table.path, "sources", table.get("sources"))
    found = {key: listed.text(key) for key in listed.keys()}  # noqa: SIM118 - a Table is no mapping
    for key, text in found.items():
        if not text:
            raise listed.error(key, "is empty")
    return found


def _facts(table: Table, sources: dict[str, str]) -> dict[str, Fact]:
    if not table.has("facts"):
        return {}
    listed = Table(table.path, "facts", table.get("facts"))
    return {key: _fact(listed, key, sources) for key in listed.keys()}  # noqa: SIM118 - a Table is no mapping


def _fact(listed: Table, key: str, sources: dict[str, str]) -> Fact:
    if key not in FACT_KEYS:
        raise listed.error(repr(key)[1:-1][:80], f"is not a known fact; known: {', '.join(FACT_KEYS)}")
    cell = Table(listed.path, f"facts.{key}", listed.get(key))
    value = cell.number("value", zero=key in COUNTS)
    if value is None:
        raise cell.error("value", "is missing; leave the whole fact out where it is not known")
    fact = Fact(value, citation(cell, "source", sources))
    cell.finish()
    return fact


def _runtimes(table: Table) -> tuple[str, ...]:
    runtimes = table.texts("runtimes")
    unknown = [r for r in runtimes if r not in RUNTIMES]
    if unknown or not runtimes:
        stated = f"holds {unknown[0]!r}" if unknown else "is empty"
        raise table.error("runtimes", f"{stated}; expected some of {', '.join(RUNTIMES)}")
    return runtimes


def _power_mode(table: Table, sources: dict[str, str]) -> PowerMode:
    mode = PowerMode(
        name=table.text("name", longest=100),
        nvpmodel_id=table.integer("nvpmodel_id"),
        power_cap_w=table.number("power_cap_w"),
        online_cpus=table.integer("online_cpus", 1),
        cpu_max_mhz=table.number("cpu_max_mhz"),
        gpu_max_mhz=table.number("gpu_max_mhz"),
        memory_max_mhz=table.number("memory_max_mhz"),
        gpu_sms_online=table.integer("gpu_sms_online", 1),
        source=citation(table, "source", sources),
        note=table.text("note", ""),
    )
    table.finish()
    return mode


def _distinct(table: Table, modes: tuple[PowerMode, ...]) -> tuple[PowerMode, ...]:
    names = [mode.name.casefold() for mode in modes]
    if len(set(names)) < len(names) or "" in names:
        raise table.error("power_modes", "has an empty or a repeated name")
    return modes


def _default_target(
    table: Table, device_id: str, runtimes: tuple[str, ...], facts: dict[str, Fact], modes: tuple[PowerMode, ...]
) -> tuple[Target, str]:
    if not table.has("default_target"):
        raise table.error("default_target", "is missing; expected a table")
    chosen = Table(table.path, "default_target", table.get("default_target"))
    target = Target(
        device=device_id,
        compute_unit=chosen.choice("compute_unit", COMPUTE_UNITS),
        power_mode=chosen.text("power_mode", "", 100),
        runtime=chosen.choice("runtime", runtimes),
        precision=chosen.choice("precision", PRECISIONS),
        memory_format=chosen.choice("memory_format", MEMORY_FORMATS, "nchw"),
        threads=chosen.integer("threads") or 0,
    )
    reason = chosen.text("reason", "")
    chosen.finish()
    _check_target(chosen, target, facts, [mode.name for mode in modes])
    return target, reason


def _check_target(table: Table, target: Target, facts: dict[str, Fact], modes: list[str]) -> None:
    if target.power_mode and target.power_mode not in modes:
        raise table.error(
            "power_mode", f"is {target.power_mode!r}; the profile has {', '.join(modes) or 'no power modes'}"
        )
    if modes and not target.power_mode:
        raise table.error("power_mode", f"is missing; expected one of {', '.join(modes)}")
    capability = facts["compute_capability"].value if "compute_capability" in facts else None
    problem = precision_problem(target.precision, target.compute_unit, capability)
    if problem:
        raise table.error("precision", problem)


def profile_files(folder: Path) -> list[tuple[Path, str]]:
    """(path, folded text) of the profiles of a folder, unparsed: lets a caller parse only those that name a machine."""
    try:
        return [(path, path.read_text(encoding="utf-8").casefold()) for path in sorted(folder.glob("*.toml"))]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{folder}: profiles cannot be read: {error}") from error
