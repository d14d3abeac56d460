"""Python, NumPy and JAX values as what strict JSON can hold."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def significant(value: float, digits: int) -> float | None:
    """Round to significant digits; NaN and infinity, which JSON lacks, become None.

    >>> significant(0.12345678, 3), significant(-0.0, 3), significant(float("nan"), 3)
    (0.123, 0.0, None)

    Args:
        value: any float.
        digits: significant digits kept.

    Returns:
        The rounded number, or None.
    """
    if not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}") + 0.0  # -0.0 and 0.0 are one number and get one spelling


def to_json(value: Any, name: str, digits: int | None = None) -> Any:
    """Convert nested values to the dicts, lists, strings and numbers of strict JSON.

    >>> import numpy as np
    >>> to_json({"loss": np.float32(0.1), "layers": (1, 2), 3: np.array([1.0, np.nan])}, "metrics", digits=6)
    {'loss': 0.1, 'layers': [1, 2], '3': [1.0, None]}

    Args:
        value: mappings, lists, tuples, strings, numbers, None, NumPy or JAX scalars and arrays, nested at will.
        name: what the caller calls the value, for messages.
        digits: significant digits of floats, NaN and infinity becoming None; None keeps every digit and refuses
            NaN and infinity, so that two different settings can never be stored as the same null.

    Returns:
        The converted value; keys are strings, tuples and arrays are lists.

    Raises:
        TypeError: a value or key has another type.
        ValueError: two keys are spelled alike, or ``digits`` is None and a float is not finite.
    """
    if value is None or isinstance(value, str | bool):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _number(float(value), name, digits)
    if isinstance(value, Mapping):
        return _mapping(value, name, digits)
    if isinstance(value, list | tuple):
        return [to_json(item, f"{name}[{index}]", digits) for index, item in enumerate(value)]
    if isinstance(value, np.ndarray | np.generic) or hasattr(value, "__array__"):
        return to_json(_plain(np.asarray(value), name), name, digits)
    raise TypeError(f"{name} must be a mapping, list, string, number, array or None, found {type(value).__name__}")


def _number(value: float, name: str, digits: int | None) -> float | None:
    if digits is not None:
        return significant(value, digits)
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, found {value}; pass None or a string instead")
    return value


def _mapping(value: Mapping, name: str, digits: int | None) -> dict[str, Any]:
    converted = {}
    for key, item in value.items():
        if not isinstance(key, str | int | np.integer):
            raise TypeError(f"the keys of {name} must be strings or integers, found {key!r}")
        if str(key) in converted:
            raise ValueError(f"the keys of {name} must differ as strings, found {str(key)!r} twice")
        converted[str(key)] = to_json(item, f"{name}[{str(key)!r}]", digits)
    return converted


def _plain(array: np.ndarray, name: str) -> Any:
    """The array as Python numbers; long doubles and JAX's small floats (bfloat16, float8) have no Python type."""
    if array.dtype.kind == "f" or (array.dtype.kind == "V" and array.dtype.names is None):
        array = array.astype(np.float64)
    if array.dtype.kind not in "biufU":
        raise TypeError(f"{name} must hold real numbers or strings, found an array of {array.dtype}")
    return array.tolist()
