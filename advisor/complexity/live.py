"""Tracing modules and named models: chooses the device of the trace and the reference at which an identity is taken.

Leaves the caller's module as it was. Needs torch.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from advisor import zoo
from advisor.complexity import totals
from advisor.complexity.identity import signature
from advisor.complexity.raw import RawTrace
from advisor.complexity.tracer import run
from advisor.complexity.types import Trace
from advisor.errors import UsageError

BATCHES = (1, 8)
"""Batch sizes that the affine counts are read from."""


class Traceable:
    """A module ready to be traced: without values where that works, with values (on the CPU) where it does not."""

    def __init__(
        self, module: nn.Module, in_chans: int = 3, with_values: Callable[[], nn.Module] | None = None
    ) -> None:
        self._module = module
        self._in_chans = in_chans
        self._with_values = with_values
        self._device = "meta"

    def run(self, resolution: int, batch_size: int) -> tuple[RawTrace, list[str]]:
        """One forward; a module found to need values keeps them from then on."""
        try:
            return run(self._module, resolution, batch_size, self._in_chans, self._device)
        except Exception as error:
            if self._with_values is None or not _needs_values(error):
                raise
        self._module, self._device, self._with_values = self._with_values(), "cpu", None
        return run(self._module, resolution, batch_size, self._in_chans, self._device)


def _needs_values(error: Exception) -> bool:
    said = str(error)
    return isinstance(error, NotImplementedError) or "meta" in said.casefold() or "data-dependent" in said


def without_values(module: nn.Module) -> nn.Module:
    """A copy in inference mode whose parameters and buffers have shapes but no values; the original is untouched."""
    memo: dict[int, object] = {}
    for parameter in module.parameters():
        memo[id(parameter)] = nn.Parameter(torch.empty_like(parameter, device="meta"), requires_grad=False)
    for buffer in module.buffers():
        memo[id(buffer)] = torch.empty_like(buffer, device="meta")
    return copy.deepcopy(module, memo).eval()


def identify(traceable: Traceable, fallback: int) -> str:
    """Signature at the common reference resolution, or at `fallback` where the module refuses that."""
    for resolution in dict.fromkeys((zoo.REFERENCE_RESOLUTION, fallback)):
        try:
            return signature(traceable.run(resolution, 1)[0])
        except Exception as error:
            refusal = error
    raise UsageError(_refused(fallback, refusal)) from refusal


def _refused(resolution: int, error: Exception) -> str:
    said = str(error).strip().splitlines()
    reason = said[0] if said else type(error).__name__
    return f"the model does not run at {resolution}x{resolution}: {reason}"


def measure(traceable: Traceable, resolution: int, identity: str, batch_size: int = 1) -> Trace:
    """Layers at `batch_size` and totals per image."""
    try:
        traces = {b: traceable.run(resolution, b) for b in dict.fromkeys((*BATCHES, batch_size))}
    except Exception as error:
        raise UsageError(_refused(resolution, error)) from error
    (one, unknown), (eight, _) = traces[BATCHES[0]], traces[BATCHES[1]]
    complexity = totals.combine(one, eight, identity, unknown)
    return Trace(totals.layers(traces[batch_size][0]), complexity, batch_size)


@contextmanager
def _ours() -> Iterator[None]:
    """Neither the caller's inference mode, in which operators reach a dispatch mode whole, nor warnings of traced code (deprecations)."""
    with torch.inference_mode(False), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def trace(module: nn.Module, resolution: int, batch_size: int = 1, in_chans: int = 3) -> Trace:
    """Trace any module that takes square images; its own state is left untouched."""
    with _ours():
        traceable = Traceable(without_values(module), in_chans, lambda: copy.deepcopy(module).eval())
        return measure(traceable, resolution, identify(traceable, resolution), batch_size)


def explain(target: str | nn.Module, resolution: int | None = None, batch_size: int = 1) -> Trace:
    """Trace a module, or build and trace a model by name (at its default resolution unless one is given)."""
    if isinstance(target, nn.Module):
        return trace(target, resolution or zoo.REFERENCE_RESOLUTION, batch_size)
    name = zoo.canonical(target)
    default = zoo.default_resolution(name)
    with _ours():
        plain = named(name)
        return at(name, plain, identify(plain, default), resolution or default, batch_size)


def named(name: str, resolution: int | None = None) -> Traceable:
    """A model of the zoo, plain or built for a resolution."""
    return Traceable(zoo.build(name, resolution), with_values=lambda: zoo.build_on_cpu(name, resolution))


def at(name: str, plain: Traceable, identity: str, resolution: int, batch_size: int = 1) -> Trace:
    """Trace a named model at a resolution; one of fixed size is built anew for it, as timm's own benchmark does."""
    try:
        return measure(plain, resolution, identity, batch_size)
    except UsageError:
        if resolution == zoo.default_resolution(name):
            raise
    try:
        resized = named(name, resolution)
    except Exception as error:
        raise UsageError(f"{name} cannot be built for another size: {_refused(resolution, error)}") from error
    return measure(resized, resolution, identity, batch_size)
