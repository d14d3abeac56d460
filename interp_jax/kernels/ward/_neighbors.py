"""Every live cluster's nearest ones, kept through merges so that few need another search."""

from collections.abc import Callable

import numpy as np

from interp_jax.kernels.ward import _threads
from interp_jax.kernels.ward._clusters import Clusters
from interp_jax.kernels.ward._pairs import mixed, reciprocal

NEAREST = 8  # neighbors kept of each slot
_ROWS = 4096  # processed at once: few enough for the cache


class Neighbors:
    """Some of the nearest clusters of each slot, with exact costs, and a lower bound on the costs of all others.

    Ward is reducible: if a and b are each other's nearest, ΔESS(c, a ∪ b) ≥ min(ΔESS(c, a), ΔESS(c, b)). So the bound
    of a list stays valid after merges outside it, and a list whose least cost is within its bound names the nearest.
    """

    def __init__(self, clusters: Clusters):
        count = len(clusters.sizes)
        self.clusters = clusters
        self.slots = np.zeros((count, NEAREST), np.int32)
        self.costs = np.full((count, NEAREST), np.inf)
        self.bounds = np.zeros(count)  # infinite in empty slots
        self.least = np.full(count, np.inf)  # of costs
        self.chosen = np.zeros(count, np.int32)  # the nearest, one of them where several are equally near

    def reach(self) -> np.ndarray:
        """A lower bound on the costs of each slot: the least cost where it is certain, else the bound."""
        return np.minimum(self.least, self.bounds)

    def certain(self) -> np.ndarray:
        """The slots whose nearest is known."""
        return self.least <= self.bounds

    def search(self, rows: np.ndarray, nearest: Callable, size: int) -> None:
        """Finds the nearest of some slots among all others, ``size`` of them at a time."""

        def search(some):
            self.slots[some], self.costs[some], self.bounds[some] = nearest(some, self.least[some])
            self._refresh(some)

        _threads.in_parts(search, rows, size)

    def reciprocal(self) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of each other's nearest, no slot in two of them."""
        certain = self.certain() & self.clusters.alive
        slots = np.flatnonzero(certain)
        return reciprocal(slots[certain[self.chosen[slots]]], self.chosen, self.least, self.clusters.names)

    def merge(self, left: np.ndarray, right: np.ndarray, names: np.ndarray) -> None:
        """Merges pairs of each other's nearest; lists follow their members into the unions."""
        clusters, heights = self.clusters, self.least[left]
        a, b = clusters.sizes[left], clusters.sizes[right]
        # Lance–Williams on both bounds; monotone in the third cluster's size, so its extremes 1 and ∞ bound them all.
        both = self.bounds[left] + self.bounds[right] - heights
        bounds = np.minimum(both, (both + a * self.bounds[left] + b * self.bounds[right]) / (a + b + 1))
        clusters.merge(left, right, names)
        target = self._target(right, left)
        self.bounds[left] = bounds
        _threads.in_parts(lambda some: self._unite(left[some], right[some], target), np.arange(len(left)), _ROWS)
        self._follow_all(left, right, target)

    def replace(self, slots: np.ndarray, lists: np.ndarray, bounds: np.ndarray, empty: np.ndarray, into: np.ndarray):
        """Gives lists and bounds to unions whose clusters are in place; ``empty`` slots were merged into others."""
        self.clusters.alive[empty] = False
        absent = lists == slots[:, None]
        costs = self.clusters.cost(np.repeat(slots, NEAREST), lists.ravel()).reshape(lists.shape)
        self.slots[slots], self.costs[slots] = lists, np.where(absent, np.inf, costs)
        self.bounds[slots] = bounds
        self._refresh(slots)
        self._follow_all(slots, empty, self._target(empty, into))

    def _target(self, empty, into):
        target = np.arange(len(self.slots), dtype=np.int32)
        target[empty] = into
        return target

    def _follow_all(self, unions, empty, target):
        touched = np.zeros(len(target), bool)
        touched[unions] = touched[empty] = True
        rows = self.clusters.alive.copy()
        rows[unions] = False
        _threads.in_parts(lambda some: self._follow(some, target, touched), np.flatnonzero(rows), 4 * _ROWS)
        self.costs[empty] = self.least[empty] = self.bounds[empty] = np.inf

    def _unite(self, left, right, target):
        """The list of each union: the nearest of both lists."""
        united = target[np.concatenate([self.slots[left], self.slots[right]], axis=1)]
        absent = np.isinf(np.concatenate([self.costs[left], self.costs[right]], axis=1)) | (united == left[:, None])
        united = np.sort(np.where(absent, -1, united), axis=1)
        absent = united < 0
        absent[:, 1:] |= united[:, 1:] == united[:, :-1]
        costs = np.full(united.shape, np.inf)
        row, column = np.nonzero(~absent)
        costs[row, column] = self.clusters.cost(left[row], united[row, column])
        order = np.argpartition(costs, NEAREST, axis=1)[:, : NEAREST + 1]
        costs = np.take_along_axis(costs, order, axis=1)
        self.slots[left] = np.maximum(np.take_along_axis(united, order[:, :NEAREST], axis=1), 0)
        self.costs[left] = costs[:, :NEAREST]
        self.bounds[left] = np.minimum(self.bounds[left], costs[:, NEAREST])
        self._refresh(left)

    def _follow(self, rows, target, touched):
        """Renews what some lists have of clusters that were merged."""
        slots = self.slots[rows]
        row, column = np.nonzero(touched[slots] & (self.costs[rows] < np.inf))
        if not len(row):
            return
        slots = target[slots[row, column]]
        self.slots[rows[row], column] = slots
        self.costs[rows[row], column] = self.clusters.cost(rows[row], slots)
        self._refresh(rows[row[np.append(True, row[1:] != row[:-1])]])

    def keep(self, slots: np.ndarray) -> None:
        """Drops all other slots, which must be the empty ones."""
        moved = np.zeros(len(self.slots), np.int32)
        moved[slots] = np.arange(len(slots))
        self.slots, self.chosen = moved[self.slots[slots]], moved[self.chosen[slots]]
        self.costs, self.bounds, self.least = self.costs[slots], self.bounds[slots], self.least[slots]
        self.clusters.keep(slots)

    def _refresh(self, rows):
        costs = self.costs[rows]
        best = costs.argmin(1)
        least = np.take_along_axis(costs, best[:, None], axis=1)
        # Ties are broken by a hash of the pair: by index, a row of equal steps would be one long chain.
        tied = np.flatnonzero((costs == least).sum(1) > 1)
        if len(tied):
            names = self.clusters.names
            a, b = names[rows[tied]][:, None], names[self.slots[rows[tied]]]
            keys = mixed(np.minimum(a, b), np.maximum(a, b))
            keys[costs[tied] != least[tied]] = np.iinfo(np.uint64).max
            best[tied] = keys.argmin(1)
        self.least[rows], self.chosen[rows] = least[:, 0], self.slots[rows, best]
