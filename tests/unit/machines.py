"""Fake machines for the tests of probes and detection: small file trees, and objects that answer like pynvml."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

NVPMODEL = """\
< POWER_MODEL ID=0 NAME=15W >
CPU_ONLINE CORE_0 1
< POWER_MODEL ID=1 NAME=25W >
< POWER_MODEL ID=2 NAME=MAXN_SUPER >
< PM_CONFIG DEFAULT=1 >
"""


def write(root: Path, name: str, content: str | bytes) -> None:
    path = root / name.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def board(root: Path, model: str, compatible: list[str], memory_mib: float) -> Path:
    """A board as its device tree and /proc show it."""
    write(root, "/proc/device-tree/model", model + "\0")
    write(root, "/proc/device-tree/compatible", "".join(entry + "\0" for entry in compatible))
    write(root, "/proc/device-tree/serial-number", "1421720004151\0")
    write(root, "/proc/meminfo", f"MemTotal:       {int(memory_mib * 1024)} kB\nMemFree:         1 kB\n")
    write(root, "/proc/cpuinfo", "".join(f"processor\t: {i}\nFeatures\t: fp asimd asimdhp\n\n" for i in range(4)))
    return root


def nvpmodel(root: Path, mode: int) -> Path:
    write(root, "/var/lib/nvpmodel/status", f"pmode:{mode:04d} fmode:quiet")
    write(root, "/etc/nvpmodel.conf", NVPMODEL)
    return root


def intel(root: Path, name: str, cores: int) -> Path:
    """An x86 machine: two threads a core, one package."""
    blocks = [
        f"processor\t: {i}\nmodel name\t: {name}\nphysical id\t: 0\ncore id\t\t: {i % cores}\nflags\t\t: fpu avx2 avx512f\n"
        for i in range(2 * cores)
    ]
    write(root, "/proc/cpuinfo", "\n".join(blocks))
    write(root, "/proc/meminfo", "MemTotal:       65536000 kB\n")
    return root


class NotSupported(Exception):
    def __str__(self) -> str:
        return "Not Supported"


def nvml_stub(name: str = "NVIDIA GeForce RTX 3090", memory_mib: float = 24576, **answers: object) -> SimpleNamespace:
    """A module like pynvml with one GPU; `answers` replaces single functions, None makes one unsupported."""

    def unsupported(*_: object) -> object:
        raise NotSupported

    module = SimpleNamespace(
        NVML_CLOCK_SM=1,
        NVML_CLOCK_MEM=2,
        NVML_TEMPERATURE_GPU=0,
        shut_down=[],
        nvmlInit=lambda: None,
        nvmlSystemGetDriverVersion=lambda: "560.35",
        nvmlDeviceGetCount=lambda: 1,
        nvmlDeviceGetHandleByIndex=lambda index: f"handle {index}",
        nvmlDeviceGetName=lambda gpu: name,
        nvmlDeviceGetMemoryInfo=lambda gpu: SimpleNamespace(total=int(memory_mib * 2**20), used=2**30),
        nvmlDeviceGetCudaComputeCapability=lambda gpu: (8, 6),
        nvmlDeviceGetNumGpuCores=lambda gpu: 10496,
        nvmlDeviceGetMaxClockInfo=lambda gpu, clock: 2100,
        nvmlDeviceGetEnforcedPowerLimit=lambda gpu: 350_000,
        nvmlDeviceGetPowerManagementDefaultLimit=lambda gpu: 350_000,
        nvmlDeviceGetMigMode=unsupported,
        nvmlDeviceGetPersistenceMode=lambda gpu: 0,
        nvmlDeviceGetTemperature=lambda gpu, sensor: 45,
        nvmlDeviceGetPowerUsage=lambda gpu: 30_500,
        nvmlDeviceGetClockInfo=lambda gpu, clock: 1695,
        nvmlDeviceGetUtilizationRates=lambda gpu: SimpleNamespace(gpu=7),
        nvmlDeviceGetCurrentClocksEventReasons=lambda gpu: 0,
        nvmlDeviceGetPerformanceState=lambda gpu: 2,
        nvmlDeviceGetTotalEnergyConsumption=unsupported,
        nvmlDeviceGetComputeRunningProcesses=lambda gpu: [],
    )
    module.nvmlShutdown = lambda: module.shut_down.append(True)
    for function, answer in answers.items():
        setattr(module, function, unsupported if answer is None else answer)
    return module


def tegra_stub() -> SimpleNamespace:
    """NVML of JetPack 6 and 7.2: it starts, counts one GPU, and supports nothing else."""
    everything = [name for name in vars(nvml_stub()) if name.startswith("nvmlDeviceGet")]
    kept = ("nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetName")
    return nvml_stub("Orin (nvgpu)", **{name: None for name in everything if name not in kept})
