"""Yes or no: is it the target class? By the greatest score, or by the paper's centre-based classifier."""

from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from interp_jax.methods.core_units.gated import gated, mask_shape_of


def centre_score(
    scores: Float[Array | np.ndarray, "rows classes"],
    target: Int[Array | np.ndarray, "*rows"] | int,
    weight: Float[Array | np.ndarray, ""] | float = 1.0,
) -> Float[Array, " rows"]:
    """How surely scores speak for the target, 1 where it has the greatest score, else less.

        v = weight (max s − s_target) / std(s),    y = 2 / (1 + exp v)

    Traceable. Written 2 σ(−v), so that no exponential overflows; equal scores (std 0) give 1.

    Args:
        scores: logits or probabilities.
        target: the class, or one for each row.
        weight: > 0; the paper trains it with the gates.

    Example:
        >>> centre_score(jnp.array([[3.0, 1.0], [1.0, 3.0]]), 0, weight=2.0).round(3)
        Array([1.   , 0.036], dtype=float32)

    Source: Yan & Feng, ICLR 2018 submission, section 3.2, equation 2.
    """
    scores = jnp.asarray(scores)
    behind = jnp.max(scores, axis=1) - own_score(scores, target)
    # The gradient of a standard deviation at 0 is not a number, also where it is not used.
    variance = jnp.var(scores, axis=1)
    deviation = jnp.sqrt(jnp.where(variance > 0, variance, 1))
    return 2 * jax.nn.sigmoid(-weight * jnp.where(variance > 0, behind / deviation, 0))


def is_target(scores, target) -> Bool[Array, " rows"]:
    """Whether the target, one for all or for each row, has the greatest score, the first of equal ones. Traceable.

    Example:
        >>> is_target(jnp.array([[1.0, 1.0], [0.0, 1.0]]), 1)
        Array([False,  True], dtype=bool)
    """
    own = own_score(scores, target)[:, None]
    before = jnp.arange(scores.shape[1])[None] < jnp.asarray(target).reshape(-1, 1)
    # Not by argmax, which is slow in XLA's CPU code. NaN never wins.
    return jnp.all(jnp.where(before, own > scores, own >= scores), axis=1)


def own_score(scores, target) -> Float[Array, " rows"]:
    """Every row's score of the target, one for all or for each row. Traceable.

    Example:
        >>> own_score(jnp.array([[1.0, 2.0], [3.0, 4.0]]), jnp.array([1, 0]))
        Array([2., 3.], dtype=float32)
    """
    columns = jnp.broadcast_to(jnp.asarray(target), scores.shape[:1])
    return jnp.take_along_axis(scores, columns[:, None], axis=1)[:, 0]


def holding_rate(
    tail,
    hidden: Shaped[Array | np.ndarray, "rows *features"],
    predictions: Int[Array | np.ndarray, " rows"],
    target: Int[Array | np.ndarray, ""] | int,
    mask,
    *,
    classifier: Literal["argmax", "centre"] = "argmax",
    weight: Float[Array | np.ndarray, ""] | float = 1.0,
    batch_size: int = 500,
) -> Float[Array, ""]:
    """How often it stays decided whether a row is of the target class when only the units of the mask are left.

        ½ (share of the rows predicted as target that still are + share of the other rows that still are not)

    Traceable. Memory: what the tail needs for batch_size rows. Where all rows belong to one of the two groups the rate
    is that group's; without rows it is NaN. An empty mask is as good as any: the tail sees zeros.

    Args:
        tail: ``hidden -> scores [rows, classes]``; with a mapping of masks, ``(hidden, masks) -> scores``.
        hidden: the layer's activations, [rows, …, units].
        predictions: the class that the whole network gives each row.
        target: the class of interest.
        mask: which units are kept, bool or 0/1: [units], or any last axes of hidden, or a mapping of masks by layer.
        classifier: "argmax", or "centre" for `centre_score` of at least ½.
        weight: of the centre-based classifier.
        batch_size: rows at a time.

    Raises:
        ValueError: predictions or a mask that do not fit hidden, a tail that does not take it, an unknown classifier,
            a batch_size below one.

    Example:
        >>> hidden = jnp.array([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
        >>> holding_rate(lambda h: h[:, :2] - h[:, 1:], hidden, jnp.array([0, 1]), 0, jnp.array([True, True, False]))
        Array(1., dtype=float32)

    Source: Yan & Feng, ICLR 2018 submission, section 3.1 (the rate) and 3.2 (the classifier).
    """
    hidden, predictions = jnp.asarray(hidden), jnp.asarray(predictions)
    if predictions.shape != hidden.shape[:1]:
        raise ValueError(f"predictions: found shape {predictions.shape}, wanted {hidden.shape[:1]}, one a row")
    if classifier not in ("argmax", "centre"):
        raise ValueError(f"classifier: found {classifier!r}, wanted 'argmax' or 'centre'")
    if batch_size < 1:
        raise ValueError(f"batch_size: found {batch_size}, wanted at least 1")
    network = gated(tail, hidden, mask_shape_of(mask))
    return _holding_rate(network, hidden, predictions, target, network.pack(mask), weight, classifier, batch_size)


@partial(jax.jit, static_argnames=("classifier", "batch_size"))
def _holding_rate(network, hidden, predictions, target, gates, weight, classifier, batch_size):
    def decide(row):
        scores = network.direct(row[None], gates.astype(hidden.dtype))
        yes = is_target(scores, target) if classifier == "argmax" else centre_score(scores, target, weight) >= 0.5
        return yes[0]

    return rate_held(jax.lax.map(decide, hidden, batch_size=batch_size), predictions, target)


def rate_held(
    decisions: Bool[Array | np.ndarray, " rows"],
    predictions: Int[Array | np.ndarray, " rows"],
    target: Int[Array | np.ndarray, ""] | int,
) -> Float[Array, ""]:
    """The rate of `holding_rate` for decisions that are made already. Traceable.

    Example:
        >>> rate_held(jnp.array([True, False, True]), jnp.array([0, 1, 2]), 0)
        Array(0.75, dtype=float32)
    """
    positive = jnp.asarray(predictions) == target
    held = jnp.asarray(decisions) == positive
    counts = jnp.array([jnp.sum(positive), jnp.sum(~positive)])
    right = jnp.array([jnp.sum(held & positive), jnp.sum(held & ~positive)])
    rates = jnp.where(counts > 0, right / jnp.maximum(counts, 1), 0)
    return jnp.where(jnp.any(counts > 0), jnp.sum(rates) / jnp.maximum(jnp.sum(counts > 0), 1), jnp.nan)
