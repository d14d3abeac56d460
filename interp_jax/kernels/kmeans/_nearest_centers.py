"""The nearest of a few centers, for every row and lane."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

# Centers up to which one pass over the scores finds the least and its number faster than two passes.
_ONE_PASS = 16


def scores(x, centers):
    """‖x − μ‖² − ‖x‖² [lanes, k, size]: the rows last, so that operations per center run along them."""
    lanes, k, features = centers.shape
    products = jnp.matmul(centers.reshape(lanes * k, features), x.T, precision=jax.lax.Precision.HIGHEST)
    return jnp.sum(centers**2, axis=-1)[..., None] - 2 * products.reshape(lanes, k, -1)


def squared_differences(x, centers):
    """‖x − μ‖² [lanes, size] for one center per lane, at several times the cost of a score."""
    return jnp.sum((x[None] - centers[:, None]) ** 2, axis=2)


def if_exact(exact, steps, step, value):
    """``value`` after ``steps`` steps if ``exact``, which may be traced, else unchanged.

    A loop, not a condition, whose two sides would both be computed under vmap.
    """
    return value if exact is False else jax.lax.fori_loop(0, jnp.where(exact, steps, 0), step, value)


def nearest(batch, centers, exact: Array | bool = False):
    """The first of the nearest centers, and the squared distance to it, [lanes, size] each."""
    scored = scores(batch.x, centers)
    labels, least = _first_least(scored)
    least += batch.squares[None]

    def compare(number, best):
        squared = squared_differences(batch.x, centers[:, number])
        nearer = squared < best[1]
        return jnp.where(nearer, number, best[0]), jnp.where(nearer, squared, best[1])

    labels, compared = if_exact(exact, centers.shape[1], compare, (labels, jnp.full_like(least, jnp.inf)))
    return labels, jnp.where(exact, compared, least)


def _first_least(scored):
    """The number of the first least score along the second axis, and that score; on CPUs faster than argmin."""
    numbers, last = center_numbers(scored.shape[1]), scored.shape[1] - 1
    if len(numbers[0]) > _ONE_PASS:
        least = jnp.min(scored, axis=1)
        return jnp.min(jnp.where(scored == least[:, None], numbers, last), axis=1), least

    def first(one, other):
        (score, number), (other_score, other_number) = one, other
        other_first = (other_score < score) | ((other_score == score) & (other_number < number))
        return jnp.where(other_first, other_score, score), jnp.where(other_first, other_number, number)

    nothing = jnp.array(jnp.inf, scored.dtype), jnp.int32(last)
    least, labels = jax.lax.reduce((scored, jnp.broadcast_to(numbers, scored.shape)), nothing, first, (1,))
    return labels, least


def center_numbers(k):
    """[1, k, 1]."""
    return jnp.arange(k, dtype=jnp.int32)[None, :, None]
