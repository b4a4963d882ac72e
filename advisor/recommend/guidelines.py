"""Which guideline of the literature on CNN architectures a network illustrates, decided from what it is made of. Pure.

A guideline is named only where the counts of the traced network and its family both bear it out: docs/why.md lists the rules
and the papers. Where nothing applies nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from advisor.records import Makeup


class Guideline(NamedTuple):
    """A rule of thumb, the network it is known from, and where that was published."""

    key: str
    name: str
    paper: str
    sentence: Callable[[Makeup], str]
    """What of it is seen in a network, with a number; empty where it does not apply."""


_INCEPTIONS = frozenset(("googlenet", "inception", "inception_v3", "inception_v4", "inception_resnet_v2"))
_PLAIN_3X3 = frozenset(("vgg", "resnet", "resnetv2", "senet", "hrnet", "selecsls", "hgnet", "vovnet"))
_BOTTLENECKED = _INCEPTIONS | {
    "resnet", "resnetv2", "senet", "resnest", "sknet", "res2net", "nfnet", "densenet", "squeezenet", "dpn", "tresnet",
}  # fmt: skip
_SEPARABLE = frozenset((
    "mobilenetv2", "mobilenetv3", "mnasnet", "efficientnet", "hardcorenas", "xception", "xception_aligned", "ghostnet", "rexnet",
    "shufflenetv2", "lcnetv2", "repghost", "repvit", "starnet", "convmixer", "convnext", "inception_next", "fastvit",
))  # fmt: skip
_GROUPED = frozenset(("resnet", "senet", "regnet", "nfnet", "dpn", "resnest"))
_RESIDUAL = frozenset((
    "resnet", "resnetv2", "senet", "resnest", "sknet", "res2net", "regnet", "nfnet", "tresnet", "byoanet", "dla", "dpn", "hrnet",
    "inception_resnet_v2", "mobilenetv2", "mobilenetv3", "mnasnet", "efficientnet", "hardcorenas", "rexnet", "ghostnet", "xception",
    "xception_aligned", "convnext", "inception_next", "convmixer", "metaformer", "fasternet", "focalnet", "mambaout", "starnet",
    "cspnet", "mobilevit", "maxvit", "maxxvit", "vision_transformer", "vision_transformer_relpos", "deit", "beit", "eva", "cait",
    "swin_transformer", "swin_transformer_v2", "swin_transformer_v2_cr", "mlp_mixer", "pit", "twins", "pvt_v2", "hiera", "nest",
    "tiny_vit", "davit", "gcvit", "mvitv2", "coat", "convit", "xcit", "levit", "nextvit", "volo", "tnt", "crossvit", "sequencer",
))  # fmt: skip
_FEW = 3
"""Additions that a network with blocks around which the input is passed on has at least."""


def _share(made: Makeup, *names: str) -> float:
    """Share of the multiply-accumulates in some classes of operators."""
    total = sum(made.macs.values())
    return sum(made.macs.get(name, 0.0) for name in names) / total if total else 0.0


def _small_filters(made: Makeup) -> str:
    share, count = _share(made, "conv_kxk"), made.operators.get("conv_kxk", 0)
    if made.family not in _PLAIN_3X3 or share < 0.6 or count < 8 or made.operators.get("conv_1x1", 0) > count:
        return ""
    return f"{count} small filters in a row, {share:.0%} of the work: two 3x3 see what one 5x5 sees, with fewer weights"


def _bottleneck(made: Makeup) -> str:
    share, narrow = _share(made, "conv_1x1"), made.operators.get("conv_1x1", 0)
    wide = made.operators.get("conv_kxk", 0) + made.operators.get("conv_grouped", 0)
    enough = 0.5 if made.family in _INCEPTIONS else 1.0
    if made.family not in _BOTTLENECKED or share < 0.15 or narrow < enough * wide:
        return ""
    return f"{narrow} 1x1 filters, {share:.0%} of the work, so that the {wide} larger ones see fewer channels"


def _separable(made: Makeup) -> str:
    depthwise, mixing = made.operators.get("conv_dw", 0), _share(made, "conv_1x1", "linear")
    if made.family not in _SEPARABLE or depthwise < 5 or mixing < 0.5 or _share(made, "conv_kxk") > 0.3:
        return ""
    return f"{depthwise} depthwise filters look around, 1x1 layers ({mixing:.0%} of the work) mix the channels"


def _grouped(made: Makeup) -> str:
    count = made.operators.get("conv_grouped", 0)
    if made.family not in _GROUPED or count < 8:
        return ""
    return f"{count} grouped filters, {_share(made, 'conv_grouped'):.0%} of the work: each sees a part of the channels only"


def _concatenation(made: Makeup) -> str:
    if made.family != "densenet" or made.branching < 10:
        return ""
    return f"every layer reads all before it (one map is read {made.branching} times): features are used again, weights saved"


def _branches(made: Makeup) -> str:
    if made.family not in _INCEPTIONS or made.branching < 4:
        return ""
    return f"{made.branching} branches with filters of several sizes side by side"


def _skip(made: Makeup) -> str:
    additions = made.operators.get("elementwise", 0)
    if made.family not in _RESIDUAL or additions < _FEW or made.branching < 2:
        return ""
    return "a skip connection around each block lets depth pay off"


def _fully_connected(made: Makeup) -> str:
    total = sum(made.weight_bytes.values())
    share = made.weight_bytes.get("linear", 0.0) / total if total else 0.0
    if made.family not in ("alexnet", "vgg") or share < 0.5:
        return ""
    return (
        f"{share:.0%} of the weights sit in fully connected layers: GoogLeNet and ResNet average the last map instead"
    )


GUIDELINES = (
    Guideline("small-filters", "stacked small filters as in VGG", "Simonyan and Zisserman 2014, arXiv:1409.1556", _small_filters),
    Guideline("bottleneck", "1x1 bottleneck as in GoogLeNet and ResNet-50",
              "Szegedy et al. 2014, arXiv:1409.4842; He et al. 2015, arXiv:1512.03385", _bottleneck),
    Guideline("separable", "depthwise separable filters as in MobileNet", "Howard et al. 2017, arXiv:1704.04861", _separable),
    Guideline("grouped", "grouped filters as in ResNeXt", "Xie et al. 2016, arXiv:1611.05431", _grouped),
    Guideline("concatenation", "dense concatenation as in DenseNet", "Huang et al. 2016, arXiv:1608.06993", _concatenation),
    Guideline("branches", "parallel branches as in GoogLeNet", "Szegedy et al. 2014, arXiv:1409.4842", _branches),
    Guideline("fully-connected", "heavy classifier as in AlexNet and VGG", "Lin et al. 2013, arXiv:1312.4400", _fully_connected),
    Guideline("skip", "skip connection as in ResNet", "He et al. 2015, arXiv:1512.03385", _skip),
)  # fmt: skip
"""Most telling first."""
_MOST = 2


def illustrated(made: Makeup | None) -> tuple[str, ...]:
    """At most two guidelines that a network illustrates, in words: the most telling of its filters, and a skip connection."""
    if made is None:
        return ()
    found = [(rule.key, f"{rule.name}: {said}") for rule in GUIDELINES if (said := rule.sentence(made))]
    if len(found) > _MOST and found[-1][0] == "skip":
        found = [found[0], found[-1]]
    return tuple(sentence for _, sentence in found[:_MOST])
