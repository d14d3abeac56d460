"""The merges of one tree in the order in which they are made, and in SciPy's format."""

import numpy as np


class Merges:
    """The merges so far. Names are the rows of the input, then one for every merge in the order made."""

    def __init__(self, rows: int):
        self.rows, self.count = rows, 0
        self.children = np.empty((rows - 1, 2), np.int64)
        self.costs = np.empty(rows - 1)
        self.sizes = np.empty(rows - 1)

    def add(self, left: np.ndarray, right: np.ndarray, costs, sizes: np.ndarray) -> np.ndarray:
        """Records merges in the order made; returns the names of the unions."""
        added = slice(self.count, self.count + len(left))
        self.children[added, 0], self.children[added, 1] = left, right
        self.costs[added], self.sizes[added] = costs, sizes
        self.count = added.stop
        return self.rows + np.arange(added.start, added.stop)

    def linkage(self) -> np.ndarray:
        """SciPy's matrix: sorted by height, a cluster named after the row of its merge."""
        costs = self._monotone()
        order = np.argsort(costs, kind="stable")
        names = np.arange(self.rows + len(order))
        names[self.rows + order] = self.rows + np.arange(len(order))
        children = np.sort(names[self.children[order]], axis=1)
        return np.column_stack([children, np.sqrt(2 * costs[order]), self.sizes[order]])

    def _monotone(self):
        """Costs raised to at least those of the children, which only rounding can exceed."""
        merge, side = np.nonzero(self.children >= self.rows)
        child = self.children[merge, side] - self.rows
        costs = self.costs.copy()
        falls = costs[merge] < costs[child]
        if falls.any():  # rare, and each may raise those above it
            costs = costs.tolist()
            for parent, below in zip(merge.tolist(), child.tolist(), strict=True):
                costs[parent] = max(costs[parent], costs[below])
        return np.asarray(costs)
