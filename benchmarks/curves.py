"""Draws time against size for ours and the baselines, log-log: ``python -m benchmarks.curves FILE FOLDER``.

FILE is written by ``python -m benchmarks ward ward_points correlation kmeans core_units --sizes curve --json FILE``.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import MACHINE, read
from interp_jax.figures import curves

# The beginning of a group's name, and the meaning of its size.
WORK = {
    "ward": ("Ward: a tree of", "points of 64 features"),
    "ward_points": ("Ward of many points:", "points of 2 features"),
    "pearson": ("Pearson:", "rows of 784 and 1,024 columns"),
    "kmeans": ("k-means:", "rows of 128 features, ten starts"),
    "core_units": ("core units:", "lanes"),
}


def drawn(results: Mapping[str, Any]) -> dict[str, Any]:
    """A figure for each kind of work that was measured at two or more sizes.

    Args:
        results: the "results" of a stored file.

    Returns:
        Name of the work → figure.
    """
    figures = {}
    for work, (opening, unit) in WORK.items():
        seconds: dict[str, dict[int, float]] = {}
        for group, entries in results.items():
            if group.startswith(opening) and not group.startswith(MACHINE):
                for entry in entries:
                    seconds.setdefault(entry["name"], {})[entry["size"]] = entry["median_seconds"]
        sizes = sorted({size for of_name in seconds.values() for size in of_name})
        if len(sizes) > 1:
            values = {
                name.replace("_", " "): np.array([of_name.get(size, np.nan) for size in sizes])
                for name, of_name in seconds.items()
            }
            figures[work] = curves.against(np.array(sizes), values, unit, "seconds", log_x=True, log_y=True)
    return figures


def main(path: str, folder: str) -> None:
    """Draws the results of a stored file as PNG files."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, figure in drawn(read(Path(path))["results"]).items():
        figure.savefig(Path(folder) / f"{name}.png", dpi=130, bbox_inches="tight")


if __name__ == "__main__":
    main(*sys.argv[1:])
