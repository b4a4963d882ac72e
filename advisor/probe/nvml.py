"""NVIDIA GPUs through NVML (the package nvidia-ml-py, imported as pynvml). Every metric is a value or a reason.

On Tegra NVML is absent (JetPack 4, 5), names the GPU `Orin (nvgpu)` and supports nothing else (6, 7.2), or supports a
part (Thor): read the device tree and sysfs there. Never reads serial numbers or UUIDs; a UUID that the user names is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from advisor.records import Probed

DRIVER_SIGNS = ("proc/driver/nvidia", "dev/nvidiactl", "dev/nvhost-gpu", "dev/nvgpu", "dev/dxg")
"""One of these is there wherever NVML could answer; without any the package is not even imported."""

MIB = 2**20

_STATIC: dict[str, Callable[[Any, Any], Any]] = {
    "name": lambda nv, gpu: _text(nv.nvmlDeviceGetName(gpu)),
    "memory_total_mib": lambda nv, gpu: nv.nvmlDeviceGetMemoryInfo(gpu).total / MIB,
    "compute_capability": lambda nv, gpu: float("{}.{}".format(*nv.nvmlDeviceGetCudaComputeCapability(gpu))),
    "cuda_cores": lambda nv, gpu: nv.nvmlDeviceGetNumGpuCores(gpu),
    "boost_mhz": lambda nv, gpu: float(nv.nvmlDeviceGetMaxClockInfo(gpu, nv.NVML_CLOCK_SM)),
    "power_limit_w": lambda nv, gpu: nv.nvmlDeviceGetEnforcedPowerLimit(gpu) / 1e3,
    "default_power_limit_w": lambda nv, gpu: nv.nvmlDeviceGetPowerManagementDefaultLimit(gpu) / 1e3,
    "mig_mode": lambda nv, gpu: nv.nvmlDeviceGetMigMode(gpu)[0],
    "persistence_mode": lambda nv, gpu: nv.nvmlDeviceGetPersistenceMode(gpu),
}

_LIVE: dict[str, Callable[[Any, Any], Any]] = {
    "memory_used_mib": lambda nv, gpu: nv.nvmlDeviceGetMemoryInfo(gpu).used / MIB,
    "temperature_c": lambda nv, gpu: nv.nvmlDeviceGetTemperature(gpu, nv.NVML_TEMPERATURE_GPU),
    "power_limit_w": lambda nv, gpu: nv.nvmlDeviceGetEnforcedPowerLimit(gpu) / 1e3,
    "performance_state": lambda nv, gpu: nv.nvmlDeviceGetPerformanceState(gpu),
    "power_w": lambda nv, gpu: nv.nvmlDeviceGetPowerUsage(gpu) / 1e3,
    "sm_mhz": lambda nv, gpu: float(nv.nvmlDeviceGetClockInfo(gpu, nv.NVML_CLOCK_SM)),
    "memory_mhz": lambda nv, gpu: float(nv.nvmlDeviceGetClockInfo(gpu, nv.NVML_CLOCK_MEM)),
    "utilization_percent": lambda nv, gpu: nv.nvmlDeviceGetUtilizationRates(gpu).gpu,
    "clock_event_reasons": lambda nv, gpu: _event_reasons(nv)(gpu),
    "energy_mj": lambda nv, gpu: nv.nvmlDeviceGetTotalEnergyConsumption(gpu),
    "processes": lambda nv, gpu: len(nv.nvmlDeviceGetComputeRunningProcesses(gpu)),
}


def read(root: Path = Path("/"), module: ModuleType | None = None, *, live: bool = False) -> Mapping[str, Probed]:
    """`driver`, `gpu_count` and `gpu0.name`, `gpu0.memory_total_mib`, ...; with `live` also what changes under load.

    `module` stands in for pynvml. Always at least `driver` and `gpu_count`, with one reason where nothing answers.
    """
    reason = "" if module is not None else _absence(root)
    if not reason:
        try:
            nv = module if module is not None else _pynvml()
            nv.nvmlInit()
        except Exception as error:
            reason = f"NVML: {_words(error)}"
    if reason:
        return {"driver": Probed(None, reason), "gpu_count": Probed(None, reason)}
    try:
        return _read_all(nv, _STATIC | _LIVE if live else _STATIC)
    finally:
        _attempt(lambda: nv.nvmlShutdown())


class Session:
    """NVML opened once for many readings of one GPU; opening for each would disturb what is timed. Close it."""

    def __init__(self, root: Path = Path("/"), module: ModuleType | None = None, visible: str | None = None) -> None:
        """`visible` is the value of CUDA_VISIBLE_DEVICES: its first entry is the GPU that CUDA calls 0."""
        self._nv: Any = None
        self.reason = "" if module is not None else _absence(root)
        if not self.reason:
            try:
                self._nv = module if module is not None else _pynvml()
                self._nv.nvmlInit()
                self._gpu = _handle(self._nv, visible)
            except Exception as error:
                self.reason = f"NVML: {_words(error)}"

    def read(self) -> Mapping[str, Probed]:
        """Live metrics of the GPU by name; `nvml` alone with the reason where nothing answers."""
        if self.reason:
            return {"nvml": Probed(None, self.reason)}
        return {name: _attempt(metric, self._nv, self._gpu) for name, metric in _LIVE.items()}

    def driver(self) -> Probed:
        """Version of the driver."""
        return (
            Probed(None, self.reason) if self.reason else _attempt(lambda: _text(self._nv.nvmlSystemGetDriverVersion()))
        )

    def close(self) -> None:
        """Shut NVML down; safe to call twice."""
        if self._nv is not None and not self.reason:
            _attempt(lambda: self._nv.nvmlShutdown())
            self.reason = "NVML: closed"


def _handle(nv: Any, visible: str | None) -> Any:  # noqa: ANN401 - the module or a stub
    """The first GPU that CUDA sees, counted by PCI bus as workers count: all of them without the variable."""
    first = "0" if visible is None else visible.partition(",")[0].strip()
    if first.isdecimal():
        return nv.nvmlDeviceGetHandleByIndex(int(first))
    if first.startswith(("GPU-", "MIG-")):
        return nv.nvmlDeviceGetHandleByUUID(first)
    raise ValueError("CUDA_VISIBLE_DEVICES hides every GPU")


def _event_reasons(nv: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - the module or a stub
    """The function was renamed with driver 535; older bindings know the old name only."""
    newer = getattr(nv, "nvmlDeviceGetCurrentClocksEventReasons", None)
    found: Callable[[Any], Any] = newer or nv.nvmlDeviceGetCurrentClocksThrottleReasons
    return found


def _absence(root: Path) -> str:
    if any((root / sign).exists() for sign in DRIVER_SIGNS):
        return ""
    return "NVML: no NVIDIA driver is loaded (none of /" + ", /".join(DRIVER_SIGNS) + ")"


def _pynvml() -> ModuleType:
    import pynvml  # loads ctypes and the driver's library: only where a driver is there

    return cast(ModuleType, pynvml)


def _read_all(nv: ModuleType, metrics: Mapping[str, Callable[[Any, Any], Any]]) -> dict[str, Probed]:
    count = _attempt(lambda: nv.nvmlDeviceGetCount())
    found = {"driver": _attempt(lambda: _text(nv.nvmlSystemGetDriverVersion())), "gpu_count": count}
    for index in range(count.value or 0):
        handle = _attempt(lambda i: nv.nvmlDeviceGetHandleByIndex(i), index)
        for name, metric in metrics.items():
            found[f"gpu{index}.{name}"] = handle if handle.value is None else _attempt(metric, nv, handle.value)
    return found


def _attempt(call: Callable[..., Any], *arguments: object) -> Probed:
    """A call's result, or why there is none: NVML raises a class per code, ctypes and the library their own."""
    try:
        return Probed(call(*arguments))
    except Exception as error:
        return Probed(None, f"NVML: {_words(error)}")


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__


def _text(value: str | bytes) -> str:
    """Older bindings return bytes."""
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
