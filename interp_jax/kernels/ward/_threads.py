"""Work on all cores: NumPy and SciPy let other threads run while they compute."""

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import ThreadpoolController

_libraries = functools.cache(ThreadpoolController)  # looking for them takes a millisecond
_lock = threading.Lock()
_limits: list = []  # the process's limit of one thread a product, once for each call that needs it


@contextlib.contextmanager
def _single_products() -> Iterator[None]:
    """Products of matrices take one thread, in all threads of the process, until the last of some calls has ended."""
    with _lock:
        _limits.append(_limits[0] if _limits else _libraries().limit(limits=1, user_api="blas"))
    try:
        yield
    finally:
        with _lock:
            limit = _limits.pop()
            if not _limits:
                limit.restore_original_limits()


def count() -> int:
    """The number of cores at hand."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_parts(work: Callable[[np.ndarray], None], rows: np.ndarray, size: int) -> None:
    """Calls ``work`` with at most ``size`` of the rows at a time; no two calls may write to the same place.

    Meanwhile products of matrices take one thread each: more threads than cores would wait for each other.
    """
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    threads = min(count(), len(parts))
    if threads < 2:
        for part in parts:
            work(part)
        return
    with _single_products(), ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, parts):
            pass
