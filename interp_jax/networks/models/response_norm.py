"""Local response normalization: every value divided by a power of its neighboring channels' energy."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

# How far apart the neighbors of response normalization are at most, by default.
RADIUS = 4


def local_response_norm(
    x: Float[Array | np.ndarray, "rows *features channels"],
    *,
    radius: int = RADIUS,
    bias: float = 1.0,
    alpha: float = 0.001 / 9,
    beta: float = 0.75,
    places: Sequence[int] | Array | None = None,
    kept: Sequence[int] | None = None,
) -> Float[Array, "rows *features kept"]:
    """Every value divided by a power of its neighboring channels' energy at the same place.

        y_i = x_i / (bias + α Σ_{|j − i| ≤ radius} x_j²)^β

    Traceable; channels are the last axis.

    Args:
        x: the values.
        radius: how far apart neighbors are at most.
        bias: > 0.
        alpha: weight of the energy.
        beta: the power.
        places: the channels' places i, by default 0, 1, …; where channels were cut out they have gaps. An array may
            be traced, in any order.
        kept: the channels to give back by their places, ascending as the places then have to be, by default all.

    Example:
        >>> local_response_norm(jnp.array([[1.0, 0.0]]), radius=0, alpha=1.0, beta=1.0)
        Array([[0.5, 0. ]], dtype=float32)

    Source: Krizhevsky, Sutskever & Hinton 2012, section 3.3, with the constants of TensorFlow's tutorial.
    """
    x = jnp.asarray(x)
    if not isinstance(places, jax.Array):
        places = np.arange(x.shape[-1]) if places is None else np.asarray(places)
    wanted = places if kept is None else np.asarray(kept)
    # A product with a band of ones: several times faster than a windowed sum over the last axis.
    near = jnp.asarray(abs(places[:, None] - wanted[None]) <= radius, x.dtype)
    scale = (bias + alpha * jnp.matmul(x * x, near, precision="highest")) ** -beta
    return (x if kept is None else x[..., np.searchsorted(places, wanted)]) * scale
