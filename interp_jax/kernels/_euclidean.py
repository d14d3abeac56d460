"""Sums of Euclidean distances over the pairs of rows inside groups, tile by tile."""

import jax
import jax.numpy as jnp

from interp_jax._shards import batch_of, by_runs, everywhere

_HIGHEST = jax.lax.Precision.HIGHEST
# A squared distance below this share of ‖a‖² + ‖b‖² has lost digits in ‖a‖² + ‖b‖² − 2 a·b. Any other is off by at most
# c · 2⁻²⁴ · (‖a‖² + ‖b‖²), c the number of roundings that add up in a product, its root by 4 c · 2⁻²⁴ · (‖a‖ + ‖b‖). No
# mean distance is below the mean norm of the centered rows, hence the error of the mean is below 8 c · 2⁻²⁴ of it.
_DOUBTFUL = 1 / 64


def sums_within(rows, unit, labels, groups, batch_size, runs=1):
    """Per group the sum of ‖a − b‖ over its pairs; may be traced.

    A tile takes rows of every run, so that rows spread over devices are compared where they lie: each device receives a
    tile and compares it with its own rows.

    Args:
        rows: [rows, features], centered on their group's mean.
        unit: a power of two, by which rows are divided tile by tile and not in a further copy; the sums are in it.
        labels: int32 [rows], ascending in every run; the label ``groups`` marks rows that do not count.
        groups: number of groups.
        batch_size: rows on each side of a tile.
        runs: equal runs of rows, as `runs_of` counts them.
    """
    length = len(rows) // runs
    share = max(1, min(batch_size // runs, length))
    side, tiles = runs * share, -(-length // share)
    padding = tiles * share - length
    x = jnp.pad(by_runs(rows, runs), ((0, 0), (0, padding), (0, 0))).reshape(runs, tiles, share, rows.shape[1])
    labels = jnp.pad(by_runs(labels, runs), ((0, 0), (0, padding)), constant_values=groups)
    ends = _last_tiles(labels, groups, share)
    labels = labels.reshape(runs, tiles, share)
    later = (jnp.arange(side)[:, None] < jnp.arange(side)[None, :]).reshape(side, runs, share)

    def flat(values, number):
        return batch_of(values, number, 1).reshape(side, *values.shape[3:])

    def add_tile(i, j, tile, sums):
        """``sums`` [side, runs] plus the sums over the pairs of each row of tile i with rows of tile j."""
        a, of_a, square_a = (part[:, None, None] for part in tile)
        b, of_b = (jax.lax.dynamic_index_in_dim(part, j, 1, False) for part in (x, labels))
        pairs = (of_a == of_b[None]) & (of_a < groups) & (later | (i < j))
        b = b / unit
        both = square_a + jnp.sum(b**2, axis=2)[None]
        squared = both - 2 * jnp.einsum("af,rsf->ars", tile[0], b, precision=_HIGHEST)
        doubtful = pairs & (squared < _DOUBTFUL * both)
        sums = sums + jnp.sum(jnp.where(pairs & ~doubtful, jnp.sqrt(jnp.maximum(squared, 0)), 0), axis=2)

        def add_row(state):
            left, sums = state
            row = jnp.argmax(left)
            differences = a[row] - b
            exact = jnp.sqrt(jnp.matmul(differences**2, jnp.ones_like(differences[0, 0]), precision=_HIGHEST))
            return left.at[row].set(False), sums.at[row].add(jnp.sum(jnp.where(doubtful[row], exact, 0), axis=1))

        # A loop over the rows in doubt, not a condition, whose two sides would both be computed under vmap.
        return jax.lax.while_loop(lambda state: jnp.any(state[0]), add_row, (jnp.any(doubtful, axis=(1, 2)), sums))[1]

    def add_tiles(totals, i):
        """Tile i with itself and those after it, as far as they hold rows of its groups."""
        a, of_a = (everywhere(flat(values, i)) for values in (x, labels))
        a = a / unit
        tile = a, of_a, jnp.sum(a**2, axis=1)
        start = (i, jnp.zeros((side, runs), x.dtype))
        _, sums = jax.lax.while_loop(
            lambda state: state[0] <= ends[i],
            lambda state: (state[0] + 1, add_tile(i, state[0], tile, state[1])),
            start,
        )
        belongs = of_a[None, :] == jnp.arange(groups, dtype=labels.dtype)[:, None]
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
