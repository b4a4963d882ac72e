"""The journal survives what may happen to it, and says what is left to do."""

from __future__ import annotations

import json
import resource
from dataclasses import replace
from itertools import pairwise
from time import monotonic

import pytest
from stub_worker import UNIT_MS, figures

from advisor.errors import DataError
from advisor.measure import adopting
from advisor.measure.adopting import adopt
from advisor.measure.backends import trtexec
from advisor.measure.campaign import Runner
from advisor.measure.cost import CostModel, fitted_budget_s
from advisor.measure.files import read_json, write_json
from advisor.measure.journal import CAMPAIGN, FINISHED, PLANNED, STARTED, Journal
from advisor.measure.launching import Launcher, timeout_s
from advisor.measure.plan import in_order, launches_of, rounds
from advisor.measure.progress import campaigns
from advisor.measure.records import MEASURE, Job, plan_key, subject_hash
from advisor.measure.rejudging import seen
from advisor.measure.telemetry import Telemetry
from advisor.measure.watching import Watch, silent
from advisor.workflows.sweeping import swept


def job(model: str = "timm/resnet50", replicate: int = 0, **more) -> Job:
    fields = dict(
        kind=MEASURE, model=model, resolution=224, batch_size=1, device="d", compute_unit="cpu", runtime="pytorch-eager",
        precision="fp32", memory_format="nchw", threads=1, power_mode="", replicate=replicate,
    )  # fmt: skip
    return Job(**{**fields, **more})


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "measurements")
    made.prepare()
    made.append(CAMPAIGN, campaign="c", settings={}, jobs=[job(replicate=r).to_json() for r in range(3)])
    return made


def finished(journal: Journal, replicate: int, attempt: int, **values) -> None:
    event = {"status": "ok", "reason": "", "verdict": "accepted", "codes": [], "p50_ms": 1.0, "file": "f", **values}
    journal.append(FINISHED, campaign="c", key=plan_key(job(replicate=replicate)), attempt=attempt, **event)


def launches(journal: Journal) -> list:
    return list(campaigns(journal.events())["c"].launches.values())


def test_a_torn_last_line_is_cut_off_and_the_rest_is_kept(journal):
    finished(journal, 0, 1)
    with journal.path.open("ab") as file:
        file.write(b'{"crc":"00000000","entry":{"event":"fini')
    journal.prepare()
    assert [one.settled for one in launches(journal)] == [True, False, False]
    finished(journal, 1, 1)
    assert [one.settled for one in launches(journal)] == [True, True, False]


def test_a_line_that_the_disk_takes_only_in_part_is_taken_back(journal):
    whole = journal.path.read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 40, before[1]))
    try:
        with pytest.raises(DataError, match="what was measured before is kept"):
            finished(journal, 0, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert journal.path.read_bytes() == whole
    finished(journal, 0, 1)
    assert launches(journal)[0].settled


def test_a_damaged_line_in_the_middle_is_named(journal):
    content = journal.path.read_bytes().replace(b'"precision":"fp32"', b'"precision":"fp16"')
    journal.path.write_bytes(content)
    with pytest.raises(DataError, match=r"journal\.jsonl:1: damaged line"):
        launches(journal)


def test_the_first_valid_attempt_counts_and_three_rejections_end_a_launch(journal):
    finished(journal, 0, 1, verdict="rejected", p50_ms=3.0)
    finished(journal, 0, 2, verdict="degraded", p50_ms=2.0)
    finished(journal, 0, 3, verdict="accepted", p50_ms=1.0)
    for attempt in (1, 2, 3):
        finished(journal, 1, attempt, verdict="rejected")
    finished(journal, 2, 1, status="oom", verdict="rejected")
    first, second, third = launches(journal)
    assert first.valid["p50_ms"] == 2.0
    assert (second.valid, second.settled) == (None, True)
    assert (third.valid, third.settled) == (None, True)


def test_two_crashes_of_the_machine_at_one_launch_end_it_but_killed_parents_do_not(journal):
    key = plan_key(job())
    for boot in ("a", "a", "a", "a"):
        journal.append(STARTED, campaign="c", key=key, attempt=1, boot_id=boot)
    assert not launches(journal)[0].settled
    for boot in ("b", "c"):
        journal.append(STARTED, campaign="c", key=key, attempt=1, boot_id=boot)
    assert launches(journal)[0].settled


def adopted(journal: Journal, boot: str, monkeypatch) -> list:
    """The launches as a program in that boot sees them when it resumes."""
    monkeypatch.setattr(adopting, "boot_id", lambda: boot)
    campaign = campaigns(journal.events())["c"]
    adopt(Runner(journal, Contended(journal.results), campaign, 2, {}, {}, silent(), wait=lambda _: None))
    return list(campaign.launches.values())


def test_a_launch_that_took_the_machine_down_twice_is_not_started_a_third_time(journal, monkeypatch):
    def start(boot: str) -> None:
        journal.append(STARTED, campaign="c", key=plan_key(job()), attempt=1, boot_id=boot)

    start("a")
    assert not adopted(journal, "a", monkeypatch)[0].settled  # the program died, not the machine
    start("a")
    assert [one.settled for one in adopted(journal, "b", monkeypatch)] == [False] * 3
    start("b")
    assert [one.settled for one in adopted(journal, "c", monkeypatch)] == [True] * 3
    assert {one.skipped for one in launches(journal)} == {"the machine went down 2 times while it ran"}
    before = journal.path.read_bytes()
    adopted(journal, "d", monkeypatch)
    assert journal.path.read_bytes() == before  # said once


def test_keys_tell_launches_apart_and_subjects_do_not():
    assert plan_key(job(replicate=0)) != plan_key(job(replicate=1))
    assert subject_hash(job(replicate=0)) == subject_hash(job(replicate=1))
    assert subject_hash(job()) != subject_hash(job(precision="fp16"))
    assert Job.from_json(json.loads(json.dumps(job().to_json()))) == job()


def test_anchors_come_first_with_all_launches_and_no_model_twice_in_a_row():
    anchors, others = [job(f"timm/a{i}") for i in range(8)], [job(f"timm/m{i}") for i in range(200)]
    planned = in_order(anchors, others)
    assert len(planned) == 208 * 3
    assert {j.model for j in planned[:24]} == {a.model for a in anchors}
    assert all(a.model != b.model for a, b in pairwise(planned))
    assert planned == in_order(anchors, others)
    assert [j.model for j in planned] != [j.model for j in in_order(anchors, others, seed=1)]
    assert [len(members) for members in rounds(planned)] == [24] * 26
    assert [j.with_throughput for j in planned[:24]] == [True] * 8 + [False] * 16


def test_costs_are_learnt_and_a_short_budget_shortens_the_sampling():
    costs = CostModel()
    before = costs.seconds(job(), 0.1)
    costs.learn(job(), 0.1, 2 * before)
    assert costs.seconds(job(), 0.1) == pytest.approx(2 * before)
    launches = [launch for _ in range(8) for launch in launches_of(job())]
    assert fitted_budget_s(3600.0, launches, [0.1] * 24) == 10.0
    assert 1.0 <= fitted_budget_s(300.0, launches, [0.1] * 24) < 4.0
    assert fitted_budget_s(10.0, launches, [0.1] * 24) == 1.0
    engines = [launch for _ in range(8) for launch in launches_of(job(runtime="tensorrt"))]
    assert fitted_budget_s(2000.0, engines, [0.01] * 24) < 5.0 < fitted_budget_s(2000.0, launches, [0.01] * 24)


def test_building_an_engine_and_compiling_are_allowed_for():
    eager, first, later = (CostModel().seconds(one, 0.01) for one in
                           (job(), job(runtime="tensorrt"), job(runtime="tensorrt", replicate=1)))  # fmt: skip
    assert (first - eager, later - eager) == pytest.approx((180.0, 20.0))
    assert CostModel().seconds(job(runtime="pytorch-compile"), 0.01) - eager == pytest.approx(60.0)


def test_timeouts_lie_between_two_and_ten_minutes_and_leave_time_to_build():
    eager = [timeout_s(*seconds, "pytorch-eager") for seconds in ((0.1, 20.0), (5.0, 100.0), (100.0, 1000.0))]
    assert eager == [120.0, 200.0, 600.0]
    assert timeout_s(0.1, 20.0, "pytorch-compile") == 600.0
    assert timeout_s(0.1, 20.0, "tensorrt") == 1200.0 > trtexec.LONGEST_S


class Contended(Launcher):
    """Every launch finds the machine two and a half times slower than it is when quiet."""

    slowdown = 2.5

    def run(self, name, asked, timeout):
        quiet = {"quiet": {"stub": {"quiet_ms": UNIT_MS}}, "rates": {}, "software": {}}
        found = figures(asked, self.slowdown) if asked.model else quiet
        return {"status": "ok", "reason": "", "launch_s": 1.0, **found}


class Quiet(Contended):
    """Every launch is alone on the machine."""

    slowdown = 1.0


def test_more_than_half_rejected_among_the_first_models_stops_the_run(journal):
    journal.append(PLANNED, campaign="c", jobs=[job(f"timm/m{i}").to_json() for i in range(20)])
    campaign = campaigns(journal.events())["c"]
    runner = Runner(journal, Contended(journal.results), campaign, 2, {}, {}, silent(), wait=lambda _: None)
    assert runner.run(None) == "rejected"
    assert 4 <= len({one.job.model for one in campaign.launches.values() if one.attempts}) <= 8
    assert all(a["codes"] == ["contended"] for one in campaign.launches.values() for a in one.attempts)


def test_exported_models_and_their_engines_are_removed_with_their_round_and_those_of_a_dead_run_at_once(journal):
    from advisor.measure.artifacts import exported_file, forget

    kept, gone = exported_file(journal.folder, job(batch_size=16)), exported_file(journal.folder, job())
    kept.parent.mkdir()
    for file in (kept, gone, gone.with_suffix(".json"), gone.with_suffix(".fp16.engine")):
        file.touch()
    forget(journal.folder, job())
    assert list(kept.parent.iterdir()) == [kept]
    campaign = campaigns(journal.events())["c"]
    Runner(journal, Contended(journal.results), campaign, 2, {}, {}, silent(), wait=lambda _: None).run(None)
    assert list(kept.parent.iterdir()) == []


def test_what_only_the_parent_can_tell_of_the_software_is_in_the_result(journal):
    campaign = campaigns(journal.events())["c"]
    watch = Watch(Telemetry(()), {"driver": "580.65", "l4t": "36.4.3"})
    Runner(journal, Contended(journal.results), campaign, 2, {}, {}, watch, wait=lambda _: None).run(None)
    result = read_json(next(journal.results.glob("*-1.json")))
    assert result["software"] == {"torch": "2.99.0", "driver": "580.65", "l4t": "36.4.3"}


def test_nothing_is_started_that_would_end_after_the_deadline(journal):
    campaign = campaigns(journal.events())["c"]
    runner = Runner(journal, Contended(journal.results), campaign, 2, {}, {}, silent(), wait=lambda _: None)
    assert runner.run(monotonic() + 1.0) == "budget"
    assert not any(one.attempts for one in campaign.launches.values())


def test_a_launch_is_given_time_and_room_before_the_deadline_for_all_its_waiting(journal):
    given = {}

    class Timed(Quiet):
        def run(self, name, asked, timeout):
            given[asked.model] = timeout
            return super().run(name, asked, timeout)

    campaign = campaigns(journal.events())["c"]
    asked = {key: replace(one.job, budget_s=30.0) for key, one in campaign.launches.items()}
    for key, one in campaign.launches.items():
        one.job = asked[key]
    forward = {plan_key(job()): 0.04}
    runner = Runner(journal, Timed(journal.results), campaign, 2, forward, {}, silent(), wait=lambda _: None)
    waiting_s = 3 * 30.0 * 1.5  # all patience, and half as much again in slices
    assert runner.run(monotonic() + waiting_s) == "budget"
    assert given == {}
    runner = Runner(journal, Timed(journal.results), campaign, 2, forward, {}, silent(), wait=lambda _: None)
    assert runner.run(monotonic() + 10 * waiting_s) == ""
    assert given["timm/resnet50"] > waiting_s + 30.0


def test_what_a_run_finds_of_a_launch_is_what_its_raw_result_says_again(journal):
    class Slowed(Contended):
        slowdown = 1.5

    campaign = campaigns(journal.events())["c"]
    campaign.settings = {"cores": 2}  # when it was planned: the run that measures may use one
    Runner(journal, Slowed(journal.results), campaign, 1, {}, {}, silent(), wait=lambda _: None).run(None)
    events = [attempt for one in launches(journal) for attempt in one.attempts]
    assert [event["codes"] for event in events] == [["contended-all-cores"]] * 9
    again = [seen(campaign, {**event, "verdict": "", "codes": []}, journal.results).verdict for event in events]
    assert [(one.verdict, list(one.codes)) for one in again] == [(e["verdict"], e["codes"]) for e in events]


def test_a_result_that_is_adopted_is_judged_by_the_processors_it_was_measured_on(journal, monkeypatch):
    campaign = campaigns(journal.events())["c"]
    one = campaign.launches[plan_key(job())]
    journal.append(STARTED, campaign="c", key=one.key, attempt=1, boot_id="a")
    asked = replace(one.job, quiet_ms=UNIT_MS)
    result = {"status": "ok", "reason": "", "launch_s": 1.0, "telemetry_codes": [], **figures(asked, 1.5)}
    write_json(journal.results / f"c-{one.key}-1.json", result | {"job": asked.to_json(), "cores": 1})
    taken = adopted(journal, "a", monkeypatch)[0]
    assert "contended-all-cores" in taken.attempts[0]["codes"]


def test_a_model_that_will_not_fit_is_skipped_with_both_sizes(journal):
    campaign = campaigns(journal.events())["c"]
    need = {plan_key(job()): 1e15}
    runner = Runner(journal, Contended(journal.results), campaign, 2, {}, need, silent(), wait=lambda _: None)
    assert runner.run(None) == ""
    assert all("skipped_predicted_oom: needs about" in one.skipped for one in campaign.launches.values())


@pytest.mark.parametrize(
    ("unit", "shares", "skipped"), [("cpu", False, True), ("gpu", True, True), ("gpu", False, False)]
)
def test_the_hosts_memory_counts_for_a_cpu_and_where_the_gpu_shares_it(tmp_path, unit, shares, skipped):
    journal, one = Journal(tmp_path), job(compute_unit=unit)
    journal.prepare()
    journal.append(CAMPAIGN, campaign="c", settings={}, jobs=[one.to_json()])
    campaign = campaigns(journal.events())["c"]
    runner = Runner(
        journal, Quiet(journal.results), campaign, 2, {}, {plan_key(one): 1e15}, silent(), shares, wait=lambda _: None
    )
    runner.run(None)
    assert bool(campaign.launches[plan_key(one)].skipped) is skipped
    assert (runner.free_bytes(one) is None) is not skipped


def test_a_sweep_tells_the_runner_what_each_new_size_should_take_and_need(journal):
    campaign = campaigns(journal.events())["c"]
    runner = Runner(journal, Quiet(journal.results), campaign, 2, {}, {}, silent(), wait=lambda _: None)
    assert runner.run(None) == swept(runner, None) == ""
    assert {one.job.batch_size for one in campaign.launches.values()} >= {1, 2, 4, 8}
    two = next(one.valid for one in campaign.launches.values() if one.job.batch_size == 2)
    assert runner.forward_s[plan_key(job(batch_size=4))] == pytest.approx(2 * two["p50_ms"] / 1e3)
    assert runner.need_bytes[plan_key(job(batch_size=4))] == pytest.approx(764 * 2**20)
    assert plan_key(job(batch_size=2)) not in runner.need_bytes  # one size makes no line
