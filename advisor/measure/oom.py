"""Tells running out of memory from every other failure: only the former is worth a smaller batch."""

from __future__ import annotations

import re

_SIGNS = re.compile(
    r"OutOfMemoryError|out of memory|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_\w*ALLOC\w*"
    r"|DefaultCPUAllocator: can't allocate memory|NvMapMemAlloc|MemoryError|bad_alloc"
    r"|NVML_SUCCESS == r INTERNAL ASSERT FAILED.*CUDACachingAllocator",
    re.IGNORECASE,
)
"""What torch, CUDA, cuDNN, Jetson's allocator and the C++ library say; docs/measurement.md names the reports."""


def is_out_of_memory(words: str) -> bool:
    """Whether an error's text says that memory ran out."""
    return _SIGNS.search(words) is not None
