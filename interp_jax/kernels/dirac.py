"""Weights of the identity."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from interp_jax._checks import Given, as_counts, as_float_type


def dirac(shape: Sequence[int], dtype: Given[DTypeLike, "floating"] = jnp.float32) -> Float[Array, "*shape"]:
    """The identity matrix, or the Dirac kernel of a convolution: the identity at its middle tap, zeros elsewhere.

        inputs · dirac = inputs

    Traceable. Memory: the weights.

    Args:
        shape: (*sides, inputs, outputs), no sides for a matrix. If inputs and outputs differ, ones are on the main
            diagonal.
        dtype: type of the weights.

    Raises:
        ValueError: fewer than two sizes, sizes that are not integers of at least 1, or a dtype that is not floating.

    Example:
        >>> dirac((2, 2)).tolist(), dirac((3, 1, 1)).ravel().tolist()
        ([[1.0, 0.0], [0.0, 1.0]], [0.0, 1.0, 0.0])

    Source: Zagoruyko & Komodakis 2017, arXiv:1706.00388, section 3.
    """
    shape, dtype = as_counts("shape", shape), as_float_type("dtype", dtype)
    if len(shape) < 2:
        raise ValueError(f"shape: found {shape}, wanted at least two sizes (*sides, inputs, outputs)")
    middle = tuple(side // 2 for side in shape[:-2])
    return jnp.zeros(shape, dtype).at[middle].set(jnp.eye(*shape[-2:], dtype=dtype))
