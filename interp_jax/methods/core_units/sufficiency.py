"""Is the core needed, and is it the only one? Units removed in three ways, and further sets that suffice."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from interp_jax.methods.accept import callable_pytree
from interp_jax.methods.ablation import ablate_mean, ablate_resample
from interp_jax.methods.core_units.checks import check_rows
from interp_jax.methods.core_units.decisions import holding_rate, is_target, rate_held
from interp_jax.methods.core_units.selection import Selection, select


class Necessity(NamedTuple):
    """Holding rates with the core alone kept and with the core alone removed, where removing is one of three things.

    ``zero`` closes the gates; ``mean`` holds the units at their mean over rows and places; ``resample`` gives them the
    activations of another row.
    """

    kept_zero: Float[Array, ""]
    kept_mean: Float[Array, ""]
    kept_resample: Float[Array, ""]
    removed_zero: Float[Array, ""]
    removed_mean: Float[Array, ""]
    removed_resample: Float[Array, ""]


def necessity(
    tail,
    hidden: Shaped[Array | np.ndarray, "rows *places units"],
    predictions: Int[Array | np.ndarray, " rows"],
    target: Int[Array | np.ndarray, ""] | int,
    mask: Bool[Array | np.ndarray, " units"],
    *,
    key,
) -> Necessity:
    """How often a class's decisions hold when only the core is left, and when only the core is missing.

    Zeroing leaves the data's distribution, so units are also held at their means and taken from other rows. A removed
    half that resampling does not hurt below ½ may still decide by what is left.

    Traceable. Memory: hidden and the tail's own needs, for all rows at once, three times.

    Args:
        tail: ``hidden -> scores [rows, classes]``.
        hidden: the layer's activations, units last.
        predictions: the class that the whole network gives each row.
        target: the class of interest.
        mask: the core.
        key: a JAX random key for the resampling.

    Returns:
        Six rates as of `holding_rate`.

    Raises:
        ValueError: as `holding_rate`.

    Example:
        >>> hidden = jnp.eye(3)[:2]
        >>> mask = jnp.array([True, True, False])
        >>> found = necessity(lambda h: h, hidden, jnp.array([0, 1]), 0, mask, key=jax.random.key(0))
        >>> float(found.kept_zero), float(found.removed_zero)
        (1.0, 0.5)

    Source: not in the paper, which keeps the core and closes the other gates (section 3.1).
    """
    hidden, mask = jnp.asarray(hidden), jnp.asarray(mask)
    segments = _identity, callable_pytree(tail)

    def rates(kept):
        by_mean = ablate_mean(segments, hidden, [~kept])
        resampled = ablate_resample(segments, hidden, [~kept], key=key).outputs
        others = (rate_held(is_target(scores, target), predictions, target) for scores in (by_mean, resampled))
        return holding_rate(tail, hidden, predictions, target, kept), *others

    return Necessity(*rates(mask), *rates(~mask))


def disjoint_sets(
    tail,
    hidden: Shaped[Array | np.ndarray, "rows *places units"],
    predictions: Int[Array | np.ndarray, " rows"],
    target: int,
    *,
    key,
    most: int = 10,
    **options,
) -> list[Selection]:
    """Sets of units without a common one that each hold the class's decisions at the rate asked for.

    The first is what `select` finds; each next one is found among the units that no earlier one has, until those left
    do not suffice. Looked for greedily: another choice of first sets may allow more.

    Host-level; a call of `select` and a copy of hidden for every set.

    Args:
        tail: ``hidden -> scores [rows, classes]``.
        hidden: [rows, …, units].
        predictions: the class that the whole network gives each row.
        target: the class of interest.
        key: a JAX random key.
        most: sets to stop at.
        **options: of `select`; not mask_shape.

    Returns:
        The selections, their masks disjoint.

    Example:
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 1)) * jnp.ones((1, 4))
        >>> def tail(h):
        ...     return jnp.stack([h.sum(1), -h.sum(1)], 1)
        >>> predictions = jnp.argmax(tail(hidden), 1)
        >>> [found.units for found in disjoint_sets(tail, hidden, predictions, 0, key=jax.random.key(1))]
        [1, 1, 1, 1]

    Source: not in the paper, which sees that positions differ from run to run (section 5.1, figure 4).
    """
    hidden, predictions = check_rows(hidden, predictions)
    used = np.zeros(hidden.shape[-1], bool)
    found = []
    while len(found) < most and not used.all():
        left = _without_units(hidden, jnp.asarray(used))
        chosen = select(tail, left, predictions, target, key=jax.random.fold_in(key, len(found)), **options)
        if not chosen.reached or not chosen.units:
            break
        found.append(chosen)
        used |= chosen.mask
    return found


@jax.jit
def _without_units(hidden, used):
    return jnp.where(jnp.broadcast_to(used, hidden.shape), 0, hidden)


def _identity(hidden):
    return hidden
