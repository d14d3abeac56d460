"""Units in which squares of float32 neither overflow nor vanish."""

import jax
import jax.numpy as jnp


def power_of_two(largest):
    """The power of two near these magnitudes, by which division is exact; 1 for 0, NaN and infinity. Traceable."""
    _, exponent = jnp.frexp(jax.lax.stop_gradient(largest))
    unit = jnp.ldexp(jnp.ones_like(largest), exponent - 1)
    return jnp.where(jnp.isfinite(largest) & (unit > 0), unit, 1)
