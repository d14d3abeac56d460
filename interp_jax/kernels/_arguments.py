"""What the kernels make of arguments that should be arrays of real numbers."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array


def as_real(name: str, values, as_array=jnp.asarray) -> Array | np.ndarray:
    """The values as an array, which may be traced; refused by name where they are no real numbers."""
    try:
        found = as_array(values)
    except (TypeError, ValueError) as error:
        kind = getattr(values, "dtype", type(values).__name__)
        raise ValueError(f"{name}: found {kind}, wanted an array of real numbers") from error
    if not any(jnp.issubdtype(found.dtype, kind) for kind in (jnp.floating, jnp.integer, jnp.bool_)):
        raise ValueError(f"{name}: found dtype {found.dtype}, wanted real numbers")
    return found
