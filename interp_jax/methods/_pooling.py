"""Hidden layers with positions, such as time or height and width, as rows of units."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from interp_jax._checks import as_numpy, as_real, check_choice, check_shape

POOLS = ("mean", "max")


def check_pool(pool: Any) -> None:
    """Refuses what is neither None nor a way of pooling.

    Example:
        >>> check_pool("median")
        Traceback (most recent call last):
        ...
        ValueError: pool: found 'median', wanted one of 'mean', 'max', or None for a unit per position
    """
    if pool is None:
        return
    try:
        check_choice("pool", pool, POOLS)
    except ValueError as error:
        raise ValueError(f"{error}, or None for a unit per position") from None


def pooled(name: str, hidden: Any, pool: str | None) -> Array | np.ndarray:
    """A hidden layer [rows, …, units] as [rows, units], or with None as [rows, positions · units], positions first.

    Traceable; NumPy's arrays stay in NumPy, and float64 stays float64 there. "mean": how active a unit is on average,
    wherever that is. "max": whether it is active anywhere. None: the same unit at two positions is two units. Where
    there are no positions all three are the same. A NaN makes its row's unit NaN.

    Args:
        name: the argument named in errors.
        hidden: [rows, …, units]; half precision and, but for "max" and None of NumPy, integers become floats.
        pool: "mean", "max" or None.

    Raises:
        ValueError: an unknown pool, or an array that is not real or lacks units.

    Example:
        >>> layer = np.array([[[1.0, 0.0], [3.0, 0.0]]])
        >>> [pooled("hidden", layer, pool).tolist() for pool in ("mean", "max", None)]
        [[[2.0, 0.0]], [[3.0, 0.0]], [[1.0, 0.0, 3.0, 0.0]]]
    """
    check_pool(pool)
    on_host = not isinstance(hidden, jax.Array)
    layer: Any = as_numpy(name, hidden) if on_host else as_real(name, hidden)
    check_shape(name, layer, [None, "…", "units"])
    places = tuple(range(1, layer.ndim - 1))
    if not places:
        return layer
    if pool is None:
        return layer.reshape(len(layer), math.prod(layer.shape[1:]))
    if pool == "max":
        return layer.max(axis=places)
    return np.asarray(np.mean(layer, axis=places, dtype=np.float64)) if on_host else jnp.mean(layer, axis=places)
