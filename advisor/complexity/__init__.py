"""Complexity of an architecture: per-layer table and totals, traced live (needs torch) or read from the shipped catalogue.

Importing this package loads no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from advisor.complexity.shipped import shipped_layers
from advisor.complexity.types import Trace
from advisor.errors import MissingExtra

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Trace", "explain", "shipped_layers", "trace"]


def trace(module: nn.Module, resolution: int, batch_size: int = 1, in_chans: int = 3) -> Trace:
    """Layers (at `batch_size`) and totals of any module that takes square images; the module is left untouched."""
    try:
        from advisor.complexity import live
    except ImportError as error:
        raise MissingExtra("tracing a model", "torch") from error
    return live.trace(module, resolution, batch_size, in_chans)


def explain(target: str | nn.Module, resolution: int | None = None, batch_size: int = 1) -> Trace:
    """Layers and totals of a model by name, or of a module, at its default or the given resolution."""
    try:
        from advisor.complexity import live
    except ImportError as error:
        raise MissingExtra("tracing a model", "torch") from error
    return live.explain(target, resolution, batch_size)
