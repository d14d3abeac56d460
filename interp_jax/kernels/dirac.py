"""Weights that pass on what they are given."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from interp_jax._checks import as_counts


def dirac(shape: Sequence[int], dtype=jnp.float32) -> Float[Array, "*shape"]:
    """The identity matrix [width, width], or the Dirac kernel of a convolution: the identity at its middle.

    Traceable.

    Args:
        shape: (*sides, inputs, outputs), no sides for a matrix. Where inputs and outputs differ, ones are on the
            diagonal as far as it goes.
        dtype: of the weights.

    Raises:
        ValueError: fewer than two sizes, or sizes below one.

    Example:
        >>> dirac((2, 2)).tolist(), dirac((3, 1, 1)).ravel().tolist()
        ([[1.0, 0.0], [0.0, 1.0]], [0.0, 1.0, 0.0])

    Source: Zagoruyko & Komodakis 2017, arXiv:1706.00388, section 3.
    """
    shape = as_counts("shape", shape)
    if len(shape) < 2:
        raise ValueError(f"shape: found {shape}, wanted (*sides, inputs, outputs)")
    middle = tuple(side // 2 for side in shape[:-2])
    return jnp.zeros(shape, dtype).at[middle].set(jnp.eye(*shape[-2:], dtype=dtype))
