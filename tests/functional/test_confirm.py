"""recommend --confirm as a user does it. The worker is a stub with known figures; the machine is the one that runs the tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.recommend import confirming
from advisor.recommend.budgets import Budgets
from advisor.recommend.ranking import Question
from advisor.store import open_store
from advisor.units import latency_ms
from advisor.workflows.confirming import measured_keys

UNIT = Path(__file__).parents[1] / "unit"
BUDGET = "60ms"

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="measuring needs Linux 5.3")


def stub(script: str, home: Path, *arguments: str) -> dict:
    done = subprocess.run(
        [sys.executable, str(UNIT / script), *arguments], env={**os.environ, "ADVISOR_HOME": str(home)},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def known_machine(home: Path) -> tuple[Path, str]:
    """A home in which this machine has a profile and one measured model."""
    return home, stub("stub_measure.py", home, "torchvision/resnet34")["device"]


def test_the_live_order_is_the_replay_of_the_same_values_and_the_answer_is_measured(known_machine, tmp_path):
    home, device = known_machine
    before = tmp_path / "before"
    shutil.copytree(home, before)
    answer = stub("stub_confirm.py", home, "3", f"max_latency={BUDGET}", f"device={device}")
    live = [(one["model"], one["resolution"]) for one in answer["confirmed"]]
    assert 1 <= len(live) <= 3
    assert replayed(before, home, answer) == live
    best = answer["picks"][0]
    assert best["latency_ms"]["basis"] == "measured"
    assert (best["model"], best["resolution"]) in [*live, ("torchvision/resnet34", 224)]
    keeping = [one for one in answer["confirmed"] if one["chance_after"] >= 0.9]
    assert keeping, "the stub's networks take some 5 to 70 ms"
    assert best["top1"] == pytest.approx(max(one["top1"] for one in keeping), abs=0.06)
    assert any("made for this answer" in note for note in answer["notes"])


def replayed(before: Path, after: Path, answer: dict) -> list[tuple[str, int]]:
    """The order in which the pure loop asks, on the candidates before, when it is told what the live run has measured."""
    with open_store(str(after / "advisor.db")) as store:
        (target,) = [store.device(answer["device"]).default_target]
        readings = {(e.signature, e.resolution): e for e in store.estimates(target, 1)}

    def told(row):
        known = readings[row.signature, row.resolution]
        assert known.latency.basis == "measured"
        return row._replace(
            latency_ms=known.latency.value, latency_low=known.latency.low, latency_high=known.latency.high, extrapolated=False,
            throughput_img_s=known.throughput_img_s,
            memory_mib=known.memory.value, memory_low=known.memory.low, memory_high=known.memory.high,
        )  # fmt: skip

    with open_store(str(before / "advisor.db")) as store:
        budgets = Budgets(max_latency_ms=latency_ms(BUDGET), board_memory_mib=answer["budgets"].get("board_memory_mib"))
        question = Question(target, 1, budgets)
        found = confirming.confirm(question, store.candidates(target, 1), measured_keys(store, question), told, 3)
    return [(step.row.model, step.row.resolution) for step in found.steps]


def test_only_the_device_itself_confirms(known_machine, advisor_at):
    home, _ = known_machine
    done = advisor_at("recommend", "--device", "rtx-4090", "--max-latency", "5ms", "--confirm", "2", home=home)
    assert done.returncode == 2
    assert "is not this machine" in done.stderr
    assert done.stdout == ""


def test_a_machine_without_a_profile_confirms_nothing(home, advisor_at):
    done = advisor_at("recommend", "--device", "jetson", "--max-latency", "50ms", "--confirm", "2", home=home)
    if "is not this machine" in done.stderr:
        pytest.skip("this machine has a shipped profile")
    assert done.returncode == 2
    assert "this machine has no profile" in done.stderr
    assert "advisor measure" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--confirm", "0"), "--confirm takes 1 to 100"),
        (("--confirm", "2", "--latency-stat", "p90"), "--latency-stat p50"),
        (("--sample-seconds", "2"), "add --confirm"),
    ],
)
def test_what_cannot_be_confirmed_is_refused_in_a_line(options, said, advisor):
    done = advisor("recommend", "--device", "rtx-4090", "--max-latency", "5ms", *options)
    assert done.returncode == 2
    assert said in done.stderr
