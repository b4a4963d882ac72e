"""A user's own measurements and devices: in, used, out again, and never doubled."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

HEAD = "source_id,model,device,runtime,precision,batch_size,resolution,latency_ms,statistic,timing_scope\n"
VIT = "mylab,timm/vit_small_patch16_224,jetson-orin-nano-8gb,tensorrt,fp16,1,224,7.125,p50,forward\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """One measurement that nobody published, and three rows that cannot be used."""
    path = tmp_path / "mine.csv"
    bad = "mylab,no_such_model,jetson-orin-nano-8gb,tensorrt,fp16,1,224,7,p50,forward\n"
    bad += "mylab,timm/resnet50,some-board,tensorrt,fp16,1,224,7,p50,forward\n"
    bad += "mylab,timm/resnet50,jetson-orin-nano-8gb,tensorrt,fp16,1,224,-7,p50,forward\n"
    path.write_text(HEAD + VIT + bad)
    return path


def report(done: subprocess.CompletedProcess) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(home: Path) -> int:
    with sqlite3.connect(home / "advisor.db") as db:
        (count,) = db.execute("SELECT count(*) FROM observations").fetchone()
    db.close()
    return count


def test_an_import_is_counted_row_by_row_used_at_once_and_never_doubled(advisor_at, home, mine):
    first = report(advisor_at("db", "import", str(mine), "--format", "json", home=home))
    assert (first["rows"], first["accepted"], first["duplicate"]) == (4, 1, 0)
    assert [line["line"] for line in first["rejected"]] == [3, 4, 5]
    assert all(line["reason"] for line in first["rejected"])
    asked = ("predict", "timm/vit_small_patch16_224", "--device", "jetson-orin-nano-8gb", "--format", "json")
    (found,) = report(advisor_at(*asked, home=home))["predictions"]
    assert found["latency_ms"]["value"] == 7.125
    assert found["latency_ms"]["basis"] == "measured"
    assert found["latency_ms"]["evidence"] == ["mylab"]
    again = report(advisor_at("db", "import", str(mine), "--format", "json", home=home))
    assert again["accepted"] == 0
    assert again["duplicate"] == 1
    assert again["rejected"] == first["rejected"]
    assert report(advisor_at("db", "verify", "--format", "json", home=home))["intact"]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(advisor_at, home, mine):
    before = rows(home)
    assert report(advisor_at("db", "import", str(mine), "--dry-run", "--format", "json", home=home))["accepted"] == 1
    assert rows(home) == before


def test_export_and_import_into_another_home_lose_nothing(advisor_at, home, mine, tmp_path, shared_home):
    advisor_at("db", "import", str(mine), home=home)
    first, second, other = tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "other"
    assert advisor_at("db", "export", str(first), home=home).returncode == 0
    other.mkdir()
    (other / "advisor.db").write_bytes((shared_home / "advisor.db").read_bytes())
    assert report(advisor_at("db", "import", str(first), "--format", "json", home=other))["accepted"] == 1
    advisor_at("db", "export", str(second), home=other)
    assert first.read_text() == second.read_text()


def test_a_file_of_rejected_rows_only_is_exit_1(advisor_at, home, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(HEAD + "mylab,no_such_model,rtx-3090,pytorch-eager,fp32,1,224,7,p50,forward\n")
    done = advisor_at("db", "import", str(path), home=home)
    assert done.returncode == 1
    assert "no_such_model" in done.stdout


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.csv", None, "no such file"),
        ("empty.csv", b"", "mpty"),
        ("other.csv", b"a,b\n1,2\n", "unknown column"),
        ("binary.csv", bytes(range(256)) * 4, ""),
        ("nul.csv", HEAD.encode() + b"my\0lab\n", ""),
        ("broken.jsonl", b'{"format": "something else"}\n', ""),
        ("benchmark-infer-amp-nchw-pt240-cu124-somecard.csv", b"model\n", "column"),
        ("benchmark-infer-nonsense.csv", b"model\n", "name"),
    ],
)
def test_a_broken_file_gets_one_line_and_changes_nothing(advisor_at, home, tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    before = rows(home)
    done = advisor_at("db", "import", str(path), home=home)
    assert done.returncode in (1, 2)
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert said in lines[0]
    assert rows(home) == before


TIMM = """model,infer_img_size,infer_samples_per_sec,infer_step_time,infer_batch_size,param_count,infer_gmacs,infer_macts
resnet50,224,2000,512,1024,25.56,4.11,11.11
"""


def test_a_timm_file_of_an_unknown_card_asks_for_the_device_once_and_takes_it(advisor_at, home, tmp_path):
    path = tmp_path / "benchmark-infer-amp-nchw-pt310-cu140-somecard-dynamo.csv"
    path.write_text(TIMM)
    done = advisor_at("db", "import", str(path), home=home)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "somecard" in line
    assert "--device" in line
    named = report(advisor_at("db", "import", str(path), "--device", "rtx-5090", "--format", "json", home=home))
    assert named["accepted"] == 1
    asked = ("--device", "rtx-5090", "--runtime", "pytorch-compile", "--batch-size", "1024", "--format", "json")
    (found,) = report(advisor_at("predict", "resnet50", *asked, home=home))["predictions"]
    assert (found["latency_ms"]["value"], found["latency_ms"]["basis"]) == (512, "measured")


PROFILE = """
id = "my-board"
name = "My Board"
kind = "gpu"
vendor = "NVIDIA"
architecture = "Ampere"
aliases = []
unified_memory = false
board_class = "consumer"
runtimes = ["pytorch-eager", "tensorrt"]

[default_target]
compute_unit = "gpu"
runtime = "pytorch-eager"
precision = "amp_fp16"
memory_format = "nchw"
threads = 0

[facts]
sm_count = { value = 28, source = "data sheet" }
peak_fp32_tflops = { value = 12.7, source = "data sheet" }
peak_fp16_tflops = { value = 51.0, source = "data sheet" }
peak_fp16_acc32_tflops = { value = 25.5, source = "data sheet" }
memory_gb = { value = 12, source = "data sheet" }
memory_bandwidth_gb_s = { value = 360, source = "data sheet" }
"""


def test_a_device_of_the_users_own_is_kept_and_answered_for(advisor_at, home, tmp_path):
    path = tmp_path / "board.toml"
    path.write_text(PROFILE)
    assert advisor_at("devices", "add", str(path), home=home).returncode == 0
    assert (home / "profiles" / "my-board.toml").is_file()
    found = report(
        advisor_at("recommend", "--device", "My Board", "--max-latency", "100ms", "--format", "json", home=home)
    )
    assert found["device"] == "my-board"
    assert {p["latency_ms"]["basis"] for p in found["picks"]} == {"predicted"}


def test_rows_of_a_device_without_a_profile_are_taken_in_once_it_has_one(advisor_at, home, tmp_path):
    rows_of_it, profile = tmp_path / "mine.csv", tmp_path / "board.toml"
    rows_of_it.write_text(HEAD + "mylab,timm/resnet50,my-board,pytorch-eager,amp_fp16,1,224,7.125,p50,forward\n")
    profile.write_text(PROFILE)
    before = advisor_at("db", "import", str(rows_of_it), home=home)
    assert before.returncode == 1
    assert "my-board" in before.stdout
    assert advisor_at("devices", "add", str(profile), home=home).returncode == 0
    after = report(advisor_at("db", "import", str(rows_of_it), "--format", "json", home=home))
    assert (after["accepted"], after["duplicate"], after["rejected"]) == (1, 0, [])
    asked = ("predict", "timm/resnet50", "--device", "my-board", "--format", "json")
    (found,) = report(advisor_at(*asked, home=home))["predictions"]
    assert (found["latency_ms"]["value"], found["latency_ms"]["basis"]) == (7.125, "measured")
    again = report(advisor_at("db", "import", str(rows_of_it), "--format", "json", home=home))
    assert (again["accepted"], again["duplicate"]) == (0, 1)
    assert report(advisor_at("db", "verify", "--format", "json", home=home))["intact"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('id = "my-board"', 'id = "rtx-3090"'), "rtx-3090"),
        (('name = "My Board"', 'name = "NVIDIA GeForce RTX 3090"'), "rtx-3090"),
        (("value = 12.7", "value = nan"), "peak_fp32_tflops"),
        (("value = 12.7", "value = -1"), "peak_fp32_tflops"),
        (('source = "data sheet"', 'source = ""'), "source"),
        (('id = "my-board"', 'id = "../../etc"'), "id"),
        (('vendor = "NVIDIA"', 'vendor = "NVIDIA"\nflux = 1'), "flux"),
        (("[facts]", "[facts"), "TOML"),
    ],
)
def test_a_broken_or_hostile_profile_is_refused_in_one_line(advisor_at, home, tmp_path, change, said):
    path = tmp_path / "board.toml"
    path.write_text(PROFILE.replace(*change))
    done = advisor_at("devices", "add", str(path), home=home)
    assert done.returncode in (1, 2)
    (line,) = done.stderr.splitlines()
    assert said in line
    assert not (home / "profiles").exists()
