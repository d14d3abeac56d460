"""Greedy k-means++: the rows from which k-means starts."""

import math

import jax
import jax.numpy as jnp

from interp_jax.kernels.kmeans._nearest_centers import if_exact, scores, squared_differences


def seeds(rows, keys, k, exact=False):
    """Rows [lanes, k, features] of `RowBatches` as centers, with a key per lane.

    Each is the one, of a few drawn in proportion to their squared distance, that leaves the least sum of distances.
    """
    draws = 2 + int(math.log(k))
    weights = rows.weights
    first = jax.vmap(lambda key: _draw(jax.random.fold_in(key, 0), weights, 1)[0])(keys)
    centers = jnp.zeros((len(keys), k, rows.x.shape[-1]), rows.x.dtype).at[:, 0].set(rows.at(first))

    def distances(batch, candidates):
        """Squared distances [lanes, candidates, size]."""
        return jnp.maximum(scores(batch.x, candidates) + batch.squares[None, None], 0)

    def nearer(batch, center, nearest):
        """Squared distances [lanes, size] to the nearest of the centers so far and one more."""
        return if_exact(
            exact,
            1,
            lambda *_: jnp.minimum(squared_differences(batch.x, center), nearest),
            jnp.minimum(distances(batch, center[:, None])[:, 0], nearest),
        )

    _, nearest = rows.fold(lambda _, batch, part: (None, nearer(batch, centers[:, 0], jnp.inf)), None)

    def choose(number, state):
        centers, nearest = state
        draw_keys = jax.vmap(lambda key: jax.random.fold_in(key, number))(keys)
        numbers = jax.vmap(lambda key, mass: _draw(key, mass * weights, draws))(
            draw_keys, nearest.reshape(-1, *weights.shape)
        )
        candidates = rows.at(numbers)

        def left(total, batch, part):
            near = rows.part(nearest, part)[:, None]

            def compare(number, remaining):
                squared = squared_differences(batch.x, candidates[:, number])
                return remaining.at[:, number].set(jnp.minimum(squared, near[:, 0]))

            remaining = if_exact(exact, draws, compare, jnp.minimum(distances(batch, candidates), near))
            return total + jnp.sum(remaining * batch.weights[None, None], axis=2), remaining

        totals, remaining = rows.fold(left, jnp.zeros((len(keys), draws), nearest.dtype))
        best = jnp.argmin(totals, axis=1)[:, None]
        chosen = jnp.take_along_axis(candidates, best[..., None], axis=1)[:, 0]
        return centers.at[:, number].set(chosen), jnp.take_along_axis(remaining, best[..., None], axis=1)[:, 0]

    return jax.lax.fori_loop(1, k, choose, (centers, nearest))[0]


def _draw(key, mass, count):
    """Row numbers drawn in proportion to mass [runs, length], by its running sum: over blocks first, then in one."""
    runs, length = mass.shape
    size = math.isqrt(length - 1) + 1
    # Blocks of one run each, so that devices exchange the sums of blocks and not of rows.
    blocks = jnp.pad(mass, ((0, 0), (0, size * size - length))).reshape(runs * size, size)
    running = jnp.cumsum(jnp.sum(blocks, axis=1))
    wanted = jax.random.uniform(key, (count,), mass.dtype) * running[-1]
    block = jnp.minimum(jnp.sum(running[None] <= wanted[:, None], axis=1), runs * size - 1)
    wanted -= jnp.where(block > 0, running[block - 1], 0)
    inside = jnp.sum(jnp.cumsum(blocks[block], axis=1) <= wanted[:, None], axis=1)
    # Rounding may lead past the last row with mass; then the heaviest of the block is taken.
    inside = jnp.where(inside < size, inside, jnp.argmax(blocks[block], axis=1))
    return block // size * length + jnp.minimum(block % size * size + inside, length - 1)
