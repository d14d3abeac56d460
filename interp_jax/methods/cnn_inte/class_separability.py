"""How well a plane separates two clouds of points, beyond chance."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from interp_jax._checks import Key, as_count, as_key, as_mask, as_numpy, as_real, check_shape, is_traced
from interp_jax._readable import readable

# The weights for separated clouds would grow without limit. The ridge that keeps them finite falls from stage to stage,
# so that a narrow gap beside a long tail is found as well.
RIDGE, FALL, STAGES = 1e-3, 0.12, 9
STEPS, MORE_STEPS = 6, 2  # Newton steps of the first stage and of every other
SIZES = (1.0, 0.5, 0.1)  # of a step: the best is taken, or none
TOO_FEW = 0.9  # by chance: there are too few points for the number of features


@readable()
class Separability(NamedTuple):
    """How well a plane separates two clouds.

    Attributes:
        score: Youden's index corrected for chance, in [0, 1] or NaN.
        youden: Youden's index of the plane.
        by_chance: the mean index for clouds of the same sizes drawn at random from the same points.
        weights: the normal of the plane, for features of variance 1.
    """

    score: Float[Array, ""]
    youden: Float[Array, ""]
    by_chance: Float[Array, ""]
    weights: Float[Array, " features"]

    def _finding(self) -> str | None:
        if np.ndim(self.score):
            return None
        score, youden, by_chance = float(self.score), float(self.youden), float(self.by_chance)
        return f"score {score:.3f}: Youden's index {youden:.3f}, by chance {by_chance:.3f}"


def separability(
    points: Shaped[Array | np.ndarray, "rows features"],
    first: Shaped[Array | np.ndarray, " rows"],
    second: Shaped[Array | np.ndarray, " rows"],
    *,
    key: Key,
    shuffles: int = 5,
) -> Separability:
    """Youden's index of the best plane between two clouds, corrected for chance.

        J = share of the first on one side + share of the second on the other − 1
        score = (J − J₀) / (1 − J₀), at least 0,   J₀ the mean J of clouds of the same sizes drawn at random

    The plane is the best of logistic regressions whose ridge decreases in 9 stages, on features of mean 0 and variance
    1, each cloud with the same weight; random clouds are fitted in the same way. The score is 1 for clouds that a plane
    separates and about 0 for clouds that coincide; it is invariant to scaling or shifting features. If the gap between
    separated clouds is about 10⁻³ of a feature's spread or less, the plane may miss a few points, and the score be
    slightly below 1.

    The score is NaN, undefined, if even random clouds are separated, J₀ ≥ 0.9: with too few points for the number of
    features a plane says nothing. It is 1 if one cloud has no points, and NaN if neither has any, or if a point of
    either has NaN or infinity.

    Traceable; clouds are masks, so that all pairs of classes have one shape. Memory: shuffles + 1 times the points.

    Args:
        points: [rows, features] the points of both clouds; others are ignored.
        first, second: [rows] masks of the clouds. A row in both belongs to the first.
        key: a JAX random key, for the random clouds.
        shuffles: number of random pairs of clouds.

    Returns:
        `Separability`: scalars ``.score``, ``.youden``, ``.by_chance``, and ``.weights`` [features].

    Raises:
        ValueError: points that are not [rows, features], masks of the wrong length or with values other than 0 and 1,
            not a key, or shuffles below one.

    Example:
        >>> points = jnp.arange(40.0)[:, None]
        >>> float(separability(points, points[:, 0] < 20, points[:, 0] >= 20, key=jax.random.key(0)).score)
        1.0

    Source: Youden, Cancer 3 (1950), for the index; the correction for chance is not published elsewhere.
    """
    if not isinstance(points, jax.Array):
        points = as_numpy("points", points)
    check_shape("points", points, ["rows", "features"])
    first, second = (as_mask(name, mask, points.shape[:1]) for name, mask in (("first", first), ("second", second)))
    if isinstance(points, np.ndarray) and points.dtype.itemsize == 8 and not is_traced(counted := first | second):
        # float32 has no digits left for a cloud far from 0.
        with np.errstate(invalid="ignore"):
            points = points - np.mean(
                points, axis=0, keepdims=True, where=np.asarray(counted | ~counted.any())[:, None]
            )
    return _separability(as_real("points", points), first, second, as_key(key), as_count("shuffles", shuffles))


@partial(jax.jit, static_argnames="shuffles")
def _separability(points, first, second, key, shuffles):
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
    index, by_chance = indices[0], jnp.mean(indices[1:])
    known = (by_chance < TOO_FEW) & jnp.all(jnp.isfinite(points) | ~counted[:, None])
    score = jnp.where(known, jnp.clip((index - by_chance) / jnp.where(known, 1 - by_chance, 1), 0, 1), jnp.nan)
    score = jnp.where(jnp.any(first) & jnp.any(second), score, jnp.where(jnp.any(counted), 1.0, jnp.nan))
    return Separability(score, index, by_chance, weights[0])


def _standardized(points, counted):
    """Mean 0 and variance 1 over the counted rows; other rows and constant features are 0."""
    share = (counted / jnp.maximum(jnp.sum(counted), 1))[:, None]
    x = of_size_one(jnp.where(counted[:, None], points, 0))
    x = of_size_one(jnp.where(counted[:, None], x - jnp.sum(x * share, axis=0, keepdims=True), 0))
    variance = jnp.sum(x**2 * share, axis=0, keepdims=True)
    return jnp.where(variance > 0, x * jax.lax.rsqrt(jnp.where(variance > 0, variance, 1)), 0)


def of_size_one(x):
    """Each column divided by a power of two near its greatest magnitude: no digit is lost, squares stay in range."""
    _, exponent = jnp.frexp(jnp.max(jnp.abs(x), axis=0, keepdims=True))
    return jnp.ldexp(x, -exponent)


def _index(x, first, second):
    """The greatest J of any stage, each at its best threshold, and its direction."""
    rows = jnp.concatenate([x, jnp.ones((len(x), 1), x.dtype)], axis=1)
    weight = (first / jnp.maximum(jnp.sum(first), 1) + second / jnp.maximum(jnp.sum(second), 1)) / 2
    sign, sizes = jnp.where(first, 1, -1).astype(x.dtype), jnp.array((0.0, *SIZES), x.dtype)[None]

    def newton(ridge, state):
        weights, values = state
        wrong = jax.nn.sigmoid(-sign * values)
        slope = jnp.matmul(rows.T, -weight * sign * wrong, precision="highest") + ridge * weights
        bend = jnp.matmul(rows.T * (weight * wrong * (1 - wrong))[None], rows, precision="highest")
        # What float32 takes to be positive definite.
        bend += (ridge + 1e-6 * jnp.mean(jnp.diagonal(bend))) * jnp.eye(len(bend), dtype=x.dtype)
        step = jax.scipy.linalg.cho_solve((jnp.linalg.cholesky(bend), True), slope)
        tried = weights[:, None] - sizes * step[:, None]
        moved = values[:, None] - sizes * jnp.matmul(rows, step, precision="highest")[:, None]
        softplus = jnp.matmul(weight, jax.nn.softplus(-sign[:, None] * moved), precision="highest")
        loss = softplus + ridge / 2 * jnp.sum(tried**2, axis=0)
        best = jnp.argmin(jnp.where(jnp.isfinite(loss), loss, jnp.inf))
        return jnp.where(best == 0, weights, tried[:, best]), jnp.where(best == 0, values, moved[:, best])

    def stage(state, ridge):
        state = jax.lax.fori_loop(0, MORE_STEPS, lambda _, state: newton(ridge, state), state)
        return state, (_youden(state[1], first, second), state[0])

    state = jnp.zeros(rows.shape[1], x.dtype), jnp.zeros(len(x), x.dtype)
    state = jax.lax.fori_loop(0, STEPS - MORE_STEPS, lambda _, state: newton(RIDGE, state), state)
    _, (indices, directions) = jax.lax.scan(stage, state, RIDGE * FALL ** jnp.arange(STAGES, dtype=x.dtype))
    best = jnp.argmax(indices)
    return indices[best], directions[best, :-1]


def _youden(values, first, second):
    """The greatest difference of the two clouds' distribution functions; ties stay together."""
    order = jnp.argsort(jnp.where(first | second, values, jnp.inf))
    ordered = values[order]

    def share_below(cloud):
        return jnp.cumsum(cloud[order], dtype=jnp.int32) / jnp.maximum(jnp.sum(cloud, dtype=jnp.int32), 1)

    last = jnp.concatenate([ordered[1:] > ordered[:-1], jnp.ones(1, bool)])
    return jnp.max(jnp.where(last, jnp.abs(share_below(second) - share_below(first)), 0))
