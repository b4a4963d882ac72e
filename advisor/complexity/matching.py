"""Whether an architecture that came in a file is one of the catalogue, or only has its counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from advisor.complexity.types import Outside
from advisor.records import Complexity

_WORKING = ("conv_kxk", "conv_1x1", "conv_dw", "conv_grouped", "linear", "attention")


def same_architecture(found: Outside, catalogue: Iterable[Complexity]) -> str | None:
    """Signature of the registered architecture with the same graph of operators, or None.

    Of a module the signature itself tells. Exporters fold parameters together (norms into convolutions, tables of positions), so
    of an ONNX graph the digest is compared: the signature is its hash with the number of parameters of the registered one.
    """
    own = found.trace.complexity.signature
    for known in catalogue:
        if known.signature == own or any(i.of(known.params) == known.signature for i in found.identities):
            return known.signature
    return None


def alike(found: Complexity, catalogue: Iterable[Complexity]) -> list[str]:
    """Signatures of registered architectures with the same work in every class of operators, at the same resolution."""
    work = _work(found)
    return sorted({c.signature for c in catalogue if c.resolution == found.resolution and _work(c) == work})


def _work(c: Complexity) -> tuple[float, ...]:
    return (c.activations, *(round(c.classes[name].macs) if name in c.classes else 0 for name in _WORKING))
