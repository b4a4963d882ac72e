"""What of a graph is alive when, and the same graph for another number of images. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from advisor.complexity.caching import rounded
from advisor.complexity.ledger import Holding
from advisor.complexity.raw import OpRecord, RawTrace


@dataclass(eq=False, slots=True)
class Storage:
    """Memory behind one or more tensors."""

    nbytes: int
    holding: Holding
    parameters: int = 0
    """Elements not yet counted with an operator."""
    trained: bool = False
    """Holds parameters or what was computed from them."""


@dataclass(slots=True)
class Step:
    """What an operator read and wrote, for liveness."""

    read: list[Storage]
    written: Storage


class Liveness:
    """Live bytes at each step: a storage lives from the operator that writes it to the last one that reads it."""

    def __init__(self, steps: list[Step], image: Storage, outputs: list[Storage]) -> None:
        ends: dict[Storage, int] = {s: at for at, step in enumerate(steps) for s in (step.written, *step.read)}
        ends |= dict.fromkeys((image, *outputs), len(steps))  # the caller holds the image
        sizes = {image: rounded(image.nbytes)}
        self.by_step: list[int] = []
        self.peak_bytes, self.peak_step, self.largest_bytes = sum(sizes.values()), 0, sum(sizes.values())
        live = self.peak_bytes
        self.history = [image.nbytes]
        numbers = {image: 1}
        for at, step in enumerate(steps):
            ended = [s for s in dict.fromkeys(step.read) if ends[s] == at and s in sizes]
            sizes[step.written] = size = rounded(step.written.nbytes)
            live += size
            self.largest_bytes = max(self.largest_bytes, size)
            if live > self.peak_bytes:
                self.peak_bytes, self.peak_step = live, at + 1
            self.by_step.append(live)
            live -= sum(sizes.pop(s) for s in ended)
            if step.written.nbytes and step.written.holding.dynamic:  # of weights alone: no other at another batch
                numbers[step.written] = len(numbers) + 1
                self.history.append(step.written.nbytes)
            self.history += [-numbers[s] for s in ended if s in numbers]


def at_batch(trace: RawTrace, batch: int) -> RawTrace:
    """The same graph for another number of images: what depends on the image grows with them, all else stays."""
    if batch == trace.batch_size:
        return trace

    def scaled(number: int) -> int:
        return number * batch // trace.batch_size

    ops = tuple(op if op.fixed else _op_at(op, batch, trace.batch_size) for op in trace.ops)
    return replace(
        trace,
        ops=ops,
        batch_size=batch,
        history=tuple(event if event < 0 else max(scaled(event), 1) for event in trace.history),
        peak_live_bytes=scaled(trace.peak_live_bytes),
        largest_tensor_bytes=scaled(trace.largest_tensor_bytes),
        generated={kind: n if kind == "kernels" else scaled(n) for kind, n in trace.generated.items()},
    )


def _op_at(op: OpRecord, batch: int, was: int) -> OpRecord:
    shape = op.output_shape
    first = shape[0] * batch // was if shape else 0
    return replace(
        op,
        counted=replace(op.counted, macs=op.counted.macs * batch // was),
        output_shape=(first, *shape[1:]) if shape else shape,
        act_bytes_in=op.act_bytes_in * batch // was,
        act_bytes_out=op.act_bytes_out * batch // was,
        merged_bytes=op.merged_bytes * batch // was,
        live_bytes=op.live_bytes * batch // was,
    )
