"""Nearest clusters where data have few dimensions: a search in k-d trees, one for clusters of about the same size."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue]

from interp_jax.kernels.ward._neighbors import NEAREST
from interp_jax.kernels.ward._search import exact

_ROUNDING = 2.0**-50  # of a coordinate of at most 1, and of a distance in one dimension
_TIED = 4e-12  # relative difference of costs that counts as a tie
_APART = 2.0  # factor between the limits of two rows from which they are searched apart
_FEATURES = 3  # up to which small leaves are faster
_QUERIES = 64  # points from which the work of a search is told
_MORE = 32, 128, 512  # neighbors looked for where fewer do not tell which one is the nearest


def by_place(points):
    """A tree of points, and an order of them in which those near each other are near each other in memory."""
    tree = cKDTree(points, leafsize=64, balanced_tree=False, compact_nodes=False, copy_data=False)
    return tree, tree.indices


def visited(points, tree):
    """The share of the points in the leaves that reach into the sphere of some points' nearest ones."""
    starts, nodes = [], [tree.tree]
    while nodes:
        node = nodes.pop()
        if node.split_dim < 0:
            starts.append(node.start_idx)
        else:
            nodes += [node.lesser, node.greater]
    starts = np.sort(starts)
    low, high = (extreme.reduceat(points[tree.indices], starts) for extreme in (np.minimum, np.maximum))
    counts = np.diff(starts, append=len(points))
    queries = points[:: -(-len(points) // _QUERIES)]
    reach = tree.query(queries, k=max(2, min(NEAREST + 1, len(points))))[0][:, -1:]
    outside = np.zeros((len(queries), len(starts)))
    for query, least, most in zip(queries.T[..., None], low.T, high.T, strict=True):
        outside += np.square(np.maximum(0, np.maximum(least - query, query - most)))
    return (counts * (outside <= np.square(reach))).sum() / (len(queries) * len(points))


class _Bin(NamedTuple):
    tree: cKDTree
    slots: np.ndarray  # of the tree's points, then −1 for none
    sizes: np.ndarray  # likewise; 1 for none
    least: float  # of sizes


class Forest:
    """The live clusters in trees, by the octave of their size.

    ΔESS is f · distance² with f = st / (s + t), which grows with both sizes. So in a tree whose smallest cluster has
    size m, a cluster of size s costs at least as much as its distance and m tell.
    """

    def __init__(self, clusters):
        self.clusters = clusters
        live = np.flatnonzero(clusters.alive)
        octaves = np.frexp(clusters.sizes[live])[1]
        members = (live[octaves == octave] for octave in np.unique(octaves))
        self.bins = [_bin(clusters, slots) for slots in sorted(members, key=len, reverse=True)]

    def nearest(self, rows, least):
        """NEAREST near slots of each row (its own if there are fewer), their exact costs, a lower bound on all others.

        ``least`` is the cost of any other cluster, or infinite. The least cost found is at most the bound.
        """
        # The K-th neighbor of evenly spread points is this much further than the first.
        limits = NEAREST ** (2 / self.clusters.centroids.shape[1]) * least
        slots, costs, bounds = self._search(rows, limits, NEAREST)
        for wanted in _MORE:
            left = _settle(costs, bounds)
            if not len(left):
                return slots, costs, bounds
            limits = np.minimum(costs[left].min(1), least[left])
            slots[left], costs[left], bounds[left] = self._search(rows[left], limits, wanted)
        left = _settle(costs, bounds)
        if len(left):
            slots[left], costs[left], bounds[left] = exact(self.clusters, rows[left])
        return slots, costs, bounds

    def _search(self, rows, limits, wanted):
        clusters = self.clusters
        places, sizes = clusters.centroids[rows], clusters.sizes[rows]
        slots = np.repeat(rows[:, None], NEAREST, axis=1)
        costs, bounds = np.full(slots.shape, np.inf), np.full(len(rows), np.inf)
        rounding = _ROUNDING * np.sqrt(places.shape[1])
        for each in self.bins:
            factor = sizes * each.least / (sizes + each.least)
            reach = np.sqrt(limits / factor) * (1 + 1e-14) + rounding
            for some, upper in _alike(reach):
                # One more than there are at most: the last is infinite then.
                count = min(wanted, len(each.slots))
                distances, where = each.tree.query(places[some], k=count, distance_upper_bound=upper)
                beyond = factor[some] * np.square(np.maximum(np.minimum(distances[:, -1], upper) - rounding, 0))
                bounds[some] = np.minimum(bounds[some], beyond)
                near = np.flatnonzero(distances[:, 0] < np.inf)
                if not len(near):
                    continue
                where, some = where[near], some[near]
                size = sizes[some, None]
                other = each.sizes[where]
                nearby = np.square(distances[near]) * (size * other / (size + other))
                where = each.slots[where]
                nearby[where == rows[some, None]] = np.inf
                nearby = np.concatenate([costs[some], nearby], axis=1)
                where = np.concatenate([slots[some], where], axis=1)
                order = np.argpartition(nearby, NEAREST, axis=1)[:, : NEAREST + 1]
                nearby = np.take_along_axis(nearby, order, axis=1)
                slots[some] = np.take_along_axis(where, order[:, :NEAREST], axis=1)
                costs[some] = nearby[:, :NEAREST]
                bounds[some] = np.minimum(bounds[some], _lowered(nearby[:, NEAREST], size[:, 0], rounding))
                limits[some] = np.minimum(limits[some], nearby[:, :NEAREST].max(1))
        none = np.isinf(costs)
        slots[none] = np.repeat(rows[:, None], NEAREST, axis=1)[none]
        costs = clusters.cost(np.repeat(rows, NEAREST), slots.ravel()).reshape(slots.shape)
        costs[none] = np.inf
        return slots, costs, bounds


def _settle(costs, bounds):
    """Raises bounds that are below the least cost by no more than rounding; returns the rows where they stay below."""
    least = costs.min(1)
    tied = least * (1 - _TIED) <= bounds
    bounds[tied] = np.maximum(least, bounds)[tied]
    return np.flatnonzero(~tied)


def _lowered(costs, sizes, rounding):
    """Costs less what rounding of the distance can have added, for partners of any size."""
    return sizes * np.square(np.maximum(np.sqrt(costs / sizes) - rounding, 0))


def _bin(clusters, slots):
    leaf = 16 if clusters.centroids.shape[1] <= _FEATURES else 64
    places = clusters.centroids[slots]
    tree = cKDTree(places, leafsize=leaf, compact_nodes=True, balanced_tree=False, copy_data=False)
    sizes = clusters.sizes[slots]
    return _Bin(tree, np.append(slots, -1), np.append(sizes, 1.0), sizes.min())


def _alike(reach):
    """Rows in groups of similar reach, and the largest reach of each."""
    octaves = np.full(len(reach), 0)
    finite = np.isfinite(reach)
    octaves = np.where(finite, np.floor(np.log(np.where(finite, reach, 1)) / np.log(_APART)), np.inf)
    for octave in np.unique(octaves):
        some = np.flatnonzero(octaves == octave)
        yield some, reach[some].max()
