"""Sums of Euclidean distances over the pairs of rows inside groups, tile by tile."""

import jax
import jax.numpy as jnp

_HIGHEST = jax.lax.Precision.HIGHEST
# A squared distance below this share of ‖a‖² + ‖b‖² has lost digits in ‖a‖² + ‖b‖² − 2 a·b. Any other is off by at most
# c · 2⁻²⁴ · (‖a‖² + ‖b‖²), c the number of roundings that add up in a product, its root by 4 c · 2⁻²⁴ · (‖a‖ + ‖b‖). No
# mean distance is below the mean norm of the centered rows, hence the error of the mean is below 8 c · 2⁻²⁴ of it.
_DOUBTFUL = 1 / 64


def sums_within(rows, labels, groups, batch_size):
    """Per group the sum of ‖a − b‖ over its pairs; may be traced.

    Args:
        rows: [rows, features], centered on their group's mean.
        labels: int32 [rows], ascending; the label ``groups`` marks rows that do not count.
        groups: number of groups.
        batch_size: rows on each side of a tile.
    """
    side = max(1, min(batch_size, len(rows)))
    tiles = -(-len(rows) // side)
    padding = tiles * side - len(rows)
    x = jnp.pad(rows, ((0, padding), (0, 0))).reshape(tiles, side, rows.shape[1])
    labels = jnp.pad(labels, (0, padding), constant_values=groups).reshape(tiles, side)
    squares = jnp.sum(x**2, axis=2)
    later = jnp.arange(side)[:, None] < jnp.arange(side)[None, :]

    def add_tile(i, j, sums):
        """``sums`` plus the sum over the pairs of each row of tile i with rows of tile j."""
        pairs = (labels[i][:, None] == labels[j][None, :]) & (labels[i] < groups)[:, None] & (later | (i < j))
        both = squares[i][:, None] + squares[j][None, :]
        squared = both - 2 * jnp.matmul(x[i], x[j].T, precision=_HIGHEST)
        doubtful = pairs & (squared < _DOUBTFUL * both)
        sums = sums + jnp.sum(jnp.where(pairs & ~doubtful, jnp.sqrt(jnp.maximum(squared, 0)), 0), axis=1)

        def add_row(state):
            left, sums = state
            row = jnp.argmax(left)
            differences = x[i, row][None] - x[j]
            exact = jnp.sqrt(jnp.matmul(differences**2, jnp.ones_like(differences[0]), precision=_HIGHEST))
            sums = sums.at[row].add(jnp.sum(jnp.where(doubtful[row], exact, 0)))
            return left.at[row].set(False), sums

        # A loop over the rows in doubt, not a condition, whose two sides would both be computed under vmap.
        return jax.lax.while_loop(lambda state: jnp.any(state[0]), add_row, (jnp.any(doubtful, axis=1), sums))[1]

    def add_tiles(totals, i):
        """Tile i with itself and those after it, as far as they hold rows of its groups."""

        def shares_a_group(state):
            first = labels[jnp.minimum(state[0], tiles - 1), 0]
            return (state[0] < tiles) & (first <= labels[i, -1]) & (first < groups)

        start = (i, jnp.zeros(side, x.dtype))
        _, sums = jax.lax.while_loop(shares_a_group, lambda state: (state[0] + 1, add_tile(i, *state)), start)
        belongs = labels[i][None, :] == jnp.arange(groups, dtype=labels.dtype)[:, None]
        return totals + jnp.matmul(belongs.astype(x.dtype), sums, precision=_HIGHEST), None

    return jax.lax.scan(add_tiles, jnp.zeros(groups, x.dtype), jnp.arange(tiles))[0]
