"""Measuring as a user does it. The worker is a stub with known figures, except where a real model is timed."""

from __future__ import annotations

import json
import os
import platform
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from advisor.measure.launching import Launcher
from advisor.measure.records import MEASURE, Job
from advisor.store.importers import observations

TESTS = Path(__file__).parents[1]
SCRIPT = (sys.executable, str(TESTS / "unit" / "stub_measure.py"))
MODELS = [f"torchvision/{name}" for name in ("resnet18", "resnet34", "alexnet", "vgg11", "squeezenet1_0", "mnasnet0_5")]

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="measuring needs Linux 5.3")


def run(home: Path, *arguments: str, **kw) -> subprocess.CompletedProcess:
    environment = {**os.environ, "ADVISOR_HOME": str(home), **kw.pop("environment", {})}
    return subprocess.run([*SCRIPT, *arguments], env=environment, capture_output=True, text=True, timeout=240, **kw)


def kept(home: Path) -> list[tuple]:
    """What the database holds of our own, less the ids, which name the run."""
    with sqlite3.connect(home / "advisor.db") as db:
        return db.execute(
            "SELECT model, batch_size, latency_ms, throughput_img_s, memory_mib, memory_kind, samples, quantiles, note, outcome "
            "FROM observations WHERE origin = 'user' ORDER BY 1, 2"
        ).fetchall()


def workers_of(home: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_text())
        except OSError:
            continue
    return [line for line in found if "stub_worker" in line and str(home) in line]


def gone(home: Path) -> bool:
    """A worker that was just being started needs a moment to be seen, and to see that its parent died: none, three times in a row."""
    deadline, clear = time.monotonic() + 30, 0
    while clear < 3 and time.monotonic() < deadline:
        clear = 0 if workers_of(home) else clear + 1
        time.sleep(0.05)
    return clear == 3


def test_numbers_are_medians_of_three_launches_and_enter_answers_as_measured(home, advisor_at):
    done = run(home, "torchvision/resnet34", "torchvision/alexnet")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    (number,) = found["measurements"]
    assert number["latency_ms"]["launches"] == 3
    assert number["latency_ms"]["ci_low"] <= number["latency_ms"]["p50"] <= number["latency_ms"]["ci_high"]
    assert number["latency_ms"]["p99"] is None
    assert number["latency_ms"]["p99_reason"] == "too_few_samples"
    assert number["memory_kind"] == "process_peak"
    (failed,) = found["left_out"]
    assert failed["model"] == "torchvision/alexnet"
    assert "the stub says no" in failed["reasons"][0]
    assert Path(found["profile_made"]).exists()
    asked = ("predict", "torchvision/resnet34", "--device", found["device"], "--format", "json")
    (answer,) = json.loads(advisor_at(*asked, home=home).stdout)["predictions"]
    assert answer["latency_ms"]["basis"] == "measured"
    assert answer["latency_ms"]["value"] == pytest.approx(number["latency_ms"]["p50"], rel=1e-4)
    assert answer["memory_mib"]["basis"] == "measured"
    assert answer["memory_mib"]["value"] == pytest.approx(number["memory_mib"], rel=1e-4)


def test_measuring_again_replaces_the_number_in_the_database_and_both_results_stay_to_compare(home):
    first, second = (json.loads(run(home, "torchvision/vgg11").stdout)["measurements"][0]["id"] for _ in range(2))
    with sqlite3.connect(home / "advisor.db") as db:
        assert db.execute("SELECT locator FROM observations WHERE origin = 'user'").fetchall() == [(second,)]
    assert {file.stem for file in (home / "measurements" / "published").iterdir()} == {first, second}


def test_memory_alone_needs_one_launch_and_never_replaces_a_latency_but_is_replaced_by_one(home, advisor_at):
    (weighed,) = json.loads(run(home, "torchvision/vgg11", "--memory-only").stdout)["left_out"]
    assert (weighed["status"], weighed["memory_kind"]) == ("memory", "process_peak")
    ((_, _, latency, _, memory, *_),) = kept(home)
    assert (latency, memory) == (None, pytest.approx(weighed["memory_mib"], rel=1e-4))
    (device,) = (file.stem for file in (home / "profiles").glob("*.toml"))
    asked = ("predict", "torchvision/vgg11", "--device", device, "--threads", "1", "--format", "json")
    (answer,) = json.loads(advisor_at(*asked, home=home).stdout)["predictions"]
    assert answer["memory_mib"]["basis"] == "measured"
    assert answer["latency_ms"]["basis"] == "predicted"
    assert run(home, "torchvision/vgg11").returncode == 0
    ((_, _, latency, *_),) = kept(home)
    assert latency is not None
    assert run(home, "torchvision/vgg11", "--memory-only").returncode == 0
    ((_, _, again, *_),) = kept(home)
    assert again == latency


def test_memory_of_a_model_whose_latency_was_rejected_is_kept(home):
    found = json.loads(run(home, "torchvision/vgg11", environment={"STUB_SLOWDOWN": "3"}).stdout)
    (left,) = found["left_out"]
    assert left["status"] == "ok"
    assert "too much to correct for" in left["reasons"][0]
    ((model, _, latency, _, memory, *_),) = kept(home)
    assert (model, latency) == ("torchvision/vgg11", None)
    assert memory == pytest.approx(left["memory_mib"], rel=1e-4)


def test_killed_at_fifty_random_points_nothing_is_lost_doubled_or_left_running(home, shared_home, tmp_path):
    environment = {**os.environ, "ADVISOR_HOME": str(home), "STUB_SECONDS": "0.2"}
    chance, begun = random.Random(7), False
    journal = home / "measurements" / "journal.jsonl"
    for _ in range(50):
        arguments = ["--resume"] if begun else [*MODELS, "--batch-sizes=1,2"]
        process = subprocess.Popen(
            [*SCRIPT, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(chance.uniform(0.3, 1.0))
        process.kill()
        ended = process.wait()
        assert gone(home), "a worker outlived its parent"
        begun = journal.exists() and b"\n" in journal.read_bytes()
        if ended == 0:
            break
    if ended != 0:  # on a slow machine perhaps never far enough to have begun
        assert run(home, *(["--resume"] if begun else [*MODELS, "--batch-sizes=1,2"])).returncode == 0
    whole = tmp_path / "whole"
    subprocess.run(["cp", "-r", str(shared_home), str(whole)], check=True)
    assert run(whole, *MODELS, "--batch-sizes=1,2").returncode == 0
    assert kept(home) == kept(whole)
    assert len(kept(home)) == 2 * (len(MODELS) - 1)


def test_ctrl_c_finishes_the_launch_keeps_everything_and_resume_goes_on(home):
    environment = {**os.environ, "ADVISOR_HOME": str(home), "STUB_SECONDS": "0.4"}
    process = subprocess.Popen([*SCRIPT, *MODELS], env=environment, stdout=subprocess.PIPE, text=True)
    journal = home / "measurements" / "journal.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (journal.exists() and journal.read_text().count('"finished"') > 3):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(out)["stopped"] == "interrupted"
    assert journal.read_text().count('"started"') == journal.read_text().count(
        '"status":"ok"'
    ) - 1 + journal.read_text().count('"error"')
    again = json.loads(run(home, "--resume").stdout)
    assert again["stopped"] is None
    assert again["counts"]["accepted"] == len(MODELS) - 1


def test_a_sweep_finds_the_largest_batch_that_fits(home):
    found = json.loads(run(home, "torchvision/resnet18", "--batch-sizes=sweep").stdout)
    fitting = [number["target"]["batch_size"] for number in found["measurements"]]
    failed = [left["batch_size"] for left in found["left_out"]]
    assert sorted(fitting) == [1, 2, 4, 8, 16]
    assert min(failed) == 24  # 32 ran out first, then the one multiple of 8 between
    assert all("out of memory" in left["reasons"][0] for left in found["left_out"])


def test_a_second_measurement_of_the_same_home_is_refused_while_one_runs(home):
    environment = {**os.environ, "ADVISOR_HOME": str(home), "STUB_SECONDS": "1"}
    first = subprocess.Popen([*SCRIPT, MODELS[1]], env=environment, stdout=subprocess.PIPE, text=True)
    journal = home / "measurements" / "journal.jsonl"
    while not journal.exists() or '"started"' not in journal.read_text():
        time.sleep(0.05)
        assert first.poll() is None
    second = run(home, MODELS[0])
    assert second.returncode == 1
    assert "another measurement is running" in second.stderr
    assert json.loads(first.communicate(timeout=120)[0])["counts"]["accepted"] == 1


def test_a_run_without_anything_to_resume_says_so(home, advisor_at):
    done = advisor_at("measure", "--resume", home=home)
    assert done.returncode == 4
    assert "no unfinished measurement" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--device", "rtx-4090", "timm/resnet50", "--runtime", "tensorrt"), "trtexec"),
        (("no-such-model",), "unknown model"),
        (("timm/resnet50", "--batch-sizes", "0"), "whole numbers"),
        (("timm/resnet50", "--budget", "soon"), "10min, 90s, 2h"),
        (("timm/resnet50", "--threads", "4096"), "threads on"),
        (("timm/resnet50", "--resolution", "225"), "was not traced at 225 px; its complexity is known at 160, "),
        (("--all", "--resolution", "225"), "no model was traced at 225 px; some were at "),
        (("--resume", "timm/resnet50", "--all"), "--resume goes on with what was planned and takes no MODELS, --all"),
    ],
)
def test_what_cannot_be_measured_is_one_line(arguments, said, home, advisor_at):
    done = advisor_at("measure", *arguments, home=home)
    assert done.returncode in (1, 2, 4)
    assert not (home / "profiles").exists()  # refused before this machine is measured
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_comparing_a_result_with_itself_is_same_and_with_another_model_not_comparable(home, advisor_at):
    found = json.loads(run(home, "torchvision/resnet34", "torchvision/vgg11").stdout)
    first, second = (number["id"] for number in found["measurements"])
    file = home / "measurements" / "published" / f"{second}.json"
    same = advisor_at("compare", first, first, "--format", "json", home=home)
    assert same.returncode == 0
    assert json.loads(same.stdout)["answer"] == "same"
    other = advisor_at("compare", first, str(file), home=home)
    assert other.returncode == 4
    assert "not comparable" in other.stdout
    slower = json.loads(file.read_text())
    for name in ("p50", "ci_low", "ci_high"):
        slower["timing_ms"][name] *= 1.5
    changed = home / "slower.json"
    changed.write_text(json.dumps(slower))
    assert "slower" in advisor_at("compare", second, str(changed), home=home).stdout
    assert advisor_at("compare", "nothing", first, home=home).returncode == 2
    for group, name in (("", ""), ("", "result_id"), ("", "verdict"), ("timing_ms", "launches"), ("model", "name")):
        spoilt = json.loads(file.read_text())
        (spoilt[group] if group else spoilt).pop(name, None)
        changed.write_text(json.dumps(spoilt if name else {}))
        done = advisor_at("compare", str(changed), first, home=home)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert "not a result file" in done.stderr


def test_results_and_shipped_evidence_name_no_host_user_path_boot_or_serial(home, tmp_path):
    found = json.loads(run(home, "torchvision/resnet34", "torchvision/vgg11").stdout)
    (tmp_path / "measurements").mkdir()
    command = [
        "-m",
        "advisor.workflows.shipping",
        "--source",
        "advisor_test",
        "--device",
        found["device"],
        "--out",
        str(tmp_path),
    ]
    environment = {**os.environ, "ADVISOR_HOME": str(home)}
    subprocess.run([sys.executable, *command], env=environment, check=True, timeout=60)
    shipped = tmp_path / "measurements" / "advisor_test.csv"
    rows = observations.read(shipped)
    assert rows.rejected == []
    assert [seen.model for seen in rows.observations] == ["torchvision/resnet34", "torchvision/vgg11"]
    fingerprints = tmp_path / "fingerprints" / "advisor_test.json"
    content = json.loads(fingerprints.read_text())
    assert content["shared"]["device"]["id"] == found["device"]
    assert [one["result_id"] for one in content["numbers"]] == [seen.locator for seen in rows.observations]
    for file in (shipped, fingerprints, *(home / "measurements" / "published").glob("*.json")):
        text = file.read_text()
        secrets = (socket.gethostname(), os.environ.get("USER", ""), str(home), str(Path.home()), "secret-boot", "/tmp")
        assert [secret for secret in secrets if len(secret) > 2 and secret in text] == []
        assert not re.search(r'"/[a-z]', text)


@pytest.mark.filterwarnings("default")
def test_a_real_model_is_timed_in_a_worker_with_its_memory(tmp_path):
    pytest.importorskip("torchvision", reason="extra 'torch' is not installed")
    job = Job(
        MEASURE, "torchvision/mobilenet_v3_small", 96, 1, "here", "cpu", "pytorch-eager", "fp32", "nchw", 1, "", 0,
        with_throughput=True, budget_s=1.0,
    )  # fmt: skip
    result = Launcher(tmp_path).run("real", job, 120.0)
    assert (result["status"], result["reason"]) == ("ok", "")
    assert result["check"]["ok"]
    assert result["system"]["python"] == platform.python_version()
    samples = result["samples"]
    assert len(samples["reference_ms"]) == len(samples["groups"]) + 1
    assert sum(samples["groups"]) == len(samples["host_ms"]) >= 50
    assert result["identity"]["params"] == 2_542_856
    memory = {name: entry["value"] for name, entry in result["memory"].items()}
    assert memory["rss_after_import"] < memory["rss_after_load"] < memory["rss_peak"]
    assert memory["weights"] == pytest.approx(4 * 2_542_856, rel=0.02)
