"""What makes a number accepted, degraded or rejected; that every case can be reached; how launches are combined."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import pytest
from stub_worker import UNIT_MS, figures

from advisor.measure.analysis import CORRECTED, QUIET, WALL, analyse
from advisor.measure.comparing import compare
from advisor.measure.oom import is_out_of_memory
from advisor.measure.phases import check
from advisor.measure.records import MEASURE, Job
from advisor.measure.sweep import Tried, next_batch, predicted_bytes, predicted_ms
from advisor.measure.telemetry import Reading, codes_of
from advisor.measure.verdict import across, judge, judged
from advisor.records.cases import CASES, DEGRADE, INFO

JOB = Job(MEASURE, "timm/resnet50", 224, 1, "d", "cpu", "pytorch-eager", "fp32", "nchw", 1, "", 0, quiet_ms=UNIT_MS)


def verdict(job: Job = JOB, slowdown: float = 1.0, cores: int = 2, **changes):
    result = {"status": "ok", **figures(job, slowdown)}
    for path, value in changes.items():
        *groups, name = path.split("__")
        inner = result
        for group in groups:
            inner = inner[group]
        inner[name] = value
    return judge(job, result, analyse(job, result), [], cores)


def test_a_quiet_launch_is_accepted():
    assert verdict() == judged([])
    assert verdict().verdict == "accepted"


@pytest.mark.parametrize(
    ("slowdown", "threads", "codes"),
    [
        (1.04, 1, ()),
        (1.08, 1, ("noisy",)),
        (1.5, 2, ("contended-all-cores",)),
        (2.5, 1, ("contended",)),
    ],
)
def test_the_reference_decides_how_much_other_work_is_too_much(slowdown, threads, codes):
    assert verdict(replace(JOB, threads=threads), slowdown).codes == codes


@pytest.mark.parametrize(
    ("slowdown", "threads", "codes"),
    [(1.04, 1, ()), (1.08, 2, ("noisy",)), (1.5, 2, ("noisy",)), (1.5, 1, ("noisy",)), (2.5, 2, ("contended",))],
)
def test_a_gpu_is_not_judged_by_the_threads_of_its_host(slowdown, threads, codes):
    job = replace(JOB, threads=threads, compute_unit="gpu")
    assert verdict(job, slowdown).codes == codes
    assert analyse(job, {"status": "ok", **figures(job, slowdown)}).headline == WALL


def test_wall_time_is_corrected_where_processor_time_agrees_and_rejected_where_not():
    slow = figures(JOB, 1.4)
    quiet = figures(JOB)["samples"]["host_ms"]
    agreeing = {"samples__cpu_ms": quiet, "gauges__run_delay_rel": 0.3}
    assert verdict(JOB, 1.4, **agreeing).codes == ("corrected", "waited")
    assert verdict(JOB, 1.4).codes == ("uncorrectable",)
    found = analyse(JOB, {"status": "ok", **slow})
    assert found.headline == CORRECTED
    assert found.percentiles == {"p50": None, "p90": None, "p95": None, "p99": None}
    assert found.p50 == pytest.approx(analyse(JOB, {"status": "ok", **figures(JOB)}).p50)
    assert analyse(JOB, {"status": "ok", **figures(JOB, 1.05)}).headline == WALL


def passing_load(quiet_groups: int) -> dict:
    """Changes of a launch that a neighbour slows by half, its processor time too, after so many of its 20 groups."""
    usual = figures(JOB)["samples"]["host_ms"]
    times = [time * (1.5 if i >= 3 * quiet_groups else 1.0) for i, time in enumerate(usual)]
    slices = [UNIT_MS * (1.5 if i > quiet_groups else 1.0) for i in range(21)]
    return {
        "samples__host_ms": times,
        "samples__cpu_ms": times,
        "samples__reference_ms": slices,
    }


def slices(*parts: tuple[int, float]) -> dict:
    """Changes of a launch whose slices take these multiples of the quiet one: (how many, how much)."""
    return {"samples__reference_ms": [UNIT_MS * share for count, share in parts for _ in range(count)]}


RISING = [UNIT_MS * (0.85 + 0.01 * i) for i in range(21)]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (slices((21, 1.0)) | {"warmup__steady": False}, ("unsteady",)),
        (slices((8, 1.0), (1, 1.2), (12, 1.0)) | {"warmup__steady": False}, ("quiet-moments", "unsteady")),
        ({"samples__reference_ms": RISING}, ("reference-jumped",)),
        ({"samples__reference_ms": [*RISING[:-1], UNIT_MS * 1.06]}, ("reference-jumped",)),
    ],
)
def test_a_slice_of_noise_never_makes_a_verdict_better(change, codes):
    assert verdict(**change) == judged(codes)


@pytest.mark.parametrize(
    ("low", "codes"),
    [
        (0.98, ("quiet-moments",)),
        (0.90, ("quiet-moments", "reference-moved")),
        (0.85, ("quiet-moments", "reference-jumped")),
    ],
)
def test_how_far_the_speed_moved_in_quiet_moments_is_told_by_their_own_slices(low, codes):
    # 4 quick slices, 12 of the usual speed and a noisy end, which must not count: it would have jumped in every row.
    change = slices((4, low), (12, 0.97), (5, 1.4))
    assert verdict(**change).codes == (*codes, "few-samples")


def test_a_calibration_at_a_slow_moment_does_not_admit_slow_groups():
    change = passing_load(quiet_groups=12)
    result = {"status": "ok", **figures(JOB)}
    result["samples"] |= {name.partition("__")[2]: value for name, value in change.items()}
    slow_when_calibrated = replace(JOB, quiet_ms=1.45 * UNIT_MS)  # 5 % over it is more than the neighbour takes
    found = analyse(slow_when_calibrated, result)
    assert (found.headline, found.n) == (QUIET, 36)
    assert found.p50 == pytest.approx(median(figures(JOB)["samples"]["host_ms"]), rel=1e-3)


def test_a_neighbour_that_comes_and_goes_leaves_the_quiet_moments():
    change = passing_load(quiet_groups=12)
    assert verdict(**change) == judged(["quiet-moments", "few-samples"])
    samples = figures(JOB)["samples"] | {name.partition("__")[2]: value for name, value in change.items()}
    found = analyse(JOB, {"status": "ok", **figures(JOB), "samples": samples})
    assert (found.headline, found.n) == (QUIET, 36)
    assert found.p50 == pytest.approx(median(figures(JOB)["samples"]["host_ms"]), rel=1e-3)


def test_fewer_than_ten_quiet_groups_are_not_enough_and_a_gpu_is_not_judged_so():
    assert verdict(**passing_load(quiet_groups=9)).verdict == "rejected"
    assert "quiet-moments" not in verdict(replace(JOB, compute_unit="gpu"), **passing_load(quiet_groups=12)).codes


FINDINGS = (
    ("warmup__steady", False, "unsteady"),
    ("gauges__steal_rel", 0.05, "stolen"),
    ("gauges__psi_some_avg10", 12.0, "pressure"),
    ("gauges__run_delay_rel", 0.1, "waited"),
    ("gauges__swap_pages", 4, "swapped"),
    ("gauges__major_faults", 400, "swapped"),
    ("gauges__clock_step_ms", 900.0, "clock-set"),
    ("gauges__suspended_s", 30.0, "clock-set"),
    ("check", {"ok": False, "reason": "nan"}, "output-changed"),
    ("subnormal_share", 0.4, "subnormal"),
    ("samples__reference_ms", [UNIT_MS * 0.94] * 4 + [UNIT_MS] * 17, "reference-moved"),
    ("samples__reference_ms", [UNIT_MS * 0.90] * 4 + [UNIT_MS] * 17, "reference-jumped"),
    ("samples__host_ms", [50.0 + i for i in range(60)], "drift"),
    ("settings_changed", ["thp"], "settings-changed"),
    ("samples__host_ms", [50.0 + 4 * (i // 6 % 2) for i in range(60)], "imprecise"),
    ("samples__host_ms", [50.0 + 20 * (i // 6 % 2) for i in range(60)], "wide"),
)


@pytest.mark.parametrize(("change", "value", "code"), FINDINGS)
def test_each_finding_has_its_code(change, value, code):
    found = verdict(**{change: value})
    assert code in found.codes
    assert "quiet-moments" not in found.codes  # of every group the machine was quiet: all of them count
    assert found.verdict != "accepted" or CASES[code].effect == INFO


def test_few_samples_are_said_but_change_nothing():
    few = {
        "samples__host_ms": [50.0] * 30,
        "samples__cpu_ms": [50.0] * 30,
        "samples__groups": [3] * 10,
        "samples__reference_ms": [UNIT_MS] * 11,
    }
    assert verdict(**few) == judged(["few-samples"])


def test_a_launch_without_samples_is_rejected():
    assert judge(JOB, {"status": "timeout"}, None, [], 2).verdict == "rejected"


def test_the_verdict_is_the_worst_effect_and_keeps_every_reason():
    found = judged(["noisy", "drift", "few-samples", "noisy"])
    assert found.verdict == "rejected"
    assert found.codes == ("noisy", "drift", "few-samples")
    assert len(found.reasons()) == 2
    assert judged(["few-samples"]).verdict == "accepted"


def test_every_degrading_case_lowers_the_grade_in_the_database():
    from advisor.store.importers.grades import CAUSES, grade

    for code, case in CASES.items():
        if case.effect == DEGRADE:
            assert CAUSES[code].sentence == case.sentence
            assert grade([code]) == case.grade in ("B", "C")


READINGS = (
    {"clock_event_reasons": 0x40}, {"clock_event_reasons": 0x4}, {"sm_mhz": 1300.0}, {"processes": 2}, {"mode_id": 3},
    {"oc1_events": 2}, {"oc2_events": 2}, {"trip_margin_c": 4.0}, {"trip_margin_c": -1.0},
)  # fmt: skip
"""What a board that was well at first says later."""
WELL = {
    "clock_event_reasons": 0,
    "sm_mhz": 1700.0,
    "processes": 1,
    "mode_id": 1,
    "oc1_events": 1,
    "oc2_events": 1,
    "trip_margin_c": 40.0,
}


def found_by_rules() -> set[str]:
    """Every code that some launch of this file, or a reading of a board, gives."""
    launches = [verdict(**{change: value}) for change, value, _ in FINDINGS]
    launches += [
        verdict(replace(JOB, threads=threads), slowdown)
        for slowdown, threads in ((1.08, 1), (1.5, 2), (2.5, 1), (1.4, 1))
    ]
    launches += [
        verdict(**passing_load(quiet_groups=12)),
        verdict(JOB, 1.4, samples__cpu_ms=figures(JOB)["samples"]["host_ms"]),
        judge(JOB, {"status": "oom"}, None, [], 2),
        judge(replace(JOB, timed=False), {"status": "ok", **figures(replace(JOB, timed=False))}, None, [], 2),
    ]
    few = {"samples__host_ms": [50.0] * 30, "samples__reference_ms": [UNIT_MS] * 11, "samples__groups": [3] * 10}
    slow = [50.0 + 0.001 * (i // 6) for i in range(60)]
    launches += [verdict(**few), verdict(samples__host_ms=slow), verdict(samples__device_ms=[10.0] * 60)]
    codes = {code for one in launches for code in one.codes}
    for changed in READINGS:
        timed = [Reading(i, WELL if i < 8 else WELL | changed) for i in range(12)]
        codes |= set(codes_of([Reading(-1, {"processes": 0}), *timed], timed))
    return codes | set(across([10.0, 14.0], 3))


def test_every_case_is_found_by_a_rule():
    assert set(CASES) - found_by_rules() == set()


def test_launches_that_disagree_or_are_few_degrade_the_number():
    assert across([10.0, 10.1, 10.2], 3) == []
    assert across([10.0, 10.1], 3) == ["few-launches"]
    assert across([10.0, 10.1, 14.0], 3) == ["launches-disagree"]


def test_logits_may_move_by_rounding_but_not_more_and_must_be_finite():
    assert check([1.0, 2.0], [1.0, 2.0000001])["ok"]
    assert not check([1.0, 2.0], [1.0, 2.1])["ok"]
    assert not check([1.0, float("nan")], [1.0, float("nan")])["ok"]


@pytest.mark.parametrize(
    ("words", "is_oom"),
    [
        ("OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", True),
        ("RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate", True),
        ("RuntimeError: [enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried", True),
        ("RuntimeError: NVML_SUCCESS == r INTERNAL ASSERT FAILED at CUDACachingAllocator.cpp:838", True),
        ("NvMapMemAllocInternalTagged: 1075072515 error 12", True),
        ("RuntimeError: mat1 and mat2 shapes cannot be multiplied", False),
        ("AssertionError: Input height (225) doesn't match model (224)", False),
    ],
)
def test_only_running_out_of_memory_is_out_of_memory(words, is_oom):
    assert is_out_of_memory(words) is is_oom


def sweep(fits_up_to: int, slow: float = 1.0) -> list[Tried]:
    tried: list[Tried] = []
    while (size := next_batch(tried, 1e9)) is not None:
        tried.append(Tried(size, size <= fits_up_to, 10 + slow * size, 1e8 + 4e7 * size))
        assert len(tried) < 20
    return tried


def test_a_sweep_doubles_while_it_pays_and_stops_at_256():
    assert [t.batch for t in sweep(10_000, slow=0.001)] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert [t.batch for t in sweep(10_000, slow=100.0)] == [1, 2, 4, 8]


@pytest.mark.parametrize("limit", [1, 3, 20, 45, 100, 200])
def test_a_sweep_finds_the_boundary_within_an_eighth_or_four_probes(limit):
    tried = sweep(limit, slow=0.001)
    fits, fails = max(t.batch for t in tried if t.fits), min(t.batch for t in tried if not t.fits)
    assert fits <= limit < fails
    failures = sum(not t.fits for t in tried)
    assert fails / fits <= 1.125 or fails - fits <= 8 or failures >= 4


def test_a_larger_batch_is_predicted_from_the_largest_ones_that_fitted():
    tried = [Tried(1, True, 10.0, 1e9), Tried(2, True, 15.0, 1.1e9), Tried(4, True, 25.0, 1.3e9), Tried(8, False)]
    assert predicted_ms(tried, 6) == pytest.approx(25.0 * 6 / 4)
    assert predicted_bytes(tried, 6) == pytest.approx(1.5e9)
    assert (predicted_ms([], 1), predicted_bytes(tried[:1], 2)) == (None, None)


def fingerprint(p50: float, spread: float = 0.005, **more) -> dict:
    base = {
        "result_id": "r", "verdict": "accepted", "model": {"name": "m", "arch_sha256": "a", "resolution": 224, "batch_size": 1},
        "mode": {"runtime": "tensorrt", "precision": "fp16", "memory_format": "nchw"}, "threads": {"intra": 1},
        "device": {"id": "d", "compute_unit": "gpu", "power_mode": "15W"}, "software": {"driver": "535"},
        "timing_ms": {"p50": p50, "ci_low": p50 * (1 - spread), "ci_high": p50 * (1 + spread), "launches": [p50, p50 * 1.002, p50 * 0.999]},
    }  # fmt: skip
    return {name: {**value, **more.get(name, {})} if isinstance(value, dict) else value for name, value in base.items()}


@pytest.mark.parametrize(
    ("ratio", "spread", "answer"),
    [
        (1.0, 0.005, "same"),
        (1.1, 0.005, "slower"),
        (0.9, 0.005, "faster"),
        (1.03, 0.01, "ambiguous"),
        (1.0, 0.05, "ambiguous"),
    ],
)
def test_comparisons_answer_from_intervals_and_a_band(ratio, spread, answer):
    assert compare(fingerprint(10.0, spread), fingerprint(10.0 * ratio, spread)).answer == answer


def test_threads_of_the_host_forbid_comparing_on_a_cpu_only():
    other = {"threads": {"intra": 8}}
    assert compare(fingerprint(10.0), fingerprint(10.0, **other)).answer == "same"
    cpu = {"device": {"compute_unit": "cpu"}}
    assert compare(fingerprint(10.0, **cpu), fingerprint(10.0, **cpu, **other)).reasons == ("intra: 1 and 8",)


def test_a_driver_or_power_mode_that_differs_is_said_but_a_precision_forbids_comparing():
    newer = {"driver": "580", "l4t": "36.4.3"}
    found = compare(fingerprint(10.0), fingerprint(8.0, software=newer, device={"power_mode": "MAXN"}))
    assert found.answer == "faster"
    assert found.differences == ("power mode: 15W and MAXN", "driver: 535 and 580", "l4t: None and 36.4.3")
    other = compare(fingerprint(10.0), fingerprint(8.0, mode={"precision": "int8"}))
    assert (other.answer, other.ratio) == ("not comparable", None)
    assert other.reasons == ("precision: fp16 and int8",)
