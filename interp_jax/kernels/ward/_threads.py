"""Work on all cores: NumPy and SciPy let other threads run while they compute."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np


def count() -> int:
    """The number of cores at hand."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_parts(work: Callable[[np.ndarray], None], rows: np.ndarray, size: int) -> None:
    """Calls ``work`` with at most ``size`` of the rows at a time; no two calls may write to the same place."""
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    threads = min(count(), len(parts))
    if threads < 2:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, parts):
            pass
