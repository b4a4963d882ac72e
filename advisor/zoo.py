"""Names, builders and weights of torchvision and timm: accuracy, licence, input size. Downloads nothing.

A timm model that is trained with branches that inference merges has a second name, `timm/NAME+reparam`: its deployed form.
Importing this module loads none of the libraries; each function that needs one does, and says so where it is missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from advisor.errors import MissingExtra, UnknownName, UsageError
from advisor.records import Weights

if TYPE_CHECKING:
    from torch import nn

LIBRARIES = ("torchvision", "timm")
REFERENCE_RESOLUTION = 224
"""Where architectures are compared, if they accept it."""

REPARAM = "+reparam"
"""Ends the name of the deployed form of a timm model: branches and norms merged into one convolution each."""

_PUBLISHED_HEADS: dict[str, dict[str, Any]] = {
    "googlenet": {"aux_logits": False, "init_weights": False},
    "inception_v3": {"aux_logits": True, "init_weights": False},
}
"""torchvision counts GoogLeNet without auxiliary heads, Inception v3 with them; inference runs neither's."""

_LICENSE_PAGES = {"https://github.com/facebookresearch/SWAG/blob/main/LICENSE": "cc-by-nc-4.0"}
"""Licences that torchvision states by address: SWAG's page is CC BY-NC 4.0."""


_CORRECTED_ALIASES: dict[str, str | None] = {
    "ig_resnext101_32x16d": "resnext101_32x16d.fb_wsl_ig1b_ft_in1k",
    "ig_resnext101_32x32d": "resnext101_32x32d.fb_wsl_ig1b_ft_in1k",
    "ig_resnext101_32x48d": None,
}
"""timm sends these to its 32x8d; the parameters that its tables print (194, 469 and 828 M) say otherwise. None: gone."""


def _need(module: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtra(f"building models with {module.split('.')[0]}", "torch") from error


def split(name: str) -> tuple[str, str]:
    """(library, model) of `library/model`."""
    library, _, model = name.partition("/")
    if library not in LIBRARIES or not model:
        raise UnknownName("model", name, (), "a model is torchvision/NAME or timm/NAME; see `advisor models list`")
    return library, model


@lru_cache(maxsize=2)
def list_models(library: str) -> tuple[str, ...]:
    """All registered image classifiers of a library as `library/name`; timm's own test models are left out."""
    if library == "torchvision":
        models = _need("torchvision.models")
        return tuple(f"torchvision/{n}" for n in sorted(models.list_models(module=models)))
    names = _need("timm").list_models()
    return tuple(f"timm/{n}" for n in sorted(names) if not n.startswith("test_"))


@lru_cache(maxsize=1)
def aliases() -> dict[str, str]:
    """timm's deprecated names -> `timm/arch` or `timm/arch.tag` of today; removed ones are left out."""
    _need("timm")
    deprecated = {**_need("timm.models._registry").get_deprecated_models(), **_CORRECTED_ALIASES}
    return {f"timm/{old}": f"timm/{new}" for old, new in deprecated.items() if new}


def canonical(name: str) -> str:
    """The registered name behind a deprecated name or one with a weights tag; `+reparam` stays."""
    library, model = split(name)
    base, suffix = (model[: -len(REPARAM)], REPARAM) if model.endswith(REPARAM) else (model, "")
    plain = f"{library}/{base.partition('.')[0]}"
    today = aliases().get(plain, plain) if library == "timm" else plain
    found = today.partition(".")[0]
    if found not in list_models(library):
        raise UnknownName("model", name, list_models(library), "see `advisor models list`")
    if suffix and not reparameterisable(found):
        raise UsageError(f"{found} has no deployed form of its own; ask for {found}")
    return found + suffix


def _registered(name: str) -> tuple[str, str]:
    """(library, name as the library registers it)."""
    library, model = split(canonical(name))
    return library, model.removesuffix(REPARAM)


def family(name: str) -> str:
    """timm's module or torchvision's file in which the model is defined."""
    return _defining_module(name).rpartition(".")[2]


def _defining_module(name: str) -> str:
    library, model = _registered(name)
    if library == "timm":
        return str(_need("timm.models").model_entrypoint(model).__module__)
    return str(_need("torchvision.models").get_model_builder(model).__module__)


def reparameterisable(name: str) -> bool:
    """Whether the module that defines the model has blocks that can be merged for inference."""
    if not name.startswith("timm/"):
        return False
    members = vars(_need(_defining_module(name))).values()
    merging = ("fuse", "reparameterize", "switch_to_deploy")
    return any(isinstance(m, type) and any(hasattr(m, how) for how in merging) for m in members)


def build(name: str, resolution: int | None = None) -> nn.Module:
    """The model on the meta device in inference mode, untrained; `resolution` only for models built for one."""
    torch = _need("torch")
    try:
        with torch.device("meta"):
            return build_on_cpu(name, resolution)
    except (RuntimeError, NotImplementedError):  # reads values while building: build, then move
        return build_on_cpu(name, resolution).to("meta")


def build_on_cpu(name: str, resolution: int | None = None) -> nn.Module:
    """The model with real (random) values, for what cannot run on the meta device."""
    library, model = _registered(name)
    with _fused_attention() if library == "timm" else nullcontext():
        built: nn.Module = _construct(library, model, resolution).eval()
    if name.endswith(REPARAM):
        built = _need("timm.utils").reparameterize_model(built, inplace=True)
    return built


def _construct(library: str, model: str, resolution: int | None) -> Any:  # noqa: ANN401 - libraries are untyped
    if library == "torchvision":
        options = dict(_PUBLISHED_HEADS.get(model, {}))
        if resolution is not None:
            options["image_size"] = resolution
        return _need("torchvision.models").get_model(model, weights=None, **options)
    size = {} if resolution is None else {"img_size": resolution}
    return _need("timm").create_model(model, pretrained=False, **size)


@contextmanager
def _fused_attention() -> Iterator[None]:
    """timm builds attention as deployed: one fused operator."""
    config: Any = _need("timm.layers.config")
    before = config._USE_FUSED_ATTN
    config.set_fused_attn(True)
    try:
        yield
    finally:
        config._USE_FUSED_ATTN = before


def default_resolution(name: str) -> int:
    """Side of the square input in pixels: timm's default; the smallest at which torchvision evaluates the model."""
    library, model = _registered(name)
    if library == "torchvision":
        return min(_crop(w) for w in _need("torchvision.models").get_model_weights(model))
    return int(_timm_config(model).input_size[-1])


def fixed_by_design(name: str) -> bool:
    """Whether the library says that the model takes only the size it was built for."""
    library, model = _registered(name)
    return library == "timm" and bool(_timm_config(model).fixed_input_size)


def license_of(name: str) -> str:
    """Licence of timm weights `timm/arch.tag` (or the default tag); `unknown` where timm states none."""
    _, model = split(name)
    return str(_timm_config(model).license or "unknown").lower()


def train_resolution(name: str) -> int | None:
    """Side of the input that timm weights `timm/arch.tag` were last trained at, in pixels."""
    _, model = split(name)
    return int(_timm_config(model).input_size[-1])


def _timm_config(model: str) -> Any:  # noqa: ANN401 - untyped library
    _need("timm")
    config = _need("timm.models").get_pretrained_cfg(model)
    if config is None:
        raise UsageError(f"timm has no configuration of {model!r}; see `advisor models list`")
    return config


def has_tag(name: str) -> bool:
    """Whether timm registers the weights `timm/arch.tag`."""
    _, model = split(name)
    _need("timm")
    return bool(_need("timm.models").is_model_pretrained(model)) and "." in model


def weights(name: str) -> list[Weights]:
    """Trained weights of a torchvision model with the accuracy torchvision states; unusable ones are left out."""
    library, model = _registered(name)
    if library != "torchvision":
        raise UsageError("accuracy of timm weights is in timm's result tables, not in the library; see the catalogue")
    listed = [_torchvision_weights(name, w) for w in _need("torchvision.models").get_model_weights(model)]
    return [w for w in listed if w.top1 is not None]


def _torchvision_weights(name: str, entry: Any) -> Weights:  # noqa: ANN401 - untyped library
    metrics = entry.meta["_metrics"].get("ImageNet-1K", {})
    return Weights(
        model=name,
        tag=entry.name,
        resolution=_crop(entry),
        top1=_known(metrics.get("acc@1")),
        top5=_known(metrics.get("acc@5")),
        real_top1=None,
        v2_top1=None,
        a_top1=None,
        r_top1=None,
        sketch_top1=None,
        license=_LICENSE_PAGES.get(entry.meta.get("license", ""), "unknown"),
        train_resolution=None,
        source="torchvision-metadata",
    )


def published(name: str) -> dict[int, tuple[int, float]]:
    """What torchvision publishes: resolution -> (parameters, GMACs of one image)."""
    _, model = _registered(name)
    entries = _need("torchvision.models").get_model_weights(model)
    return {_crop(w): (int(w.meta["num_params"]), float(w.meta["_ops"])) for w in entries}


def _crop(entry: Any) -> int:  # noqa: ANN401 - untyped library
    return int(entry.transforms().crop_size[0])


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
