"""Quick outputs on the meta device for the operators that models are mostly made of. An optimisation only.

PyTorch derives these shapes through Python decompositions that take most of a trace's time. The results must be the ones
it would give; tests compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

Shortcut = Callable[..., Any]


def _alike(image: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
    return torch.empty_like(image)


def _batch_norm(image: torch.Tensor, *rest: Any) -> Any:  # noqa: ANN401 - mirrors an operator
    training = rest[4]
    if training:
        return NotImplemented
    channels = image.shape[1]
    return torch.empty_like(image), image.new_empty(channels), image.new_empty(channels)


def _layer_norm(image: torch.Tensor, normalised: list[int], *_: object) -> Any:  # noqa: ANN401 - mirrors an operator
    kept = (*image.shape[: image.dim() - len(normalised)], *(1 for _ in normalised))
    return image.new_empty(image.shape), image.new_empty(kept), image.new_empty(kept)


def _addmm(bias: torch.Tensor, left: torch.Tensor, right: torch.Tensor, **_: object) -> torch.Tensor:
    return left.new_empty((left.shape[0], right.shape[1]))


def _binary(left: Any, right: Any, **_: object) -> Any:  # noqa: ANN401 - mirrors an operator
    if not (isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor)):
        return NotImplemented
    same = left.shape == right.shape and left.stride() == right.stride() and left.dtype == right.dtype
    return torch.empty_like(left) if same else NotImplemented


_SHORTCUTS: Mapping[str, Shortcut] = {
    "aten::native_batch_norm": _batch_norm,
    "aten::native_layer_norm": _layer_norm,
    "aten::addmm": _addmm,
    **{f"aten::{name}": _alike for name in ("relu", "gelu", "silu", "sigmoid", "hardswish", "hardsigmoid", "tanh")},
    **{f"aten::{name}": _binary for name in ("add", "mul", "sub")},
}


def output(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - an OpOverload
    """What `func` returns for meta tensors."""
    shortcut = _SHORTCUTS.get(func._schema.name)
    if shortcut is not None and getattr(args[0], "is_meta", False):
        quick = shortcut(*args, **kwargs)
        if quick is not NotImplemented:
            return quick
    return func(*args, **kwargs)
