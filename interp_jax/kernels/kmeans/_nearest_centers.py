"""The nearest of a few centers, for every row and lane."""

import jax
import jax.numpy as jnp


def scores(x, centers):
    """‖x − μ‖² − ‖x‖² [lanes, k, size]: the rows last, so that what is done for each center runs along them."""
    lanes, k, features = centers.shape
    products = jnp.matmul(centers.reshape(lanes * k, features), x.T, precision=jax.lax.Precision.HIGHEST)
    return jnp.sum(centers**2, axis=-1)[..., None] - 2 * products.reshape(lanes, k, -1)


def nearest(batch, centers):
    """The first of the nearest centers, and its score, [lanes, size] each."""
    found = scores(batch.x, centers)
    return jax.lax.argmin(found, 1, jnp.int32), jnp.min(found, axis=1)


def center_numbers(k):
    """[1, k, 1]."""
    return jnp.arange(k, dtype=jnp.int32)[None, :, None]
