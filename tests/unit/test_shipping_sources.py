"""What a source of our own measurements has after another home's were added to it."""

from __future__ import annotations

import json

import pytest

from advisor.errors import DataError
from advisor.store.importers.observations import make
from advisor.workflows.shipping import Kept, joined, read, write

SOURCE = "advisor_test"


def row(result, model="torchvision/resnet18", verdict="degraded", launches=3, batch=1, latency=10.0, unit="cpu"):
    seen = make(
        source=SOURCE, locator=result, model=model, device="board", runtime="pytorch-eager", precision="fp32",
        batch_size=batch, resolution=224, latency_ms=latency, memory_mib=700.0, memory_kind="process_peak", threads=1,
        statistic="p50", timing_scope="forward",
    )  # fmt: skip
    timing = {"timing_ms": {"launches": [latency] * launches}} if launches else {}
    return Kept(
        seen, {"result_id": result, "device": {"id": "board", "compute_unit": unit}, "verdict": verdict, **timing}
    )


def results(rows):
    return [one.seen.locator for one in rows]


@pytest.mark.parametrize(
    ("now", "kept"),
    [
        (row("now"), "now"),
        (row("now", verdict="accepted", launches=2), "now"),
        (row("now", launches=2), "before"),
        (row("now", verdict="memory", launches=0), "before"),
    ],
)
def test_of_one_subject_the_better_verdict_then_more_launches_then_that_of_this_home_stays(now, kept):
    assert results(joined([row("before")], [now])) == [kept]


def test_what_only_one_home_measured_stays_in_order():
    before = [row("a", "torchvision/vgg11"), row("b", "timm/resnet50", verdict="memory", launches=0)]
    now = [row("c", "torchvision/vgg11", batch=8), row("d", "torchvision/alexnet"), row("e", "timm/resnet50")]
    assert results(joined(before, now)) == ["e", "d", "a", "c"]


def test_a_processor_and_the_gpu_beside_it_are_two_subjects():
    assert len(joined([row("a")], [row("b", unit="gpu")])) == 2


def test_a_source_is_read_as_it_was_written_and_none_is_no_rows(tmp_path):
    (tmp_path / "measurements").mkdir()
    assert read(SOURCE, tmp_path) == []
    rows = [row("a"), row("b", verdict="accepted", batch=8), row("c", "timm/resnet50", verdict="memory", launches=0)]
    write(rows, SOURCE, tmp_path)
    assert read(SOURCE, tmp_path) == rows
    content = json.loads((tmp_path / "fingerprints" / f"{SOURCE}.json").read_text())
    assert content["shared"] == {"device": {"id": "board", "compute_unit": "cpu"}}
    write(rows[:1], SOURCE, tmp_path)  # with one row, all is shared
    assert read(SOURCE, tmp_path) == rows[:1]


@pytest.mark.parametrize(
    ("file", "spoil", "said"),
    [
        ("measurements", lambda text: text.replace(",10,", ",-10,"), r"csv:2: .*-10"),
        ("fingerprints", lambda text: text.replace("before", "other"), "has nothing of result before"),
        ("fingerprints", lambda text: text[:-9], "is no file of fingerprints"),
        ("fingerprints", lambda _: "{}", "is no file of fingerprints"),
    ],
)
def test_files_that_are_not_as_written_are_refused_before_anything_is_lost(file, spoil, said, tmp_path):
    (tmp_path / "measurements").mkdir()
    write([row("before")], SOURCE, tmp_path)
    path = next((tmp_path / file).iterdir())
    path.write_text(spoil(path.read_text()))
    with pytest.raises(DataError, match=said):
        read(SOURCE, tmp_path)
