"""Arrays as the figures need them: checked shapes, means that skip missing values."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def as_array(name: str, values: ArrayLike, *shape: int | str) -> np.ndarray:
    """Numbers as a float array of the wanted shape.

    name: what the error message calls the values.
    values: numbers; never modified.
    shape: one entry an axis, a length or (for any length above zero) its name.
    Returns an array [*shape]; raises ValueError for another shape, and for what is no number.
    """
    wanted = f"[{', '.join(str(length) for length in shape)}]"
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} holds something else than numbers, wanted numbers of shape {wanted}") from error
    agrees = array.ndim == len(shape) and all(
        found == length if isinstance(length, int) else found > 0
        for found, length in zip(array.shape, shape, strict=True)
    )
    if not agrees:
        raise ValueError(f"{name} has shape {list(array.shape)}, wanted {wanted}")
    return array


def by_seed(name: str, values: ArrayLike, length: int | str) -> np.ndarray:
    """Numbers of one run, [length], or of several, [length, seeds], as an array [length, seeds]."""
    if np.ndim(values) == 1:
        return as_array(name, values, length)[:, None]
    return as_array(name, values, length, "seeds")


def not_empty(name: str, entries: Any) -> None:
    """Raises ValueError when a mapping or sequence has no entry."""
    if len(entries) == 0:
        raise ValueError(f"{name} is empty, wanted at least one entry")


def same_names(first: str, entries: Mapping, second: str, others: Mapping) -> None:
    """Raises ValueError when two mappings differ in their keys."""
    if set(entries) != set(others):
        raise ValueError(f"{second} has the names {sorted(others)}, wanted those of {first}: {sorted(entries)}")


def even_steps(name: str, positions: np.ndarray) -> np.ndarray:
    """The positions [k] themselves; raises ValueError unless they rise in equal steps, as the pixels of an image do."""
    steps = np.diff(positions)
    if not np.all(np.isfinite(positions)) or np.any(steps <= 0) or not np.allclose(steps, steps[:1].sum()):
        raise ValueError(
            f"{name} is {np.array2string(positions, threshold=6)}, wanted numbers that rise in equal steps"
        )
    return positions


def mean_and_deviation(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over the finite entries of the last axis.

    values: [rows, seeds]
    Returns mean [rows], NaN without any finite entry, and deviation [rows] (n - 1 below), NaN with fewer than two.
    """
    finite = np.isfinite(values)
    count = finite.sum(axis=-1)
    mean = np.where(finite, values, 0).sum(axis=-1) / np.where(count > 0, count, np.nan)
    squares = np.where(finite, (np.where(finite, values, 0) - mean[..., None]) ** 2, 0).sum(axis=-1)
    return mean, np.sqrt(squares / np.where(count > 1, count - 1, np.nan))
