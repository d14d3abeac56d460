"""Rows as unit vectors."""

import jax.numpy as jnp


def directions(x, *, centered):
    """Unit vectors [rows, features] and which rows have one; may be traced.

    With ``centered`` each row's mean is subtracted. Zero vectors (then rows whose features are all equal) have no
    direction and are zero.
    """
    if centered:
        # Half of the extremes' sum is exact for equal ones, so that constant rows become zero; the offset goes first.
        x = x - (jnp.max(x, axis=1, keepdims=True) / 2 + jnp.min(x, axis=1, keepdims=True) / 2)
    largest = jnp.max(jnp.abs(x), axis=1, keepdims=True)
    x = x / jnp.where(largest == 0, 1, largest)
    if centered:
        x = x - jnp.mean(x, axis=1, keepdims=True)
    norms = jnp.linalg.norm(x, axis=1, keepdims=True)
    # NaN is not equal to 0, so that it stays visible.
    return x / jnp.where(norms == 0, 1, norms), norms[:, 0] != 0
