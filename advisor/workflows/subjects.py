"""What a question is about: a registered name, an ONNX file, or the module that a Python file's factory makes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from advisor.errors import NotEnoughEvidence, UsageError
from advisor.records import Complexity, Estimate, Layer, Model, Target
from advisor.store import Store

if TYPE_CHECKING:
    from advisor.complexity.types import Outside

_FACTORY = re.compile(r"(?P<file>.+\.py):(?P<factory>[A-Za-z_]\w*)\Z")
_USUAL = 224
NEW = "not an architecture of the catalogue: taken as a family of its own, with the intervals of new families"

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """An architecture at a resolution, however it was named."""

    asked: str
    model: Model | None
    """The registered architecture that it is; None where it is none."""
    totals: Complexity
    layers: tuple[Layer, ...] | None
    """Of what came in a file; None where the catalogue has them."""
    kind: str
    """name, onnx or module."""
    notes: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """Of the registered architecture; '' where it is none."""
        return "" if self.model is None else self.model.family


def from_file(asked: str) -> bool:
    """Whether what was asked for is a file rather than a registered name."""
    return asked.endswith((".onnx", ".py")) or _FACTORY.match(asked) is not None


def subject(store: Store, asked: str, resolution: int | None, warn: Warn) -> Subject:
    """The architecture behind a name or a file. A module's code runs, which `warn` is told first.

    Raises UnknownName, UsageError, DataError for a file that cannot be read, MissingExtra,
    NotEnoughEvidence where a registered model was not traced at the resolution.
    """
    if resolution is not None and resolution < 1:
        raise UsageError(f"resolution {resolution} must be at least 1 pixel")
    if asked.endswith(".onnx"):
        return _of_onnx(store, asked, resolution)
    if from_file(asked):
        return _of_module(store, asked, resolution or _USUAL, warn)
    return _registered(store, asked, resolution)


def not_traced(store: Store, model: Model, size: int) -> str:
    """Why nothing is known of a model at a resolution, and at which it is."""
    known = ", ".join(str(r) for r in sorted(store.complexity(model.signature)))
    return f"{model.name} was not traced at {size} px; its complexity is known at {known} px"


def _registered(store: Store, asked: str, resolution: int | None) -> Subject:
    model = store.model(asked)
    size = model.default_resolution if resolution is None else resolution
    totals = store.complexity(model.signature).get(size)
    if totals is None:
        raise NotEnoughEvidence(not_traced(store, model, size))
    return Subject(model.name, model, totals, None, "name")


def _of_onnx(store: Store, asked: str, resolution: int | None) -> Subject:
    from pathlib import Path

    from advisor.complexity.outside import from_onnx

    return _placed(store, asked, "onnx", from_onnx(Path(asked), resolution))


def _of_module(store: Store, asked: str, resolution: int, warn: Warn) -> Subject:
    from pathlib import Path

    from advisor.complexity.outside import check_module, from_module

    found = _FACTORY.match(asked)
    if found is None:
        raise UsageError(f"{asked}: which function makes the module? Write {asked}:FUNCTION")
    path = Path(found["file"])
    check_module(path)
    warn(f"running the code of {path} to build {found['factory']}() in a process of its own")
    return _placed(store, asked, "module", from_module(path, found["factory"], resolution))


def _placed(store: Store, asked: str, kind: str, found: Outside) -> Subject:
    """As the registered architecture that it is, with that one's counts; else as it was found."""
    from advisor.complexity.matching import alike, same_architecture

    catalogue = store.complexities()
    signature, totals, layers = same_architecture(found, catalogue.values()), found.trace.complexity, found.trace.layers
    if signature is None:
        names = _names(store, alike(totals, catalogue.values()))
        hint = (f"its counts are those of {', '.join(names)}, its graph is not",) if names else ()
        return Subject(asked, None, totals, layers, kind, (NEW, *hint))
    models = [m for m in store.models() if m.signature == signature]
    model = next((m for m in models if m.library == "torchvision"), models[0])
    known = catalogue.get((signature, totals.resolution), replace(totals, signature=signature))
    notes = [
        f"exporting folded parameters together: the file stores {totals.params:,}, the network has {known.params:,}"
    ]
    others = [m.name for m in models if m != model]
    twins = f" ({', '.join(others[:2])}{', ...' if len(others) > 2 else ''} too)" if others else ""
    same = f"the same graph of operators as {model.name}{twins}: answered as that"
    return Subject(asked, model, known, layers, kind, (same, *(notes if known.params != totals.params else ())))


def _names(store: Store, signatures: list[str]) -> list[str]:
    return [m.name for m in store.models() if m.signature in signatures][:3]


def estimate_of(store: Store, found: Subject, target: Target, batch_size: int) -> Estimate:
    """What is known of a subject on a target whose estimates the store has. Raises NotEnoughEvidence."""
    totals = found.totals
    known = store.estimate(target, batch_size, totals.signature, totals.resolution) if found.model else None
    if known is None:
        from advisor.predict import newcomer

        known = newcomer(store, target, batch_size, totals, found.family)
    return known._replace(flags=(*found.notes, *as_written(found, target), *known.flags))


def as_written(found: Subject, target: Target) -> tuple[str, ...]:
    """What to know where a graph is taken for what a framework would run: PyTorch pays for each operator, folded norms too."""
    if found.kind != "onnx" or found.model is not None or not target.runtime.startswith("pytorch"):
        return ()
    return (
        f"{target.runtime} does not run ONNX files: this is a network of the file's operators, with norms as far as it has them",
    )


def warned(sentence: str) -> None:
    """What a caller of the Python API is told by: a warning, so that no code of a file runs silently."""
    import warnings

    warnings.warn(sentence, RuntimeWarning, stacklevel=3)
