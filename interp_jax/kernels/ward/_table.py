"""One tree of few clusters: the costs of all pairs in a table, on the host."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from interp_jax.kernels.ward import _threads
from interp_jax.kernels.ward._pairs import reciprocal

_NEAR = 1e-3  # of a cluster's squared norm, squared distances below which products have lost digits
_CACHED = 1 << 15  # costs of a tile
_MANY = 6  # tiles from which threads pay
_FULL = 0.75  # share of the table in use below which the rest is dropped


def agglomerate(clusters, merges) -> None:
    """Merges all clusters: in every round all pairs of each other's nearest, by Lance and Williams' formula."""
    with ThreadPoolExecutor(_threads.count()) as pool:
        _agglomerate(clusters, merges, lambda work, tiles: _all_of(work, tiles, pool))


def _all_of(work, tiles, pool):
    """Calls ``work`` with all tiles, in threads where there are enough of them."""
    if len(tiles) < _MANY:
        for tile in tiles:
            work(tile)
    else:
        for _ in pool.map(
            lambda start: [work(tile) for tile in tiles[start :: _threads.count()]], range(_threads.count())
        ):
            pass


def _agglomerate(clusters, merges, all_of):
    costs, least, nearest = _costs(clusters, all_of)
    sizes, names, empty = clusters.sizes, clusters.names, np.zeros(len(costs))  # infinite where a slot is empty
    live = len(costs)
    while live > 1:
        left, right = reciprocal(np.flatnonzero(empty == 0), nearest, least, names)
        if not len(left):
            # Rounding can hide that two are each other's nearest; the least pair of all is.
            left = np.array([least.argmin()])
            right = nearest[left]
        heights, total = least[left], sizes[left] + sizes[right]
        merged = np.zeros(len(costs), bool)
        merged[left] = merged[right] = True
        following = np.flatnonzero(merged[nearest] & ~merged)
        empty[right] = least[right] = np.inf
        tiles = _tiles(len(left), len(costs))
        all_of(partial(_unite, costs, sizes, empty, left, right, heights, least, nearest), tiles)
        all_of(partial(_transpose, costs, left, costs[left].T), _tiles(len(costs), len(left)))
        all_of(partial(_renew, costs, empty, following, least, nearest), _tiles(len(following), len(costs)))
        sizes[left], names[left] = total, merges.add(names[left], names[right], heights, total)
        live -= len(left)
        if live < _FULL * len(costs):
            slots = np.flatnonzero(empty == 0)
            moved = np.zeros(len(costs), int)
            moved[slots] = np.arange(live)
            costs, sizes, names, empty = costs[slots[:, None], slots], sizes[slots], names[slots], empty[slots]
            least, nearest = least[slots], moved[nearest[slots]]


def _tiles(rows, columns):
    """Slices of the rows whose parts of the table fit into the cache."""
    step = max(1, _CACHED // columns)
    return [slice(start, start + step) for start in range(0, rows, step)]


def _unite(costs, sizes, empty, left, right, heights, least, nearest, some):
    """Writes the costs of some unions with all clusters, in the left slots with the other unions."""
    a, b = left[some], right[some]
    rows = _united(costs[a], costs[b], sizes[a, None], sizes[b, None], sizes, heights[some, None])
    total = (sizes[a] + sizes[b])[:, None]
    rows[:, left] = _united(rows[:, left], rows[:, right], sizes[left], sizes[right], total, heights)
    rows[np.arange(len(a)), a] = np.inf
    rows += empty
    nearest[a] = places = rows.argmin(1)
    least[a] = rows[np.arange(len(a)), places]
    costs[a] = rows


def _transpose(costs, columns, values, some):
    costs[some][:, columns] = values[some]


def _united(first, second, a, b, others, heights):
    """Costs of unions of clusters of sizes a and b with others, from those of both, which are overwritten."""
    both = first + second
    both -= heights
    both *= others
    first *= a
    second *= b
    both += first
    both += second
    both /= a + b + others
    return both


def _renew(costs, empty, following, least, nearest, some):
    rows = following[some]
    part = costs[rows]
    part += empty
    nearest[rows] = places = part.argmin(1)
    least[rows] = part[np.arange(len(rows)), places]


def _costs(clusters, all_of):
    """All costs, infinite on the diagonal, and the least of each row and its place."""
    points, sizes = clusters.centroids, clusters.sizes
    count = len(sizes)
    squares = np.einsum("ij,ij->i", points, points)[:, None]
    ones = np.ones_like(squares)
    # Of products of these, ‖a‖² + ‖b‖² − 2ab.
    costs = np.hstack([-2 * points, squares, ones]) @ np.hstack([points, ones, squares]).T
    least, nearest = np.empty(count), np.empty(count, int)
    inverse = None if sizes.min() == sizes.max() else 1 / sizes

    def fill(rows):
        tile, here = costs[rows[0] : rows[-1] + 1], np.arange(len(rows))
        tile[here, rows] = np.inf
        near = np.flatnonzero(tile < _NEAR * squares[rows])
        if inverse is None:
            tile *= sizes[0] / 2
        else:
            tile /= inverse[rows, None] + inverse
        if len(near):
            tile.ravel()[near] = clusters.cost(rows[near // count], near % count)
        nearest[rows] = places = tile.argmin(1)
        least[rows] = tile[here, places]

    all_of(lambda some: fill(np.arange(count)[some]), _tiles(count, count))
    return costs, least, nearest
