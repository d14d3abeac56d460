"""Local response normalization of feature maps."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped

from interp_jax._checks import as_count, as_counts, as_labels, check_number
from interp_jax.networks._rows import as_floating

# The greatest distance of neighbors by default.
RADIUS = 4


def local_response_norm(
    x: Shaped[Array | np.ndarray, "rows *features channels"],
    *,
    radius: int = RADIUS,
    bias: float = 1.0,
    alpha: float = 0.001 / 9,
    beta: float = 0.75,
    places: Sequence[int] | Array | np.ndarray | None = None,
    outputs: Sequence[int] | np.ndarray | None = None,
) -> Shaped[Array, "rows *features outputs"]:
    """Every value divided by a power of its neighboring channels' energy at the same position.

        y_i = x_i / (bias + α Σ_{|j − i| ≤ radius} x_j²)^β

    Traceable. Energies are summed in float32, also for half-precision values; the result has their type. Where an
    energy is beyond float32 (|x| above 1e19) the result is 0; NaN spreads to its neighbors.

    Args:
        x: […, channels]; integers and bool become float32.
        radius: the greatest distance of neighbors, 0 for a channel by itself.
        bias: above 0.
        alpha: weight of the energy, at least 0.
        beta: the power.
        places: [channels] the index i of each channel, by default 0, 1, …; with gaps where channels were cut out. A JAX
            array may be traced, in any order.
        outputs: the indices of the channels to return, by default all; if given, it and ``places`` are ascending
            integers known before tracing.

    Raises:
        ValueError: an argument other than Args says.

    Example:
        >>> local_response_norm(jnp.array([[1.0, 0.0]]), radius=0, alpha=1.0, beta=1.0)
        Array([[0.5, 0. ]], dtype=float32)

    Source: Krizhevsky, Sutskever & Hinton 2012, section 3.3, with the constants of TensorFlow's tutorial.
    """
    x = as_floating("x", x, ["…", "channels"])
    radius, channels = as_count("radius", radius, least=0), x.shape[-1]
    check_number("bias", bias, above=0)
    check_number("alpha", alpha, least=0)
    check_number("beta", beta)
    if isinstance(places, jax.Array):
        places = as_labels("places", places, rows=channels)
        if outputs is not None:
            raise ValueError("outputs: found places in a JAX array, wanted whole numbers known before tracing")
    else:
        places = np.array(range(channels) if places is None else as_counts("places", places, least=0, length=channels))
    wanted = places if outputs is None else np.array(as_counts("outputs", outputs, least=0))
    if outputs is not None:
        ascending = _is_ascending(places) and _is_ascending(wanted)
        if not (ascending and set(outputs) <= set(places.tolist())):
            raise ValueError(f"outputs: found {outputs}, wanted some of the places {places.tolist()}, both ascending")
    # A product with a band of ones: several times faster than a windowed sum over the last axis.
    wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    near = jnp.asarray(abs(places[:, None] - wanted[None]) <= radius, wide.dtype)
    scale = (bias + alpha * jnp.matmul(wide * wide, near, precision="highest")) ** -beta
    return ((wide if outputs is None else wide[..., np.searchsorted(places, wanted)]) * scale).astype(x.dtype)


def _is_ascending(numbers):
    return bool(np.all(np.diff(numbers) > 0))
