"""Clocks and power gating of a Jetson from sysfs, and its L4T release. NVML tells nothing of these on Tegra."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from advisor.probe.files import first, parsed, read_number, read_text
from advisor.records import Probed

GPU_NODES = ("gpu", "gv11b", "gp10b", "gm20b", "ga10b", "gb10b")
"""Names of the GPU's device-tree node, by generation."""

_DEVFREQ = "/sys/class/devfreq"
_EMC = ("/sys/kernel/debug/bpmp/debug/clk/emc", "/sys/kernel/debug/clk/emc")
_HZ_TO_MHZ = 1e-6


def read(root: Path = Path("/")) -> Mapping[str, Probed]:
    """L4T release, GPU clocks (MHz), load (percent) and governor, TPC mask, memory clocks (MHz; root only)."""
    gpu = _gpu_folder(root)
    return {
        "l4t_release": parsed(read_text(root, "/etc/nv_tegra_release"), _release, "/etc/nv_tegra_release"),
        "gpu_node": gpu,
        "gpu_min_mhz": _of_gpu(root, gpu, "min_freq", _HZ_TO_MHZ),
        "gpu_max_mhz": _of_gpu(root, gpu, "max_freq", _HZ_TO_MHZ),
        "gpu_cur_mhz": _of_gpu(root, gpu, "cur_freq", _HZ_TO_MHZ),
        "gpu_load_percent": _of_gpu(root, gpu, "device/load", 0.1),
        "gpu_governor": _text_of_gpu(root, gpu, "governor"),
        "tpc_pg_mask": _text_of_gpu(root, gpu, "device/tpc_pg_mask"),
        "memory_max_mhz": _memory(root, "max_rate"),
        "memory_cur_mhz": _memory(root, "rate"),
    }


def _release(text: str) -> str | None:
    """`36.4.3` of `# R36 (release), REVISION: 4.3, ...`."""
    match = re.search(r"R(\d+) \(release\), REVISION: ([\d.]+)", text)
    return f"{match[1]}.{match[2]}" if match else None


def _gpu_folder(root: Path) -> Probed:
    base = root / _DEVFREQ.lstrip("/")
    try:
        names = sorted(entry.name for entry in base.iterdir())
    except OSError:
        return Probed(None, f"{_DEVFREQ}: no such folder")
    for name in names:
        node = read_text(root, f"{_DEVFREQ}/{name}/device/of_node/name").value
        if node in GPU_NODES or name.rpartition(".")[2] in GPU_NODES or name.startswith("gpu-gpc"):
            return Probed(f"{_DEVFREQ}/{name}")
    return Probed(None, f"{_DEVFREQ}: no GPU among {', '.join(names[:8]) or 'nothing'}")


def _of_gpu(root: Path, gpu: Probed, name: str, scale: float) -> Probed:
    return gpu if gpu.value is None else read_number(root, f"{gpu.value}/{name}", scale)


def _text_of_gpu(root: Path, gpu: Probed, name: str) -> Probed:
    return gpu if gpu.value is None else read_text(root, f"{gpu.value}/{name}")


def _memory(root: Path, name: str) -> Probed:
    candidates = [read_number(root, f"{base}/{name}", _HZ_TO_MHZ) for base in _EMC]
    return first(candidates, candidates[0].reason)
