"""Rules of timm's benchmark files: the setting is in the name, whatever device, version or precision it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.errors import DataError, UsageError
from advisor.store.importers import timm

HEADER = (
    "model,infer_img_size,infer_samples_per_sec,infer_step_time,infer_batch_size,param_count,infer_gmacs,infer_macts\n"
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("benchmark-infer-amp-nchw-pt240-cu124-rtx3090.csv", ("amp", "nchw", "torch 2.4, cuda 12.4", "rtx3090", "pytorch-eager")),
        ("benchmark-infer-amp-nhwc-pt113-cu117-rtx3090.csv", ("amp", "nhwc", "torch 1.13, cuda 11.7", "rtx3090", "pytorch-eager")),
        ("benchmark-infer-amp-nchw-pt291-cu128-4090-dynamo.csv", ("amp", "nchw", "torch 2.9, cuda 12.8", "4090", "pytorch-compile")),
        ("benchmark-infer-fp32-nchw-pt221-cpu-i9_10940x-dynamo.csv", ("fp32", "nchw", "torch 2.2", "i9_10940x", "pytorch-compile (cpu)")),
        ("benchmark-infer-amp-nchw-pt310-cu140-somecard-dynamo.csv",
         ("amp", "nchw", "torch 3.1, cuda 14.0", "somecard", "pytorch-compile")),
        ("benchmark-infer-bf16-nhwc-pt2100-cu130-rtx_6090-ti.csv",
         ("bf16", "nhwc", "torch 2.10, cuda 13.0", "rtx_6090-ti", "pytorch-eager")),
        ("benchmark-infer-fp8-nchw-pt2.7.1-rocm63-mi300x.csv", ("fp8", "nchw", "torch 2.7, rocm 6.3", "mi300x", "pytorch-eager")),
        ("benchmark-infer-amp-nchw-pt240-orin.csv", ("amp", "nchw", "torch 2.4", "orin", "pytorch-eager")),
    ],
)  # fmt: skip
def test_the_name_tells_the_setting_also_of_what_was_never_seen(name, expected):
    found = timm.parse_name(name)
    assert (found.precision, found.memory_format, found.software, found.device, found.runtime) == expected


@pytest.mark.parametrize(
    "name",
    [
        "benchmark-infer-amp-nchw-pt240-cu124.csv",
        "benchmark-infer-amp-nchw-pt240-cu124-dynamo.csv",
        "benchmark-infer-fp32-nchw-pt240-cpu.csv",
    ],
)  # fmt: skip
def test_a_name_without_a_device_asks_for_it_and_takes_it(name):
    with pytest.raises(UsageError, match="give it with --device ID"):
        timm.parse_name(name)
    assert timm.parse_name(name, "rtx-3090").device == "rtx-3090"


def test_a_given_device_beats_the_name():
    assert timm.parse_name("benchmark-infer-amp-nchw-pt240-cu124-x.csv", "rtx-3090").device == "rtx-3090"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("numbers.csv", "expected benchmark-infer-PRECISION"),
        ("benchmark-infer-amp-rtx3090.csv", "expected benchmark-infer-PRECISION"),
        ("benchmark-train-amp-nchw-pt240-cu124-rtx3090.csv", "training speeds"),
        ("results-imagenet-real.csv", "accuracies, not timings"),
        ("model_metadata-in1k.csv", "accuracies, not timings"),
    ],
)
def test_other_names_are_refused_with_what_is_expected(name, message):
    with pytest.raises(UsageError, match=message):
        timm.parse_name(name)


def _read(tmp_path: Path, rows: str, name: str = "benchmark-infer-amp-nchw-pt240-cu124-rtx3090.csv"):
    path = tmp_path / name
    path.write_text(HEADER + rows)
    return timm.read(path)


def test_a_row_is_a_mean_of_40_forwards_of_its_own_batch(tmp_path):
    (seen,) = _read(tmp_path, "convnext_tiny,288,1000.5,255.87,256,28.59,7.39,22.21\n").observations
    assert (seen.model, seen.resolution, seen.batch_size) == ("convnext_tiny", 288, 256)
    assert (seen.latency_ms, seen.throughput_img_s) == (255.87, 1000.5)
    assert (seen.statistic, seen.timing_scope, seen.samples) == ("mean", "forward", 40)


def test_a_batch_written_as_a_float_is_read(tmp_path):
    (seen,) = _read(tmp_path, "tinynet_e,106,50604.03,20.225,1024.0,2.04,0.03,0.69\n").observations
    assert seen.batch_size == 1024


def test_models_that_failed_to_run_are_rejected_by_line(tmp_path):
    result = _read(tmp_path, "big,224,,,,4350.56,1132.46,497.58\nsmall,224,10,100,1,1,1,1\n")
    assert result.rejected == [(2, "big was not measured: the row has no timing")]
    assert result.rows == 2


def test_an_empty_file_is_an_error(tmp_path):
    with pytest.raises(DataError, match="holds no measurement"):
        _read(tmp_path, "")


def test_the_same_row_in_another_setting_is_another_observation(tmp_path):
    row = "small,224,10,100,1,1,1,1\n"
    names = ("benchmark-infer-amp-nchw-pt240-cu124-a.csv", "benchmark-infer-amp-nhwc-pt240-cu124-a.csv")
    ids = {_read(tmp_path, row, name).observations[0].id for name in names}
    assert len(ids) == 2
