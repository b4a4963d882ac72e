"""Which network was measured: parameters and a hash over names, shapes and types of everything it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any


def identity_of(module: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a torch module
    """arch_sha256 over the state dict's names, shapes and dtypes; the number of parameters."""
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
    return {"arch_sha256": digest.hexdigest(), "params": sum(p.numel() for p in module.parameters())}
