"""Python, NumPy and JAX values as strict JSON."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from interp_jax._files import escaped


def significant(value: float, digits: int) -> float | None:
    """The number rounded to significant digits; None for NaN and infinity, which JSON lacks.

    Example:
        >>> significant(0.12345678, 3), significant(-0.0, 3), significant(float("nan"), 3)
        (0.123, 0.0, None)
    """
    if not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}") + 0.0  # -0.0 and 0.0 are equal and get one spelling


def to_json(value: Any, name: str, digits: int | None = None) -> Any:
    """Nested values as the dicts, lists, strings and numbers of strict JSON.

    Args:
        value: mappings, lists, tuples, strings, numbers, None, NumPy or JAX scalars and arrays, nested at will.
        name: the argument named in errors.
        digits: significant digits of floats, NaN and infinity becoming None; None keeps every digit and refuses
            NaN and infinity, so that different settings are never both stored as null.

    Returns:
        The converted value; keys are strings, tuples and arrays are lists, bytes that are not UTF-8 are escapes.

    Raises:
        TypeError: a value or key of another type.
        ValueError: two keys are equal as strings, or ``digits`` is None and a float is not finite.

    Example:
        >>> import numpy as np
        >>> to_json({"loss": np.float32(0.1), "layers": (1, 2), 3: np.array([1.0, np.nan])}, "metrics", digits=6)
        {'loss': 0.1, 'layers': [1, 2], '3': [1.0, None]}
    """
    if isinstance(value, str):
        return escaped(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _number(float(value), name, digits)
    if isinstance(value, Mapping):
        return _mapping(value, name, digits)
    if isinstance(value, list | tuple):
        return [to_json(item, f"{name}[{index}]", digits) for index, item in enumerate(value)]
    if isinstance(value, np.ndarray | np.generic) or hasattr(value, "__array__"):
        return to_json(plain(np.asarray(value), name), name, digits)
    wanted = "a mapping, list, string, number, array or None"
    raise TypeError(f"{name}: found {type(value).__name__}, wanted {wanted}")


def _number(value: float, name: str, digits: int | None) -> float | None:
    if digits is not None:
        return significant(value, digits)
    if not math.isfinite(value):
        raise ValueError(f"{name}: found {value}, wanted a finite number; pass None or a string instead")
    return value


def _mapping(value: Mapping, name: str, digits: int | None) -> dict[str, Any]:
    converted = {}
    for key, item in value.items():
        if not isinstance(key, str | int | np.integer):
            raise TypeError(f"{name}: found the key {key!r}, wanted strings or whole numbers")
        text = escaped(str(key))
        if text in converted:
            raise ValueError(f"{name}: found the key {text!r} twice, wanted keys that differ as text")
        converted[text] = to_json(item, f"{name}[{text!r}]", digits)
    return converted


def plain(array: np.ndarray, name: str) -> Any:
    """The array as Python numbers or strings, in nested lists unless it is a scalar."""
    # Long doubles and JAX's small floats (bfloat16, float8) have no Python type.
    if array.dtype.kind == "f" or (array.dtype.kind == "V" and array.dtype.names is None):
        array = array.astype(np.float64)
    if array.dtype.kind not in "biufU":
        raise TypeError(f"{name}: found an array of {array.dtype}, wanted real numbers or strings")
    return array.tolist()
