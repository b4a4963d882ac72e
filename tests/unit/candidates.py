"""Strategies that draw candidates, budgets and targets for property tests of decisions."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from advisor.recommend.budgets import Budgets
from advisor.recommend.objectives import objective_named
from advisor.recommend.scoring import Known, Scored, score
from advisor.records import Candidate

REPEATABLE = settings(
    derandomize=True, database=None, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
ORDER = objective_named("accuracy", 50_000, 1).order
LATENCIES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
MEMORIES = (200.0, 500.0, 1000.0, 4000.0)
TOPS = (60.0, 70.0, 75.0, 80.0, 85.0)
CONFIDENCES = st.sampled_from((0.5, 0.8, 0.9, 0.95))


@st.composite
def rows(draw: st.DrawFn) -> Candidate:
    """A candidate with a latency and a memory that may be unknown; several share an architecture."""
    known, factor = draw(st.booleans() | st.just(True)), draw(st.sampled_from((1.05, 1.5, 3.0)))
    latency, memory = draw(st.sampled_from(LATENCIES)), draw(st.sampled_from(MEMORIES))
    name = draw(st.sampled_from("abcdef"))
    time = (latency, latency / factor, latency * factor) if known else (None, None, None)
    return Candidate(
        f"sig-{name}", name, f"timm/{name}", draw(st.sampled_from(("in1k", "in22k"))), draw(st.sampled_from((192, 224, 288))),
        draw(st.sampled_from(TOPS)), "mit", draw(st.sampled_from((5_000_000, 50_000_000))), 10**9, *time,
        draw(st.sampled_from((False, False, True))), None, memory, memory / 1.2, memory * 1.2,
    )  # fmt: skip


@st.composite
def budgets(draw: st.DrawFn) -> Budgets:
    """At least one bound."""
    found = Budgets(
        max_latency_ms=draw(st.none() | st.sampled_from((3.0, 15.0, 60.0))),
        min_throughput_img_s=draw(st.none() | st.sampled_from((30.0, 300.0))),
        max_memory_mib=draw(st.none() | st.sampled_from((400.0, 2000.0))),
        min_accuracy_percent=draw(st.none() | st.sampled_from((72.0, 80.0))),
        max_params=draw(st.none() | st.just(1e7)),
        board_memory_mib=draw(st.none() | st.just(3000.0)),
    )
    return found if found.stated() else found._replace(max_latency_ms=15.0)


def looser(bounds: Budgets, name: str) -> Budgets:
    """The same budgets with one that gives way by a half."""
    return bounds._replace(**{name: getattr(bounds, name) * (0.5 if name.startswith("min_") else 1.5)})


def scored(row: Candidate, bounds: Budgets, batch_size: int = 1) -> Scored:
    """One candidate against budgets."""
    return score([row], bounds, batch_size, Known())[0]
