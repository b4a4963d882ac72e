"""A device: identity, sourced facts, power modes. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from advisor.records.target import Target


class Fact(NamedTuple):
    """One physical fact of a device and where it was read."""

    value: float
    source: str


class PowerMode(NamedTuple):
    """One power mode of a board: the caps it sets. Watt names are clock caps, not metered power."""

    name: str
    nvpmodel_id: int | None
    power_cap_w: float | None
    online_cpus: int | None
    cpu_max_mhz: float | None
    gpu_max_mhz: float | None
    memory_max_mhz: float | None
    gpu_sms_online: int | None
    source: str
    note: str = ""


class Device(NamedTuple):
    """A device profile: identity, sourced physical facts, what runs on it."""

    id: str
    name: str
    kind: str
    """jetson, gpu, cpu or sbc."""
    vendor: str
    architecture: str
    aliases: tuple[str, ...]
    facts: Mapping[str, Fact]
    """Keys are documented in profiles/README.md; absent = unknown."""
    unified_memory: bool
    board_class: str
    """embedded, laptop, consumer, workstation or datacenter: the order of `cheapest that does it`."""
    runtimes: tuple[str, ...]
    default_target: Target
    power_modes: tuple[PowerMode, ...] = ()
    variant_of: str = ""
    note: str = ""
    origin: str = "shipped"
    """shipped or user."""
    processor: str = ""
    """CPU in words, e.g. `6x Cortex-A78AE @ 1.5 GHz`."""
    memory_type: str = ""
    target_reason: str = ""
    """Why the default target is what it is."""

    def value(self, key: str) -> float | None:
        """The fact's value, or None where the profile does not state it."""
        fact = self.facts.get(key)
        return None if fact is None else fact.value
