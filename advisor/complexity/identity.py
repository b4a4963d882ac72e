"""Identity of an architecture: a canonical hash of its graph of operators and shapes. Pure.

Each tensor carries a digest of the operator that made it and of what that read, so the order in which branches run does
not matter. Module names, views, copies and in-place marks leave no trace; nor do constants, except norms of weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from advisor.complexity.raw import Counted, RawTrace


def hashed(said: object) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of a value's written form."""
    return sha256(repr(said).encode()).hexdigest()[:16]


def join(digests: Iterable[str]) -> str:
    """One digest of several, in any order; empty ones are constants and do not count."""
    known = sorted({d for d in digests if d})
    return known[0] if len(known) == 1 else hashed(known) if known else ""


def chain(counted: Counted, dynamic: bool, digests: Iterable[str]) -> str:
    """Digest of an operator's output from its token and the digests of its inputs."""
    before = join(digests)
    if counted.token is None or not (dynamic or counted.op_class == "norm"):
        return before
    return hashed((counted.token, before))


def signature(trace: RawTrace) -> str:
    """The architecture's identity at the resolution of the trace; parameters that inference does not use count too."""
    return hashed((trace.params, trace.resolution, trace.digest))
