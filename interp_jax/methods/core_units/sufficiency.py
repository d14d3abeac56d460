"""Is the core needed, and is it the only one? Units removed in three ways, and further sets that suffice."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Integer, Shaped

from interp_jax._checks import as_count, as_key, as_mask, renamed
from interp_jax.methods.ablation import ablate_mean, ablate_resample
from interp_jax.methods.core_units._tails import as_hidden, check_scores, gate_tail
from interp_jax.methods.core_units.holding import holding_rate
from interp_jax.methods.core_units.selection import Selection, select


class Necessity(NamedTuple):
    """Holding rates with the core alone kept and with the core alone removed, for three ways of removing units.

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
    scores: str = "logits",
) -> Necessity:
    """Six holding rates: of a class's decisions when only the core is left, and when only the core is missing.

    Zeros leave the data's distribution, so units are also held at their means and taken from other rows. Where taking
    the core from other rows leaves a rate well above ½, the other units decide as well.

    Traceable. Memory: a copy of hidden, and the tail's own needs for batch_size rows.

    Args:
        tail: ``hidden -> scores [rows, classes]``.
        hidden: [rows, …, units] activations; NaN and infinity as in `holding_rate`.
        predictions: [rows] the class that the whole network predicts for each row.
        target: the class of interest, or None, as in `holding_rate`.
        mask: [units] the core, True where a unit is kept, bool or 0/1.
        key: a JAX random key for the resampling.
        batch_size: rows at a time; never changes a rate.
        scores: what the tail gives, "logits" or "probabilities".

    Returns:
        Six rates as of `holding_rate`.

    Raises:
        TypeError: a tail that cannot be called.
        ValueError: as `holding_rate`, and scores that are not what ``scores`` says.

    Example:
        >>> hidden = jnp.eye(3)[:2]
        >>> mask = jnp.array([True, True, False])
        >>> rates = necessity(lambda h: h, hidden, jnp.array([0, 1]), 0, mask, key=jax.random.key(0))
        >>> float(rates.kept_zero), float(rates.removed_zero)
        (1.0, 0.5)

    Source: not in the paper, which keeps the core and closes the other gates (section 3.1).
    """
    hidden, key = as_hidden(hidden), as_key(key)
    mask = as_mask("mask", mask, hidden.shape[-1:])
    check_scores(gate_tail(tail, hidden, scores=scores), hidden)

    def rates(core):
        # The layer itself in place of a network's outputs: what is replaced in it is then evaluated like any other.
        layer = _identity, _identity
        by_mean = ablate_mean(layer, hidden, [~core])
        resampled = ablate_resample(layer, hidden, [~core], key=key).outputs
        cases = ((hidden, core), (by_mean, jnp.ones_like(core)), (resampled, jnp.ones_like(core)))
        options = {"batch_size": batch_size, "scores": scores}
        return [holding_rate(tail, rows, predictions, target, units, **options) for rows, units in cases]

    return Necessity(*rates(mask), *rates(~mask))


@renamed(batch_size="minibatch_size")
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
    """Sets of units that have no unit in common and each hold the class's decisions at the rate asked for.

    The first is what `select` finds; each next one is found among the units that no earlier one has, until those left
    do not suffice. The search is greedy: another choice of first sets may allow more.

    Host-level; a call of `select` and a copy of hidden for every set.

    Args:
        tail: ``hidden -> scores [rows, classes]``.
        hidden: [rows, …, units] activations.
        predictions: [rows] the class that the whole network predicts for each row.
        target: the class of interest.
        key: a JAX random key.
        most: sets to stop at.
        **options: of `select`; not mask_shape.

    Returns:
        The selections, their masks disjoint; none where no set reaches the rate, or where no unit is needed for it.

    Raises:
        TypeError: as `select`.
        ValueError: as `select`, a mask_shape, or ``most`` below one.

    Example:
        >>> hidden = jax.random.normal(jax.random.key(0), (200, 1)) * jnp.ones((1, 4))
        >>> def tail(h):
        ...     return jnp.stack([h.sum(1), -h.sum(1)], 1)
        >>> predictions = jnp.argmax(tail(hidden), 1)
        >>> [core.units for core in disjoint_sets(tail, hidden, predictions, 0, key=jax.random.key(1))]
        [1, 1, 1, 1]

    Source: not in the paper, which finds that positions differ from run to run (section 5.1, figure 4).
    """
    if "mask_shape" in options:
        raise ValueError("mask_shape: found one, wanted none: only units of the last axis are taken away")
    most, key, hidden = as_count("most", most), as_key(key), as_hidden(hidden)
    used = np.zeros(hidden.shape[-1], bool)
    sets = []
    while len(sets) < most and not used.all():
        left = _without_units(hidden, used)
        core = select(tail, left, predictions, target, key=jax.random.fold_in(key, len(sets)), **options)
        # Units that are gone change nothing, kept or not.
        mask = core.mask & ~used
        if not core.reached or not mask.any():
            break
        sets.append(core._replace(mask=mask, units=int(mask.sum())))
        used |= mask
    return sets


@jax.jit
def _without_units(hidden, used):
    return jnp.where(jnp.broadcast_to(used, hidden.shape), 0, hidden)


def _identity(hidden):
    return hidden
