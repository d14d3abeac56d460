"""How far two clouds of points can be told apart by a plane, beyond what chance would."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

# Clouds that are apart want weights without end. The ridge that keeps them finite falls from stage to stage, so that a
# narrow gap beside a long tail is found as well.
RIDGE, FALL, STAGES = 1e-3, 0.12, 9
STEPS, MORE_STEPS = 6, 2  # Newton's, of the first stage and of every other
SIZES = (1.0, 0.5, 0.1)  # of a step: the best is taken, or none
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

    The plane is the best of logistic regressions with ever less of a ridge, on features of mean 0 and variance 1, each
    cloud weighing the same; those dealt out have as many tries. Clouds that a plane parts have 1, clouds that coincide
    about 0; scaling or shifting features changes nothing. Where the gap between parted clouds is of the order of 10⁻³
    of a feature's spread or less, as beside a tail without variance, the plane may be missed by a few points, and the
    score be a little less than 1.

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
    x = _standardized(points, counted)
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


def _standardized(points, counted):
    """Mean 0 and variance 1 over the counted rows; others, and features that are constant, are 0."""
    share = (counted / jnp.maximum(jnp.sum(counted), 1))[:, None]
    x = _of_size_one(jnp.where(counted[:, None], points, 0))
    x = _of_size_one(jnp.where(counted[:, None], x - jnp.sum(x * share, axis=0, keepdims=True), 0))
    variance = jnp.sum(x**2 * share, axis=0, keepdims=True)
    return jnp.where(variance > 0, x * jax.lax.rsqrt(jnp.where(variance > 0, variance, 1)), 0)


def _of_size_one(x):
    """Features by a power of two of their size: no digit is lost, and squares neither overflow nor vanish."""
    _, exponent = jnp.frexp(jnp.max(jnp.abs(x), axis=0, keepdims=True))
    return jnp.ldexp(x, -exponent)


def _index(x, first, second):
    """The greatest J of any stage, each at its best threshold, and the direction that has it."""
    rows = jnp.concatenate([x, jnp.ones((len(x), 1), x.dtype)], axis=1)
    weight = (first / jnp.maximum(jnp.sum(first), 1) + second / jnp.maximum(jnp.sum(second), 1)) / 2
    sign, sizes = jnp.where(first, 1, -1).astype(x.dtype), jnp.array((0.0, *SIZES), x.dtype)[None]

    def newton(ridge, state):
        found, values = state
        wrong = jax.nn.sigmoid(-sign * values)
        slope = jnp.matmul(rows.T, -weight * sign * wrong, precision="highest") + ridge * found
        bend = jnp.matmul(rows.T * (weight * wrong * (1 - wrong))[None], rows, precision="highest")
        # What float32 takes to be positive definite.
        bend += (ridge + 1e-6 * jnp.mean(jnp.diagonal(bend))) * jnp.eye(len(bend), dtype=x.dtype)
        step = jax.scipy.linalg.cho_solve((jnp.linalg.cholesky(bend), True), slope)
        tried = found[:, None] - sizes * step[:, None]
        moved = values[:, None] - sizes * jnp.matmul(rows, step, precision="highest")[:, None]
        softplus = jnp.matmul(weight, jax.nn.softplus(-sign[:, None] * moved), precision="highest")
        loss = softplus + ridge / 2 * jnp.sum(tried**2, axis=0)
        best = jnp.argmin(jnp.where(jnp.isfinite(loss), loss, jnp.inf))
        return jnp.where(best == 0, found, tried[:, best]), jnp.where(best == 0, values, moved[:, best])

    def stage(state, ridge):
        state = jax.lax.fori_loop(0, MORE_STEPS, lambda _, state: newton(ridge, state), state)
        return state, (_youden(state[1], first, second), state[0])

    state = jnp.zeros(rows.shape[1], x.dtype), jnp.zeros(len(x), x.dtype)
    state = jax.lax.fori_loop(0, STEPS - MORE_STEPS, lambda _, state: newton(RIDGE, state), state)
    _, (indices, directions) = jax.lax.scan(stage, state, RIDGE * FALL ** jnp.arange(STAGES, dtype=x.dtype))
    best = jnp.argmax(indices)
    return indices[best], directions[best, :-1]


def _youden(values, first, second):
    """The greatest difference of the two clouds' distribution functions; equal values stay together."""
    order = jnp.argsort(jnp.where(first | second, values, jnp.inf))
    ordered = values[order]

    def share_below(cloud):
        return jnp.cumsum(cloud[order], dtype=jnp.int32) / jnp.maximum(jnp.sum(cloud, dtype=jnp.int32), 1)

    last = jnp.concatenate([ordered[1:] > ordered[:-1], jnp.ones(1, bool)])
    return jnp.max(jnp.where(last, jnp.abs(share_below(second) - share_below(first)), 0))
