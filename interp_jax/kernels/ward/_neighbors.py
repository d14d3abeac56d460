"""Every live cluster's nearest ones, kept through merges so that few need another search."""

import numpy as np

from interp_jax.kernels.ward._clusters import Clusters
from interp_jax.kernels.ward._search import NEAREST, nearest


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
        self.bounds = np.zeros(count)
        self.least = np.full(count, np.inf)  # of costs
        self.chosen = np.zeros(count, np.int32)  # the nearest, one of them where several are equally near
        self.changed = np.arange(count)

    def reach(self) -> np.ndarray:
        """A lower bound on the costs of each slot: the least cost where it is certain, else the bound."""
        self._refresh(self.changed)
        self.changed = self.changed[:0]
        return np.where(self.clusters.alive, np.minimum(self.least, self.bounds), np.inf)

    def certain(self) -> np.ndarray:
        """The slots whose nearest is known."""
        return self.least <= self.bounds

    def search(self, rows: np.ndarray) -> None:
        """Finds the nearest of some slots among all others."""
        self.slots[rows], self.costs[rows], self.bounds[rows] = nearest(self.clusters, rows)
        self._refresh(rows)

    def merge(self, left: np.ndarray, right: np.ndarray, names: np.ndarray) -> None:
        """Merges pairs of each other's nearest; lists follow their members into the unions."""
        clusters, heights = self.clusters, self.least[left]
        a, b = clusters.sizes[left], clusters.sizes[right]
        # Lance–Williams on both bounds; monotone in the third cluster's size, so its extremes 1 and ∞ bound them all.
        both = self.bounds[left] + self.bounds[right] - heights
        bounds = np.minimum(both, (both + a * self.bounds[left] + b * self.bounds[right]) / (a + b + 1))
        clusters.merge(left, right, names)
        target = np.arange(len(self.slots), dtype=np.int32)
        target[right] = left
        touched = np.zeros(len(target), bool)
        touched[left] = touched[right] = True

        united = target[np.concatenate([self.slots[left], self.slots[right]], axis=1)]
        absent = np.isinf(np.concatenate([self.costs[left], self.costs[right]], axis=1)) | (united == left[:, None])
        united = np.sort(np.where(absent, -1, united), axis=1)
        absent = united < 0
        absent[:, 1:] |= united[:, 1:] == united[:, :-1]
        costs = np.full(united.shape, np.inf)
        row, column = np.nonzero(~absent)
        costs[row, column] = clusters.cost(left[row], united[row, column])
        order = np.argpartition(costs, NEAREST, axis=1)
        costs = np.take_along_axis(costs, order, axis=1)
        slots = np.maximum(np.take_along_axis(united, order, axis=1), 0)

        following = clusters.alive & touched[self.slots].any(1)
        following[left] = False
        rows = np.flatnonzero(following)
        row, column = np.nonzero(touched[self.slots[rows]] & np.isfinite(self.costs[rows]))
        self.slots[rows] = target[self.slots[rows]]
        self.costs[rows[row], column] = clusters.cost(rows[row], self.slots[rows[row], column])

        self.slots[left], self.costs[left] = slots[:, :NEAREST], costs[:, :NEAREST]
        self.bounds[left] = np.minimum(bounds, costs[:, NEAREST])
        self.changed = np.concatenate([rows, left])

    def keep(self, slots: np.ndarray) -> None:
        """Drops all other slots, which must be the empty ones."""
        moved = np.zeros(len(self.slots), np.int32)
        moved[slots] = np.arange(len(slots))
        self.slots, self.chosen = moved[self.slots[slots]], moved[self.chosen[slots]]
        self.costs, self.bounds, self.least = self.costs[slots], self.bounds[slots], self.least[slots]
        self.changed = moved[self.changed]
        self.clusters.keep(slots)

    def _refresh(self, rows):
        costs, names = self.costs[rows], self.clusters.names
        self.least[rows] = costs.min(1)
        # Ties are broken by a hash of the pair: by index, a row of equal steps would be one long chain.
        a, b = names[rows][:, None], names[self.slots[rows]]
        keys = np.where(costs == self.least[rows, None], _mixed(np.minimum(a, b), np.maximum(a, b)), np.inf)
        self.chosen[rows] = self.slots[rows, keys.argmin(1)]


def _mixed(low, high):
    mixed = low.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + high.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return mixed ^ (mixed >> np.uint64(32))
