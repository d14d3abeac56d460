"""The live clusters of one agglomeration, and the exact cost of merging two of them."""

import numpy as np

_PAIRS = 4096  # differences held at once: small enough for the cache
_NEAR = 1e-8  # squared distance, of coordinates up to 1, below which centroids have lost digits


class Clusters:
    """Centroids, sizes and names of clusters in slots; a merged cluster keeps the first slot and empties the second.

    Besides its centroid a cluster has an anchor, one of its points, and the offset from it. Differences of anchors and
    of offsets keep their digits if two centroids are nearer to each other than to the center. Searches run on ``mesh``,
    on the default device without one.
    """

    def __init__(self, points: np.ndarray, center: np.ndarray, sizes: np.ndarray, names: np.ndarray, mesh=None):
        self.anchors, self.center, self.started = points, center, len(points)
        self.centroids, self.offsets = points - center, np.zeros_like(points)
        self.sizes, self.names, self.mesh = sizes, names, mesh
        self.alive = np.ones(len(sizes), bool)

    def cost(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """ΔESS of pairs of slots, in float64 and from differences: no cancellation, exactly symmetric."""
        costs = np.empty(len(left))
        for start in range(0, len(left), _PAIRS):
            a, b = left[start : start + _PAIRS], right[start : start + _PAIRS]
            squared = _squared(self.centroids[a] - self.centroids[b])
            near = np.flatnonzero(squared < _NEAR)
            if len(near):
                squared[near] = _squared(self._difference(a[near], b[near]))
            sizes, others = self.sizes[a], self.sizes[b]
            costs[start : start + _PAIRS] = squared * (sizes * others / (sizes + others))
        return costs

    def _difference(self, a, b):
        return (self.anchors[a] - self.anchors[b]) + (self.offsets[a] - self.offsets[b])

    def merge(self, left: np.ndarray, right: np.ndarray, names: np.ndarray) -> None:
        """Puts the unions of disjoint pairs into the left slots."""
        a, b = self.sizes[left], self.sizes[right]
        offsets = self.offsets[left] - (b / (a + b))[:, None] * self._difference(left, right)
        self.replace(left, offsets, a + b, names)
        self.alive[right] = False

    def replace(self, slots: np.ndarray, offsets: np.ndarray, sizes: np.ndarray, names: np.ndarray) -> None:
        """Puts unions into slots, of which they keep the anchors."""
        self.offsets[slots] = offsets
        self.centroids[slots] = (self.anchors[slots] - self.center) + offsets
        self.sizes[slots], self.names[slots] = sizes, names

    def keep(self, slots: np.ndarray) -> None:
        """Drops all other slots."""
        for name in ("anchors", "centroids", "offsets", "sizes", "names", "alive"):
            setattr(self, name, getattr(self, name)[slots])


def _squared(differences):
    return np.einsum("ij,ij->i", differences, differences)
