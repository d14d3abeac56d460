"""One tree of few clusters on the host: all pairs of each other's nearest are merged in rounds, then the rest."""

import numpy as np

from interp_jax.kernels.ward import _threads
from interp_jax.kernels.ward._chain import NEAR, chain
from interp_jax.kernels.ward._pairs import mixed, reciprocal

_FEW = 40  # clusters from which on they are merged one after the other
_EQUAL = 32  # clusters on average that may be as near as the nearest, as far as the bounds tell
_COMPARED = 1 << 28  # coordinates that may be compared before float64 bounds are given up, too
_FULL = 0.75  # share of the slots in use below which the empty ones are dropped
_FAR = 1e30  # instead of infinity, of which products would have NaN
_CACHED, _ROWS = 1 << 16, 128  # bounds of a tile, which has at least so many rows
_MANY = 4  # tiles from which threads pay
_COORDINATES = 1 << 18  # of differences held at once


def agglomerate(points, center, sizes, names, merges) -> bool:
    """Merges all clusters; none and returns False where too many are equally near, or some too near for centroids.

    Args:
        points: centroids.
        center: from which no coordinate is further than 1.
        sizes: of the clusters.
        names: of the clusters.
        merges: to which the merges are added.
    """
    return any(
        _Rounds(points - center, sizes.copy(), names.copy(), kind).merge_all(merges)
        for kind in (np.float32, np.float64)
    )


class _Rounds:
    """Clusters in slots, of which a union takes the first of its two, and the nearest of each.

    The nearest is told by lower bounds of all costs in float32, which lack at most the slack of both clusters. Where
    one bound is below all others by less, costs are compared in float64. If that is often, the bounds are float64, too.
    """

    def __init__(self, points, sizes, names, kind):
        count, features = points.shape
        self.points, self.sizes, self.names, self.kind = points, sizes, names, kind
        # The most that rounding can add to or take from ‖a‖² + ‖b‖² − 2ab is this share of ‖a‖² + ‖b‖².
        self.rounding = (features + 10) * np.finfo(kind).eps
        # The points, their squared norms (_FAR where a slot is empty), 1, 1 / size and the slack.
        self.factors = np.empty((count, features + 4), kind)
        self.nearest = np.arange(count)  # itself if it is not known
        self.bounds = np.zeros(count)  # of the cost of the nearest
        self.least = np.full(count, np.nan)  # its cost, if it was compared
        self.changed = np.zeros(count, np.int64)  # the round of the last merge
        self.open, self.most = 0, _EQUAL * count  # bounds that were compared
        if kind == np.float64:  # the last try
            self.most = max(self.most, _COMPARED // max(1, features))
        self._place(self.nearest, self.points, self.sizes)

    def merge_all(self, merges) -> bool:
        live, name, merged = np.arange(len(self.sizes)), merges.rows + merges.count, []
        waiting = live
        while len(live) > _FEW:
            self._search_all(waiting)
            if self.open > self.most:
                return False
            left, right = reciprocal(live[self.nearest[live] != live], self.nearest, self.least, self.names)
            if not len(left) and not (self.nearest[live] == live).any():
                # Rounding can hide that two are each other's nearest; the least pair of all is.
                left = live[[self._cost(live, self.nearest[live]).argmin()]]
                right = self.nearest[left]
            if len(left):
                costs = self._unite(left, right)
                if costs is None:
                    return False
                merged.append((self.names[left], self.names[right], costs, self.sizes[left]))
                self.names[left] = np.arange(name, name + len(left))
                name += len(left)
                live = self._follow(live, left, right, len(merged))
            waiting = live[self.nearest[live] == live]
            if len(left):
                # Those whose nearest is not among the nearer half wait until fewer are left.
                middle = len(live) // 2
                waiting = waiting[self.bounds[waiting] <= np.partition(self.bounds[live], middle)[middle]]
        last = chain(self.points[live], self.sizes[live], self.names[live], name)
        if last is None:
            return False
        merges.add(*(np.concatenate(part) for part in zip(*merged, last, strict=True)))
        return True

    def _place(self, slots, points, sizes):
        factors = np.empty((len(slots), self.factors.shape[1]), self.kind)
        factors[:, :-4] = points
        squares = np.einsum("ij,ij->i", points, points)
        factors[:, -4] = squares * (1 - self.rounding)
        factors[:, -3] = 1
        factors[:, -2] = 1 / sizes
        squares *= sizes
        factors[:, -1] = squares * (3 * self.rounding)
        self.factors[slots] = factors

    def _unite(self, left, right):
        """Puts the unions of pairs into the left slots; returns their costs, or None if these lack digits."""
        a, b = self.sizes[left], self.sizes[right]
        points = self.points[left]
        difference = points - self.points[right]
        costs = np.einsum("ij,ij->i", difference, difference)
        if costs.min() < NEAR:
            return None
        sizes = a + b
        b /= sizes
        difference *= b[:, None]
        points -= difference
        costs *= a
        costs *= b
        self.points[left], self.sizes[left], self.bounds[left] = points, sizes, costs
        self._place(left, points, sizes)
        self.factors[right, -4] = _FAR
        return costs

    def _follow(self, live, left, right, step):
        """The slots that are not empty after merges; what was nearest to those is not known any more."""
        self.changed[left], self.changed[right] = step, -step
        live = live[self.changed[live] >= 0]
        unknown = live[np.abs(self.changed[self.nearest[live]]) == step]
        self.nearest[unknown], self.least[unknown] = unknown, np.nan
        if len(live) < _FULL * len(self.sizes):
            moved = np.empty(len(self.sizes), np.int64)
            moved[live] = np.arange(len(live))
            self.nearest = moved[self.nearest[live]]
            for name in ("points", "sizes", "names", "factors", "bounds", "least", "changed"):
                setattr(self, name, getattr(self, name)[live])
            live = np.arange(len(live))
        return live

    def _search_all(self, slots):
        height = max(_ROWS, _CACHED // len(self.sizes))
        if len(slots) > _MANY * height:
            _threads.in_parts(self._search, slots, height)
        else:
            for start in range(0, len(slots), height):
                self._search(slots[start : start + height])

    def _search(self, slots):
        """Determines the nearest of some slots."""
        some = self.factors[slots]
        # ‖a‖² + ‖b‖² − 2ab, divided by 1 / |a| + 1 / |b|.
        products = -2 * some[:, :-2]
        products[:, -2:] = some[:, -3:-5:-1]
        bounds = products @ self.factors[:, :-2].T
        bounds /= some[:, -2:-4:-1] @ self.factors[:, -3:-1].T
        rows = np.arange(len(slots))
        bounds[rows, slots] = np.inf
        nearest = bounds.argmin(1)
        least = bounds[rows, nearest]
        self.nearest[slots], self.bounds[slots] = nearest, least
        bounds[rows, nearest] = np.inf
        limits = least + some[:, -1]
        limits += self.factors[nearest, -1]
        several = np.flatnonzero(bounds[rows, bounds.argmin(1)] <= limits)
        if len(several):
            bounds, limits, slots = bounds[several], limits[several], slots[several]
            bounds[np.arange(len(several)), nearest[several]] = -np.inf
            self._compare(slots, bounds <= limits[:, None])

    def _compare(self, slots, below):
        """Determines the nearest of some slots among several others each."""
        rows, others = np.nonzero(below)
        self.open += len(rows)
        if self.open > self.most:
            return
        costs = self._cost(slots[rows], others)
        # Ties are broken by a hash of the pair: by index, a row of equal steps would be one long chain.
        a, b = self.names[slots[rows]], self.names[others]
        order = np.lexsort((mixed(np.minimum(a, b), np.maximum(a, b)), costs, rows))
        first = order[np.flatnonzero(np.diff(rows[order], prepend=-1))]
        self.nearest[slots], self.least[slots] = others[first], costs[first]

    def _cost(self, left, right):
        costs = np.empty(len(left))
        step = max(1, _COORDINATES // max(1, self.points.shape[1]))
        for start in range(0, len(left), step):
            a, b = left[start : start + step], right[start : start + step]
            difference = self.points[a] - self.points[b]
            costs[start : start + step] = np.einsum("ij,ij->i", difference, difference)
        a, b = self.sizes[left], self.sizes[right]
        return costs * (a * b / (a + b))
