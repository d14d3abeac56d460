"""How far two clouds of points can be told apart by a plane, beyond what chance would."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

RIDGE = 1e-3  # of the mean curvature: keeps the weights of clouds that are apart finite
NEWTON_STEPS = 15
TOO_FEW = 0.9  # points are, where chance parts them by this much


class Separability(NamedTuple):
    """``score`` in [0, 1] or NaN; the plane's shares of points on the right side, added up, less one, as found and as
    dealt out at random.
    """

    score: Float[Array, ""]
    found: Float[Array, ""]
    by_chance: Float[Array, ""]
    weights: Float[Array, " features"]


@partial(jax.jit, static_argnames="shuffles")
def separability(
    points: Float[Array, "rows features"],
    first: Bool[Array, " rows"],
    second: Bool[Array, " rows"],
    *,
    key,
    shuffles: int = 5,
) -> Separability:
    """Youden's index of the best plane between two clouds, corrected for chance.

        J = share of the first on one side + share of the second on the other − 1
        score = (J − J₀) / (1 − J₀), at least 0,   J₀ the mean J of as large clouds dealt out from the same points

    The plane is a logistic regression's on features of mean 0 and variance 1, each cloud weighing the same. Clouds that
    a plane parts have 1, clouds that coincide about 0; scaling or shifting features changes nothing.

    The score is NaN, undefined, where even clouds dealt out at random are parted, J₀ ≥ 0.9: with so few points for so
    many features a plane says nothing. One cloud without points gives 1: there is nothing left to be told from; two
    give NaN.

    Traceable; clouds are masks, so that all pairs of classes have one shape.

    Args:
        points: the rows of both clouds, and others, which count for nothing.
        first, second: which rows are of each cloud.
        key: a JAX random key, for the shuffles.
        shuffles: how often chance is tried.
    """
    counted = first | second
    x = _standardised(points, counted)
    keys = jax.random.split(key, shuffles)

    def dealt(key):
        # As many of the counted rows as the first cloud has, at random.
        order = jnp.where(counted, jax.random.uniform(key, counted.shape), 2.0)
        rank = jnp.argsort(jnp.argsort(order))
        return rank < jnp.sum(first)

    cases = jnp.concatenate([first[None], jax.vmap(dealt)(keys)])
    indices, weights = jax.vmap(lambda case: _index(x, case, counted & ~case))(cases)
    found, by_chance = indices[0], jnp.mean(indices[1:])
    known = by_chance < TOO_FEW
    score = jnp.where(known, jnp.clip((found - by_chance) / jnp.where(known, 1 - by_chance, 1), 0, 1), jnp.nan)
    score = jnp.where(jnp.any(first) & jnp.any(second), score, jnp.where(jnp.any(counted), 1.0, jnp.nan))
    return Separability(score, found, by_chance, weights[0])


def _standardised(points, counted):
    share = counted / jnp.maximum(jnp.sum(counted), 1)
    mean = jnp.sum(points * share[:, None], axis=0, keepdims=True)
    variance = jnp.sum((points - mean) ** 2 * share[:, None], axis=0, keepdims=True)
    return jnp.where(variance > 0, (points - mean) * jax.lax.rsqrt(jnp.where(variance > 0, variance, 1)), 0)


def _index(x, first, second):
    """The best threshold's J on the logistic regression's direction, and that direction."""
    rows = jnp.concatenate([x, jnp.ones((len(x), 1), x.dtype)], axis=1)
    weight = first / jnp.maximum(jnp.sum(first), 1) + second / jnp.maximum(jnp.sum(second), 1)
    label = first.astype(x.dtype)
    ridge = RIDGE * jnp.eye(rows.shape[1], dtype=x.dtype)

    def newton(_, found):
        share = jax.nn.sigmoid(jnp.matmul(rows, found, precision="highest"))
        slope = jnp.matmul(rows.T, weight * (share - label), precision="highest") + RIDGE * found
        bend = jnp.matmul(rows.T * (weight * share * (1 - share))[None], rows, precision="highest") + ridge
        return found - jnp.linalg.solve(bend, slope)

    found = jax.lax.fori_loop(0, NEWTON_STEPS, newton, jnp.zeros(rows.shape[1], x.dtype))
    return _youden(jnp.matmul(rows, found, precision="highest"), first, second), found[:-1]


def _youden(values, first, second):
    """The greatest difference of the two clouds' distribution functions; equal values stay together."""
    order = jnp.argsort(jnp.where(first | second, values, jnp.inf))
    ordered = values[order]

    def share_below(cloud):
        return jnp.cumsum(cloud[order], dtype=jnp.int32) / jnp.maximum(jnp.sum(cloud, dtype=jnp.int32), 1)

    last = jnp.concatenate([ordered[1:] > ordered[:-1], jnp.ones(1, bool)])
    return jnp.max(jnp.where(last, jnp.abs(share_below(second) - share_below(first)), 0))
