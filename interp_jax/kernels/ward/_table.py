"""One tree of few clusters: all pairs of each other's nearest are merged in rounds, told from a table on the host."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from interp_jax.kernels.ward import _threads
from interp_jax.kernels.ward._chain import NEAR, chain
from interp_jax.kernels.ward._pairs import mixed, reciprocal

_FEW = 40  # clusters from which on they are merged one after the other
_EQUAL = 32  # clusters on average that may be as near as the nearest, as far as the table tells
_FULL = 0.75  # share of the table in use below which the rest is dropped
_UNDERFLOW = 1e-30  # more than products of small coordinates can lose
_CACHED = 1 << 17  # bounds of a tile
_COORDINATES = 1 << 18  # of differences held at once
_MANY = 4  # tiles from which threads pay


def agglomerate(points, sizes, names, merges) -> bool:
    """Merges all clusters; none and returns False where too many are equally near, or some too near for centroids.

    Args:
        points: centroids, no coordinate further than 1 from 0.
        sizes: of the clusters.
        names: of the clusters.
        merges: to which the merges are added.
    """
    with ThreadPoolExecutor(_threads.count()) as pool:
        return any(_Table(points, sizes, names, kind, pool).merge_all(merges) for kind in (np.float32, np.float64))


class _Table:
    """Lower bounds of the costs of all pairs in float32, and in float64 only what these leave open.

    A bound lacks at most the slack of both clusters. Where one bound of a row is below all others by more than that,
    it tells the nearest; where not, costs are compared. If float32 leaves too much open, the bounds are float64, too.
    """

    def __init__(self, points, sizes, names, kind, pool):
        count, features = points.shape
        self.points, self.sizes, self.names, self.pool = points.copy(), sizes.copy(), names.copy(), pool
        self.unit, self.kind = np.finfo(kind).eps / 2, kind
        self.places = np.ones((count, features + 2), kind)  # with squared norms, for products
        self.inverse, self.slack, self.empty = (np.zeros(count, kind) for _ in range(3))  # empty: infinite, else 0
        self.nearest = np.empty(count, np.int64)
        self.least = np.full(count, np.nan)  # its cost, if it was compared
        self.bounds = np.empty((count, count), kind)
        self.open = 0  # bounds that were compared
        self.merged = []

    def merge_all(self, merges) -> bool:
        live, name = np.arange(len(self.sizes)), merges.rows + merges.count
        if len(live) > _FEW:
            self._fill()
            if not self._renew_all(live):
                return False
        while len(live) > _FEW:
            left, right = reciprocal(live, self.nearest, self.least, self.names)
            heights = self._unite(left, right)
            if heights is None:
                return False
            self.merged.append((self.names[left], self.names[right], heights, self.sizes[left]))
            self.names[left] = np.arange(name, name + len(left))
            name += len(left)
            live = live[self.empty[live] == 0]
            if len(live) <= _FEW:
                break
            changed = np.zeros(len(self.sizes), bool)
            changed[left] = changed[right] = True
            if not self._renew_all(live[changed[self.nearest[live]]]):
                return False
            if len(live) < _FULL * len(self.sizes):
                self._drop(live)
                live = np.arange(len(live))
        last = chain(self.points[live], self.sizes[live], self.names[live], name)
        if last is None:
            return False
        merges.add(*(np.concatenate(part) for part in zip(*self.merged, last, strict=True)))
        return True

    def _fill(self):
        factors = self._place(np.arange(len(self.sizes)), self.points, self.sizes)
        size = self.sizes[0] if self.sizes.min() == self.sizes.max() else 0
        if size:
            factors *= self.kind(size / 2)
        np.matmul(factors, self.places.T, out=self.bounds)
        self.bounds.ravel()[:: len(self.bounds) + 1] = np.inf
        if not size:

            def scale(tile):
                self.bounds[tile] /= self.inverse[tile, None] + self.inverse

            self._in_tiles(scale, len(self.sizes))

    def _place(self, slots, points, sizes):
        """Puts clusters into slots, all but their bounds; returns their factors of products with all places."""
        features = points.shape[1]
        places = np.ones((len(slots), features + 2), self.kind)
        places[:, :features] = points
        squares = np.einsum("ij,ij->i", points, points)
        # The most that rounding can add to or take from ‖a‖² + ‖b‖² − 2ab is this share of ‖a‖² + ‖b‖².
        share = 2 * (features + 10) * self.unit
        places[:, -1] = squares * (1 - share)
        self.places[slots] = places
        self.inverse[slots] = 1 / sizes
        self.slack[slots] = (3 * share) * sizes * squares + _UNDERFLOW
        factors = places[:, [*range(features), -1, -2]]
        factors[:, :features] *= -2
        return factors

    def _unite(self, left, right):
        """Puts the unions of pairs into the left slots; returns their costs, or None if these lack digits."""
        a, b = self.sizes[left], self.sizes[right]
        points = self.points[left]
        difference = points - self.points[right]
        squared = np.einsum("ij,ij->i", difference, difference)
        if squared.min() < NEAR:
            return None
        sizes = a + b
        share = b / sizes
        difference *= share[:, None]
        points -= difference
        self.points[left], self.sizes[left] = points, sizes
        bounds = self._place(left, points, sizes) @ self.places.T
        bounds /= self.inverse[left, None] + self.inverse
        bounds[np.arange(len(left)), left] = np.inf
        self.bounds[left] = bounds
        self.bounds[:, left] = bounds.T
        self.empty[right] = np.inf
        squared *= a
        squared *= share
        return squared

    def _renew_all(self, slots):
        """Determines the nearest of some slots; False where the table leaves too much open."""
        self._in_tiles(lambda tile: self._renew(slots[tile]), len(slots))
        return self.open <= _EQUAL * len(self.sizes)

    def _renew(self, slots):
        bounds = self.bounds[slots]
        bounds += self.empty
        self.nearest[slots] = nearest = bounds.argmin(1)
        self.least[slots] = np.nan
        limits = bounds.min(1) + (self.slack[slots] + self.slack[nearest])
        below = bounds <= limits[:, None]
        count = np.count_nonzero(below)
        if count > len(slots):
            self.open += count - len(slots)
            if self.open <= _EQUAL * len(self.sizes):
                self._compare(slots, below)

    def _compare(self, slots, below):
        """Determines the nearest of some slots among those with bounds about as low as the least."""
        several = np.flatnonzero(np.count_nonzero(below, axis=1) > 1)
        rows, others = np.divmod(np.flatnonzero(below[several]), below.shape[1])
        slots = slots[several]
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

    def _drop(self, live):
        """Drops all but the live slots."""
        bounds = np.empty((len(live), len(live)), self.kind)

        def copy(tile):
            np.take(self.bounds[live[tile]], live, axis=1, out=bounds[tile], mode="clip")

        self._in_tiles(copy, len(live))
        moved = np.empty(len(self.sizes), np.int64)
        moved[live] = np.arange(len(live))
        self.bounds, self.nearest = bounds, moved[self.nearest[live]]
        for name in ("points", "sizes", "names", "places", "inverse", "slack", "empty", "least"):
            setattr(self, name, getattr(self, name)[live])

    def _in_tiles(self, work, rows):
        """Calls ``work`` with slices of so many rows, in threads where there are enough of them."""
        step = max(1, _CACHED // len(self.sizes))
        if rows < _MANY * step:
            for start in range(0, rows, step):
                work(slice(start, start + step))
        else:
            for _ in self.pool.map(work, [slice(start, start + step) for start in range(0, rows, step)]):
                pass
