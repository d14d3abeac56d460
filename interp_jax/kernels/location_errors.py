"""Errors of estimated positions."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from interp_jax._checks import check_number, is_traced
from interp_jax._readable import readable
from interp_jax.kernels._differences import difference
from interp_jax.kernels._scales import power_of_two


@readable()
class LocationErrors(NamedTuple):
    """Mean absolute and root mean square error, over all rows and over those of least error, in samples."""

    l1: Float[Array, ""]
    l2: Float[Array, ""]
    l1_best: Float[Array, ""]
    l2_best: Float[Array, ""]

    def _finding(self) -> str | None:
        if np.ndim(self.l1):
            return None
        return (
            f"mean absolute error {float(self.l1):.4g} samples, root mean square {float(self.l2):.4g}; "
            f"over the rows of least error {float(self.l1_best):.4g} and {float(self.l2_best):.4g}"
        )


def location_errors(
    predicted: Shaped[Array | np.ndarray, " rows"], true: Shaped[Array | np.ndarray, " rows"], *, best: float = 0.99
) -> LocationErrors:
    """Mean absolute and root mean square errors of positions, over all rows and over the ``best`` share of them.

        L1 = mean |t̂ − t|,   L2 = √ mean (t̂ − t)²

    Traceable. Time: a sort of the rows. The thesis calls the second pair "99 percentile": the ⌊best · rows⌋ rows of
    least error, at least one.

    Args:
        predicted: [rows] estimated positions, integers or not, in samples.
        true: [rows] the true positions. If both are NumPy arrays they are subtracted before they become float32.
        best: share of rows in the second pair, in (0, 1], static.

    Returns:
        `LocationErrors`, four scalars. NaN in any row makes the first pair NaN, and the second if it includes such a
        row; infinite errors likewise make them infinite or NaN.

    Raises:
        ValueError: positions that are not real numbers [rows] with at least one row, shapes that differ, or best
            outside (0, 1].

    Example:
        >>> import jax.numpy as jnp
        >>> errors = location_errors(jnp.array([21, 25, 80]), jnp.array([21, 24, 77]), best=0.67)
        >>> float(errors.l1_best)
        0.5

    Source: Chen 2017, section 3.2.3.
    """
    errors = jnp.sort(jnp.abs(difference(["rows"], predicted=predicted, true=true)))
    if is_traced(best):
        raise ValueError("best: found a traced number, wanted one that is known before tracing")
    check_number("best", best, above=0, most=1)
    unit = power_of_two(errors[-1])

    def of_least(count):
        least = errors[:count] / unit
        return unit * jnp.mean(least), unit * jnp.sqrt(jnp.mean(least**2))

    return LocationErrors(*of_least(len(errors)), *of_least(max(1, int(best * len(errors)))))
