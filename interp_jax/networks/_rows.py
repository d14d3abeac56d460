"""Checks of the rows given to a network: no integer wraps around, and rows that it does not take are named."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from interp_jax._checks import as_numpy, as_real, check_shape, describe


def as_rows(name: str, values: Any, shape=None) -> Array:
    """The rows as a JAX array. Floating JAX arrays and integers that fit into 32 bits keep their type.

    Larger integers and NumPy's floating types become float32, as by `as_real`.

    >>> as_rows("x", np.array([[2**32]])).tolist(), as_rows("x", [[1, 2]]).dtype
    ([[4294967296.0]], dtype('int32'))
    """
    if isinstance(values, jax.Array):
        if not any(jnp.issubdtype(values.dtype, kind) for kind in (jnp.floating, jnp.integer, jnp.bool_)):
            raise ValueError(f"{name}: found {describe(values)}, wanted real numbers")
        check_shape(name, values, shape)
        return values
    values = as_numpy(name, values, shape=shape)
    if values.dtype.kind == "f":
        return as_real(name, values)
    limits = np.iinfo(np.int32)
    if values.dtype.itemsize > 4 and values.size and (values.min() < limits.min or values.max() > limits.max):
        return as_real(name, values)
    return jnp.asarray(values)


def as_floating(name: str, values: Any, shape=None) -> Array:
    """The values as by `as_rows`, but integers and bool as float32, for layers that compute."""
    values = as_rows(name, values, shape)
    return values if jnp.issubdtype(values.dtype, jnp.floating) else values.astype(jnp.float32)


def abstract_scores(network: Callable, rows: Any, *first: Any, name: str = "inputs", hint: str = "") -> Any:
    """Shape and type of ``network(*first, rows)``; nothing is computed.

    Raises:
        ValueError: rows that the network does not take.
    """
    try:
        return jax.eval_shape(network, *first, rows)
    except Exception as error:
        found = ", ".join(f"{leaf.dtype} {list(leaf.shape)}" for leaf in jax.tree.leaves(rows))
        raise ValueError(f"{name}: found {found}, wanted rows that the network takes{hint}: {error}") from error
