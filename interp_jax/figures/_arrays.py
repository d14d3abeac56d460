"""Arrays for the figures: checked shapes and ranges, means that skip missing values."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from interp_jax._checks import as_numpy, check_number, check_shape, describe

LARGEST = 1e100  # of the numbers drawn: matplotlib squares them and takes their differences


def as_array(name: str, values: Any, *shape: int | str) -> np.ndarray:
    """Numbers as float64, NaN and infinity included, of the given shape (as for `check_shape`), or without one of any.

    Raises:
        ValueError: the wrong shape, values that are not real, or a finite number that is too large to draw.
    """
    array = np.asarray(as_numpy(name, values, shape=shape or None), np.float64)
    with np.errstate(invalid="ignore"):
        large = (np.abs(array) > LARGEST) & np.isfinite(array)
    if large.any():
        raise ValueError(f"{name}: found {array[large][0]:g}, wanted magnitudes of at most {LARGEST:g}")
    return array


def by_seed(name: str, values: Any, length: int | str) -> np.ndarray:
    """Numbers of one run, [length], or of several, [length, seeds], as an array [length, seeds]."""
    array = as_array(name, values)
    check_shape(name, array, (length,) if array.ndim == 1 else (length, "seeds"))
    return array[:, None] if array.ndim == 1 else array


def as_mapping(name: str, entries: Mapping) -> dict[str, Any]:
    """A mapping of at least one entry, its keys as text."""
    if not isinstance(entries, Mapping) or not entries:
        raise ValueError(f"{name}: found {describe(entries)}, wanted a mapping with at least one entry")
    named = {f"{key}": entry for key, entry in entries.items()}
    if len(named) < len(entries):
        raise ValueError(f"{name}: found {len(entries)} names, of which some are the same text, wanted different ones")
    return named


def as_heights(name: str, entries: Mapping | None) -> dict[str, float]:
    """Numbers by name, the names as text; None stands for none."""
    if entries is not None and not isinstance(entries, Mapping):
        raise ValueError(f"{name}: found {describe(entries)}, wanted a mapping")
    return {f"{key}": as_array(f"{name}[{key!r}]", height).item() for key, height in (entries or {}).items()}


def as_ends(name: str, ends: Any) -> tuple[float | None, float | None]:
    """A pair of numbers or None, the first number below the second."""
    numbers = [end for end in as_entries(name, ends, 2) if end is not None]
    for end in numbers:
        check_number(name, end)
    if len(numbers) == 2 and not numbers[0] < numbers[1]:
        raise ValueError(f"{name}: found {describe(ends)}, wanted a first number below the second")
    low, high = (None if end is None else float(end) for end in ends)
    return low, high


def as_entries(name: str, entries: Any, count: int | None = None, *, kind: type = object, least: int = 1) -> list:
    """A sequence of ``count`` entries, or of at least ``least``, each of a type, as a list."""
    wanted = "a sequence of at least one entry" if count is None else f"a sequence of {count}"
    if isinstance(entries, str | Mapping) or not hasattr(entries, "__len__") or getattr(entries, "ndim", 1) == 0:
        raise ValueError(f"{name}: found {describe(entries)}, wanted {wanted}")
    if count not in (None, len(entries)) or (count is None and len(entries) < least):
        raise ValueError(f"{name}: found {len(entries)} entries, wanted {wanted}")
    for index, entry in enumerate(entries):
        if not isinstance(entry, kind):
            raise ValueError(f"{name}[{index}]: found {describe(entry)}, wanted a {kind.__name__}")
    return list(entries)


def as_names(name: str, names: Any, count: int | None = None) -> list[str]:
    """Names as text, such as strings and class numbers."""
    return [f"{each}" for each in as_entries(name, names, count)]


def same_names(first: str, entries: Mapping, second: str, others: Mapping) -> None:
    """Refuses two mappings that differ in their keys."""
    if set(entries) != set(others):
        raise ValueError(f"{second}: found the names {sorted(others)}, wanted those of {first}, {sorted(entries)}")


def finite_entries(name: str, *arrays: Any) -> np.ndarray:
    """All finite numbers of the arrays in one vector; refuses arrays without any."""
    entries = np.concatenate([np.ravel(array) for array in arrays])
    entries = entries[np.isfinite(entries)]
    if not entries.size:
        raise ValueError(f"{name}: found no finite number, wanted at least one")
    return entries


def check_range(name: str, values: np.ndarray, low: float = 0, high: float = 1) -> None:
    """Refuses numbers outside a range; NaN is let through."""
    if np.any((values < low) | (values > high)):
        found = f"{np.nanmin(values):g} to {np.nanmax(values):g}"
        wanted = f"{low:g} to {high:g}" if np.isfinite(low) else f"at most {high:g}"
        raise ValueError(f"{name}: found values from {found}, wanted {wanted}")


def check_positive(name: str, values: np.ndarray) -> None:
    """Refuses numbers that a logarithmic axis cannot show."""
    if not np.all(values > 0):
        raise ValueError(f"{name}: found {np.min(values):g}, wanted numbers > 0 on a logarithmic axis")


def as_order(name: str, order: Any, units: int) -> np.ndarray:
    """A permutation of the units as integers."""
    order = as_array(name, order, units)
    if not np.array_equal(np.sort(order), np.arange(units)):
        raise ValueError(f"{name}: found {np.array2string(order[:8])}, wanted each unit 0…{units - 1} once")
    return order.astype(int)


def even_steps(name: str, positions: np.ndarray) -> np.ndarray:
    """The positions [k]; refuses those that do not increase in equal steps, as the pixels of an image do."""
    steps = np.diff(positions) if np.all(np.isfinite(positions)) else np.array([np.nan])
    if not (np.all(steps > 0) and np.allclose(steps, steps[:1].sum(), rtol=1e-3, atol=0)):
        found = np.array2string(positions, threshold=6)
        raise ValueError(f"{name}: found {found}, wanted numbers that rise in equal steps")
    return positions


def mean_and_deviation(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean [rows] and standard deviation [rows] over the finite entries of the last axis of values [rows, seeds].

    The mean is NaN without finite entries, the deviation (n − 1 in the denominator) with fewer than two.
    """
    finite = np.isfinite(values)
    count = finite.sum(axis=-1)
    mean = np.where(finite, values, 0).sum(axis=-1) / np.where(count > 0, count, np.nan)
    squares = np.where(finite, (np.where(finite, values, 0) - mean[..., None]) ** 2, 0).sum(axis=-1)
    return mean, np.sqrt(squares / np.where(count > 1, count - 1, np.nan))
