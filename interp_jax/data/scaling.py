"""Linear scaling of columns to a wanted range, fitted once and used for training and held-out rows alike."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64


class Scaling(NamedTuple):
    """The ranges of the columns it was fitted to, and the range they are mapped to."""

    minimum: Float64[np.ndarray, " columns"]
    maximum: Float64[np.ndarray, " columns"]
    low: float
    high: float

    @property
    def constant(self) -> Bool[np.ndarray, " columns"]:
        """Columns that had one value only."""
        return self.minimum == self.maximum

    def apply(self, values) -> Float32[np.ndarray, "rows columns"]:
        """Scale rows: minimum ↦ low, maximum ↦ high; a constant column ↦ the middle, whatever its values now are.

            y = low + (high − low)(x − minimum)/(maximum − minimum)

        Host-level. Values outside the fitted range are extrapolated, so they leave [low, high].

        Raises:
            ValueError: another number of columns than fitted; NaN or infinity.

        Example:
            >>> fit_scaling([[0.0, 7.0], [10.0, 7.0]], -1, 1).apply([[5.0, 7.0], [20.0, 8.0]])
            array([[0., 0.], [3., 0.]], dtype=float32)
        """
        values = _matrix(values, len(self.minimum))
        # Dividing before multiplying, so that the ends of the range come out exact however narrow the range is.
        share = (values - self.minimum) / np.where(self.constant, 1.0, self.maximum - self.minimum)
        share[:, self.constant] = 0.5
        return (self.low + (self.high - self.low) * share).astype(np.float32)

    def invert(self, values) -> Float32[np.ndarray, "rows columns"]:
        """Scaled rows in the original unit; a constant column gets its one value back.

            x = minimum + (maximum − minimum)(y − low)/(high − low)

        Host-level.

        Raises:
            ValueError: another number of columns than fitted; NaN or infinity.

        Example:
            >>> fit_scaling([[0.0, 7.0], [10.0, 7.0]], -1, 1).invert([[0.0, 0.0]])
            array([[5., 7.]], dtype=float32)
        """
        share = (_matrix(values, len(self.minimum)) - self.low) / (self.high - self.low)
        return (self.minimum + (self.maximum - self.minimum) * share).astype(np.float32)


def fit_scaling(values, low=-1.0, high=1.0) -> Scaling:
    """The linear map of every column that takes its minimum over the rows to ``low`` and its maximum to ``high``.

    Host-level; computed in float64. Fit it to the training rows and apply it to the others too.

    Args:
        values: [rows, columns] of finite numbers, at least one of each.
        low, high: the wanted range, low < high.

    Returns:
        `Scaling`: ``.apply(rows)``, ``.invert(rows)``, ``.constant`` [columns], ``.minimum``, ``.maximum``.

    Raises:
        ValueError: values that are no matrix, empty, or hold NaN or infinity; low not below high, or not finite.

    Example:
        >>> scaling = fit_scaling([[0.0, 7.0], [10.0, 7.0]], 0.01, 0.99)
        >>> scaling.apply([[0.0, 7.0], [10.0, 7.0]]), scaling.constant
        (array([[0.01, 0.5 ], [0.99, 0.5 ]], dtype=float32), array([False, True]))

    Source: Watanabe 2018, section 4 (inputs in [−1, 1], targets in [0.01, 0.99]); constant columns are our own case.
    """
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"low, high: found {low}, {high}, wanted finite numbers, low below high")
    values = _matrix(values, None)
    if values.size == 0:
        raise ValueError(f"values: found shape {values.shape}, wanted at least one row and one column")
    return Scaling(values.min(axis=0), values.max(axis=0), float(low), float(high))


def _matrix(values, columns: int | None) -> Float64[np.ndarray, "rows columns"]:
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or columns not in (None, values.shape[1]):
        wanted = "[rows, columns]" if columns is None else f"[rows, {columns}] as fitted"
        raise ValueError(f"values: found shape {values.shape}, wanted {wanted}")
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(f"values: found {values[row, column]} at row {row}, column {column}, wanted finite numbers")
    return values
