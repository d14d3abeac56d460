"""How far a network's weights have gone from the identity."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from interp_jax._checks import as_real
from interp_jax.kernels.dirac import dirac


def distance_to_identity(kernels: Shaped[Array | np.ndarray, "..."], *, scale: float = 1.0) -> Float[Array, " layers"]:
    """Distance of every layer's weights from the identity, relative to the identity's own size.

        ‖s W_l − I‖_F / ‖I‖_F

    0 at an identity start with s = 1, else |s − 1|; about √2 for orthogonal or Glorot weights, which are as large as
    the identity and have nothing to do with it. Of convolutions I is the Dirac kernel: 1 in the middle, from every
    channel to itself.

    Traceable.

    Args:
        kernels: [layers, width, width], or [layers, height, width, channels, channels] with odd sides.
        scale: s, which the network multiplies its sums with.

    Raises:
        ValueError: kernels that are not real, not square, or have even sides.

    Example:
        >>> import jax.numpy as jnp
        >>> distance_to_identity(jnp.stack([jnp.eye(4), 1.5 * jnp.eye(4)]))
        Array([0. , 0.5], dtype=float32)

    Source: the nearness of weights to the identity that arXiv:2102.13333 (abstract) rests on; the measure is ours.
    """
    kernels = as_real("kernels", kernels)
    *sides, before, after = kernels.shape[1:] if kernels.ndim in (3, 5) else (0, 0, 0)
    if not kernels.size or before != after or any(side % 2 == 0 for side in sides):
        wanted = "[layers, width, width] or [layers, height, width, channels, channels] with odd sides"
        raise ValueError(f"kernels: found shape {kernels.shape}, wanted {wanted}")
    kernels = kernels.astype(jnp.promote_types(kernels.dtype, jnp.float32))
    departure = scale * kernels - dirac(kernels.shape[1:], kernels.dtype)[None]
    return jnp.sqrt(jnp.sum(departure**2, axis=tuple(range(1, kernels.ndim))) / before)
