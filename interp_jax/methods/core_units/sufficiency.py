"""Whether the core is needed, and whether it is the only one: three ways of removal, and disjoint cores."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Integer

from interp_jax._checks import Given, Key, Network, as_count, as_key, as_mask, renamed
from interp_jax._readable import readable
from interp_jax.methods.ablation import ablate_mean, ablate_resample
from interp_jax.methods.core_units._tails import as_hidden, check_scores, gate_tail
from interp_jax.methods.core_units.holding import holding_rate
from interp_jax.methods.core_units.selection import Selection, select


@readable()
class Necessity(NamedTuple):
    """Holding rates with the core alone kept and with the core alone removed, for three ways of removing units.

    Each a scalar. ``zero`` closes the gates; ``mean`` sets units to their mean over rows and positions; ``resample``
    gives them another row's activations.
    """

    kept_zero: Float[Array, ""]
    kept_mean: Float[Array, ""]
    kept_resample: Float[Array, ""]
    removed_zero: Float[Array, ""]
    removed_mean: Float[Array, ""]
    removed_resample: Float[Array, ""]

    def _finding(self) -> str | None:
        if np.ndim(self.kept_zero):
            return None
        ways = "zero", "mean", "resample"
        alone, removed = (
            ", ".join(f"{100 * float(getattr(self, f'{what}_{way}')):.1f}%" for way in ways)
            for what in ("kept", "removed")
        )
        return (
            "decisions that hold with units set to 0, to their means, resampled:\n"
            f"{alone} with the core alone kept\n{removed} with the core alone removed"
        )


def necessity(
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    target: Integer[Array | np.ndarray, ""] | int | np.integer | None,
    mask: Given[Array | np.ndarray, "units"],
    *,
    key: Key,
    batch_size: int = 500,
    scores: str = "logits",
) -> Necessity:
    """Six holding rates of a class's decisions: with only the core kept or removed, in three ways each.

    Zeros are out of distribution, so units are also set to their means or resampled from other rows. If resampling the
    core leaves a rate well above ½, the other units decide too.

    Traceable. Memory: a copy of hidden, plus the tail's on batch_size rows.

    Args:
        tail: ``hidden -> scores [rows, classes]``.
        hidden: [rows, …, units] activations; NaN and infinity as in `holding_rate`.
        predictions: [rows] the whole network's predicted class of each row.
        target: the class of interest, or None, as in `holding_rate`.
        mask: [units] the core, True where a unit is kept, bool or 0/1.
        key: a JAX random key for the resampling.
        batch_size: rows at a time; never changes a rate.
        scores: the tail's outputs, "logits" or "probabilities".

    Returns:
        `Necessity`: `holding_rate` scalars ``.kept_zero``, ``.kept_mean``, ``.kept_resample``, ``.removed_zero``,
        ``.removed_mean``, ``.removed_resample``.

    Raises:
        TypeError: a tail that is not callable.
        ValueError: arrays that do not fit each other or the tail, predictions or a target not among the classes, a mask
            not [units] of 0 and 1, not a key, batch_size below one, or scores that are not what ``scores`` says.

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
    tail: Network,
    hidden: Given[Array | np.ndarray, "rows *rest units"],
    predictions: Given[Array | np.ndarray, "rows"],
    target: int | np.integer | None,
    *,
    key: Key,
    most: int = 10,
    **options: Any,
) -> list[Selection]:
    """Disjoint sets of units, each of which holds the class's decisions at the required rate.

    The first is `select`'s; each next one is selected from the units in no earlier set, until those left do not
    suffice. The search is greedy: other first sets may allow more.

    Host-level; a call of `select` and a copy of hidden per set.

    Args:
        tail: ``hidden -> scores [rows, classes]``.
        hidden: [rows, …, units] activations.
        predictions: [rows] the whole network's predicted class of each row.
        target: the class of interest.
        key: a JAX random key.
        most: maximum number of sets.
        **options: those of `select`, except mask_shape, confidence and calibration.

    Returns:
        The `Selection` of each set; empty if no set reaches the rate or no unit is needed for it.

    Raises:
        TypeError: a tail that is not callable, or an optimizer not from optax.
        ValueError: what `select` refuses (arrays that do not fit, values out of range), a mask_shape, a confidence or
            calibration rows, or ``most`` below one.

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
    for name in ("confidence", "calibration"):
        if options.get(name) is not None:
            # Which units are left would depend on the rows that certified the sets before.
            raise ValueError(
                f"{name}: found one, wanted none: certify each set by rows that were given to no other call"
            )
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
