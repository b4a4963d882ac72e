"""Runs one forward under a dispatch mode and records every operator that does work. Prices nothing itself (see ops).

Fused attention and LSTM layers are recorded as one operator each, as GPUs run them, whatever the device of the trace would
decompose them into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from advisor.complexity import shapes
from advisor.complexity.generated import Generated
from advisor.complexity.identity import join
from advisor.complexity.ledger import Holding, Ledger
from advisor.complexity.ops import ALIASES, ALLOCATIONS, OVERWRITES, OpCall, Operand, count
from advisor.complexity.raw import OpRecord, RawTrace
from advisor.complexity.recording import Read, Written, after, merged_bytes, turned
from advisor.complexity.recording import record as describe


@lru_cache(maxsize=4096)
def _describe(func: Any) -> tuple[str, bool]:  # noqa: ANN401 - an OpOverload has no public type
    """(operator name without namespace and in-place mark, whether it only makes a view)."""
    name = func._schema.name.split("::")[-1]
    base = name[:-1] if name.endswith("_") and not name.endswith("__") else name
    returns = [r.alias_info for r in func._schema.returns]
    view = any(a is not None and not a.is_write for a in returns)
    return base, view or base in ALIASES


def _tensors(value: object) -> list[torch.Tensor]:
    return [leaf for leaf in tree_iter(value) if isinstance(leaf, torch.Tensor)]


def _bytes(tensor: torch.Tensor) -> int:
    """Bytes read or written; an expanded tensor is no larger than its storage."""
    return min(tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes())


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Collects an OpRecord per operator and keeps the ledger of storages."""

    def __init__(self, ledger: Ledger, batch_size: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.ledger = ledger
        self.ops: list[OpRecord] = []
        self.uncounted: set[str] = set()
        self.scope: list[str] = []
        self.batch_size = batch_size
        self.generated = Generated()

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - an OpOverload has no public type
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the operator returns
        op, view = _describe(func)
        result = shapes.output(func, args, kwargs or {})
        if not view:
            inputs = _tensors((args, kwargs))
            outputs = _tensors(result)
            if op in ALLOCATIONS:
                self._allocate(outputs)
            elif outputs:
                self.record(op, args, inputs, outputs)
        return result

    def record(self, op: str, args: Sequence[Any], inputs: list[torch.Tensor], outputs: list[torch.Tensor]) -> None:
        """Price one call and note what it wrote."""
        replaced = self.ledger.holding(outputs[0]) if op in OVERWRITES else None
        if replaced is not None:
            inputs = inputs[1:]
        held = [self.ledger.holding(t) for t in inputs]
        operands = [Operand(tuple(t.shape), h.dynamic) for t, h in zip(inputs, held, strict=True)]
        counted, known = count(OpCall(op, operands, args, tuple(outputs[0].shape), self.batch_size))
        if not known:
            self.uncounted.add(op)
        stored, before = outputs[0].untyped_storage().nbytes(), self.ledger.holding(outputs[0])
        part = _bytes(outputs[0]) < stored
        shape, strides = (
            (before.shape, before.strides) if part and before.shape else (outputs[0].shape, outputs[0].stride())
        )
        holding = after(op, counted, held, shape, strides)
        if replaced is not None and replaced.dynamic:  # a part of the tensor may remain
            digest = join((holding.digest, replaced.digest))
            holding = replace(holding, dynamic=True, depth=max(holding.depth, replaced.depth + 1), digest=digest)
        reads = [Read(_bytes(t), h, turned(t.shape, t.stride(), h)) for t, h in zip(inputs, held, strict=True)]
        merged = merged_bytes(op, counted, reads)
        left = before if before.dynamic and part else None
        self.generated.step(op, counted, reads, holding, stored, left)
        for reader in {id(h): h for h in held}.values():
            self.ledger.read(reader)
        for output in outputs:
            self.ledger.write(output, holding, len(self.ops) + 1)
        written = Written(tuple(outputs[0].shape), _bytes(outputs[0]), self.ledger.live_bytes)
        params = sum(self.ledger.take_parameters(t) for t in inputs)
        name = self.scope[-1] if self.scope else ""
        self.ops.append(describe(name, op, counted, reads, written, holding, params, merged))

    def _allocate(self, outputs: list[torch.Tensor]) -> None:
        for output in outputs:
            allocated = Holding(dynamic=False, shape=tuple(output.shape), strides=output.stride())
            self.ledger.write(output, allocated, len(self.ops))


_ATTENTION = nn.functional.scaled_dot_product_attention


_LSTM = torch._VF.lstm


class FusedOperators(TorchFunctionMode):
    """Replaces scaled_dot_product_attention by one recorded operator with the output layout of the GPU kernels, and LSTM layers
    by one each, as oneDNN and cuDNN run them, whatever steps a meta tensor would take."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __enter__(self) -> FusedOperators:
        # functions of torch.nn.functional run with the mode suspended and reach attention by its name there
        nn.functional.scaled_dot_product_attention = self._attend
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *raised: object) -> None:
        nn.functional.scaled_dot_product_attention = _ATTENTION
        super().__exit__(*raised)  # type: ignore[no-untyped-call]

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the function returns
        if func is _ATTENTION:
            return self._attend(*args, **(kwargs or {}))
        if func is _LSTM and isinstance(args[1], tuple):  # a packed sequence has its lengths there
            return self._recur(*args)
        return func(*args, **(kwargs or {}))

    def _recur(
        self, image: torch.Tensor, state: tuple[torch.Tensor, ...], weights: Sequence[torch.Tensor], *rest: object
    ) -> tuple[torch.Tensor, ...]:
        """An LSTM over (batch, steps, width) or (steps, batch, width): two directions double the width of its output."""
        both_ways = bool(rest[4])
        hidden, cell = (torch.empty_like(tensor) for tensor in state)
        out = image.new_empty((*image.shape[:-1], hidden.shape[-1] * (2 if both_ways else 1)))
        self._recorder.record("lstm", (), [image, *state, *weights], [out, hidden, cell])
        return out, hidden, cell

    def _attend(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
        *_: object,
        **__: object,
    ) -> torch.Tensor:
        shape = (*query.shape[:-1], value.shape[-1])
        kernels_swap = len(shape) == 4  # batch, heads, tokens, width: written with tokens before heads
        order = (shape[0], shape[2], shape[1], shape[3]) if kernels_swap else shape
        out = query.new_empty(order).transpose(1, 2) if kernels_swap else query.new_empty(order)
        inputs = [query, key, value] + ([] if attn_mask is None else [attn_mask])
        self._recorder.record("sdpa", (), inputs, [out])
        return out


@contextmanager
def _scopes(module: nn.Module, stack: list[str]) -> Iterator[None]:
    """Keep `stack` at the path of the submodule that runs."""
    names = {id(m): name for name, m in module.named_modules()}

    def enter(inner: nn.Module, _: object) -> None:
        stack.append(names.get(id(inner), stack[-1] if stack else ""))

    def leave(inner: nn.Module, _: object, __: object) -> None:
        stack.pop()

    handles = [register_module_forward_pre_hook(enter), register_module_forward_hook(leave, always_call=True)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def run(module: nn.Module, resolution: int, batch_size: int, in_chans: int, device: str) -> tuple[RawTrace, list[str]]:
    """One forward in inference; returns the records and the names of operators that the table does not know."""
    owned = [*module.parameters(), *module.buffers()]  # kept alive: a forward may replace a buffer
    counts = {t.untyped_storage()._cdata: t.numel() if isinstance(t, nn.Parameter) else 0 for t in owned}
    ledger = Ledger(counts)
    recorder = Recorder(ledger, batch_size)
    image = torch.empty((batch_size, in_chans, resolution, resolution), device=device)
    if device != "meta":
        image.zero_()
    held = Holding(
        True, 0, (1, 1, 1, 1), digest="image", nbytes=_bytes(image), shape=tuple(image.shape), strides=image.stride()
    )
    ledger.write(image, held, 0)
    with torch.no_grad(), _scopes(module, recorder.scope), FusedOperators(recorder), recorder:
        outputs = _tensors(module(image))
    digest = join(ledger.holding(output).digest for output in outputs)
    return _raw(module, recorder, digest, resolution), sorted(recorder.uncounted)


def _raw(module: nn.Module, recorder: Recorder, digest: str, resolution: int) -> RawTrace:
    ledger = recorder.ledger
    parameters = sum(p.numel() for p in module.parameters())
    buffer_bytes = sum(b.numel() * b.element_size() for b in module.buffers())
    return RawTrace(
        ops=tuple(recorder.ops),
        batch_size=recorder.batch_size,
        resolution=resolution,
        digest=digest,
        params=parameters,
        buffer_bytes=buffer_bytes,
        weight_bytes=4 * parameters + buffer_bytes,
        peak_live_bytes=ledger.peak_bytes,
        peak_position=ledger.peak_step / max(len(recorder.ops), 1),
        largest_tensor_bytes=ledger.largest_bytes,
        max_branching=ledger.max_branching,
        held=tuple(t.numel() * t.element_size() for t in (*module.parameters(), *module.buffers())),
        history=tuple(ledger.history),
        generated=recorder.generated.totals(),
    )
