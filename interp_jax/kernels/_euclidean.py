"""Sums of Euclidean distances over the pairs of rows inside groups, tile by tile."""

import jax
import jax.numpy as jnp

from interp_jax._shards import batch_of, by_runs, everywhere, runs_of

_HIGHEST = jax.lax.Precision.HIGHEST
# A squared distance below this share of ‖a‖² + ‖b‖² has lost digits in ‖a‖² + ‖b‖² − 2 a·b. Any other is off by at most
# c · 2⁻²⁴ · (‖a‖² + ‖b‖²), c the number of roundings that add up in a product, its root by 4 c · 2⁻²⁴ · (‖a‖ + ‖b‖). No
# mean distance is below the mean norm of the centered rows, hence the error of the mean is below 8 c · 2⁻²⁴ of it.
_DOUBTFUL = 1 / 64


def in_tiles(rows, labels, groups, batch_size, ordered):
    """Rows [runs, tiles, share, features] and labels [runs, tiles, share], as `sums_within` takes them; may be traced.

    In every run each group is contiguous; rows that do not count follow, among them those that fill the last tile.

    Args:
        rows: [rows, features].
        labels: int32 [rows]; the label ``groups`` marks rows that do not count.
        groups: number of groups.
        batch_size: rows on each side of a tile.
        ordered: whether the labels ascend already.
    """
    runs = runs_of(rows)
    length = len(rows) // runs
    share = max(1, min(batch_size // runs, length))
    filling = (0, 0), (0, -length % share)
    x, labels = by_runs(rows, runs), by_runs(labels, runs)
    if not ordered:
        order = jnp.argsort(labels, axis=1)
        x, labels = jax.vmap(lambda run, labels, order: (run[order], labels[order]))(x, labels, order)
    x, labels = jnp.pad(x, (*filling, (0, 0))), jnp.pad(labels, filling, constant_values=groups)
    return x.reshape(runs, -1, share, x.shape[2]), labels.reshape(runs, -1, share)


def sums_within(x, labels, groups):
    """Per group the sum of ‖a − b‖ over its pairs; may be traced.

    A tile takes rows of every run, so that rows spread over devices are compared where they lie: each device receives a
    tile and compares it with its own rows.

    Args:
        x: rows as by `in_tiles`, centered on their group's mean, in a unit in which their squares keep their digits.
        labels: their labels.
        groups: number of groups.
    """
    runs, tiles, share, _ = x.shape
    side = runs * share
    squares = jnp.sum(x**2, axis=3)
    ends = _last_tiles(labels.reshape(runs, -1), groups, share)
    later = (jnp.arange(side)[:, None] < jnp.arange(side)[None, :]).reshape(side, runs, share)

    def flat(values, number):
        return batch_of(values, number, 1).reshape(side, *values.shape[3:])

    def add_tile(i, j, tile, sums):
        """``sums`` [side, runs] plus the sums over the pairs of each row of tile i with rows of tile j."""
        a, of_a, square_a = tile
        b = flat(x, j)
        of_b, square_b = (jax.lax.dynamic_index_in_dim(part, j, 1, False) for part in (labels, squares))
        of_a, square_a = of_a[:, None, None], square_a[:, None, None]
        pairs = (of_a == of_b[None]) & (of_a < groups) & (later | (i < j))
        both = square_a + square_b[None]
        products = jnp.matmul(a, b.T, precision=_HIGHEST).reshape(side, runs, share)
        squared = both - 2 * products
        doubtful = pairs & (squared < _DOUBTFUL * both)
        sums = sums + jnp.sum(jnp.where(pairs & ~doubtful, jnp.sqrt(jnp.maximum(squared, 0)), 0), axis=2)

        def add_row(state):
            left, sums = state
            row = jnp.argmax(left)
            differences = a[row][None] - b
            exact = jnp.sqrt(jnp.matmul(differences**2, jnp.ones_like(differences[0]), precision=_HIGHEST))
            exact = exact.reshape(runs, share)
            return left.at[row].set(False), sums.at[row].add(jnp.sum(jnp.where(doubtful[row], exact, 0), axis=1))

        # A loop over the rows in doubt, not a condition, whose two sides would both be computed under vmap.
        return jax.lax.while_loop(lambda state: jnp.any(state[0]), add_row, (jnp.any(doubtful, axis=(1, 2)), sums))[1]

    def add_tiles(totals, i):
        """Tile i with itself and those after it, as far as they hold rows of its groups."""
        tile = tuple(everywhere(flat(values, i)) for values in (x, labels, squares))
        start = (i, jnp.zeros((side, runs), x.dtype))
        _, sums = jax.lax.while_loop(
            lambda state: state[0] <= ends[i],
            lambda state: (state[0] + 1, add_tile(i, state[0], tile, state[1])),
            start,
        )
        belongs = tile[1][None, :] == jnp.arange(groups, dtype=labels.dtype)[:, None]
        return totals + jnp.matmul(belongs.astype(x.dtype), jnp.sum(sums, axis=1), precision=_HIGHEST), None

    return jax.lax.scan(add_tiles, jnp.zeros(groups, x.dtype), jnp.arange(tiles))[0]


def _last_tiles(labels, groups, share):
    """[tiles] the last tile that holds rows of the groups of each; −1 where a tile's rows do not count."""
    if groups == 1:
        last = (jnp.max(jnp.sum(labels < 1, axis=1)) - 1) // share
        places = jnp.arange(labels.shape[1] // share)
        return jnp.where(places <= last, last, -1)
    first, last = labels[:, ::share].reshape(-1), jnp.minimum(labels[:, share - 1 :: share].reshape(-1), groups - 1)

    def in_run(run):
        start, end = jnp.searchsorted(run, first), jnp.searchsorted(run, last, side="right")
        return jnp.where(end > start, (end - 1) // share, -1)

    ends = jnp.max(jax.vmap(in_run)(labels), axis=0)
    return jnp.max(ends.reshape(len(labels), -1), axis=0)
