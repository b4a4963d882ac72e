"""The sampling loops on a clock that only the fake model and the fake reference move."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from advisor.measure import sampling
from advisor.measure.cost import CostModel, longest_s
from advisor.measure.launching import timeout_s
from advisor.measure.records import MEASURE, Job
from advisor.measure.reference import Reference, quiet_ms, quiet_slices
from advisor.measure.stats import BLOCKS


@dataclass
class World:
    """Time passes only when something runs."""

    now_ns: int = 0

    def clock(self) -> int:
        return self.now_ns

    def spend(self, ms: float) -> None:
        self.now_ns += int(ms * 1e6)


@dataclass
class Model:
    """Each forward takes the next of `times`, then the last one for ever; `lag` is how much of it wait() takes."""

    world: World
    times: list[float]
    lag: float = 0.0
    calls: int = 0
    log: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.world.spend(self.times[min(self.calls, len(self.times) - 1)])
        self.calls += 1
        self.log.append("M")

    def wait(self) -> None:
        self.world.spend(self.lag)
        self.log.append("w")

    def mark(self, end: bool) -> None:
        return

    def device_ms(self) -> list[float]:
        return []


def reference(world: World, model: Model, unit_ms: float = 5.0) -> Reference:
    def unit() -> None:
        world.spend(unit_ms)
        model.log.append("R")

    return Reference("fake", unit, world.clock)


def test_warm_up_passes_over_seven_slow_calls():
    world = World()
    found = sampling.warm_up(Model(world, [50.0] * 7 + [10.0]), world.clock, least_s=0.5, most_s=10.0)
    assert found.steady
    assert 27 <= found.n <= 100


def test_a_steady_drift_never_warms_up():
    world = World()
    found = sampling.warm_up(Model(world, [10 * 1.004**i for i in range(2000)]), world.clock, least_s=0.5, most_s=3.0)
    assert not found.steady
    assert found.seconds >= 3.0


def test_slow_models_need_no_more_than_six_forwards_to_be_warm():
    world = World()
    found = sampling.warm_up(Model(world, [3000.0]), world.clock, least_s=0.5, most_s=10.0, earlier=[3000.0, 3000.0])
    assert found.steady
    assert found.n == 6


@pytest.mark.parametrize(("forward_ms", "size"), [(5.0, 10), (30.0, 3), (60.0, 3), (150.0, 1), (2000.0, 1)])
def test_groups_last_about_50_ms_and_hold_three_forwards_where_that_is_quick(forward_ms, size):
    assert sampling.group_size(forward_ms) == size


def test_reference_slices_stand_between_all_groups_and_last_half_as_long():
    world = World()
    model = Model(world, [40.0])
    seen = sampling.sample(model, reference(world, model), world.clock, world.clock, forward_ms=40.0, budget_s=10.0)
    assert seen.stop == "precision"
    assert len(seen.reference_ms) == len(seen.groups) + 1
    assert sum(seen.groups) == len(seen.host_ms)
    units = "".join(model.log).strip("R").split("M")
    between = max(part.count("R") for part in units) * 5.0
    assert between == pytest.approx(0.5 * 3 * 40.0, rel=0.1)


def test_ratios_follow_the_model_when_everything_slows_down_alike():
    world = World()
    model = Model(world, [40.0])
    seen = sampling.sample(model, reference(world, model), world.clock, world.clock, forward_ms=40.0, budget_s=3.0)
    assert seen.ratios() == pytest.approx([8.0] * len(seen.groups))


@dataclass
class Neighbour:
    """Slows the model and the reference alike from one moment to another."""

    world: World
    until_s: float
    factor: float = 1.5

    def slowed(self, ms: float) -> float:
        return ms * self.factor if self.world.now_ns < self.until_s * 1e9 else ms


def sampled_beside(until_s: float, budget_s: float = 2.0, quiet_ms: float | None = 5.0) -> sampling.Samples:
    world = World()
    beside = Neighbour(world, until_s)

    class Slowed(Model):
        def start(self) -> None:
            self.world.spend(beside.slowed(40.0))

    kernel = Reference("fake", lambda: world.spend(beside.slowed(5.0)), world.clock)
    return sampling.sample(
        Slowed(world, []), kernel, world.clock, world.clock, forward_ms=40.0, budget_s=budget_s, quiet_ms=quiet_ms
    )


def test_sampling_waits_for_quiet_moments_and_marks_them():
    seen = sampled_beside(until_s=4.0)
    counted = [seen.host_ms[i] for i in seen.forwards_of(seen.quiet_at(5.0))]
    assert set(counted) == {40.0}
    assert len(counted) >= 50
    assert max(seen.host_ms) == 60.0


def test_sampling_gives_up_waiting_after_three_times_its_time():
    seen = sampled_beside(until_s=1e9)
    assert seen.quiet_at(5.0) == []
    assert seen.stop == "budget"
    assert 6.0 <= seen.seconds() <= 6.5


def test_a_quiet_machine_is_sampled_no_longer_for_it():
    assert sampled_beside(until_s=0.0) == sampled_beside(until_s=0.0, quiet_ms=None)


@pytest.mark.parametrize("budget_s", [1.0, 1.3, 1.6, 2.0])
def test_sampling_that_waited_goes_on_until_the_analysis_has_its_ten_quiet_groups(budget_s):
    seen = sampled_beside(until_s=0.7, budget_s=budget_s)
    assert len(seen.quiet_at(5.0)) >= BLOCKS
    assert len(seen.quiet_at(5.0)) < len(seen.groups)
    assert seen.seconds() <= 3 * budget_s


def test_patience_ends_with_as_many_forwards_as_are_kept_at_most():
    world = World()
    kernel = Reference("fake", lambda: world.spend(8.0), world.clock)
    seen = sampling.sample(
        Model(world, [0.5]), kernel, world.clock, world.clock, forward_ms=0.5, budget_s=2.0, quiet_ms=5.0
    )
    assert seen.stop == "budget"
    assert 5000 <= len(seen.host_ms) < 5100
    assert seen.seconds() < 2 * 2.0


def test_without_slices_no_group_is_quiet():
    assert sampling.Samples([1.0], [1.0], [1.0], [], [1], "budget").quiet_at(5.0) == []


@pytest.mark.parametrize(
    ("budget_s", "compiles", "most_s"),
    [
        (10.0, False, 10.0),
        (30.0, False, 10.0),
        (3.0, False, 6.0),
        (1.0, False, 2.0),
        (3.0, True, 60.0),
        (30.0, True, 60.0),
    ],
)
def test_a_warm_up_ends_after_ten_seconds_or_twice_the_sampling_unless_it_compiles(budget_s, compiles, most_s):
    assert sampling.warm_most_s(budget_s, compiles=compiles) == most_s


@pytest.mark.parametrize("unit_ms", [2.0, 7.0, 60.0])
@pytest.mark.parametrize(
    ("forward_ms", "budget_s"), [(5.0, 1.0), (40.0, 10.0), (40.0, 30.0), (200.0, 200.0), (600.0, 5.0), (5000.0, 30.0)]
)
def test_no_launch_is_ended_that_keeps_its_own_rules(forward_ms, budget_s, unit_ms):
    job = Job(
        MEASURE, "m", 224, 1, "d", "cpu", "pytorch-eager", "fp32", "nchw", 1, "", 0, budget_s=budget_s, quiet_ms=unit_ms
    )
    job = replace(job, with_throughput=True)
    world = World()
    forward = [forward_ms * (1.0 + 0.5 * (i % 2)) / 1.25 for i in range(100_000)]  # never settles
    kernel = Reference("fake", lambda: world.spend(1.5 * unit_ms), world.clock)  # never quiet
    most_s = sampling.warm_most_s(budget_s, compiles=False)
    sampling.warm_up(Model(world, forward), world.clock, least_s=0.5, most_s=most_s)
    sampling.sample(
        Model(world, forward),
        kernel,
        world.clock,
        world.clock,
        forward_ms=forward_ms,
        budget_s=budget_s,
        quiet_ms=unit_ms,
    )
    sampling.throughput(Model(world, forward), 1, forward_ms, world.clock)
    took = world.now_ns / 1e9
    longest = longest_s(job, forward_ms / 1e3)
    expected = CostModel().seconds(job, forward_ms / 1e3)
    assert timeout_s(forward_ms / 1e3, expected, job.runtime, longest) > took + 30.0  # half a minute to load in
    assert longest < 2 * took + 60.0


def test_only_what_waits_for_quiet_moments_may_take_longer():
    job = Job(MEASURE, "m", 224, 1, "d", "cpu", "pytorch-eager", "fp32", "nchw", 1, "", 0)
    assert longest_s(job, 0.04) > 1.5 * CostModel().seconds(job, 0.04)
    assert longest_s(replace(job, compute_unit="gpu"), 0.04) == longest_s(replace(job, timed=False), 0.04) == 0.0


def test_enqueue_time_is_told_from_waiting():
    world = World()
    seen = sampling.sample(Model(world, [2.0], lag=8.0), None, world.clock, world.clock, forward_ms=10.0, budget_s=2.0)
    assert set(seen.enqueue_ms) == {2.0}
    assert set(seen.host_ms) == {10.0}
    assert not sampling.host_bound(seen, [8.0] * 10)
    assert sampling.host_bound(seen, [2.0] * 10)


def test_throughput_counts_the_tail_and_waits_once_in_sixteen():
    world = World()
    model = Model(world, [20.0] * 99 + [2000.0])
    found = sampling.throughput(model, 4, 20.0, world.clock)
    assert found.n == 100
    assert found.img_per_s == pytest.approx(400 / (99 * 0.02 + 2.0))
    assert model.log.count("w") == 7


def test_slow_models_make_few_forwards_for_throughput():
    world = World()
    assert sampling.throughput(Model(world, [3000.0]), 1, 3000.0, world.clock).n == 5


def test_the_quiet_unit_is_the_lower_quartile_of_slices():
    world = World()
    model = Model(world, [1.0])
    slices = quiet_slices(reference(world, model, 5.0), 0.5, lambda: None)
    assert quiet_ms(slices) == pytest.approx(5.0)
    assert len(slices) >= 20
