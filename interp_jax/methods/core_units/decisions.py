"""Yes or no: is it the target class? By the greatest score, or by the paper's center-based classifier."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Integer, Shaped

from interp_jax.methods.core_units.checks import check_counts, check_predictions, check_target
from interp_jax.methods.core_units.gated import gated, mask_shape_of


def center_score(
    scores: Shaped[Array | np.ndarray, "rows classes"],
    target: Integer[Array | np.ndarray, "*rows"] | int | np.integer,
    weight: Float[Array | np.ndarray, ""] | float = 1.0,
) -> Float[Array, " rows"]:
    """How surely scores speak for the target, 1 where it has the greatest score, else less.

        v = weight (max s − s_target) / std(s),    y = 2 / (1 + exp v)

    Traceable. Written 2 σ(−v), so that no exponential overflows; equal scores (std 0) give 1.

    Args:
        scores: logits or probabilities.
        target: the class, or one for each row; 0 comes of a class that has no score.
        weight: > 0; the paper trains it with the gates.

    Example:
        >>> center_score(jnp.array([[3.0, 1.0], [1.0, 3.0]]), 0, weight=2.0).round(3)
        Array([1.   , 0.036], dtype=float32)

    Source: Yan & Feng, ICLR 2018 submission, section 3.2, equation 2.
    """
    behind = _behind(jnp.asarray(scores))
    return 2 * jax.nn.sigmoid(-weight * jnp.min(jnp.where(_is_own(behind, target), behind, jnp.inf), axis=1))


def is_target(
    scores: Shaped[Array | np.ndarray, "rows classes"], target: Integer[Array | np.ndarray, "*rows"] | int | np.integer
) -> Bool[Array, " rows"]:
    """Whether the target, one for all or for each row, has the greatest score, the first of equal ones.

    Traceable. NaN is never the greatest, nor is a class that has no score.

    Example:
        >>> is_target(jnp.array([[1.0, 1.0], [0.0, 1.0]]), 1)
        Array([False,  True], dtype=bool)
    """
    scores = jnp.asarray(scores)
    own = jnp.max(jnp.where(_is_own(scores, target), scores, -jnp.inf), axis=1, keepdims=True)
    before = jnp.arange(scores.shape[1])[None] < jnp.asarray(target).reshape(-1, 1)
    # Not by argmax, which is slow in XLA's CPU code.
    return jnp.all(jnp.where(before, own > scores, own >= scores), axis=1)


def named(scores, target, tolerance) -> Bool[Array, " rows"]:
    """Whether the target has the greatest score or, by at most ``tolerance`` standard deviations, is behind it.

    Traceable. The center-based classifier of weight w says yes within ln 3 / w; 0 leaves `is_target`.
    """
    near = (tolerance > 0) & (margins(scores, target) >= -tolerance)
    return is_target(scores, target) | near


def tolerated(classifier: str, weight):
    """How far, in standard deviations, a classifier lets its target be behind: ln 3 / weight by the center. Traceable.

    Raises:
        ValueError: an unknown classifier.
    """
    if classifier not in ("argmax", "center"):
        raise ValueError(f"classifier: found {classifier!r}, wanted 'argmax' or 'center'")
    return jnp.log(3.0) / weight if classifier == "center" else jnp.zeros_like(weight)


def margins(scores, target) -> Float[Array, " rows"]:
    """How far the target is ahead of all others, in standard deviations of the row's scores.

    Traceable. Below 0 it is behind; 0 where all scores are equal, infinite where there is no other class.
    """
    behind = _behind(scores)
    own = _is_own(behind, target)
    return jnp.min(jnp.where(own, jnp.inf, behind), axis=1) - jnp.min(jnp.where(own, behind, jnp.inf), axis=1)


def _is_own(scores, target):
    return jnp.arange(scores.shape[1])[None] == jnp.asarray(target).reshape(-1, 1)


def _behind(scores):
    """How far every score is behind the row's greatest, in standard deviations; 0 where all scores are equal."""
    # Half precision is added up in full. A sixteenth: neither do differences overflow, nor do their reciprocals vanish.
    parts = scores.astype(jnp.promote_types(scores.dtype, jnp.float32)) / 16
    distance = jnp.max(parts, axis=1, keepdims=True) - parts
    # Distances from 0 to 1, whose squares neither overflow nor vanish. The result does not change with the scale, so
    # no gradient goes through it.
    scale = jax.lax.stop_gradient(jnp.max(distance, axis=1, keepdims=True))
    distance = distance / jnp.where(scale > 0, scale, 1)
    # The gradient of a square root at 0 is not a number, also where it is not used.
    return distance / jnp.sqrt(jnp.where(scale > 0, jnp.var(distance, axis=1, keepdims=True), 1))


def holding_rate(
    tail,
    hidden: Shaped[Array | np.ndarray, "..."],
    predictions: Shaped[Array | np.ndarray, "..."],
    target: Integer[Array | np.ndarray, ""] | int | np.integer | None,
    mask,
    *,
    classifier: str = "argmax",
    weight: Float[Array | np.ndarray, ""] | float = 1.0,
    batch_size: int = 500,
) -> Float[Array, ""]:
    """How often it stays decided whether a row is of the target class when only the units of the mask are left.

        ½ (share of the rows predicted as target that still are + share of the other rows that still are not)

    Traceable. Memory: what the tail needs for batch_size rows. Where all rows belong to one of the two groups the rate
    is that group's. An empty mask is as good as any: the tail sees zeros.

    Args:
        tail: ``hidden -> scores [rows, classes]``; with a mapping of masks, ``(hidden, masks) -> scores``.
        hidden: the layer's activations, [rows, …, units].
        predictions: [rows] the class that the whole network gives each row.
        target: the class of interest; None asks every row about the class predicted for it.
        mask: which units are kept, bool or 0/1: [units], or any last axes of hidden, or a mapping of masks by layer.
        classifier: "argmax", or "center" for `center_score` of at least ½.
        weight: of the center-based classifier.
        batch_size: rows at a time.

    Raises:
        ValueError: no rows, predictions or a mask that do not fit hidden, a tail that does not take it, a target that
            is none of the classes, an unknown classifier, a batch_size below one.

    Example:
        >>> hidden = jnp.array([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
        >>> holding_rate(lambda h: h[:, :2] - h[:, 1:], hidden, jnp.array([0, 1]), 0, jnp.array([True, True, False]))
        Array(1., dtype=float32)

    Source: Yan & Feng, ICLR 2018 submission, section 3.1 (the rate) and 3.2 (the classifier).
    """
    hidden, predictions = jnp.asarray(hidden), jnp.asarray(predictions)
    check_predictions(hidden, predictions)
    if classifier not in ("argmax", "center"):
        raise ValueError(f"classifier: found {classifier!r}, wanted 'argmax' or 'center'")
    check_counts(batch_size=batch_size)
    network = gated(tail, hidden, mask_shape_of(mask), name="mask")
    check_target(target, network.classes)
    wanted = predictions if target is None else target
    return _holding_rate(network, hidden, predictions, wanted, network.pack(mask), weight, classifier, batch_size)


@partial(jax.jit, static_argnames=("classifier", "batch_size"))
def _holding_rate(network, hidden, predictions, target, gates, weight, classifier, batch_size):
    def decide(row):
        hidden, target = row
        scores = network.direct(hidden[None], gates)
        return (is_target(scores, target) if classifier == "argmax" else center_score(scores, target, weight) >= 0.5)[0]

    targets = jnp.broadcast_to(target, predictions.shape)
    return rate_held(jax.lax.map(decide, (hidden, targets), batch_size=batch_size), predictions, target)


def rate_held(
    decisions: Bool[Array | np.ndarray, " rows"],
    predictions: Integer[Array | np.ndarray, " rows"],
    target: Integer[Array | np.ndarray, "*rows"] | int | np.integer,
) -> Float[Array, ""]:
    """The rate of `holding_rate` for decisions that are made already, of at least one row. Traceable.

    Example:
        >>> rate_held(jnp.array([True, False, True]), jnp.array([0, 1, 2]), 0)
        Array(0.75, dtype=float32)
    """
    positive = jnp.asarray(predictions) == jnp.asarray(target)
    held = jnp.asarray(decisions) == positive
    counts = jnp.stack([jnp.sum(group) for group in (positive, ~positive)])
    right = jnp.stack([jnp.sum(held & group) for group in (positive, ~positive)])
    # A group without rows has no rate.
    return jnp.sum(right / jnp.maximum(counts, 1)) / jnp.sum(counts > 0)
