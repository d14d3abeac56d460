"""Max pooling whose gradient costs no more than the pooling."""

from collections.abc import Sequence
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped

from interp_jax._checks import Given, as_counts, check_choice
from interp_jax.networks._rows import as_floating


def max_pool(
    x: Given[Array | np.ndarray, "rows height width channels"],
    window_shape: Sequence[int] = (2, 2),
    strides: Sequence[int] | None = None,
    padding: str = "VALID",
) -> Shaped[Array, "rows places_down places_across channels"]:
    """The greatest value in every window of an image, equal to ``flax.nnx.max_pool``.

    Traceable. Computed as a maximum over shifted images, first along the height and then along the width: XLA's CPU
    code for the gradient of a windowed maximum is 20 times slower. Equal values of a window share the gradient, which
    Flax gives to the first. NaN in a window gives NaN.

    Args:
        x: [rows, height, width, channels]; integers and bool become float32.
        window_shape: height and width of a window.
        strides: steps from one window to the next; by default the window's size.
        padding: "VALID", or "SAME" for as many windows as steps fit, rounded up.

    Raises:
        ValueError: an argument other than Args says, or a window larger than the image.

    Example:
        >>> max_pool(jnp.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
        Array([[ 5.,  7.],
               [13., 15.]], dtype=float32)
    """
    x = as_floating("x", x, ["rows", "height", "width", "channels"])
    window_shape = as_counts("window_shape", window_shape, length=2)
    strides = window_shape if strides is None else as_counts("strides", strides, length=2)
    check_choice("padding", padding, ("VALID", "SAME"))
    pads = jax.lax.padtype_to_pads(x.shape[1:3], window_shape, strides, padding)
    if any(sum(pad) for pad in pads):
        x = jnp.pad(x, [(0, 0), *pads, (0, 0)], constant_values=-jnp.inf)
    places = [
        (size - window) // step + 1 for size, window, step in zip(x.shape[1:3], window_shape, strides, strict=True)
    ]
    if min(places) < 1:
        raise ValueError(f"x: found images {list(x.shape[1:3])}, wanted at least a window, {list(window_shape)}")

    def along(axis, x):
        window, step, end = window_shape[axis], strides[axis], (places[axis] - 1) * strides[axis] + 1
        parts = [jax.lax.slice_in_dim(x, first, first + end, step, axis=1 + axis) for first in range(window)]
        return reduce(jnp.maximum, parts)

    return along(1, along(0, x))
