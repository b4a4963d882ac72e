"""Exported models of a home: made in a process of their own where a runtime needs one, removed when their round is over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from advisor.measure.export import OPSET
from advisor.measure.launching import Launcher, timeout_s
from advisor.measure.records import EXPORT, Job

_FROM_ONNX = ("onnxruntime", "tensorrt")


def exported(launcher: Launcher, name: str, folder: Path, job: Job) -> tuple[str, str]:
    """(file that the runtime loads, why there is none): made where it is not there yet, both '' where none is needed."""
    if job.runtime not in _FROM_ONNX:
        return "", ""
    path = exported_file(folder, job).absolute()  # the worker runs in another folder
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        export = replace(job, kind=EXPORT, compute_unit="cpu", artifact=str(path))
        result = launcher.run(name, export, timeout_s(0.0, 120.0, export.runtime))
        if result["status"] != "ok":
            return "", f"export to ONNX: {result['status']}: {result['reason']}"
    return str(path), ""


def exported_file(folder: Path, job: Job) -> Path:
    """Where a model's ONNX file is kept: one per model, resolution, batch size and way of exporting."""
    name, opset = job.model.replace("/", "--"), OPSET.get(job.runtime)
    how = f"-opset{opset}" if opset else ""
    return folder / "exports" / f"{name}-{job.resolution}-b{job.batch_size}{how}.onnx"


def forget(folder: Path, job: Job | None = None) -> None:
    """Remove what was exported for a job, or for any, and the engines built of it: large, and made again where they are wanted."""
    stem = "*" if job is None else exported_file(folder, job).stem
    for file in (folder / "exports").glob(f"{stem}.*"):
        file.unlink()
