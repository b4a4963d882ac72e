"""What a latency is a fact about. Data only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """What a latency is a fact about; batch size stands apart. Empty string = not stated or not applicable."""

    device: str
    compute_unit: str
    """gpu, cpu or dla."""
    power_mode: str
    runtime: str
    precision: str
    memory_format: str = "nchw"
    threads: int = 0
    """CPU threads; 0 on other compute units or where not stated."""
    runtime_options: str = ""
    software: str = ""
    """Software generation as stated, e.g. `torch 2.4, cuda 12.4`; empty in the target of an answer."""
