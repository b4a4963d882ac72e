"""What of the journal becomes evidence and result files, from campaigns whose results are written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest
from stub_worker import UNIT_MS, figures

from advisor.devices import shipped_profiles
from advisor.measure.files import read_json, write_json
from advisor.measure.fingerprint import fingerprint
from advisor.measure.journal import CAMPAIGN, FINISHED, Journal
from advisor.measure.plan import launches_of
from advisor.measure.progress import campaigns
from advisor.measure.published import counts, published
from advisor.measure.records import MEASURE, Job, plan_key, subject_hash
from advisor.records import Target
from advisor.workflows.recording import RESULTS, observations, write_results

JOB = Job(
    MEASURE, "timm/resnet50", 224, 1, "rtx-3090", "cpu", "pytorch-eager", "fp32", "nchw", 1, "", 0, quiet_ms=UNIT_MS
)
DEVICE = next(device for device in shipped_profiles() if device.id == "rtx-3090")


@pytest.fixture
def journal(tmp_path) -> Journal:
    made = Journal(tmp_path / "measurements")
    made.prepare()
    return made


def campaign(
    journal: Journal,
    name: str,
    job: Job = JOB,
    slowdown: float = 1.0,
    samples: Mapping[int, dict] | None = None,
    **more: object,
) -> None:
    """A finished campaign of one subject: three launches, all valid to the journal, whatever processor time a neighbour left.

    `samples` are changes of a replicate's, `more` of every result.
    """
    target = asdict(Target(job.device, job.compute_unit, "", job.runtime, job.precision, "nchw", job.threads))
    jobs = launches_of(job)
    settings = {"device": job.device, "target": target, "cores": 2, "sweep": False}
    journal.append(CAMPAIGN, campaign=name, settings=settings, jobs=[one.to_json() for one in jobs])
    for one in jobs:
        result = {"status": "ok", "reason": "", **figures(one, slowdown), "telemetry": {}, "environment": {}}
        result["samples"] |= {"cpu_ms": figures(one)["samples"]["cpu_ms"], **(samples or {}).get(one.replicate, {})}
        attempted(journal, name, one, 1, result | {"telemetry_codes": [], "job": one.to_json(), **more})


def attempted(journal: Journal, name: str, job: Job, attempt: int, result: Mapping, **values: object) -> None:
    """An attempt with its result; `values` are what else than acceptance the journal holds of it."""
    file = f"{name}-{job.replicate}-{attempt}.json"
    write_json(journal.results / file, result)
    ended = {"status": "ok", "reason": "", "verdict": "accepted", "codes": [], "p50_ms": 1.0, "file": file, **values}
    journal.append(FINISHED, campaign=name, key=plan_key(job), attempt=attempt, **ended)


def only(journal: Journal):
    """(numbers, what has none) of the one campaign."""
    (one,) = campaigns(journal.events()).values()
    return published(one, journal.results)


def beside_passing_load(job: Job = JOB, quiet_groups: int = 12) -> dict:
    """Samples of a launch whose forwards and slices take half as long again after so many of its 20 groups."""
    usual = figures(job)["samples"]["host_ms"]
    times = [time * (1.5 if i >= 3 * quiet_groups else 1.0) for i, time in enumerate(usual)]
    return {
        "host_ms": times,
        "cpu_ms": times,
        "reference_ms": [UNIT_MS * (1.5 if i > quiet_groups else 1) for i in range(21)],
    }


def beside_steady_load(job: Job = JOB) -> dict:
    """Samples of a launch that is slowed by 1.4 throughout; its processor time is not."""
    slowed = figures(job, 1.4)["samples"]
    return {"host_ms": slowed["host_ms"], "reference_ms": slowed["reference_ms"]}


def test_onnxruntime_on_a_gpu_is_timed_with_copies_and_said_so(journal):
    gpu = replace(JOB, compute_unit="gpu")
    for i, job in enumerate((JOB, gpu, replace(JOB, runtime="onnxruntime"), replace(gpu, runtime="onnxruntime"))):
        campaign(journal, f"{i:08x}", job)
    scopes = [seen.timing_scope for seen in observations(journal)]
    assert scopes == ["forward", "forward", "forward", "forward+copies"]


def test_the_last_campaign_speaks_for_a_subject_and_other_threads_are_another_target(journal):
    campaign(journal, "00000001")
    campaign(journal, "00000002", slowdown=1.02)
    campaign(journal, "00000003", replace(JOB, threads=2))
    found = {seen.locator[:8]: seen.threads for seen in observations(journal)}
    assert found == {"00000002": 1, "00000003": 2}


def test_a_corrected_number_has_no_percentiles_and_no_throughput(journal):
    campaign(journal, "00000001")
    campaign(journal, "00000002", replace(JOB, batch_size=2), slowdown=1.4)
    wall, corrected = (published(one, journal.results)[0][0] for one in campaigns(journal.events()).values())
    assert (wall.headline, corrected.headline) == ("wall", "corrected")
    assert wall.throughput_img_s is not None
    assert wall.percentiles["p90"] is not None
    assert corrected.throughput_img_s is None
    assert set(corrected.percentiles.values()) == {None}
    said = fingerprint(corrected, DEVICE)
    assert said["throughput"] is None
    assert said["timing_ms"]["p90_reason"] == "corrected"


@pytest.mark.parametrize(
    ("samples", "headline", "has_percentiles"),
    [
        ({0: {}}, "wall", True),
        ({0: beside_passing_load(), 1: beside_passing_load(), 2: beside_passing_load()}, "quiet", True),
        ({1: beside_passing_load()}, "quiet", True),
        ({2: beside_steady_load()}, "corrected", False),
        ({1: beside_passing_load(), 2: beside_steady_load()}, "corrected", False),
    ],
)
def test_the_least_direct_launch_names_the_number_and_only_wall_time_has_throughput(
    journal, samples, headline, has_percentiles
):
    campaign(journal, "00000001", samples=samples)
    ((number,), left) = only(journal)
    assert (number.headline, len(number.launches), left) == (headline, 3, [])
    assert (number.throughput_img_s is not None) is (headline == "wall")
    assert (number.percentiles["p50"] is not None) is has_percentiles
    assert ("quiet-moments" in number.verdict.codes) is any(len(one) == 3 for one in samples.values())
    quiet = figures(JOB)["samples"]["host_ms"]
    assert min(quiet) <= number.p50 <= max(quiet)


def test_what_is_published_is_judged_by_the_rules_of_today_and_not_by_those_of_its_time(journal):
    campaign(journal, "00000001", slowdown=1.08, warmup={"n": 9, "seconds": 1.0, "steady": False})
    ((number,), _) = only(journal)
    assert {"noisy", "unsteady"} <= set(number.verdict.codes)
    assert number.verdict.verdict == "degraded"


def jumped() -> dict:
    return {"reference_ms": [UNIT_MS * (0.9 if i < 4 else 1.0) for i in range(21)]}


def test_a_launch_that_was_valid_once_and_is_not_today_is_not_published_but_is_not_tried_again_either(journal):
    campaign(journal, "00000001", samples={1: jumped()})
    ((number,), left) = only(journal)
    assert (len(number.launches), left) == (2, [])
    assert "few-launches" in number.verdict.codes
    campaign(journal, "00000002", samples={0: jumped(), 1: jumped(), 2: jumped()})
    second = campaigns(journal.events())["00000002"]
    numbers, (rest,) = published(second, journal.results)
    assert numbers == []
    assert rest.reasons == ("the machine's speed changed by more than 10 % during the launch",)
    assert rest.weighed is not None  # other work does not disturb its memory
    assert counts(numbers, [rest])["rejected"] == 1
    assert all(one.settled and one.valid is not None for one in second.launches.values())


def test_of_several_attempts_the_first_that_is_valid_today_counts(journal):
    campaign(journal, "00000001")
    name = "00000002"
    job = replace(JOB, batch_size=2)
    settings = {"device": job.device, "target": {"threads": 1}, "cores": 2, "sweep": False}
    journal.append(CAMPAIGN, campaign=name, settings=settings, jobs=[job.to_json()])
    usual = {"status": "ok", "reason": "", **figures(job), "telemetry": {}, "environment": {}, "telemetry_codes": []}
    usual["job"] = job.to_json()
    slower = usual | {"samples": usual["samples"] | {"host_ms": [time * 2 for time in usual["samples"]["host_ms"]]}}
    attempted(journal, name, job, 1, usual | {"check": {"ok": False, "reason": "nan"}}, verdict="rejected")
    attempted(journal, name, job, 2, usual, verdict="rejected", codes=["drift"])
    attempted(journal, name, job, 3, slower)
    ((number,), _) = published(campaigns(journal.events())[name], journal.results)
    assert number.p50 in usual["samples"]["host_ms"]
    assert number.verdict.codes == ("few-launches",)


def test_a_result_that_lacks_what_the_judge_reads_keeps_what_the_journal_holds_of_it(journal):
    campaign(journal, "00000001", slowdown=1.08)
    for file in journal.results.iterdir():
        result = read_json(file)
        del result["telemetry_codes"]
        write_json(file, result)
    ((number,), _) = only(journal)
    assert number.verdict.codes == ()


def test_attempts_that_left_no_samples_or_no_file_are_told_of_by_the_journal(journal):
    campaign(journal, "00000001")
    first, second, _ = sorted(journal.results.iterdir())
    first.unlink()
    second.write_text('{"status": "ok", "samp')
    unfinished = {"status": "timeout", "reason": "did not finish"}
    for attempt in (2, 3):
        attempted(
            journal, "00000001", JOB, attempt, unfinished, **unfinished, verdict="rejected", codes=["not-finished"]
        )
    ((number,), _) = only(journal)
    assert len(number.launches) == 1
    (journal.results / "00000001-2-1.json").unlink()
    numbers, (left,) = only(journal)
    assert (numbers, left.status, left.reasons, left.weighed) == ([], "timeout", ("did not finish",), None)


def test_the_processors_count_that_a_launch_was_allowed_and_not_those_of_the_plan(journal):
    campaign(journal, "00000001", slowdown=1.4, cores=1)
    numbers, (left,) = only(journal)
    assert numbers == []
    assert left.reasons[0] == "other work ran on the cores that were measured"


def test_memory_alone_is_judged_and_published_as_memory(journal):
    campaign(journal, "00000001", replace(JOB, timed=False))
    numbers, (left,) = only(journal)
    assert (numbers, left.status, left.reasons) == ([], "memory", ())
    assert left.weighed is not None


def test_a_fingerprint_names_the_system_that_was_measured_and_not_the_one_that_tells_of_it(journal):
    campaign(journal, "00000001", system={"python": "3.10.12", "kernel": "5.15.148-tegra"})
    campaign(journal, "00000002", replace(JOB, batch_size=2))
    new, old = (published(one, journal.results)[0][0] for one in campaigns(journal.events()).values())
    assert fingerprint(new, DEVICE)["software"] == {"python": "3.10.12", "kernel": "5.15.148-tegra", "torch": "2.99.0"}
    assert fingerprint(old, DEVICE)["software"]["kernel"]  # a result that does not say


def test_result_files_of_earlier_campaigns_are_left_as_they_are_and_made_where_they_are_missing(journal):
    for name in ("00000001", "00000002", "00000003"):
        campaign(journal, name)
    files = sorted(
        (journal.folder / RESULTS / f"{name}-{subject_hash(JOB)}.json") for name in ("00000001", "00000002", "00000003")
    )
    files[0].parent.mkdir()
    for file in (files[0], files[2]):
        file.write_text("as it was")
    write_results(SimpleNamespace(devices=lambda: [DEVICE]), journal, "00000003")
    assert files[0].read_text() == "as it was"
    assert files[1].exists()
    assert files[2].read_text() != "as it was"
