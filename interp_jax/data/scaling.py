"""Linear scaling of columns to a given range, fitted once and used for training and held-out rows alike."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64
from numpy.typing import ArrayLike

from interp_jax._checks import Given, Number, as_numpy, check_number, describe
from interp_jax._readable import readable

_LARGE = 2.0**1022  # differences of float64 numbers below this magnitude are finite
_MOST = float(np.finfo(np.float32).max)


@readable()
class Scaling(NamedTuple):
    """The ranges of the columns that it was fitted to, and the range to which they are mapped."""

    minimum: Float64[np.ndarray, " columns"]
    maximum: Float64[np.ndarray, " columns"]
    low: float
    high: float

    def _finding(self) -> str | None:
        constant = int(np.sum(self.constant))
        return f"{len(self.minimum)} columns are scaled to [{self.low:g}, {self.high:g}]; {constant} of them constant"

    @property
    def constant(self) -> Bool[np.ndarray, " columns"]:
        """Whether each column had only one value."""
        return self.minimum == self.maximum

    def apply(self, values: Given[ArrayLike, "rows columns"]) -> Float32[np.ndarray, "rows columns"]:
        """Scaled rows: minimum ↦ low, maximum ↦ high; a constant column ↦ the middle, whatever its values are now.

            y = low + (high − low)(x − minimum)/(maximum − minimum)

        Host-level; computed in float64. Values outside the fitted range leave [low, high].

        Args:
            values: [rows, columns] of finite numbers.

        Raises:
            ValueError: a wrong number of columns; NaN or infinity; values so far outside the fitted range that float32
                cannot hold the result.

        Example:
            >>> fit_scaling([[0.0, 7.0], [10.0, 7.0]], -1, 1).apply([[5.0, 7.0], [20.0, 8.0]])
            array([[0., 0.], [3., 0.]], dtype=float32)
        """
        values = _matrix(values, len(self.minimum))
        factor = self._factor(values)
        low, width = factor * self.minimum, factor * self.maximum - factor * self.minimum
        with np.errstate(over="ignore"):
            # Dividing before multiplying makes the ends of the range exact, however narrow it is.
            share = (factor * values - low) / np.where(self.constant, 1.0, width)
            share[:, self.constant] = 0.5
            scaled = self.low + (self.high - self.low) * share
            return _finite(scaled.astype(np.float32), values, "a value that float32 holds once it is scaled")

    def invert(self, values: Given[ArrayLike, "rows columns"]) -> Float64[np.ndarray, "rows columns"]:
        """Scaled rows in the original unit; a constant column gets its one value back.

            x = minimum + (maximum − minimum)(y − low)/(high − low)

        Host-level; computed and returned in float64, so that a large offset costs no digits.

        Args:
            values: [rows, columns] of finite numbers.

        Raises:
            ValueError: a wrong number of columns; NaN or infinity; values whose original float64 cannot hold.

        Example:
            >>> fit_scaling([[0.0, 7.0], [10.0, 7.0]], -1, 1).invert([[0.0, 0.0]])
            array([[5., 7.]])
        """
        values = _matrix(values, len(self.minimum))
        factor = self._factor(self.minimum[None])
        with np.errstate(over="ignore", invalid="ignore"):
            share = (values - self.low) / (self.high - self.low)
            width = np.where(self.constant, 0.0, factor * self.maximum - factor * self.minimum)
            return _finite((factor * self.minimum + width * share) / factor, values, "a value inside float64's range")

    def _factor(self, values) -> Float64[np.ndarray, " columns"]:
        """½ for columns with numbers so large that their differences overflow, else 1, which keeps every digit."""
        largest = np.max(np.abs([self.minimum, self.maximum, *values]), axis=0, initial=0)
        return np.where(largest > _LARGE, 0.5, 1.0)


def fit_scaling(values: Given[ArrayLike, "rows columns"], low: Number = -1.0, high: Number = 1.0) -> Scaling:
    """The linear map of every column that takes its minimum over the rows to ``low`` and its maximum to ``high``.

    Host-level; computed in float64. Fit it to the training rows and apply it to the others too.

    Args:
        values: [rows, columns] of finite numbers, at least one of each.
        low, high: the target range, low < high, within float32.

    Returns:
        `Scaling`: ``.apply(rows)``, ``.invert(rows)``, ``.constant`` [columns], ``.minimum``, ``.maximum``.

    Raises:
        ValueError: values that are not a matrix, are empty, or hold NaN or infinity; low not below high, or not finite.

    Example:
        >>> scaling = fit_scaling([[0.0, 7.0], [10.0, 7.0]], 0.01, 0.99)
        >>> scaling.apply([[0.0, 7.0], [10.0, 7.0]]), scaling.constant
        (array([[0.01, 0.5 ], [0.99, 0.5 ]], dtype=float32), array([False, True]))

    Source: Watanabe 2018, section 4 (inputs in [−1, 1], targets in [0.01, 0.99]); constant columns are our own case.
    """
    check_number("low", low, least=-_MOST, most=_MOST)
    check_number("high", high, least=-_MOST, most=_MOST)
    if not float(low) < float(high):
        raise ValueError(f"low: found {low}, wanted a number below high, {high}")
    values = _matrix(values, None)
    if values.size == 0:
        raise ValueError(f"values: found {describe(values)}, wanted at least one row and one column")
    return Scaling(values.min(axis=0), values.max(axis=0), float(low), float(high))


def _matrix(values, columns: int | None) -> Float64[np.ndarray, "rows columns"]:
    values = as_numpy("values", values).astype(np.float64)
    if values.ndim != 2 or columns not in (None, values.shape[1]):
        wanted = "[rows, columns]" if columns is None else f"[rows, {columns}] as fitted"
        raise ValueError(f"values: found {describe(values)}, wanted {wanted}")
    return _finite(values, values, "finite numbers")


def _finite(results, values, wanted: str):
    """The results; names the first value whose result is not finite."""
    if not np.isfinite(results).all():
        row, column = np.argwhere(~np.isfinite(results))[0]
        raise ValueError(f"values: found {values[row, column]} at row {row}, column {column}, wanted {wanted}")
    return results
