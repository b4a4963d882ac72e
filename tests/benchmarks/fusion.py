"""Bytes of generated kernels beside TorchInductor's own account of its kernels: `python tests/benchmarks/fusion.py [MODEL...]`.

Lowers each model for the CPU at batch 2 and 8, stops before any code is generated, and prints what all generated kernels move per
image and what does not grow with the batch, both beside the catalogue's counts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple, TypeVar
from unittest.mock import patch

import torch
from torch import nn
from torch._inductor import config
from torch._inductor.graph import GraphLowering
from torch._inductor.scheduler import BaseSchedulerNode

from advisor import zoo
from advisor.complexity import live
from advisor.complexity.generated import KINDS
from advisor.predict.features import reordered_weights
from advisor.records import Complexity

MODELS = (
    "torchvision/resnet18", "timm/resnet50", "torchvision/vgg16", "timm/densenet121", "timm/inception_v3", "timm/resnext50_32x4d",
    "torchvision/mobilenet_v3_small", "timm/efficientnet_b0", "timm/regnety_016", "timm/hgnetv2_b4", "timm/nextvit_small",
    "timm/poolformer_s12", "timm/caformer_s18", "timm/convnext_tiny", "timm/vit_small_patch16_224",
    "timm/swin_tiny_patch4_window7_224", "timm/levit_192", "timm/maxvit_tiny_tf_224",
)  # fmt: skip
SMALL, LARGE = 2, 8
_MIB = 2**20
T = TypeVar("T")


class Lowered(Exception):
    """Raised once the graph is scheduled: code generation would take minutes."""


class Moved(NamedTuple):
    """Bytes read and written by generated kernels, per image, and what does not grow with the batch."""

    per_image: float
    fixed: float


def scheduled(module: nn.Module, image: torch.Tensor, read: Callable[[list[BaseSchedulerNode]], T]) -> T:
    """What is read from TorchInductor's schedule of a module. Raises whatever keeps it from lowering the module."""
    schedule, found = GraphLowering._update_scheduler, list[T]()

    def stop(graph: GraphLowering) -> None:
        schedule(graph)
        found.append(read(graph.scheduler.nodes))
        raise Lowered

    torch._dynamo.reset()
    patched = patch.object(GraphLowering, "_update_scheduler", stop)
    with patched, config.patch(fx_graph_cache=False), torch.no_grad():
        try:
            torch.compile(module, fullgraph=True, dynamic=False)(image)
        except Exception:  # the compiler wraps Lowered in errors of its own
            if not found:
                raise
    return found[0]


def generated_bytes(nodes: list[BaseSchedulerNode]) -> int:
    """What generated kernels read and write."""
    return sum(node.get_read_write_buffers_sizes() for node in nodes if not node.is_extern())


def strides_of_images(nodes: list[BaseSchedulerNode]) -> list[tuple[int, ...]]:
    """With which strides convolutions are given their images."""
    called = [node.node for node in nodes if node.is_extern() and "convolution" in str(node.node.op_overload)]
    return [tuple(map(int, call.inputs[0].get_stride())) for call in called]


def inductor(name: str, resolution: int) -> Moved:
    """TorchInductor's account of a model."""
    module = zoo.build(name).to_empty(device="cpu").eval()
    images = (torch.zeros(batch, 3, resolution, resolution) for batch in (SMALL, LARGE))
    small, large = (scheduled(module, image, generated_bytes) for image in images)
    per_image = (large - small) / (LARGE - SMALL)
    return Moved(per_image, small - SMALL * per_image)


def ours(c: Complexity) -> Moved:
    """The catalogue's account: kernels, and weights of convolutions brought into another layout."""
    moved = sum(c.extras.get(f"generated_{kind}_bytes", 0.0) for kind in KINDS)
    return Moved(moved, reordered_weights(c)[0] + sum(c.extras.get(f"generated_{kind}_fixed", 0.0) for kind in KINDS))


def main(names: list[str]) -> None:
    print(
        "| model | per image: TorchInductor MiB | ours | ratio | fixed: TorchInductor MiB | ours |\n|---|---|---|---|---|---|"
    )
    for name in names or MODELS:
        c = live.explain(name).complexity
        theirs, mine = inductor(name, c.resolution), ours(c)
        per_image = (
            f"{theirs.per_image / _MIB:.1f} | {mine.per_image / _MIB:.1f} | {mine.per_image / theirs.per_image:.2f}"
        )
        print(f"| {name} | {per_image} | {theirs.fixed / _MIB:.1f} | {mine.fixed / _MIB:.1f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
