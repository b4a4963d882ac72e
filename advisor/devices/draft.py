"""The draft of a user profile for a machine that has none: only what its probes read, each fact with the file it came from."""

from __future__ import annotations

import re
from collections.abc import Mapping

from advisor.devices.export import device_to_toml
from advisor.records import Device, Fact, Probed, Target

RUNTIMES = {
    "jetson": ("tensorrt", "pytorch-eager", "onnxruntime", "ncnn"),
    "gpu": ("pytorch-eager", "pytorch-compile", "tensorrt", "onnxruntime"),
    "cpu": ("pytorch-eager", "pytorch-compile", "onnxruntime"),
    "sbc": ("ncnn", "onnxruntime", "tflite", "pytorch-eager"),
}
TARGETS = {
    "jetson": ("gpu", "tensorrt", "fp16"),
    "gpu": ("gpu", "pytorch-eager", "fp32"),
    "cpu": ("cpu", "pytorch-eager", "fp32"),
    "sbc": ("cpu", "ncnn", "mixed"),
}
CLASSES = {"jetson": "embedded", "sbc": "embedded", "gpu": "consumer", "cpu": "consumer"}

_GPU_FACTS = {
    "cuda_cores": "cuda_cores",
    "compute_capability": "compute_capability",
    "boost_mhz": "boost_mhz",
    "default_power_limit_w": "tdp_w",
}
"""NVML metric of GPU 0 -> fact key."""

HEADER = """\
# Draft of a device profile, made from what this machine says of itself. Check it, then: advisor devices add FILE
# Every fact names where it was read. Add what you can cite (profiles/README.md lists the keys), most useful first:
# peak_fp32_tflops, peak_fp16_tflops, memory_bandwidth_gb_s, memory_gb, sm_count. Leave out what you do not know.
# board_class is one of embedded, laptop, consumer, workstation, datacenter: set it.
"""


def draft_profile(facts: Mapping[str, Probed], reason: str) -> str:
    """TOML that `advisor devices add` accepts as it stands."""
    kind = _kind(facts)
    name = _name(facts, kind)
    device_id = own_id(name)
    unit, runtime, precision = TARGETS[kind]
    threads = int(facts["proc.cpu_threads"].value or 0) if runtime == "ncnn" else 0
    device = Device(
        id=device_id,
        name=name,
        kind=kind,
        vendor=vendor_of(name),
        architecture="unknown",
        aliases=_aliases(facts, kind, name),
        facts=_facts(facts, kind),
        unified_memory=kind != "gpu",
        board_class=CLASSES[kind],
        runtimes=RUNTIMES[kind],
        default_target=Target(device_id, unit, "", runtime, precision, "nchw", threads),
        origin="user",
        processor=cleaned(facts["proc.cpu_name"].value or ""),
    )
    return f"{HEADER}# No shipped profile fits: {cleaned(reason)}\n{device_to_toml(device)}"


def own_id(name: str) -> str:
    """The id of a user's profile: no shipped one begins with `my-`."""
    return "my-" + (re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:50].strip("-") or "device")


def _kind(facts: Mapping[str, Probed]) -> str:
    compatible = facts["device_tree.compatible"].value or ()
    if any(entry.startswith("nvidia,tegra") for entry in compatible):
        return "jetson"
    if compatible or facts["device_tree.model"].value:
        return "sbc"
    return "gpu" if facts["nvml.gpu_count"].value else "cpu"


def _name(facts: Mapping[str, Probed], kind: str) -> str:
    source = {"gpu": "nvml.gpu0.name", "cpu": "proc.cpu_name"}.get(kind, "device_tree.model")
    probed = facts.get(source)
    return cleaned(str(probed.value)) if probed and probed.value else f"unnamed {kind}"


def cleaned(text: str) -> str:
    """Printable text of one line: names come from firmware."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:190]


def vendor_of(name: str) -> str:
    """The first word of a name."""
    first = name.split()[0]
    return re.sub(r"\(R\)|\(TM\)", "", first) if first.isascii() else "unknown"


def _aliases(facts: Mapping[str, Probed], kind: str, name: str) -> tuple[str, ...]:
    """The board's own device-tree entry, without the chip's, which other boards share."""
    if kind not in ("jetson", "sbc"):
        return ()
    entries = [
        cleaned(e) for e in facts["device_tree.compatible"].value or () if not e.startswith(("nvidia,tegra", "brcm,"))
    ]
    return tuple(e for e in entries[:1] if e and e != name)


def _facts(facts: Mapping[str, Probed], kind: str) -> dict[str, Fact]:
    if kind == "gpu":
        found = {key: _fact(facts.get(f"nvml.gpu0.{metric}"), f"NVML {metric}") for metric, key in _GPU_FACTS.items()}
        found["memory_gb"] = _fact(facts.get("nvml.gpu0.memory_total_mib"), "NVML total memory", 1 / 1024)
    else:
        found = {
            "memory_gb": _fact(facts["proc.memory_total_mib"], "/proc/meminfo MemTotal", 1 / 1024),
            "cpu_cores": _fact(facts["proc.cpu_cores"], "/proc/cpuinfo"),
            "cpu_threads": _fact(facts["proc.cpu_threads"], "/proc/cpuinfo"),
            "cpu_boost_mhz": _fact(facts["proc.cpu_boost_mhz"], "cpufreq cpuinfo_max_freq"),
        }
    if kind == "jetson":
        found["boost_mhz"] = _fact(facts["jetson.gpu_max_mhz"], "devfreq max_freq of the GPU")
    return {key: fact for key, fact in found.items() if fact is not None}


def _fact(probed: Probed | None, source: str, scale: float = 1.0) -> Fact | None:
    if probed is None or probed.value is None or probed.value <= 0:
        return None
    return Fact(round(float(probed.value) * scale, 3), f"{source} on this machine")
