"""Differences of arrays that may be far from 0 and near each other."""

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax._checks import as_numpy, as_real


def difference(shape, **arrays):
    """The first of two arrays minus the second, as by `as_real`. Traceable.

    NumPy's arrays are subtracted in float64 before they become float32. Errors name the arrays by their keywords.
    """
    (name, a), (other, b) = arrays.items()
    on_host = not isinstance(a, jax.Array) and not isinstance(b, jax.Array)
    a, b = ((as_numpy if on_host else as_real)(each, values, shape=shape) for each, values in arrays.items())
    if a.shape != b.shape:
        raise ValueError(f"{other}: found shape {list(b.shape)}, wanted {list(a.shape)} as of {name}")
    if not on_host:
        wide = jnp.float64 if jnp.float64 in (a.dtype, b.dtype) else jnp.float32
        return a.astype(wide) - b.astype(wide)
    # Long doubles, on machines that have them, hold all 64-bit integers.
    wide = np.float64 if "f" in (a.dtype.kind, b.dtype.kind) else np.longdouble
    with np.errstate(invalid="ignore"):
        less = a.astype(wide) - b.astype(wide)
    try:
        return as_real(name, less)
    except ValueError:
        for each, values in ((name, a), (other, b)):  # one of them may be beyond float32 itself
            as_real(each, values)
        raise
