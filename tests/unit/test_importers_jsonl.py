"""Rules of the JSON Lines exchange: nothing is lost, and a changed line is noticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from advisor.errors import DataError
from advisor.records import Measurement, Observation, Target
from advisor.store.importers import jsonl
from advisor.store.importers.observations import make


@pytest.fixture
def seen() -> Observation:
    return make(
        source="lab", locator="run 3", model="timm/resnet50d", library_hint="", device="Jetson Größe µ", runtime="tensorrt",
        precision="fp16",
        batch_size=8, resolution=224, latency_ms=0.1 + 0.2, throughput_img_s=1e5 / 3, memory_mib=512.0, memory_kind="process_peak",
        statistic="p50", timing_scope="forward", samples=200, memory_format="nchw", power_mode="MAXN", threads=0, software="trt 10",
        quantiles={"p90": 1 / 3, "p99": 0.5}, note="free text", accelerators=1,
    )  # fmt: skip


@pytest.fixture
def measured(seen: Observation) -> Measurement:
    target = Target("jetson-orin-nano-8gb", "gpu", "MAXN", "tensorrt", "fp16")
    return Measurement(
        seen.id, seen.source, "timm/resnet50d", "0123456789abcdef", 224, 8, target, seen.latency_ms, seen.throughput_img_s, seen.memory_mib,
        seen.memory_kind, seen.statistic, seen.timing_scope, "B", ("power mode not stated",), "accepted", seen.quantiles, seen.samples,
    )  # fmt: skip


def test_a_round_trip_is_exact(tmp_path: Path, seen: Observation, measured: Measurement):
    path = tmp_path / "out.jsonl"
    assert jsonl.write(path, [seen], {seen.id: measured}) == 1
    result = jsonl.read(path)
    assert result.observations == [seen]
    assert result.measurements == {seen.id: measured}
    assert (result.lines, result.rejected) == ([2], [])


def test_an_export_without_mapping_reads_back(tmp_path: Path, seen: Observation):
    path = tmp_path / "out.jsonl"
    jsonl.write(path, [seen])
    assert jsonl.read(path).measurements == {}


def test_writing_twice_gives_the_same_bytes(tmp_path: Path, seen: Observation):
    jsonl.write(tmp_path / "a", [seen])
    jsonl.write(tmp_path / "b", jsonl.read(tmp_path / "a").observations)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_failed_write_leaves_no_half_file(tmp_path: Path, seen: Observation):
    with pytest.raises(DataError, match="cannot be written"):
        jsonl.write(tmp_path / "absent" / "out.jsonl", [seen])
    assert list(tmp_path.iterdir()) == []


def _edited(tmp_path: Path, seen: Observation, **changes: object) -> jsonl.JsonlResult:
    path = tmp_path / "out.jsonl"
    jsonl.write(path, [seen])
    head, line = path.read_text().splitlines()
    record = json.loads(line)
    record["observation"].update(changes)
    path.write_text(f"{head}\n{json.dumps(record)}\n")
    return jsonl.read(path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"latency_ms": 0.2}, "does not match its content"),
        ({"model": "timm/resnet18d"}, "does not match its content"),
        ({"id": "0" * 16}, "does not match its content"),
        ({"latency_ms": -1.0}, "must be greater than 0"),
        ({"latency_ms": "fast"}, "holds"),
        ({"batch_size": True}, "holds"),
        ({"quantiles": {"p90": float("nan")}}, "which is not a number"),
        ({"statistic": "median"}, "unknown"),
        ({"surprise": 1}, "exactly the fields"),
    ],
)
def test_an_edited_line_is_rejected_with_the_reason(tmp_path, seen, changes, reason):
    result = _edited(tmp_path, seen, **changes)
    assert result.observations == []
    assert result.rejected[0][0] == 2
    assert reason in result.rejected[0][1]


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("", "not a header"),
        ("[]", "not a header"),
        ('{"format": "other"}', "not a header"),
        ('{"format": "advisor-measurements", "version": 99}', "upgrade arch-advisor"),
        ("[" * 100_000, "not a header"),
    ],
)
def test_a_file_that_is_not_ours_gets_one_clear_error(tmp_path, head, message):
    path = tmp_path / "x.jsonl"
    path.write_text(head + "\n")
    with pytest.raises(DataError, match=message):
        jsonl.read(path)


@pytest.mark.parametrize(
    "line", ["{", "null", "{}", '{"observation": null}', '{"observation": {"id": NaN}}', "[" * 100_000]
)
def test_a_broken_line_is_rejected_and_the_rest_read(tmp_path, seen, line):
    path = tmp_path / "x.jsonl"
    jsonl.write(path, [seen])
    path.write_text(path.read_text() + line + "\n")
    result = jsonl.read(path)
    assert result.observations == [seen]
    assert [number for number, _ in result.rejected] == [3]
