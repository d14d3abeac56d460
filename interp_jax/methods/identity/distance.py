"""The distance of a network's weights from the identity."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from interp_jax._checks import Given, as_numpy, as_real, check_number, is_traced
from interp_jax.kernels.dirac import dirac


def distance_to_identity(
    kernels: Given[Array | np.ndarray, "layers *sides width width"], *, scale: float = 1.0
) -> Float[Array, " layers"]:
    """The distance of each layer's weights from the identity, relative to the identity's norm, [layers].

        ‖s W_l − I‖_F / ‖I‖_F

    0 at an identity start with s = 1, else |s − 1|; about √2 for orthogonal or Glorot weights, which have the
    identity's norm but are unrelated to it. For convolutions I is the Dirac kernel: 1 in the middle, from each channel
    to itself.

    Traceable. NumPy's float64 is compared with the identity before the cast to float32. A layer with NaN or infinity
    gives NaN.

    Args:
        kernels: [layers, width, width], or [layers, height, width, channels, channels] with odd sides.
        scale: s, the network's factor on its sums.

    Raises:
        ValueError: kernels that are not real, not square, or have even sides, or a scale that is not finite.

    Example:
        >>> distance_to_identity(jnp.stack([jnp.eye(4), 1.5 * jnp.eye(4)]))
        Array([0. , 0.5], dtype=float32)

    Source: the closeness of weights to the identity, central to arXiv:2102.13333 (abstract); the measure is ours.
    """
    check_number("scale", scale)
    wide = not isinstance(kernels, jax.Array)
    kernels = as_numpy("kernels", kernels) if wide else as_real("kernels", kernels)
    *sides, before, after = kernels.shape[1:] if kernels.ndim in (3, 5) else (0, 0, 0)
    if not kernels.size or before != after or any(side % 2 == 0 for side in sides):
        wanted = "[layers, width, width] or [layers, height, width, channels, channels] with odd sides"
        raise ValueError(f"kernels: found shape [{', '.join(map(str, kernels.shape))}], wanted {wanted}")
    if wide and kernels.itemsize == 8 and not is_traced(scale):
        # float32 has no digits for a small distance from 1.
        middle = tuple(side // 2 for side in sides)
        departure = float(scale) * kernels.astype(np.float64)
        departure[(slice(None), *middle)] -= np.eye(before)[None]
        departure = as_real("kernels", departure)
    else:
        kernels = as_real("kernels", kernels)
        departure = scale * kernels - dirac(kernels.shape[1:], kernels.dtype)[None]
    rows = departure.reshape(len(departure), -1)
    # A power of two costs no digits and keeps squares in range.
    _, exponent = jnp.frexp(jnp.max(jnp.abs(rows), axis=1))
    sums = jnp.sum(jnp.ldexp(rows, -exponent[:, None]) ** 2, axis=1)
    return jnp.ldexp(jnp.sqrt(sums / before), exponent)
