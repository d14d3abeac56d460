"""Arrays inside mappings, sequences and rows that users build: where the first one is, and another in its place."""

from typing import Any

import jax
import numpy as np


def is_array(value: Any) -> bool:
    """Whether a value is an array of either library, other than a random key."""
    if isinstance(value, jax.Array):
        return not jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key)
    return isinstance(value, np.ndarray)


def first_array(value: Any) -> tuple | None:
    """The path to the first array, () where the value is one itself, None where there is none."""
    if is_array(value):
        return ()
    for place, part in _parts(value):
        path = first_array(part)
        if path is not None:
            return (place, *path)
    return None


def taken(value: Any, path: tuple) -> Any:
    """What is at a path."""
    for place in path:
        value = dict(_parts(value))[place]
    return value


def replaced(value: Any, path: tuple, new: Any) -> Any:
    """The structure with something else at the path."""
    if not path:
        return new
    place, *rest = path
    inner = replaced(dict(_parts(value))[place], tuple(rest), new)
    if isinstance(value, dict):
        return {**value, place: inner}
    if hasattr(value, "_fields"):
        return value._replace(**{place: inner})
    return type(value)(inner if number == place else part for number, part in enumerate(value))


def _parts(value):
    if isinstance(value, dict):
        return list(value.items())
    # Rows of figures are built by users; other results are the package's own.
    if hasattr(value, "_fields") and type(value).__module__.startswith("interp_jax.figures"):
        return list(zip(value._fields, value, strict=True))
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return list(enumerate(value))
    return []
