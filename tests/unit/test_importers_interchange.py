"""Rules of the interchange CSV: what a row becomes, and that no file, however hostile, ends in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.errors import DataError, UsageError
from advisor.locations import shipped
from advisor.store.importers import interchange
from advisor.store.importers.csvfile import MAX_TEXT
from advisor.store.importers.sources import Known, load

HEADER = (
    "source_id,model,library_hint,device,runtime,precision,batch_size,resolution,latency_ms,throughput_img_s,memory_mb"
)
GOOD = "lab,torchvision/resnet50,,rtx-3090,pytorch-eager,fp32,1,224,5.5,181.8,"


@pytest.fixture(scope="module")
def known() -> Known:
    return load(shipped("benchmarks_db") / "mapping")


@pytest.fixture
def write(tmp_path: Path):
    def to_file(content: str | bytes, name: str = "rows.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to_file


def test_a_row_keeps_every_printed_value(write, known):
    (seen,) = interchange.read(write(f"{HEADER}\n{GOOD}\n"), known).observations
    assert (seen.source, seen.model, seen.device, seen.runtime, seen.precision) == (
        "lab", "torchvision/resnet50", "rtx-3090", "pytorch-eager", "fp32",
    )  # fmt: skip
    assert (seen.batch_size, seen.resolution, seen.latency_ms, seen.throughput_img_s) == (1, 224, 5.5, 181.8)


def test_memory_is_converted_from_decimal_megabytes_and_zero_means_not_stated(write, known):
    rows = f"{HEADER}\n{GOOD}1048.576\n{GOOD.replace('5.5', '6.5')}0.000\n"
    first, second = interchange.read(write(rows), known).observations
    assert first.memory_mib == pytest.approx(1000.0)
    assert (second.memory_mib, second.memory_kind) == (None, "")


def test_memory_says_what_it_is_of_or_is_unstated(write, known):
    rows = [f"{GOOD}812,process_peak", f"{GOOD}812,", f"{GOOD},process_peak", f"{GOOD}812,all of it"]
    result = interchange.read(write("\n".join([f"{HEADER},memory_kind", *rows]) + "\n"), known)
    assert [seen.memory_kind for seen in result.observations] == ["process_peak", "unstated"]
    assert result.observations[0].memory_mib == pytest.approx(812e6 / 2**20)
    (_, alone), (_, unknown) = result.rejected
    assert "without memory_mb" in alone
    assert "memory_kind" in unknown


def test_unstated_statistic_and_scope_are_said(write, known):
    (seen,) = interchange.read(write(f"{HEADER}\n{GOOD}\n"), known).observations
    assert seen.note.split("; ") == ["statistic-unstated", "scope-unstated"]


def test_a_stated_statistic_and_scope_are_taken(write, known):
    path = write(f"{HEADER},statistic,timing_scope\n{GOOD},p90,pipeline\n")
    (seen,) = interchange.read(path, known).observations
    assert (seen.statistic, seen.timing_scope, seen.note) == ("p90", "pipeline", "")


def test_the_same_row_with_another_statistic_is_another_observation(write, known):
    path = write(f"{HEADER},statistic\n{GOOD},p50\n{GOOD},p90\n")
    first, second = interchange.read(path, known).observations
    assert first.id != second.id


def test_an_id_does_not_depend_on_the_place_in_the_file_or_on_notation(write, known):
    once = interchange.read(write(f"{HEADER}\n{GOOD}\n"), known).observations[0]
    later = interchange.read(write(f"{HEADER}\n{GOOD.replace('5.5', '7')}\n{GOOD.replace('5.5', '5.500')}\n"), known)
    assert later.observations[1].id == once.id


def test_a_byte_order_mark_and_blank_lines_are_harmless(write, known):
    result = interchange.read(write(b"\xef\xbb\xbf" + f"{HEADER}\r\n\r\n{GOOD}\r\n\r\n".encode()), known)
    assert (len(result.observations), result.lines, result.rejected) == (1, [3], [])


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("5.5", "nan", "latency_ms 'nan' is not a number"),
        ("5.5", "inf", "latency_ms 'inf' is not a number"),
        ("5.5", "1e400", "is not a number"),
        ("5.5", "-5.5", "must be greater than 0"),
        ("5.5", "0", "must be greater than 0"),
        ("5.5", "5,5", "cells"),
        ("5.5", "1_0", "is not a number"),
        ("5.5", "٥", "is not a number"),
        (",1,224", ",,224", "batch_size is empty"),
        (",1,224", ",1.5,224", "is not a whole number"),
        (",1,224", ",1,999999", "at most 16384"),
        ("torchvision/resnet50", "", "model is empty"),
        ("rtx-3090", "", "device is empty"),
        ("lab", "../../etc/passwd", "source_id"),
        ("torchvision/resnet50", "a\x1b[31mb", "control characters"),
        ("torchvision/resnet50", "a\u202eb", "control characters"),
        ("torchvision/resnet50", "x" * (MAX_TEXT + 1), "characters"),
        ("5.5,181.8", ",", "states neither latency nor throughput nor memory"),
    ],
)
def test_a_bad_row_is_rejected_with_its_line_and_the_others_stay(write, known, old, new, reason):
    result = interchange.read(write(f"{HEADER}\n{GOOD}\n{GOOD.replace(old, new)}\n{GOOD.replace('5.5', '6')}\n"), known)
    assert [line for line, _ in result.rejected] == [3]
    assert reason in result.rejected[0][1]
    assert (len(result.observations), result.rows) == (2, 3)


@pytest.mark.parametrize(("column", "value"), [("statistic", "median-ish"), ("timing_scope", "everything")])
def test_an_unknown_statistic_or_scope_is_rejected_with_the_accepted_ones(write, known, column, value):
    result = interchange.read(write(f"{HEADER},{column}\n{GOOD},{value}\n"), known)
    assert "is not one of" in result.rejected[0][1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        (f"{HEADER},surprise\n", "unknown column 'surprise'; accepted: source_id"),
        (f"{HEADER},model\n", "appears twice"),
        ("model,device\n", "required columns missing: runtime, precision, batch_size"),
        (f"{HEADER}\n{GOOD}\0\n", "NUL bytes"),
        (f'{HEADER}\n"unclosed,\n{GOOD}\n', "broken CSV"),
        (f'{HEADER}\n"a"b,{GOOD}\n', "broken CSV"),
        (f'{HEADER}\n"{"x" * 200_000}",{GOOD}\n', "broken CSV"),
        (f"{HEADER}\n{GOOD}\n".encode("utf-16"), "not UTF-8"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not UTF-8"),
        ("PK\x03\x04" + "\0" * 50, "NUL bytes"),
    ],
)
def test_a_file_that_is_none_gets_one_clear_error(write, known, content, message):
    with pytest.raises(DataError, match=message):
        interchange.read(write(content), known)


def test_a_missing_file_a_folder_and_a_device_node_are_refused(tmp_path, known):
    for path in (tmp_path / "absent.csv", tmp_path, Path("/dev/zero")):
        with pytest.raises(DataError, match=r"no such file|not a regular file"):
            interchange.read(path, known)


def test_timms_accuracy_tables_are_recognised_by_name_and_refused_with_what_to_do(write, known):
    with pytest.raises(UsageError, match="holds accuracies, not timings"):
        interchange.read(write("model,top1\n", "results-imagenet.csv"), known)


def test_arttrt_times_include_copies(write, known):
    header = f"{HEADER},note"
    note = "mean per batch incl. H2D; latency_max_ms=35.3; latency_model_only_ms(avg/max)=15.4/29.5; file=a/b.md#L7"
    row = f'arttrt,resnet50,,Jetson AGX Orin,pytorch,fp32,1,224,18.8,53.2,,"{note}"'
    (seen,) = interchange.read(write(f"{header}\n{row}\n"), known).observations
    assert (seen.statistic, seen.timing_scope, seen.quantiles, seen.locator) == (
        "mean", "forward+copies", {"max": 35.3}, "a/b.md#L7",
    )  # fmt: skip


def test_a_printed_median_becomes_the_headline_and_the_mean_is_kept(write, known):
    note = "mean of 20 per-batch timings, median=2.5 min=2.1 max=3.5 stdev=0.1 ms; file=results/x y.csv"
    row = f'ryujaehun_pytorch_gpu,vgg11,torchvision:vgg11,TITAN V,pytorch,fp32,12,224,2.75,,,"{note}"'
    (seen,) = interchange.read(write(f"{HEADER},note\n{row}\n"), known).observations
    assert (seen.statistic, seen.latency_ms, seen.samples) == ("p50", 2.5, 20)
    assert seen.quantiles == {"mean": 2.75, "min": 2.1, "max": 3.5}


def test_a_note_that_breaks_its_sources_grammar_rejects_the_row(write, known):
    row = "nvidia_dle,resnet50v1.5,,NVIDIA T4,pytorch,fp32,1,,10.4,,,Latency 95%=1"
    result = interchange.read(write(f"{HEADER},note\n{row}\n"), known)
    assert "is not as nvidia_dle writes them" in result.rejected[0][1]
