"""Metered power on its way into the database: interchange files, notes of known sources, exchange files, answers."""

from __future__ import annotations

import json

import pytest

from advisor.devices import target_for
from advisor.locations import shipped
from advisor.store import open_store
from advisor.store.importers import interchange, jsonl, observations
from advisor.store.importers.sources import load as load_sources

HEADER = "model,device,runtime,precision,batch_size,resolution,latency_ms,power_w,power_scope\n"


@pytest.fixture
def known():
    return load_sources(shipped("benchmarks_db") / "mapping")


def read(tmp_path, known, row: str):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + row + "\n")
    return interchange.read(path, known)


def test_a_file_may_state_power_and_what_it_was_metered_on(tmp_path, known):
    (seen,) = read(tmp_path, known, "torchvision/resnet18,jetson-tx2,tensorrt,fp16,1,224,5,9.5,board").observations
    assert (seen.power_w, seen.power_scope) == (9.5, "board")


def test_power_without_a_scope_is_unstated_and_a_scope_without_power_is_refused(tmp_path, known):
    (seen,) = read(tmp_path, known, "torchvision/resnet18,jetson-tx2,tensorrt,fp16,1,224,5,9.5,").observations
    assert seen.power_scope == "unstated"
    refused = read(tmp_path, known, "torchvision/resnet18,jetson-tx2,tensorrt,fp16,1,224,5,,board").rejected
    assert refused == [(2, "power_scope is stated without power_w")]


@pytest.mark.parametrize("power", ["-3", "0", "nan", "1e9", "lots"])
def test_power_that_cannot_be_is_refused(tmp_path, known, power):
    found = read(tmp_path, known, f"torchvision/resnet18,jetson-tx2,tensorrt,fp16,1,224,5,{power},board")
    assert not found.observations
    assert "power_w" in found.rejected[0][1]


def make(**more):
    return observations.make(
        source="me", locator="1", model="torchvision/resnet18", device="jetson-tx2", runtime="tensorrt",
        precision="fp16", batch_size=1, resolution=224, latency_ms=5.0, statistic="mean", timing_scope="forward", **more
    )  # fmt: skip


def test_power_is_no_part_of_what_an_observation_is():
    assert make(power_w=9.5, power_scope="board").id == make().id


def test_exchange_keeps_power_and_lines_without_are_as_they_were(tmp_path):
    path = tmp_path / "out.jsonl"
    with_power, without = make(power_w=9.5, power_scope="module"), make()
    jsonl.write(path, [with_power, without])
    assert jsonl.read(path).observations == [with_power, without]
    plain = json.loads(path.read_text().splitlines()[2])["observation"]
    assert not {"power_w", "power_scope"} & set(plain)


def test_an_exchanged_power_of_an_unknown_scope_is_rejected(tmp_path):
    path = tmp_path / "out.jsonl"
    jsonl.write(path, [make(power_w=9.5, power_scope="socket")])
    assert "power scope 'socket' is unknown" in jsonl.read(path).rejected[0][1]


def test_the_shipped_power_is_found_in_its_own_power_mode_only(shared_home):
    with open_store(str(shared_home / "advisor.db")) as store:
        board = store.device("jetson-tx2")
        found = {
            mode: store.power(target_for(board, runtime="tensorrt", precision="fp16", power_mode=mode), 1)
            for mode in ("MAXN", "MAXQ")
        }
        eager = store.power(target_for(board, runtime="tensorrt", precision="fp32"), 2)
    assert [len(rows) for rows in found.values()] == [2, 2]
    assert max(row.power_w for row in found["MAXQ"]) < min(row.power_w for row in found["MAXN"])
    assert {row.source for rows in (*found.values(), eager) for row in rows} == {"qutibench_imagenet"}
