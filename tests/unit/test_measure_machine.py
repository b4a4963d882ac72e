"""A number is booked for the device and the power mode that the machine really is and is in, or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from types import SimpleNamespace

import pytest
from machines import board, nvpmodel

from advisor.devices import Detection, detect
from advisor.errors import DataError, UsageError
from advisor.locations import database, measurements_folder
from advisor.measure.journal import CAMPAIGN, Journal
from advisor.store import open_store
from advisor.workflows import machine, measuring

SUPER = "jetson-orin-nano-8gb-super"
ASKED = {"runtime": "pytorch-eager", "precision": None, "power_mode": None, "threads": None, "memory_format": None}


@pytest.fixture
def store(home):
    with open_store(database()) as opened:
        yield opened


@pytest.fixture
def a_board_in_25w(tmp_path, monkeypatch) -> Detection:
    root = board(tmp_path / "root", "Orin", ["nvidia,p3768-0000+p3767-0005-super", "nvidia,tegra234"], 7620)
    return stands_in(monkeypatch, detect(nvpmodel(root, 1)))


def stands_in(monkeypatch, found: Detection) -> Detection:
    for module in (machine, measuring):
        monkeypatch.setattr(module, "detect", lambda: found)
    return found


def here(store, name: str | None = None, **asked):
    return machine.this_device(store, name, {**ASKED, **asked}, NO_LAUNCHER, lambda _: None)


def refuse(*_):
    raise AssertionError("something was launched")


NO_LAUNCHER = SimpleNamespace(run=refuse)


def test_the_mode_that_the_board_is_in_is_booked_whether_asked_for_or_not(store, a_board_in_25w):
    assert here(store).target.power_mode == "25W"
    assert here(store, power_mode="25w").target.power_mode == "25W"
    assert here(store, SUPER).target.power_mode == "25W"


def test_another_mode_than_the_boards_is_refused_with_the_way_to_change_it(store, a_board_in_25w):
    with pytest.raises(
        UsageError, match=r"is in power mode 25W, not in 15W: change it first with 'sudo nvpmodel -m ID'"
    ):
        here(store, power_mode="15W")


def test_a_board_whose_mode_cannot_be_read_is_believed(store, tmp_path, monkeypatch):
    stands_in(monkeypatch, detect(board(tmp_path, "Orin", ["nvidia,p3768-0000+p3767-0005-super"], 7620)))
    assert here(store, power_mode="15W").target.power_mode == "15W"


def test_a_device_that_this_machine_is_not_is_refused_and_one_beside_the_first_or_unknown_is_not(store, monkeypatch):
    stands_in(monkeypatch, Detection("rtx-3090", "", {}, also=("rtx-4090",)))
    assert here(store, "rtx-4090").device.id == "rtx-4090"
    with pytest.raises(UsageError, match="which is rtx-3090"):
        here(store, SUPER)
    stands_in(monkeypatch, Detection(None, "nothing was told", {}))
    assert here(store, SUPER).device.id == SUPER


def test_a_board_that_only_its_user_can_name_is_booked_in_the_mode_it_is_in(store, a_board_in_25w, monkeypatch):
    stands_in(monkeypatch, Detection(None, "one of two sizes", {}, power_mode="25W"))
    assert here(store, SUPER).target.power_mode == "25W"


def resumable(store, power_mode: str, device: str = SUPER) -> None:
    target = replace(store.device(device).default_target, power_mode=power_mode)
    journal = Journal(measurements_folder())
    journal.prepare()
    settings = {"device": device, "target": asdict(target), "cores": 2, "sweep": False}
    journal.append(CAMPAIGN, campaign="c", settings=json.loads(json.dumps(settings)), jobs=[])


def test_resuming_in_another_mode_or_on_another_device_is_refused(store, a_board_in_25w, monkeypatch):
    resumable(store, "15W")
    with pytest.raises(UsageError, match="is in power mode 25W, not in 15W"):
        measuring.measure(resume=True)
    stands_in(monkeypatch, Detection("rtx-3090", "", {}))
    with pytest.raises(UsageError, match="not this machine, which is rtx-3090"):
        measuring.measure(resume=True)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"models": ["timm/resnet50"]}, "MODELS"),
        ({"all_models": True}, "--all"),
        ({"runtime": "tensorrt", "power_mode": "15W"}, "--runtime, --power-mode"),
        ({"batch_sizes": "1,8"}, "--batch-sizes"),
        ({"batch_sizes": "sweep"}, "--batch-sizes"),
        ({"library": "timm", "resolution": 224, "sample_seconds": 2.0}, "--library, --resolution, --sample-seconds"),
        ({"precision": "fp16", "threads": 1, "memory_format": "nhwc"}, "--precision, --threads, --memory-format"),
    ],
)
def test_resuming_takes_nothing_that_would_change_the_plan(empty_home, asked, named):
    with pytest.raises(UsageError, match=f"takes no {named}: "):
        measuring.measure(resume=True, **asked)


@pytest.fixture
def an_unknown_board(tmp_path, monkeypatch) -> Detection:
    return stands_in(monkeypatch, detect(board(tmp_path / "acme", "Acme Board", ["acme,board"], 4000)))


def test_an_unknown_machine_without_a_runtime_to_time_is_told_so_before_its_rates_are_measured(store, an_unknown_board):
    with pytest.raises(UsageError, match="advisor does not time ncnn itself"):
        here(store, runtime=None)


def test_an_unknown_machine_whose_name_is_taken_is_told_so_before_its_rates_are_measured(store, an_unknown_board):
    store.add_device(store.device("raspberry-pi-4b")._replace(id="mine", name="Acme Board", aliases=(), origin="user"))
    with pytest.raises(DataError, match="name 'Acme Board' already belongs to device 'mine'"):
        here(store)
