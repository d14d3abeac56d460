"""Nearest clusters: a float32 search for bounds, and a float64 one on the host for exact results."""

from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np

from interp_jax._shards import everywhere, on_host
from interp_jax.kernels.ward import _threads
from interp_jax.kernels.ward._neighbors import NEAREST

_ROWS, _COLUMNS, _LANES = 512, 1024, 128  # a tile, and the residue classes of columns, each with its own best
_UNDERFLOW = 1e-30  # more than products of small coordinates can lose
_HOST_ELEMENTS = 1 << 21  # of a float64 tile
_SINGLE = 1 << 17  # costs on the host up to which float64 is as fast as float32
_SINGLE_ELEMENTS = 1 << 20  # of a float32 tile: in smaller ones a product's threads wait for each other
_TIED = 1e-12  # relative difference of float64 costs that counts as a tie
_QUERIES = 4 * _ROWS  # of one program on a mesh
_HOST_LIMIT = 3000  # clusters up to which the host is faster
_NONE = np.float32(np.inf), np.int32(0), np.float32(np.inf)  # least cost, its position, the second: of none


def nearest(clusters, rows):
    """The nearest clusters of some slots: their slots, their exact costs, and a lower bound on all others.

    The least cost is at most the bound, so the first neighbor is certain.
    """
    count = len(clusters.sizes)
    host = _on_host_up_to(len(rows), count)
    if host and len(rows) * count < _SINGLE:
        return exact(clusters, rows)
    slots, bounds = (_in_single if host else _on_device)(clusters, rows)
    costs = _costs(clusters, rows, slots)
    unsettled = np.flatnonzero(~(costs.min(1) <= bounds))
    if len(unsettled):
        slots[unsettled], costs[unsettled], bounds[unsettled] = exact(clusters, rows[unsettled])
    return slots, costs, bounds


def _on_host_up_to(rows, clusters):
    """Whether the host is as fast; then nothing is compiled."""
    return clusters <= _HOST_LIMIT or rows < _ROWS // 8


def _on_device(clusters, rows):
    count, dimension = clusters.centroids.shape
    runs, width = _runs_and_width(clusters.mesh)
    # The same for all rounds, and for inputs of about as many rows.
    padded = max(_COLUMNS, 1 << (clusters.started - 1).bit_length())
    padded = -(-padded // (runs * width)) * runs * width
    points = np.zeros((padded, dimension), np.float32)
    points[:count] = clusters.centroids
    squares = np.full(padded, np.inf, np.float32)
    squares[:count] = _shrunk_squares(clusters, 2.0**-24)
    inverse = np.ones(padded, np.float32)
    inverse[:count] = 1 / clusters.sizes
    shared = tuple(_spread(part, clusters.mesh) for part in (points, squares, inverse))

    def search(start):
        """The nearest of one share of rows, from ``start``."""
        some = rows[start : start + share]
        queries = np.zeros(most, np.int32)
        queries[: len(some)] = some
        parts = _search(*shared, queries, np.int32(len(some)), np.int32(count))
        # Cut on the host: on the device every length would need its own program.
        return tuple(on_host(part)[: len(some)] for part in parts)

    # A CPU runs most of one program on a single core, so several at once. On a mesh one share follows the other, so
    # that only the clusters take memory that grows with their number.
    most = padded if clusters.mesh is None else min(padded, _QUERIES)
    threads = _threads.count() if clusters.mesh is None and jax.default_backend() == "cpu" else 1
    share = min(most, _ROWS * -(-len(rows) // (_ROWS * threads)))
    starts = range(0, len(rows), share)
    if threads == 1 or len(starts) == 1:
        slots, bounds = (np.concatenate(part) for part in zip(*map(search, starts), strict=True))
    else:
        with ThreadPoolExecutor(len(starts)) as pool:
            slots, bounds = (np.concatenate(part) for part in zip(*pool.map(search, starts), strict=True))
    return slots.astype(np.int64), np.maximum(bounds.astype(np.float64) - _UNDERFLOW, 0)


def _runs_and_width(mesh):
    """The number of devices, and of each one's clusters in a tile."""
    runs = 1 if mesh is None else mesh.size
    return runs, max(1, _LANES // runs) * (_COLUMNS // _LANES)


def _spread(values, mesh):
    """Values of slots as [devices, places, …]: slot ``place · devices + device``, so that all have equally many."""
    runs, _ = _runs_and_width(mesh)
    values = np.swapaxes(values.reshape(-1, runs, *values.shape[1:]), 0, 1)
    if mesh is None:
        return jax.device_put(values)
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(mesh.axis_names))
    return jax.make_array_from_callback(values.shape, sharding, lambda index: values[index])


def _shrunk_squares(clusters, unit):
    """Squared norms minus the most that rounding to ``unit`` can add to ‖a‖² + ‖b‖² − 2ab; infinite in empty slots."""
    squares = np.einsum("ij,ij->i", clusters.centroids, clusters.centroids)
    squares *= 1 - 2 * (clusters.centroids.shape[1] + 8) * unit
    return np.where(clusters.alive, squares, np.inf)


def _two_least(one, other):
    """The least cost of two sets, its position (of equal ones the first), and the least of all others."""
    (best, where, second), (best_other, where_other, second_other) = one, other
    return (
        jnp.minimum(best, best_other),
        jnp.where(best_other < best, where_other, where),
        jnp.minimum(jnp.maximum(best, best_other), jnp.minimum(second, second_other)),
    )


@jax.jit
def _search(points, squares, inverse, queries, count, live):
    runs = len(points)
    lanes = max(1, _LANES // runs)
    width = lanes * (_COLUMNS // _LANES)
    numbers = runs * jnp.arange(width, dtype=jnp.int32)[None] + jnp.arange(runs, dtype=jnp.int32)[:, None]

    def row_tile(tile, results):
        rows = jax.lax.dynamic_slice_in_dim(queries, tile * _ROWS, _ROWS)
        a, square, share = (everywhere(part[rows % runs, rows // runs]) for part in (points, squares, inverse))
        square, share = square[:, None, None], share[:, None, None]

        def column_tile(step, carry):
            start = step * width
            b, others, shares = (
                jax.lax.dynamic_slice_in_dim(part, start, width, 1) for part in (points, squares, inverse)
            )
            products = jnp.einsum("af,rcf->arc", a, b, precision="highest")
            costs = (square + others[None] - 2 * products) / (share + shares[None])
            itself = (start * runs + numbers)[None] == rows[:, None, None]
            costs = jnp.where(itself, jnp.inf, costs).reshape(_ROWS, runs, -1, lanes)
            parts = start + lanes * jnp.arange(width // lanes, dtype=jnp.int32)
            parts = jnp.broadcast_to(parts[None, None, :, None], costs.shape)
            # A reduction of three arrays is one loop on CPUs; written part by part it is several.
            nearby = jax.lax.reduce(
                (costs, parts, jnp.full(costs.shape, jnp.inf, jnp.float32)), _NONE, _two_least, (2,)
            )
            return _two_least(carry, nearby)

        nothing = tuple(jnp.broadcast_to(each, (_ROWS, runs, lanes)) for each in _NONE)
        nearby = jax.lax.fori_loop(jnp.int32(0), -(-live // (runs * width)), column_tile, nothing)
        best, where, second = (part.reshape(_ROWS, runs * lanes) for part in nearby)
        least, lane = jax.lax.top_k(-best, NEAREST + 1)
        lane = lane[:, :NEAREST]
        slots = (jnp.take_along_axis(where, lane, axis=1) + lane % lanes) * runs + lane // lanes
        slots = jnp.where(jnp.isinf(least[:, :NEAREST]), rows[:, None], slots)
        bound = jnp.minimum(-least[:, NEAREST], second.min(1))
        return (
            jax.lax.dynamic_update_slice_in_dim(results[0], slots, tile * _ROWS, 0),
            jax.lax.dynamic_update_slice_in_dim(results[1], bound, tile * _ROWS, 0),
        )

    nothing = jnp.zeros((len(queries), NEAREST), jnp.int32), jnp.zeros(len(queries), jnp.float32)
    return jax.lax.fori_loop(jnp.int32(0), -(-count // _ROWS), row_tile, nothing)


def _in_single(clusters, rows):
    """The search on the host in float32."""
    points, inverse = clusters.centroids.astype(np.float32), (1 / clusters.sizes).astype(np.float32)
    squares = _shrunk_squares(clusters, 2.0**-24).astype(np.float32)
    slots, bounds = np.empty((len(rows), NEAREST), np.int64), np.empty(len(rows))
    height = max(1, _SINGLE_ELEMENTS // len(points))
    for start in range(0, len(rows), height):
        tile = slice(start, start + height)
        some = rows[tile]
        costs = (-2 * points[some]) @ points.T
        costs += squares
        costs += squares[some, None]
        costs /= inverse[some, None] + inverse
        costs[np.arange(len(some)), some] = np.inf
        slots[tile], bounds[tile] = _smallest(costs, some)
    return slots, np.maximum(bounds - _UNDERFLOW, 0)


def exact(clusters, rows):
    """The same as `nearest`, in float64 on the host."""
    count = len(clusters.sizes)
    squares = _shrunk_squares(clusters, 2.0**-53)
    height = max(1, _HOST_ELEMENTS // count)
    # Of many equally near clusters each row must keep different ones, or all rows would choose the same few.
    shades = 1 - _TIED * np.random.default_rng(0).random(count + len(rows))
    shades = np.lib.stride_tricks.sliding_window_view(shades, count)
    parts = [
        _host_tile(clusters, squares, rows[start : start + height], shades[start : start + height])
        for start in range(0, len(rows), height)
    ]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _host_tile(clusters, squares, rows, shades):
    count = len(clusters.sizes)
    lower = np.full((len(rows), max(count, NEAREST + 1)), np.inf)
    part = lower[:, :count]
    np.matmul(-2 * clusters.centroids[rows], clusters.centroids.T, out=part)
    part += squares
    part += squares[rows, None]
    part /= 1 / clusters.sizes[rows, None] + 1 / clusters.sizes
    np.maximum(part, 0, out=part)
    part *= shades[: len(rows)]
    part[np.arange(len(rows)), rows] = np.inf
    slots, costs, bounds = _select(clusters, rows, lower)
    least = costs.min(1)
    bounds = np.where(least * (1 - 2 * _TIED) <= bounds, np.maximum(least, bounds), bounds)
    unsettled = np.flatnonzero(~(costs.min(1) <= bounds))
    if len(unsettled):
        lower = lower[unsettled]
        row, column = np.nonzero(lower <= costs[unsettled].min(1)[:, None])
        lower[row, column] = clusters.cost(rows[unsettled][row], column)
        slots[unsettled], costs[unsettled], bounds[unsettled] = _select(clusters, rows[unsettled], lower)
    return slots, costs, bounds


def _select(clusters, rows, lower):
    slots, bounds = _smallest(lower, rows)
    return slots, _costs(clusters, rows, slots), bounds


def _smallest(lower, rows):
    """The positions of the NEAREST smallest of each row, the row itself in place of infinite ones, and the next."""
    order = np.argpartition(lower, NEAREST, axis=1)[:, : NEAREST + 1]
    values = np.take_along_axis(lower, order, axis=1)
    return np.where(np.isinf(values[:, :NEAREST]), rows[:, None], order[:, :NEAREST]), values[:, NEAREST]


def _costs(clusters, rows, slots):
    """Exact costs; infinite where a row is its own neighbor because there are no others."""
    costs = clusters.cost(np.repeat(rows, NEAREST), slots.ravel()).reshape(slots.shape)
    costs[slots == rows[:, None]] = np.inf
    return costs
