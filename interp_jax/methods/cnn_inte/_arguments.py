"""What `fit` is given, checked."""

import math
from collections.abc import Mapping, Sequence

import numpy as np


def check_counts(counts: Mapping[str, int], least: int = 1) -> None:
    """Refuses counts that are too small."""
    for name, count in counts.items():
        if count < least:
            raise ValueError(f"{name}: found {count}, wanted at least {least}")


def check_names(names: Mapping[str, tuple[str, Sequence[str]]]) -> None:
    """Refuses a name, the first of each pair, that is none of the second."""
    for argument, (found, known) in names.items():
        if found not in known:
            raise ValueError(f"{argument}: found {found!r}, wanted one of {', '.join(map(repr, known))}")


def checked_rows(inputs, hidden, labels):
    """Inputs and activations as flat rows of float32, and the labels."""
    inputs, hidden, labels = (np.asarray(each) for each in (inputs, hidden, labels))
    if labels.ndim != 1 or len(labels) < 2 or not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0:
        found = f"{labels.dtype} of shape {labels.shape}"
        raise ValueError(f"labels: found {found}, wanted whole numbers from 0 up, [rows], at least two rows")
    if labels.min() == labels.max():
        raise ValueError(f"labels: found class {labels[0]} alone, wanted at least two classes")
    for name, values in (("inputs", inputs), ("hidden", hidden)):
        if values.ndim < 2 or len(values) != len(labels) or not values.size:
            raise ValueError(f"{name}: found shape {values.shape}, wanted [{len(labels)}, …] as of labels")
        if not np.all(np.isfinite(values)):
            raise ValueError(f"{name}: found NaN or infinity, wanted finite numbers")
    flat = (np.ascontiguousarray(values.reshape(len(values), -1), np.float32) for values in (inputs, hidden))
    return *flat, labels


def checked_width(name: str, values, width: int, *, exact: bool = True) -> np.ndarray:
    """Rows of float32, flat, of so many numbers, or of at least so many."""
    values = np.asarray(values)
    if (values.dtype != bool and not np.issubdtype(values.dtype, np.number)) or np.iscomplexobj(values):
        raise ValueError(f"{name}: found {values.dtype}, wanted real numbers")
    found = math.prod(values.shape[1:])
    if values.ndim < 2 or not len(values) or (found != width if exact else found < width):
        wanted = f"{'' if exact else 'at least '}{width} numbers a row, at least one row"
        raise ValueError(f"{name}: found shape {values.shape}, wanted {wanted}")
    with np.errstate(over="ignore"):
        values = values.reshape(len(values), -1).astype(np.float32)
    if not np.all(np.isfinite(values)):
        raise ValueError(f"{name}: found NaN or infinity as float32, wanted finite numbers")
    return values
