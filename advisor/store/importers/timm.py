"""timm's benchmark CSVs, whose setting stands in the file name only. Refuses its result (accuracy) and training files.

Grammar: benchmark-infer-PRECISION-LAYOUT-ptVERSION-CUDA-DEVICE[-dynamo].csv, where CUDA is cu124, rocm61 or cpu.
Devices, versions and precisions may be ones never seen before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import DataError, UsageError
from advisor.records import Observation
from advisor.store.importers import observations
from advisor.store.importers.csvfile import BadCell, integer, number, read_rows
from advisor.store.importers.grades import PARAMS
from advisor.store.importers.observations import (
    MAX_BATCH,
    MAX_LATENCY_MS,
    MAX_RESOLUTION,
    MAX_THROUGHPUT,
    MIN_LATENCY_MS,
    ReadResult,
)

SOURCE = "timm"
COLUMNS = (
    "model", "infer_img_size", "infer_batch_size", "infer_samples_per_sec", "infer_step_time", "infer_gmacs",
    "infer_macts", "param_count", "infer_amp_dtype", "error",
)  # fmt: skip
REQUIRED = ("model", "infer_samples_per_sec", "infer_step_time", "infer_batch_size", "infer_img_size")
SAMPLES = 40
"""Timed iterations of timm's benchmark.py (after 10 of warm-up); step time is their mean."""

_LAYOUTS = {"nchw": "nchw", "nhwc": "nhwc", "channels_last": "nhwc"}
_COMPILED = ("dynamo", "compile", "inductor")
_SHAPE = "benchmark-infer-PRECISION-nchw|nhwc-ptVERSION-cuVERSION|cpu-DEVICE[-dynamo].csv"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a benchmark file's name says."""

    precision: str
    memory_format: str
    software: str
    device: str
    compiled: bool
    on_cpu: bool

    @property
    def runtime(self) -> str:
        """As mapping/runtimes.csv lists it."""
        return ("pytorch-compile" if self.compiled else "pytorch-eager") + (" (cpu)" if self.on_cpu else "")


def is_result_file(name: str) -> bool:
    """Whether the name is that of one of timm's accuracy tables."""
    return name.startswith("results-") or name.startswith("model_metadata")


def parse_name(name: str, device: str | None = None) -> Setting:
    """The setting of a benchmark file; `device` supplies or overrides the device. Raises UsageError."""
    stem = name.removesuffix(".csv")
    if is_result_file(name):
        raise UsageError(
            f"{name} holds accuracies, not timings; the catalogue carries timm's: import a benchmark-infer-*.csv"
        )
    if stem.startswith("benchmark-train"):
        raise UsageError(f"{name} holds training speeds; import a benchmark-infer-*.csv")
    match = re.fullmatch(r"benchmark-infer-(.+?)-(nchw|nhwc|channels_last)-pt([\d.]+\w*)(?:-(.+))?", stem)
    if match is None:
        raise UsageError(
            f"{name}: the setting of a timm benchmark stands in its file name; expected {_SHAPE}: rename the file"
        )
    accelerator, rest = _accelerator((match[4] or "").split("-"))
    named, compiled = _device_and_mode(rest)
    if not (device or named):
        raise UsageError(f"{name} does not say which device it was measured on; give it with --device ID")
    software = ", ".join(filter(None, (f"torch {_torch_version(match[3])}", _toolkit(accelerator))))
    on_cpu = accelerator == "cpu" or "cpu" in rest
    return Setting(match[1], _LAYOUTS[match[2]], software, device or named, compiled, on_cpu)


def _accelerator(parts: list[str]) -> tuple[str, list[str]]:
    if parts and re.fullmatch(r"cu\d+|cu\d+\.\d+|rocm[\d.]+|xpu|mps|cpu", parts[0]):
        return parts[0], parts[1:]
    return "", [part for part in parts if part]


def _device_and_mode(parts: list[str]) -> tuple[str, bool]:
    compiled = any(part in _COMPILED for part in parts)
    return "-".join(part for part in parts if part not in _COMPILED and part != "cpu"), compiled


def _torch_version(digits: str) -> str:
    """2.4 from 240, 1.13 from 113, 3.1 from 310, 2.10 from 2100: major, minor, and a patch digit from 2.0 on."""
    if "." in digits or not digits.isdecimal() or len(digits) < 2:
        return ".".join(digits.split(".")[:2])
    if digits[0] == "1" and len(digits) <= 3:
        return f"1.{digits[1:]}"
    return f"{digits[0]}.{digits[1:-1] if len(digits) > 2 else digits[1]}"


def _toolkit(accelerator: str) -> str:
    match = re.fullmatch(r"(cu|rocm)([\d.]+)", accelerator)
    if match is None:
        return ""
    number_text = match[2] if "." in match[2] else f"{match[2][:-1]}.{match[2][-1]}"
    return f"{'cuda' if match[1] == 'cu' else 'rocm'} {number_text}"


def read(path: Path, device: str | None = None, source: str = SOURCE) -> ReadResult:
    """All rows of a benchmark file. Raises UsageError for a name that does not tell the setting, else DataError."""
    setting = parse_name(path.name, device)
    result = ReadResult()
    for row in read_rows(path, REQUIRED, COLUMNS):
        try:
            if row.problem:
                raise BadCell(row.problem)
            result.add(row.line, _observation(row.cells, setting, path.name, source))
        except BadCell as bad:
            result.rejected.append((row.line, str(bad)))
    if not result.rows:
        raise DataError(f"{path}: holds no measurement")
    return result


def _observation(cells: dict[str, str], setting: Setting, locator: str, source: str) -> Observation:
    if not cells["model"]:
        raise BadCell("model is empty")
    if not cells["infer_step_time"] and not cells["infer_samples_per_sec"]:
        raise BadCell(f"{cells['model']} was not measured: {cells.get('error') or 'the row has no timing'}")
    batch = integer(cells, "infer_batch_size", 1, MAX_BATCH)
    size = integer(cells, "infer_img_size", 1, MAX_RESOLUTION)
    if batch is None or size is None:
        raise BadCell("infer_batch_size or infer_img_size is empty")
    return observations.make(
        source=source, locator=locator, model=cells["model"], library_hint="timm", device=setting.device,
        runtime=setting.runtime, precision=setting.precision, batch_size=batch, resolution=size,
        latency_ms=number(cells, "infer_step_time", MIN_LATENCY_MS, MAX_LATENCY_MS),
        throughput_img_s=number(cells, "infer_samples_per_sec", 0, MAX_THROUGHPUT), statistic="mean",
        timing_scope="forward", samples=SAMPLES, memory_format=setting.memory_format, software=setting.software,
        note=f"{PARAMS}{cells['param_count']}" if cells.get("param_count") else "",
    )  # fmt: skip
