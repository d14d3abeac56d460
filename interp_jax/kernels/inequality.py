"""How unequally an amount is spread."""

import jax.numpy as jnp
from jaxtyping import Array, Float
from numpy.typing import ArrayLike

from interp_jax._checks import Given, as_real, check_not_negative
from interp_jax.kernels._scales import power_of_two


def gini(values: Given[ArrayLike, "rows"]) -> Float[Array, ""]:
    """The Gini coefficient of amounts: 0, up to rounding, if all are equal, 1 − 1/rows if one has everything.

        G = Σ_i Σ_j |x_i − x_j| / (2 n Σ_i x_i)

    Traceable. Time: a sort.

    Args:
        values: [rows] amounts, finite and at least 0; traced ones are not checked.

    Returns:
        A float32 scalar; 0 if all amounts are 0. Traced NaN and infinity make it NaN.

    Raises:
        ValueError: amounts that are not real numbers [rows] with at least one row, below 0, NaN or infinite.

    Example:
        >>> float(gini([1, 1, 1, 1])), float(gini([0, 0, 0, 5]))
        (0.0, 0.75)
    """
    amounts = as_real("values", values, shape=["rows"])
    check_not_negative("values", amounts)
    amounts = jnp.sort(amounts)
    amounts = amounts / power_of_two(amounts[-1])
    rows, total = len(amounts), jnp.sum(amounts)
    ranks = (2 * jnp.arange(1, rows + 1) - rows - 1).astype(amounts.dtype)
    unequal = jnp.sum(ranks * amounts) / (rows * jnp.where(total == 0, 1, total))
    return jnp.where(total == 0, total, jnp.maximum(unequal, 0))
