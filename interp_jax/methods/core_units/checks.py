"""What the functions that loop on the host refuse."""

import jax.numpy as jnp
import numpy as np


def check_rows(hidden, predictions):
    """The hidden layer and the predictions, once they fit each other and are numbers.

    Raises:
        ValueError: no rows, NaN or infinity, or predictions that are not one whole number a row.
    """
    hidden, predictions = jnp.asarray(hidden), np.asarray(predictions)
    if hidden.ndim < 2 or not len(hidden):
        raise ValueError(f"hidden: found shape {hidden.shape}, wanted [rows, …, units] with at least one row")
    if predictions.shape != hidden.shape[:1] or not np.issubdtype(predictions.dtype, np.integer):
        found = f"{predictions.dtype} of shape {predictions.shape}"
        raise ValueError(f"predictions: found {found}, wanted whole numbers of shape {hidden.shape[:1]}")
    if not bool(jnp.isfinite(hidden).all()):
        raise ValueError("hidden: found NaN or infinity, wanted finite numbers")
    return hidden, predictions
