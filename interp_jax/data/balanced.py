"""Which rows to take so that every class has the same number."""

import numpy as np
from jaxtyping import Int


def first_per_class(labels, count) -> Int[np.ndarray, " rows"]:
    """Indices of the first ``count`` rows of every class, the classes taking turns.

        z₁⁽¹⁾, …, z₁⁽ᶜ⁾, z₂⁽¹⁾, …    with z_i⁽ᶜ⁾ the i-th row of class c

    Host-level. Classes are the labels that occur, in ascending order.

    Args:
        labels: [rows] whole numbers.
        count: rows of each class.

    Returns:
        Indices [count · classes]; ``indices.reshape(count, classes)`` has a class a column.

    Raises:
        ValueError: labels that are empty or no vector of whole numbers; a count below one or not whole; a class with
            fewer rows, which it names.

    Example:
        >>> first_per_class([1, 1, 0, 0, 1, 0], 2)
        array([2, 0, 3, 1])

    Source: Watanabe 2018, section 4.1 (order of the MNIST samples in the online training).
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.size == 0 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels: found {labels.dtype} of shape {labels.shape}, wanted whole numbers [rows]")
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise ValueError(f"count: found {count!r}, wanted a whole number of at least 1")
    classes, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < count:
        smallest = sizes.argmin()
        raise ValueError(f"count: found {sizes[smallest]} rows of class {classes[smallest]}, wanted {count}")
    return np.stack([np.flatnonzero(labels == label)[:count] for label in classes], axis=1).ravel()
