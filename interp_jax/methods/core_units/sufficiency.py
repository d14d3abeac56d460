"""Is the core needed, and is it the only one? Units removed in three ways, and further sets that suffice."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Integer, Shaped

from interp_jax.methods.ablation import ablate_mean, ablate_resample
from interp_jax.methods.core_units.checks import check_counts, check_predictions
from interp_jax.methods.core_units.decisions import holding_rate
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
    hidden: Shaped[Array | np.ndarray, "..."],
    predictions: Shaped[Array | np.ndarray, "..."],
    target: Integer[Array | np.ndarray, ""] | int | np.integer | None,
    mask: Shaped[Array | np.ndarray, "..."],
    *,
    key,
    batch_size: int = 500,
) -> Necessity:
    """How often a class's decisions hold when only the core is left, and when only the core is missing.

    Zeroing leaves the data's distribution, so units are also held at their means and taken from other rows. A removed
    half that resampling does not hurt below ½ may still decide by what is left.

    Traceable. Memory: a copy of hidden, and the tail's own needs for batch_size rows.

    Args:
        tail: ``hidden -> scores [rows, classes]``.
        hidden: [rows, …, units] activations.
        predictions: [rows] the class that the whole network gives each row.
        target: the class of interest, or None, as in `holding_rate`.
        mask: the core, bool [units].
        key: a JAX random key for the resampling.
        batch_size: rows at a time.

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
    check_predictions(hidden, jnp.asarray(predictions))
    if mask.shape != hidden.shape[-1:] or mask.dtype != bool:
        raise ValueError(f"mask: found {mask.dtype} of shape {mask.shape}, wanted bool of shape {hidden.shape[-1:]}")

    def rates(kept):
        # The layer itself in place of a network's outputs: what is replaced in it is then judged like any other.
        layer = _identity, _identity
        by_mean = ablate_mean(layer, hidden, [~kept])
        resampled = ablate_resample(layer, hidden, [~kept], key=key).outputs
        judged = ((hidden, kept), (by_mean, jnp.ones_like(kept)), (resampled, jnp.ones_like(kept)))
        return [holding_rate(tail, rows, predictions, target, units, batch_size=batch_size) for rows, units in judged]

    return Necessity(*rates(mask), *rates(~mask))


def disjoint_sets(
    tail,
    hidden: Shaped[Array | np.ndarray, "..."],
    predictions: Shaped[Array | np.ndarray, "..."],
    target: int | np.integer | None,
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
        The selections, their masks disjoint; none where no set reaches the rate, or where no unit is needed for it.

    Raises:
        ValueError: as `select`, a mask_shape, or ``most`` below one.

    Example:
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 1)) * jnp.ones((1, 4))
        >>> def tail(h):
        ...     return jnp.stack([h.sum(1), -h.sum(1)], 1)
        >>> predictions = jnp.argmax(tail(hidden), 1)
        >>> [found.units for found in disjoint_sets(tail, hidden, predictions, 0, key=jax.random.key(1))]
        [1, 1, 1, 1]

    Source: not in the paper, which sees that positions differ from run to run (section 5.1, figure 4).
    """
    if "mask_shape" in options:
        raise ValueError("mask_shape: found one, wanted none: only units of the last axis are taken away")
    check_counts(most=most)
    hidden = jnp.asarray(hidden)
    check_predictions(hidden, np.asarray(predictions))
    used = np.zeros(hidden.shape[-1], bool)
    found = []
    while len(found) < most and not used.all():
        left = _without_units(hidden, used)
        chosen = select(tail, left, predictions, target, key=jax.random.fold_in(key, len(found)), **options)
        # Units that are gone change nothing, kept or not.
        mask = chosen.mask & ~used
        if not chosen.reached or not mask.any():
            break
        found.append(chosen._replace(mask=mask, units=int(mask.sum())))
        used |= mask
    return found


@jax.jit
def _without_units(hidden, used):
    return jnp.where(jnp.broadcast_to(used, hidden.shape), 0, hidden)


def _identity(hidden):
    return hidden
