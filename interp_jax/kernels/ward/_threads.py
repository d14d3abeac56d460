"""Work on all cores: NumPy and SciPy let other threads run while they compute."""

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import ThreadpoolController

_libraries = functools.cache(ThreadpoolController)  # looking for them takes a millisecond


def count() -> int:
    """The number of cores at hand."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_parts(work: Callable[[np.ndarray], None], rows: np.ndarray, size: int) -> None:
    """Calls ``work`` with at most ``size`` of the rows at a time; no two calls may write to the same place.

    Meanwhile a product of matrices has one thread: more of them than cores wait for each other.
    """
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    threads = min(count(), len(parts))
    if threads < 2:
        for part in parts:
            work(part)
        return
    with _libraries().limit(limits=1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, parts):
            pass
