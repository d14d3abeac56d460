"""How far estimated positions lie from the true ones."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped


class LocationErrors(NamedTuple):
    """Mean absolute and root mean square error, over all rows and over the rows that err least, in positions."""

    l1: Float[Array, ""]
    l2: Float[Array, ""]
    l1_best: Float[Array, ""]
    l2_best: Float[Array, ""]


def location_errors(
    predicted: Shaped[Array | np.ndarray, " rows"], true: Shaped[Array | np.ndarray, " rows"], *, best: float = 0.99
) -> LocationErrors:
    """L1 and L2 errors of positions, also over the ``best`` share of rows.

        L1 = mean |t̂ − t|,   L2 = √ mean (t̂ − t)²

    Traceable. The thesis calls the second pair "99 percentile": the ⌊best · rows⌋ rows of least error, at least one.

    Args:
        predicted: estimated positions, whole or fractional.
        true: the true positions.
        best: share of rows kept for the second pair, in (0, 1].

    Raises:
        ValueError: no rows, shapes that differ, or best outside (0, 1].

    Example:
        >>> import jax.numpy as jnp
        >>> errors = location_errors(jnp.array([21, 25, 80]), jnp.array([21, 24, 77]), best=0.67)
        >>> float(errors.l1_best)
        0.5

    Source: Chen 2017, section 3.2.3.
    """
    predicted, true = jnp.asarray(predicted), jnp.asarray(true)
    if predicted.shape[0] == 0:
        raise ValueError("predicted: found no rows, wanted at least one")
    if predicted.shape != true.shape:
        raise ValueError(f"predicted: found shape {predicted.shape}, wanted {true.shape} as in true")
    if not 0 < best <= 1:
        raise ValueError(f"best: found {best}, wanted a share in (0, 1]")
    absolute = jnp.sort(jnp.abs(predicted.astype(jnp.float32) - true.astype(jnp.float32)))
    kept = absolute[: max(1, int(best * absolute.shape[0]))]
    return LocationErrors(
        jnp.mean(absolute), jnp.sqrt(jnp.mean(absolute**2)), jnp.mean(kept), jnp.sqrt(jnp.mean(kept**2))
    )
