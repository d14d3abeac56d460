"""Inputs and activations as flat rows of finite numbers, and inputs scaled to the range of float32 and forests."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from interp_jax._checks import as_numpy, check_finite, describe
from interp_jax.methods._accept import check_one_array

# Spreads and magnitudes of a feature that scikit-learn's trees and float32 handle as they are: scikit-learn takes
# features that differ by less than 1e-7 to be constant.
LEAST_SPREAD, MOST = 2.0**-16, 2.0**100


def flat_rows(name: str, values, *, width: int | None = None, exact: bool = True) -> Float[np.ndarray, "rows numbers"]:
    """Rows of ``width`` numbers, or of at least as many: float32 if it holds them, else float64.

    Raises:
        ValueError: rows of the wrong size, no rows, or values that are not finite as float32.
    """
    check_one_array(name, values)
    values = as_numpy(name, values)
    numbers = math.prod(values.shape[1:])
    fits = numbers > 0 if width is None else numbers == width if exact else numbers >= width
    if values.ndim < 2 or not len(values) or not fits:
        each = "numbers" if width is None else f"{width} numbers" if exact else f"at least {width} numbers"
        raise ValueError(f"{name}: found {describe(values)}, wanted [rows, …] with {each} a row, at least one row")
    with np.errstate(over="ignore"):
        narrow = np.ascontiguousarray(values.reshape(len(values), -1), np.float32)
    check_finite(name, narrow)
    values = values.reshape(narrow.shape)
    return narrow if np.array_equal(values, narrow) else values.astype(np.float64)


class Scaling(NamedTuple):
    """Each feature's offset, subtracted, and then its factor, before the cast to float32."""

    offset: Float[np.ndarray, "..."] = np.zeros(())
    scale: Float[np.ndarray, "..."] = np.ones(())

    def of(self, rows: Float[np.ndarray, "rows features"]) -> Float[np.ndarray, "rows features"]:
        """The scaled rows as float32, clipped to its range."""
        if not self.offset.ndim and not self.scale.ndim:
            return rows.astype(np.float32, copy=False)
        most = np.finfo(np.float32).max
        return np.clip((rows - self.offset) * self.scale, -most, most).astype(np.float32)


def scaling_of(rows: Float[np.ndarray, "rows features"]) -> Scaling:
    """No change for ordinary float32 rows; float64 rows are centered, extreme spreads become about 1."""
    offset = rows.mean(axis=0) if rows.dtype == np.float64 else np.zeros(())
    least, most = (np.asarray(end(rows, axis=0) - offset, np.float64) for end in (np.min, np.max))
    spread, size = most - least, np.maximum(np.abs(least), np.abs(most))
    if np.all((spread == 0) | ((spread >= LEAST_SPREAD) & (size <= MOST))):
        return Scaling(offset)
    return Scaling(offset, np.where(spread > 0, np.exp2(-np.floor(np.log2(np.where(spread > 0, spread, 1)))), 1))


def power_of_two(count: int) -> int:
    """The least power of two that is at least ``count``."""
    return 1 << (count - 1).bit_length()
