"""The vectors of the host-level functions of this package, checked and scaled."""

import numpy as np

from interp_jax._checks import as_numpy, check_finite, check_mesh


def as_points(vectors) -> tuple[np.ndarray, np.ndarray, int]:
    """Checked vectors as float64 times 2^−exponent, their mean (no coordinate is further than 1 from it), the exponent.

    Scaling by a power of two is exact and keeps squares from overflowing. The mean is not subtracted here: that would
    round points that are nearer to each other than to the mean.
    """
    check_mesh("vectors", vectors)
    points = as_numpy("vectors", vectors, shape=["rows", None]).astype(np.float64)
    if len(points) < 2:
        raise ValueError(f"vectors: found shape {list(points.shape)}, wanted at least two rows")
    check_finite("vectors", points)
    exponent = _exponent(points, 0)
    np.ldexp(points, -exponent, out=points)
    spread = _exponent(points, points.mean(0))
    np.ldexp(points, -spread, out=points)
    return points, points.mean(0), exponent + spread


def _exponent(points, center):
    # From both extremes instead of magnitudes: no copy of the points.
    above, below = points.max(0, initial=-np.inf) - center, center - points.min(0, initial=np.inf)
    return int(np.frexp(max(above.max(initial=0), below.max(initial=0)))[1])
