"""Reads the free-text notes of the published files: where a row stood, further statistics, and what speaks against it.

One small grammar per source; a source that has none keeps its note as commentary.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

Cells = dict[str, str]

_FIXED_RATE_ROUNDS = ("v0.5", "v0.7", "v1.0")


@dataclass(slots=True)
class Noted:
    """What a note says beyond the columns."""

    locator: str = ""
    quantiles: dict[str, float] = field(default_factory=dict)
    """Milliseconds per batch, by statistic."""
    samples: int | None = None
    accelerators: int = 1
    tokens: list[str] = field(default_factory=list)
    """Causes and options of grades.py."""
    model_only_ms: float | None = None
    """Latency of the model alone where the headline includes copies."""
    model_only_max_ms: float | None = None
    power_w: float | None = None
    """Metered while it ran; the source does not say of what."""


def _search(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match[1] if match else ""


def _number(text: str) -> float:
    """A printed number; some tables have decimal commas."""
    return float(text.replace(",", "."))


def _file(note: str) -> str:
    return _search(r"file=([^;\s]+)", note)


def _arttrt(row: Cells) -> Noted:
    note = row["note"]
    section = _search(r"section=(.+)$", note)
    noted = Noted(locator=_file(note) + (f" ({section})" if section else ""))
    if row["latency_ms"] and float(row["latency_ms"]) < 1:
        noted.tokens.append("rounded")
    if peak := _search(r"latency_max_ms=([\d.]+)", note):
        noted.quantiles["max"] = float(peak)
    alone = re.search(r"latency_model_only_ms\(avg/max\)=([\d.]+)/([\d.]+)", note)
    if alone and float(alone[1]) > 0:
        noted.model_only_ms, noted.model_only_max_ms = float(alone[1]), float(alone[2])
    return noted


def _qutibench(row: Cells) -> Noted:
    note = row["note"]
    power = _search(r"power W .*?full=([\d.]+)", note)
    return Noted(
        locator="experimental_data_imagenet.csv#row" + _search(r"csv data row (\d+)", note),
        power_w=float(power) if power else None,
    )


def _mlperf(row: Cells) -> Noted:
    note = row["note"]
    said = dict(part.split("=", 1) for part in note.split("; ") if "=" in part)
    scenario = said.get("scenario", "")
    noted = Noted(
        locator="/".join(said.get(key, "") for key in ("division", "submitter", "system_id"))
        + f"/{row['model']}/{scenario}"
    )
    noted.quantiles = {name: float(value) for name, value in re.findall(r"(p\d\d)_ms=([\d.]+)", note)}
    noted.accelerators = int(said.get("accelerators_per_node") or 1) * int(said.get("nodes") or 1)
    if "triton" in said.get("system_id", "").casefold():
        noted.tokens.append("triton")
    if scenario == "multistream" and row["source_id"].endswith(_FIXED_RATE_ROUNDS):
        noted.tokens.append("multistream-fixed-rate")
    if "DLAs are used in ResNet50" in note:
        noted.tokens.append("dla-shared")
    return noted


def _torch2trt(row: Cells) -> Noted:
    board = row["source_id"].removeprefix("torch2trt_")
    return Noted(locator="README.md" if board == "readme" else f"docs/benchmarks/jetson_{board}.md")


def _readme(row: Cells) -> Noted:
    return Noted(locator="README.md")


def _ncnn(row: Cells) -> Noted:
    note = row["note"]
    noted = Noted(locator="benchmark/" + _search(r"(README\.md#L\d+)", note))
    for name in ("min", "max"):
        if value := _search(rf"{name}=([\d.]+)", note):
            noted.quantiles[name] = float(value)
    noted.samples = int(_search(r"loop_count=(\d+)", note) or 0) or None
    return noted


def _plain_file(row: Cells) -> Noted:
    return Noted(locator=_file(row["note"]))


def _paddle_overview(row: Cells) -> Noted:
    return Noted(locator="docs/zh_CN/models/ImageNet1k/model_list.md#L" + _search(r"line=(\d+)", row["note"]))


def _nvidia(row: Cells) -> Noted:
    note = row["note"]
    noted = Noted(locator=_file(note))
    printed = re.findall(r"(\d\d)%[^=;]*?=([\d.,]+?)(?= |;|$)", note)
    noted.quantiles = {f"p{level}": _number(value) for level, value in printed}
    latency, throughput, batch = float(row["latency_ms"]), float(row["throughput_img_s"]), int(row["batch_size"])
    if abs(batch * 1000 / latency / throughput - 1) > 0.25:
        noted.tokens.append("latency-contradicts-throughput")
    if noted.quantiles.get("p95", latency) < latency and "p50" not in noted.quantiles:
        noted.tokens.append("mean-above-p95")
    if row["precision"] == "tf32" and "V100" in row["device"]:
        noted.tokens.append("tf32-on-volta")
    return noted


def _ryujaehun(row: Cells) -> Noted:
    note = row["note"]
    noted = Noted(locator=_search(r"file=(.+)$", note))
    for printed, name in (("median", "p50"), ("min", "min"), ("max", "max")):
        if value := _search(rf"\b{printed}=([\d.]+)", note):
            noted.quantiles[name] = float(value)
    noted.samples = int(_search(r"mean of (\d+)", note) or 0) or None
    return noted


_GRAMMARS: tuple[tuple[str, Callable[[Cells], Noted]], ...] = (
    ("arttrt", _arttrt),
    ("qutibench_", _qutibench),
    ("mlperf_", _mlperf),
    ("torch2trt_", _torch2trt),
    ("tf_to_trt_tx2", _readme),
    ("tf_trt_models_tx2", _readme),
    ("ncnn_benchmark", _ncnn),
    ("ck_caffe_tx1", _plain_file),
    ("embedded_deep_learning_tx1", _readme),
    ("paddleclas_overview", _paddle_overview),
    ("paddleclas_models_docs", _plain_file),
    ("nvidia_dle", _nvidia),
    ("ryujaehun_pytorch_gpu", _ryujaehun),
    ("jcjohnson_cnn_benchmarks", _plain_file),
)


def read_note(row: Cells) -> Noted | None:
    """What the note of a row says, or None for a source without a grammar. Raises ValueError for a broken note."""
    for prefix, grammar in _GRAMMARS:
        if row["source_id"].startswith(prefix):
            return grammar(row)
    return None
