"""The data of the charts: equal to what the store holds, counted again by hand."""

from __future__ import annotations

import random
import sqlite3
from statistics import linear_regression, median

import pytest

from advisor.errors import NotEnoughEvidence, UsageError
from advisor.predict.memory_lines import line_through, memory_lines
from advisor.recommend.budgets import Budgets
from advisor.recommend.charts import Point
from advisor.recommend.claims import complexity_claims, memory_claim
from advisor.recommend.fronts import front_of
from advisor.recommend.panels import pareto_panel
from advisor.records import Measurement, Target
from advisor.store import open_store
from advisor.workflows import answering, charting, charting_memory

DEVICES = ("titan-xp", "jetson-orin-nano-8gb")
CATALOGUE = """SELECT w.arch_id, w.resolution, w.model, w.top1, w.top5, c.macs, c.params FROM weights w
               JOIN complexity c ON c.arch_id = w.arch_id AND c.resolution = w.resolution"""


@pytest.fixture
def at_home(shared_home, monkeypatch):
    """The verbs ask the shared home; nothing here computes anew."""
    monkeypatch.setenv("ADVISOR_HOME", str(shared_home))
    return sqlite3.connect(shared_home / "advisor.db")


def best(rows, accuracy):
    """(architecture, resolution) -> highest accuracy: `accuracy` is the column's position."""
    found = {}
    for row in rows:
        key = row[:2]
        found[key] = max(found.get(key, 0.0), row[accuracy])
    return found


@pytest.mark.parametrize(("accuracy", "column"), [("top-1", 3), ("top-5", 4)])
def test_accuracy_against_complexity_is_the_best_weights_of_every_architecture_and_resolution(
    at_home, accuracy, column
):
    rows = at_home.execute(CATALOGUE).fetchall()
    counted = {row[:2]: (row[5] / 1e9, row[6] / 1e6) for row in rows}
    expected = sorted((*counted[key], value) for key, value in best(rows, column).items())
    (panel,) = charting.accuracy_complexity(accuracy=accuracy).panels
    assert sorted((p.x, p.size_m, p.y) for p in panel.points) == expected
    assert panel.x.title == "complexity of one image (GMACs)"
    assert panel.y.title == f"ImageNet-1k {accuracy} accuracy (%)"


def test_the_claims_of_the_lecture_are_counted_over_the_catalogue(at_home):
    rows = at_home.execute(CATALOGUE).fetchall()
    macs = {row[:2]: row[5] / 1e9 for row in rows}
    band = [macs[key] for key, top5 in best(rows, 4).items() if 94.5 <= top5 <= 95.5]
    first, second = charting.accuracy_complexity().claims
    assert first.figures["networks"] == len(band)
    assert (first.figures["least_gmacs"], first.figures["most_gmacs"]) == (min(band), max(band))
    assert first.figures["within_4_to_25"] == sum(4 <= value <= 25 for value in band)
    assert first.holds is (min(band) <= 4 and max(band) >= 25)
    inside = {key for key, value in macs.items() if 10 <= value <= 15}
    top5 = [value for key, value in best(rows, 4).items() if key in inside]
    sizes = [row[6] / 1e6 for row in rows if row[:2] in inside]
    assert second.figures["networks"] == len(inside)
    assert (second.figures["least_top5"], second.figures["most_top5"]) == (min(top5), max(top5))
    assert (second.figures["least_params_m"], second.figures["most_params_m"]) == (min(sizes), max(sizes))
    assert second.holds is True


def test_a_claim_without_networks_is_left_open():
    assert [claim.holds for claim in complexity_claims([])] == [None, None]


@pytest.mark.parametrize("side", [0, 1])
def test_speed_on_two_devices_is_batch_over_latency_or_the_measured_throughput(at_home, side):
    panel = charting.accuracy_speed().panels[side]
    assert panel.title == panel.target.device == DEVICES[side]
    target = panel.target
    query = """SELECT e.latency_ms, e.throughput_img_s, w.model, w.resolution, e.latency_basis, w.top1
               FROM estimates e JOIN targets t ON t.id = e.target_id
               JOIN weights w ON w.arch_id = e.arch_id AND w.resolution = e.resolution
               WHERE t.device = ? AND t.runtime = ? AND t.precision = ? AND t.power_mode = ? AND e.batch_size = 1"""
    rows = at_home.execute(query, (target.device, target.runtime, target.precision, target.power_mode)).fetchall()
    speeds = {(model, size): (rate or 1000.0 / ms, basis) for ms, rate, model, size, basis, _ in rows}
    assert len(panel.points) == len({row[:2] for row in at_home.execute(CATALOGUE)})
    for point in panel.points:
        speed, basis = speeds[point.model, point.resolution]
        assert point.x == pytest.approx(speed)
        assert point.basis == basis
        assert point.low <= point.x <= point.high


def test_what_two_sides_do_not_share_is_marked_in_the_axes_and_said(at_home):
    chart = charting.accuracy_speed()
    gpu, board = (panel.x.title for panel in chart.panels)
    assert gpu == "throughput (images/s), batch 1, ≠ fp32, ≠ pytorch-eager"
    assert board == "throughput (images/s), batch 1, ≠ fp16, ≠ tensorrt, 15W"
    assert any(note.startswith("unequal, marked ≠: precision (fp32 and fp16), runtime (") for note in chart.notes)


def test_equal_sides_carry_no_mark(at_home):
    chart = charting.accuracy_speed(device="jetson-nano", against="jetson-agx-xavier-32gb")
    assert not any("≠" in panel.x.title for panel in chart.panels)
    assert "equal: batch 1, precision fp16, runtime tensorrt" in chart.notes
    assert {p.basis for panel in chart.panels for p in panel.points} == {"measured", "calibrated"}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("latency_ms", [5.0, 50.0])
def test_the_front_is_what_brute_force_over_the_answers_rows_finds(at_home, device, latency_ms):
    chart = charting.pareto(device=device, max_latency=f"{latency_ms}ms")
    (panel,) = chart.panels
    fitting = [p for p in panel.points if p.role in ("front", "dominated")]
    assert fitting
    assert all(p.probability >= 0.9 and not p.extrapolated for p in fitting)
    for p in fitting:
        beaten = any((o.x <= p.x and o.y > p.y) or (o.x < p.x and o.y >= p.y) for o in fitting)
        assert beaten is (p.role == "dominated")
    pick = answering.recommend(device=device, max_latency=f"{latency_ms}ms", top=1).picks[0]
    top = panel.front[-1]
    assert 0 <= top.y - pick.top1 <= 0.1  # picks tie at a tenth of a point, and the faster one wins


def test_loosening_a_budget_only_adds_to_what_fits(at_home):
    with open_store(str(at_home.execute("PRAGMA database_list").fetchone()[2])) as store:
        target = store.device("jetson-nano").default_target
        scene, _ = charting.pareto_scene(store, target, 1, "top-1")
    tight = fitting(pareto_panel(scene, Budgets(max_latency_ms=30), 0.9))
    loose = fitting(pareto_panel(scene, Budgets(max_latency_ms=60), 0.9))
    assert tight < loose


def fitting(panel):
    return {key(p) for p in panel.points if p.role in ("front", "dominated")}


def key(point: Point):
    return point.model, point.weights, point.resolution


def test_a_front_keeps_equals_and_drops_what_is_beaten():
    assert front_of([1, 1, 2, 2, 3], [5, 5, 5, 6, 6]) == {0, 1, 3}
    assert front_of([], []) == set()


def test_a_front_agrees_with_brute_force_on_random_points():
    rng = random.Random(7)
    for _ in range(50):
        costs = [rng.randint(0, 9) for _ in range(30)]
        values = [rng.randint(0, 9) for _ in range(30)]
        pairs = list(zip(costs, values, strict=True))
        unbeaten = {
            i for i, (c, v) in enumerate(pairs) if not any((a <= c and b > v) or (a < c and b >= v) for a, b in pairs)
        }
        assert front_of(costs, values) == unbeaten


def test_a_bound_on_accuracy_is_on_the_accuracy_that_is_shown(at_home):
    (panel,) = charting.pareto(device="rtx-4090", accuracy="top-5", min_accuracy="97%").panels
    assert min(p.y for p in panel.points if p.role in ("front", "dominated")) >= 97


def test_at_int8_only_accuracies_observed_at_int8_count(at_home):
    (panel,) = charting.pareto(device="jetson-agx-orin-64gb", precision="int8").panels
    known = set(at_home.execute("SELECT model, resolution, top1 FROM precision_accuracy WHERE precision = 'int8'"))
    assert {(p.model, p.resolution, p.y) for p in panel.points} <= known
    with pytest.raises(NotEnoughEvidence, match="top-5"):
        charting.pareto(device="jetson-agx-orin-64gb", precision="int8", accuracy="top-5")


def test_an_accuracy_that_is_not_drawn_is_refused_with_what_is():
    with pytest.raises(UsageError, match="accepted: top-1, top-5"):
        charting.accuracy_complexity(accuracy="real")


def test_a_line_is_the_least_squares_line_and_r2_its_share_of_the_variance():
    xs, ys = [1.0, 2.0, 3.0, 5.0], [2.0, 3.5, 6.0, 9.0]
    fit = line_through(xs, ys)
    assert (fit.slope, fit.intercept) == pytest.approx(linear_regression(xs, ys))
    mean = sum(ys) / 4
    left = sum((y - fit.intercept - fit.slope * x) ** 2 for x, y in zip(xs, ys, strict=True))
    assert fit.r2 == pytest.approx(1 - left / sum((y - mean) ** 2 for y in ys))
    assert line_through([5, 10, 20, 60], [720, 740, 780, 940]) == pytest.approx((4.0, 700.0, 1.0, 4))
    assert line_through([5, 10, 20, 60], [800, 700, 800, 700]).r2 < 0.6
    assert line_through([1, 1], [2, 3]) is None


BOARD = Target("board", "gpu", "", "tensorrt", "fp16")


def seen(name: str, memory: float, *, kind: str = "process_peak", batch: int = 1, software: str = "") -> Measurement:
    target = Target(BOARD.device, "gpu", "", "tensorrt", "fp16", software=software)
    return Measurement(
        f"{name}{memory}{kind}{batch}", "mine", f"timm/{name}", name, 224, batch, target, 1.0, None, memory, kind, "p50",
        "forward", "A", (), "accepted",
    )  # fmt: skip


SIZES = {"a": 1_000_000, "b": 2_000_000, "c": 4_000_000, "d": 8_000_000, "e": 16_000_000}


def test_kinds_of_memory_and_batch_sizes_are_never_mixed():
    rows = [seen(n, 100 + s / 1e6 * 5) for n, s in SIZES.items()]
    rows += [seen("a", 900, kind="board_delta"), seen("a", 500, batch=8)]
    lines = memory_lines(rows, SIZES)
    assert [(line.kind, line.batch_size, len(line.points)) for line in lines] == [
        ("process_peak", 1, 5),
        ("board_delta", 1, 1),
        ("process_peak", 8, 1),
    ]
    assert lines[0].fit.slope == pytest.approx(5)
    assert lines[0].fit.intercept == pytest.approx(100)
    assert lines[0].fit.r2 == pytest.approx(1)
    claim = memory_claim(lines[0])
    assert claim.holds is True
    assert "process_peak" in claim.found
    assert "batch 1" in claim.found
    assert lines[1].fit is None
    assert "3 are needed" in memory_claim(lines[1]).found


def test_a_network_observed_twice_counts_once_with_its_range():
    rows = [seen("a", 100, software="torch 2.4"), seen("a", 110, software="torch 2.5"), seen("b", 120)]
    (line,) = memory_lines(rows, SIZES)
    first = line.points[0]
    assert (first.memory_mib, first.low, first.high, first.observations) == (median([100, 110]), 100, 110, 2)


def test_memory_that_does_not_follow_size_is_said_to_break_the_claim():
    rows = [seen(name, 100 + 50 * (i % 2)) for i, name in enumerate(SIZES)]
    assert memory_claim(memory_lines(rows, SIZES)[0]).holds is False


def test_measured_memory_of_the_store_is_drawn_per_kind_with_its_line(at_home):
    chart = charting_memory.memory_complexity(device="jetson-tx1", everything=True)
    query = """SELECT o.memory_kind, o.batch_size, t.runtime, t.precision, t.runtime_options, t.compute_unit, t.power_mode, count(*)
               FROM measurements m JOIN observations o ON o.id = m.id JOIN targets t ON t.id = m.target_id
               WHERE t.device = 'jetson-tx1' AND o.memory_mib IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7"""
    groups = at_home.execute(query).fetchall()
    assert len(chart.panels) == len(chart.claims) == len(groups)
    drawn = {(p.memory_kind, p.batch_size, p.target.precision, len(p.points)) for p in chart.panels}
    assert drawn == {(kind, batch, precision, n) for kind, batch, _, precision, *_, n in groups}
    for panel in chart.panels:
        (line,) = panel.lines
        if line.fit:
            xs, ys = [p.x for p in panel.points], [p.y for p in panel.points]
            assert (line.fit.slope, line.fit.intercept) == pytest.approx(linear_regression(xs, ys))
        assert panel.y.unit == "MiB"
        assert panel.x.unit == "M"


def test_a_device_without_measured_memory_shows_the_accounting_and_no_line(at_home):
    (panel,) = charting_memory.memory_complexity(device="titan-xp").panels
    assert panel.lines[0].fit is None
    assert "no memory was measured" in panel.lines[0].reason
    assert {p.basis for p in panel.points} == {"predicted"}


def test_a_setting_in_which_no_memory_was_measured_says_in_which_it_was(at_home):
    with pytest.raises(NotEnoughEvidence, match="caffe fp32 at batch 16"):
        charting_memory.memory_complexity(device="jetson-tx1", batch_size=3)
