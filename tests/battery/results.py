"""The numbers of any result, and whether those of two results are the same."""

import contextlib
import dataclasses
import inspect
from typing import Any

import jax
import numpy as np
from flax import nnx
from matplotlib.figure import Figure


def numbers(result: Any, depth: int = 6) -> list[np.ndarray]:
    """All numbers of a result in the order of its parts; of a figure those that it shows."""
    if depth == 0 or result is None or isinstance(result, str | bytes):
        return []
    if isinstance(result, bool | int | float | complex | np.generic | np.ndarray | jax.Array):
        return _array(result)
    if isinstance(result, Figure):
        return _drawn(result)
    if isinstance(result, nnx.Module):
        return _leaves(nnx.state(result), depth)
    if isinstance(result, dict):
        return [part for value in result.values() for part in numbers(value, depth - 1)]
    if isinstance(result, list | tuple):
        return [part for value in result for part in numbers(value, depth - 1)]
    if dataclasses.is_dataclass(result) and not inspect.isclass(result):
        parts = [getattr(result, field.name) for field in dataclasses.fields(result)]
        return [part for value in parts for part in numbers(value, depth - 1)]
    return _leaves(result, depth)


def finite(result: Any) -> bool:
    """Whether none of its numbers is NaN or infinite."""
    return all(np.isfinite(_wide(part)).all() for part in numbers(result))


def difference(found: Any, wanted: Any, digits: float = 1e-4) -> str | None:
    """What differs between two results beyond rounding to these digits, in words; None where nothing does."""
    found, wanted = numbers(found), numbers(wanted)
    if len(found) != len(wanted):
        return f"{len(found)} arrays for {len(wanted)}"
    for place, (one, other) in enumerate(zip(found, wanted, strict=True)):
        if one.shape != other.shape:
            return f"array {place}: shape {one.shape} for {other.shape}"
        a, b = _wide(one), _wide(other)
        scale = np.abs(b[np.isfinite(b)]).max(initial=0.0)
        # What a layer gives in half precision has its digits.
        rounding = digits if one.dtype.itemsize > 2 or one.dtype.kind in "iub" else 2e-2
        if not np.allclose(a, b, rtol=rounding, atol=rounding * scale + 1e-30, equal_nan=True):
            with np.errstate(invalid="ignore"):
                return f"array {place}: differs by up to {np.nanmax(np.abs(a - b)):.3g} of {scale:.3g}"
    return None


def _array(value):
    with contextlib.suppress(TypeError, ValueError):
        if isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
            value = jax.random.key_data(value)
        value = np.asarray(value)
        _wide(value)
        return [value] if value.dtype.kind not in "OUS" else []
    return []


def _wide(value):
    return value.astype(np.complex128 if value.dtype.kind == "c" else np.float64)


def _leaves(tree, depth):
    parts = [leaf for leaf in jax.tree.leaves(tree) if isinstance(leaf, jax.Array | np.ndarray)]
    return [part for value in parts for part in numbers(value, depth - 1)]


def _drawn(figure):
    found = []
    for axes in figure.axes:
        found += [np.asarray(line.get_xydata(), np.float64) for line in axes.lines]
        found += [np.ma.filled(np.ma.asarray(image.get_array(), np.float64), 0.0) for image in axes.images]
    # A gap in a curve is no number that went wrong.
    return [np.nan_to_num(part) for part in found]
