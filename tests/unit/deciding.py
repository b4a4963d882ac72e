"""Hand-made candidates for tests of recommendations."""

from __future__ import annotations

from advisor.recommend.answer import Recommendation
from advisor.recommend.budgets import Budgets
from advisor.recommend.ranking import Question, recommend
from advisor.recommend.scoring import Known
from advisor.records import Candidate, Estimate, Quantity, Target

TARGET = Target("board", "gpu", "MAXN", "tensorrt", "fp16")


def row(
    name: str,
    accuracy: float,
    latency_ms: float | None,
    *,
    factor: float = 1.1,
    memory_mib: float = 500.0,
    memory_factor: float = 1.2,
    params: int = 10_000_000,
    extrapolated: bool = False,
    throughput: float | None = None,
    family: str = "",
    resolution: int = 224,
) -> Candidate:
    """A candidate whose 90 % intervals reach from value / factor to value x factor."""
    edges = (None, None) if latency_ms is None else (latency_ms / factor, latency_ms * factor)
    return Candidate(
        f"sig-{name}", family or name, f"timm/{name}", "in1k", resolution, accuracy, "apache-2.0", params, 2_000_000_000,
        latency_ms, *edges, extrapolated, throughput, memory_mib, memory_mib / memory_factor, memory_mib * memory_factor,
    )  # fmt: skip


def details(c: Candidate) -> Estimate:
    """The whole estimate of a hand-made candidate."""
    latency = None
    if c.latency_ms is not None:
        latency = Quantity(c.latency_ms, c.latency_low, c.latency_high, "calibrated", c.extrapolated, ("some_source",))
    memory = Quantity(c.memory_mib, c.memory_low, c.memory_high, "predicted", False, ("some_source",))
    reason = "" if latency else "nothing like it was measured"
    return Estimate(c.signature, c.resolution, 1, latency, reason, c.throughput_img_s, memory, "", {}, ())


def ask(rows: list[Candidate], budgets: Budgets, known: Known | None = None, **asked) -> Recommendation:
    """The answer to a question about hand-made candidates."""
    return recommend(Question(TARGET, 1, budgets, **asked), rows, details, known or Known())


def names(picks) -> list[str]:
    """Model names without their library."""
    return [p.model.removeprefix("timm/") for p in picks]
