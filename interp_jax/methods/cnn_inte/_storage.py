"""Explainers as files: the arrays of one that says its format."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from interp_jax._files import read_arrays


def read(path: str | Path, formats: Sequence[int]) -> dict[str, np.ndarray]:
    """All arrays of a file that is of one of the formats, as its array "format" says.

    Raises:
        ValueError: any other file, one that is cut off, or one with pickled parts.
    """
    arrays = read_arrays(path)
    if (found := arrays.get("format")) is None or found.shape or found.item() not in formats:
        raise ValueError(f"path: found {path}, wanted an explainer of format {' or '.join(map(str, formats))}")
    return arrays
