"""How alike the contributions of different core sets are, beside random sets."""

from typing import Any

from matplotlib.figure import Figure

from interp_jax._checks import describe
from interp_jax.figures import stability
from interp_jax.figures._style import styled

_SERIES = {"likeness": "pairs of the sets", "matched": "random, as many shared units", "random": "random sets"}
_MEASURES = {"jaccard": "Jaccard index", "cka": "linear CKA", "overlap": "mean squared cosine"}


@styled
def shared_contributions(shared: Any) -> Figure:
    """A figure of how alike sets of units are: their units, their contributions, the spaces of these; and random sets.

    Host-level. A dot per pair, or per pair and random set.

    Args:
        shared: the `SharedContributions` that `methods.core_units.shared_contributions` returned.

    Raises:
        ValueError: not a `SharedContributions`.

    Example:
        >>> import jax, numpy as np
        >>> from interp_jax import methods
        >>> hidden, masks = jax.random.normal(jax.random.key(0), (50, 6)), np.eye(6)[:3] + np.eye(6)[3:]
        >>> options = {"key": jax.random.key(1), "draws": 5}
        >>> shared = methods.core_units.shared_contributions(lambda h: h[:, :2], hidden, masks, **options)
        >>> figure = shared_contributions(shared)
    """
    if not all(hasattr(getattr(shared, series, None), name) for series in _SERIES for name in _MEASURES):
        raise ValueError(f"shared: found {describe(shared)}, wanted a SharedContributions")
    values = {
        label: {name: getattr(getattr(shared, series), field).ravel() for field, name in _MEASURES.items()}
        for series, label in _SERIES.items()
    }
    return stability.agreement(values, y_label="likeness")
