"""Which rows to take so that every class has the same number."""

import numpy as np
from jaxtyping import Int
from numpy.typing import ArrayLike

from interp_jax._checks import Count, Given, as_count, as_numpy, describe


def first_per_class(labels: Given[ArrayLike, "rows"], count: Count) -> Int[np.ndarray, " rows"]:
    """Indices of the first ``count`` rows of every class, the classes taking turns.

        z₁⁽¹⁾, …, z₁⁽ᶜ⁾, z₂⁽¹⁾, …    with z_i⁽ᶜ⁾ the i-th row of class c

    Host-level. Classes are the labels that occur, in ascending order.

    Args:
        labels: [rows] integers, of any size.
        count: rows of each class, at least 1.

    Returns:
        Indices [count · classes]; ``indices.reshape(count, classes)`` has one column per class.

    Raises:
        ValueError: labels that are empty or not a vector of integers; a count that is not an integer of at least 1; a
            class with fewer rows, which is named.

    Example:
        >>> first_per_class([1, 1, 0, 0, 1, 0], 2)
        array([2, 0, 3, 1])

    Source: Watanabe 2018, section 4.1 (order of the MNIST samples in the online training).
    """
    labels = as_numpy("labels", labels)
    if labels.ndim != 1 or labels.size == 0 or labels.dtype.kind not in "iu":
        raise ValueError(f"labels: found {describe(labels)}, wanted whole numbers [rows]")
    count = as_count("count", count)
    classes, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < count:
        smallest = sizes.argmin()
        raise ValueError(f"count: found {sizes[smallest]} rows of class {classes[smallest]}, wanted {count}")
    return np.stack([np.flatnonzero(labels == label)[:count] for label in classes], axis=1).ravel()
