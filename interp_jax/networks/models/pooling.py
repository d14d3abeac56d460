"""Max pooling whose gradient costs no more than the pooling."""

from collections.abc import Sequence
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def max_pool(
    x: Float[Array | np.ndarray, "..."],
    window_shape: Sequence[int] = (2, 2),
    strides: Sequence[int] | None = None,
    padding: str = "VALID",
) -> Float[Array, "rows places_down places_across channels"]:
    """The greatest value in every window of an image, as ``flax.nnx.max_pool`` gives it. Traceable.

    Taken as the maximum of as many shifted images as a window is high, then of as many as it is wide. XLA's CPU code
    for the gradient of a windowed maximum is 20 times slower. Equal values of a window share the gradient; elsewhere
    the first one gets it.

    Args:
        x: the images.
        window_shape: height and width of a window.
        strides: steps from one window to the next; the window's own size by default.
        padding: "VALID", or "SAME" for as many windows as steps fit, rounded up.

    Raises:
        ValueError: x that is not [rows, height, width, channels], an unknown padding, or a window that fits nowhere.

    Example:
        >>> max_pool(jnp.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
        Array([[ 5.,  7.],
               [13., 15.]], dtype=float32)
    """
    x = jnp.asarray(x)
    strides = window_shape if strides is None else strides
    if x.ndim != 4:
        raise ValueError(f"x: found shape {x.shape}, wanted [rows, height, width, channels]")
    if padding not in ("VALID", "SAME"):
        raise ValueError(f"padding: found {padding!r}, wanted 'VALID' or 'SAME'")
    pads = jax.lax.padtype_to_pads(x.shape[1:3], window_shape, strides, padding)
    if any(sum(pad) for pad in pads):
        x = jnp.pad(x, [(0, 0), *pads, (0, 0)], constant_values=-jnp.inf)
    places = [
        (size - window) // step + 1 for size, window, step in zip(x.shape[1:3], window_shape, strides, strict=True)
    ]
    if min(places) < 1:
        raise ValueError(f"x: found images of {x.shape[1:3]}, wanted at least a window, {tuple(window_shape)}")

    def along(axis, x):
        window, step, end = window_shape[axis], strides[axis], (places[axis] - 1) * strides[axis] + 1
        parts = [jax.lax.slice_in_dim(x, first, first + end, step, axis=1 + axis) for first in range(window)]
        return reduce(jnp.maximum, parts)

    return along(1, along(0, x))
