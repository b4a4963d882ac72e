"""Code that loads a pick and exports it: what a person copies once the choice is made. Pure."""

from __future__ import annotations

from advisor.recommend.scoring import REPARAM

_TORCHVISION = """\
import torch
from torchvision.models import get_model, get_model_weights

weights = get_model_weights("{name}")["{tag}"]
model = get_model("{name}", weights=weights).eval()
preprocess = weights.transforms()  # made for {size} px: give it PIL images or uint8 tensors
"""
_TIMM = """\
import timm
import torch

model = timm.create_model("{name}{dot}{tag}", pretrained=True).eval()
{fused}config = {{**timm.data.resolve_model_data_config(model, use_test_size=True), "input_size": (3, {size}, {size})}}
preprocess = timm.data.create_transform(**config, is_training=False)
"""
_FUSED = """\
model = timm.utils.reparameterize_model(model)  # the branches are fused: this form was timed
"""
_EXPORT = """\
example = torch.randn({batch}, 3, {size}, {size})
torch.onnx.export(model, (example,), "{file}.onnx", input_names=["image"], output_names=["logits"], dynamo=True)
# TensorRT:     trtexec --onnx={file}.onnx --saveEngine={file}.engine{flags}
# ONNX Runtime: onnxruntime.InferenceSession("{file}.onnx")
"""
_FLAGS = {"fp16": " --fp16", "int8": " --int8 --fp16  # with a calibration cache", "int8+fp16": " --int8 --fp16"}


def loading(model: str, weights: str, resolution: int) -> str:
    """Python that loads the weights and the preprocessing they were trained with."""
    library, _, name = model.partition("/")
    if library == "torchvision":
        return _TORCHVISION.format(name=name, tag=weights, size=resolution)
    fused = _FUSED if name.endswith(REPARAM) else ""
    return _TIMM.format(
        name=name.removesuffix(REPARAM), dot="." if weights else "", tag=weights, size=resolution, fused=fused
    )


def exporting(model: str, resolution: int, batch_size: int, precision: str) -> str:
    """Python that exports the loaded model, and what to do with the file."""
    file = model.partition("/")[2].removesuffix(REPARAM)
    return _EXPORT.format(batch=batch_size, size=resolution, file=file, flags=_FLAGS.get(precision, ""))
