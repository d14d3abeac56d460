"""The rows that a class is judged on: all that are predicted as it, and as many others."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int


class ClassData(NamedTuple):
    """Row numbers, each group in ascending order: those predicted as the target, and the others that were drawn."""

    positives: Int[np.ndarray, " positives"]
    negatives: Int[np.ndarray, " negatives"]

    @property
    def rows(self) -> Int[np.ndarray, " rows"]:
        """All row numbers, positives first."""
        return np.concatenate([self.positives, self.negatives])


def class_data(predictions, target: int | np.integer | None, *, key, negatives: bool = True) -> ClassData:
    """Every row predicted as the target, and as many random others, or all others where they are fewer.

    Host-level.

    Args:
        predictions: [rows] the class that the whole network gives each row, whole numbers.
        target: the class of interest; None for all classes at once, every row being a positive of its own.
        key: a JAX random key.
        negatives: False leaves the others out, as the paper does for gates on pixels.

    Raises:
        ValueError: predictions that are no vector of whole numbers, or a target that is never predicted.

    Example:
        >>> class_data([1, 0, 1, 0, 0, 0], 1, key=jax.random.key(0)).rows.tolist()
        [0, 2, 3, 5]

    Source: Yan & Feng, ICLR 2018 submission, section 3.1 (and 5.1 for pixels).
    """
    predictions = np.asarray(predictions)
    if predictions.ndim != 1 or not np.issubdtype(predictions.dtype, np.integer):
        raise ValueError(f"predictions: found {predictions.dtype} {predictions.shape}, wanted whole numbers [rows]")
    positive = predictions == (predictions if target is None else target)
    if not positive.any():
        raise ValueError(f"target: found no row of {len(predictions)} predicted as {target}, wanted at least one")
    others = np.flatnonzero(~positive & negatives)
    # A number for every row, so that all targets share a compilation.
    order = np.argsort(np.asarray(jax.random.bits(key, predictions.shape))[others], kind="stable")
    return ClassData(np.flatnonzero(positive), np.sort(others[order[: positive.sum()]]))


def class_number(target: int | np.integer | None) -> int:
    """The target as compiled code takes it: −1 stands for each row's own prediction."""
    return -1 if target is None else int(target)


def wanted_class(target, predictions):
    """The class that each row is asked about, for a `class_number`. Traceable."""
    return jnp.where(target < 0, predictions, target)
