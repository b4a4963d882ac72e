"""Statistics for the batch norms of an untrained network: without them activations grow layer by layer, beyond what 16 bits hold."""

from __future__ import annotations

from typing import Any

_BATCH = 2
"""The fewest that have a variance where a layer is one pixel large."""


def set_statistics(torch: Any, module: Any, resolution: int) -> bool:  # noqa: ANN401 - torch and a module of it
    """Set every batch norm's statistics by one forward of two images in fp32; False where the network has none.

    Only the norms are in training mode: dropout and stochastic depth would change what the next norm sees.
    """
    norms = [
        m for m in module.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm) and m.track_running_stats
    ]
    momenta = [norm.momentum for norm in norms]
    image = torch.randn(_BATCH, 3, resolution, resolution, generator=torch.Generator().manual_seed(1))
    try:
        for norm in norms:
            norm.train()
            norm.momentum = 1.0
        if norms:
            with torch.inference_mode():
                module(image)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.eval()
            norm.momentum = momentum
    return bool(norms)
