"""Do ONNX graphs count like the modules they were exported from? python tests/benchmarks/onnx_counts.py [--exporter dynamo]

Exports each model (seconds to a minute each), reads the file as `advisor explain FILE.onnx` does, and prints one line per model:
multiply-accumulates against the module's, parameters as the file stores them and as the answer states them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path

import torch

from advisor import zoo
from advisor.complexity import live
from advisor.complexity.graphs.reading import read
from advisor.complexity.matching import same_architecture

MODELS = """torchvision/resnet50 torchvision/mobilenet_v2 torchvision/mobilenet_v3_large torchvision/efficientnet_b0
    torchvision/vit_b_16 torchvision/swin_t torchvision/swin_v2_t torchvision/convnext_tiny torchvision/densenet121
    torchvision/regnet_y_400mf torchvision/maxvit_t torchvision/googlenet torchvision/shufflenet_v2_x1_0
    timm/deit3_small_patch16_224 timm/swin_tiny_patch4_window7_224 timm/convnextv2_nano timm/regnetz_b16 timm/mobilevit_s
    timm/poolformer_s12 timm/coatnet_0_rw_224 timm/seresnext50_32x4d timm/tf_efficientnetv2_b0""".split()  # noqa: SIM905


def exported(name: str, folder: Path, exporter: str, fold: bool) -> tuple[Path, int]:
    """(file, side of the image): the model with random weights, all different, as the exporter writes it."""
    module = zoo.build_on_cpu(name)
    torch.manual_seed(0)
    for parameter in module.parameters():
        parameter.data.normal_(std=0.02)
    side, path = zoo.default_resolution(name), folder / "model.onnx"
    image = torch.randn(1, 3, side, side)
    torch.backends.mha.set_fastpath_enabled(False)
    options = {"dynamo": True, "optimize": fold} if exporter == "dynamo" else {"dynamo": False, "opset_version": 17}
    if exporter == "torchscript" and not fold:
        options |= {"do_constant_folding": False, "training": torch.onnx.TrainingMode.PRESERVE}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (image,), str(path), **options)
    return path, side


def line(name: str, exporter: str, fold: bool) -> str:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = live.explain(name).complexity
        path, _ = exported(name, Path(folder), exporter, fold)
        found = read(path, None)
    own = found.trace.complexity
    same = same_architecture(found, [module]) is not None
    stated = module.params if same else own.params
    return (
        f"| {name} | {module.macs / 1e9:.4f} | {own.macs / module.macs - 1:+.2%} | {own.params - module.params:+d} "
        f"| {stated - module.params:+d} | {'yes' if same else 'no'} | {', '.join(own.uncounted) or '-'} |"
    )


def main() -> None:
    """Print the table, a line as each model is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exporter", choices=["torchscript", "dynamo"], default="torchscript")
    parser.add_argument("--unfolded", action="store_true", help="ask the exporter to fold nothing")
    parser.add_argument("models", nargs="*", default=MODELS)
    args = parser.parse_args()
    print("| model | GMACs | MACs | params stored | params stated | same graph | uncounted |", flush=True)
    for name in args.models:
        try:
            print(line(name, args.exporter, not args.unfolded), flush=True)
        except Exception as error:
            print(f"| {name} | {type(error).__name__}: {str(error).splitlines()[0][:120]} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
