"""The environment in which a run was computed, without identifying the computer."""

import datetime
import importlib.metadata
import os
import platform
from typing import Any

_PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "scipy", "scikit-learn", "matplotlib")


def describe() -> dict[str, Any]:
    """The Python environment in which results are computed; the caller adds the device.

    Host-level.

    Returns:
        A dict: ``python``, ``platform`` ("Linux x86_64, 2 cores"; no host name), ``versions`` of installed packages,
        and ``date`` (UTC, ISO day).

    Example:
        >>> sorted(describe())
        ['date', 'platform', 'python', 'versions']
    """
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}, {_cores()}",
        "versions": _versions(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def _cores() -> str:
    # The cores that this process may use, if the system knows, not all of the machine.
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return "1 core" if count == 1 else f"{count} cores"


def _versions() -> dict[str, str]:
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
