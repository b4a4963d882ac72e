"""What of the journal becomes evidence and result files, from campaigns whose results are written by hand."""

from __future__ import annotations

from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest
from stub_worker import UNIT_MS, figures

from advisor.devices import shipped_profiles
from advisor.measure.analysis import analyse
from advisor.measure.files import write_json
from advisor.measure.fingerprint import fingerprint
from advisor.measure.journal import CAMPAIGN, FINISHED, Journal
from advisor.measure.plan import launches_of
from advisor.measure.progress import campaigns
from advisor.measure.published import published
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


def campaign(journal: Journal, name: str, job: Job = JOB, slowdown: float = 1.0, **more: object) -> None:
    """A finished campaign of one subject: three launches, all valid."""
    target = asdict(Target(job.device, job.compute_unit, "", job.runtime, job.precision, "nchw", job.threads))
    jobs = launches_of(job)
    settings = {"device": job.device, "target": target, "cores": 2, "sweep": False}
    journal.append(CAMPAIGN, campaign=name, settings=settings, jobs=[one.to_json() for one in jobs])
    for one in jobs:
        result = {"status": "ok", "reason": "", **figures(one, slowdown), "telemetry": {}, "environment": {}}
        result |= {"job": one.to_json(), **more}
        file, found = f"{name}-{one.replicate}.json", analyse(one, result)
        write_json(journal.results / file, result)
        ended = {"status": "ok", "reason": "", "verdict": "accepted", "codes": [], "p50_ms": found.p50, "file": file}
        journal.append(FINISHED, campaign=name, key=plan_key(one), attempt=1, **ended)


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
