"""A shallow decision tree on categories, whose splits are sets of them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

SPLITS = ("subsets", "thresholds")
CRITERIA = ("entropy", "gini")
LEAF = -1


class Tree(NamedTuple):
    """Nodes by number, the root first: at each a factor and which of its IDs go left; LEAF where there is no split.

    ``share`` is that of every class among the training rows of a node, ``rows`` their number.
    """

    factor: Int[np.ndarray, " nodes"]
    goes_left: Bool[np.ndarray, "nodes ids"]
    left: Int[np.ndarray, " nodes"]
    right: Int[np.ndarray, " nodes"]
    share: Float[np.ndarray, "nodes classes"]
    rows: Int[np.ndarray, " nodes"]

    @property
    def leaves(self) -> int:
        """How many leaves there are."""
        return int(np.sum(self.factor == LEAF))

    def path(self, ids: Int[np.ndarray, " factors"]) -> list[int]:
        """The nodes that a row comes through, from the root to its leaf."""
        nodes = [0]
        while (factor := self.factor[nodes[-1]]) != LEAF:
            side = self.left if self.goes_left[nodes[-1], ids[factor]] else self.right
            nodes.append(int(side[nodes[-1]]))
        return nodes

    def apply(self, ids: Int[np.ndarray, "rows factors"], start: int = 0) -> Int[np.ndarray, " rows"]:
        """The leaf of every row, from a node down."""
        nodes = np.full(len(ids), start)
        while np.any(inner := self.factor[nodes] != LEAF):
            at = nodes[inner]
            left = self.goes_left[at, ids[inner, self.factor[at]]]
            nodes[inner] = np.where(left, self.left[at], self.right[at])
        return nodes

    def predict(self, ids: Int[np.ndarray, "rows factors"]) -> Int[np.ndarray, " rows"]:
        """The most frequent class of every row's leaf, the first of equal ones."""
        return self.share.argmax(axis=1)[self.apply(ids)]


def grow(
    ids: Int[np.ndarray, "rows factors"],
    labels: Int[np.ndarray, " rows"],
    *,
    count: int,
    classes: int,
    depth: int,
    splits: str = "subsets",
    criterion: str = "entropy",
) -> Tree:
    """A tree of categories, each split the best of its node.

    Host-level. A split sends a set of IDs left: with "thresholds" the IDs up to a number, as a tree on numbers has
    it; with "subsets" the beginning of an order of the IDs by what classes they hold. Three kinds of orders are tried:
    along the first two principal components of their class shares, and by the share of each class. Entropy prefers
    splits into halves, which leave more for the levels below; to Gini's index, setting one of ten equally frequent
    classes apart is as good as five.

    Args:
        ids: categories 0 … count − 1 of every row in every factor.
        labels: the class of every row, 0 … classes − 1.
        count: categories of a factor.
        classes: number of classes.
        depth: most splits from the root to a leaf.
        splits: "subsets" or "thresholds".
        criterion: "entropy" or "gini", what a split brings down.

    Source: Breiman et al., Classification and regression trees, 1984, chapter 4; Coppersmith, Hong & Hosking, Data
    Mining and Knowledge Discovery 3 (1999) for the order by principal component.
    """
    nodes: list[tuple] = []

    def add(rows, left_levels):
        counts = np.bincount(labels[rows], minlength=classes)
        number = len(nodes)
        nodes.append(None)
        split = None
        if left_levels and np.count_nonzero(counts) > 1:
            split = _best_split(ids[rows], labels[rows], count, classes, splits, criterion)
        if split is None:
            nodes[number] = (LEAF, np.zeros(count, bool), LEAF, LEAF, counts)
        else:
            factor, goes_left = split
            left = goes_left[ids[rows, factor]]
            sides = add(rows[left], left_levels - 1), add(rows[~left], left_levels - 1)
            nodes[number] = (factor, goes_left, *sides, counts)
        return number

    add(np.arange(len(ids)), depth)
    factor, goes_left, left, right, counts = map(np.array, zip(*nodes, strict=True))
    return Tree(factor, goes_left, left, right, counts / counts.sum(axis=1, keepdims=True), counts.sum(axis=1))


def _best_split(ids, labels, count, classes, splits, criterion):
    """The factor and the IDs that go left of the split that gains most; None if none gains."""
    best, found = 1e-9 * len(ids), None
    for factor in range(ids.shape[1]):
        table = np.bincount(ids[:, factor] * classes + labels, minlength=count * classes).reshape(count, classes)
        present = np.flatnonzero(table.sum(axis=1))
        if len(present) < 2:
            continue
        for order in _orders(table[present]) if splits == "subsets" else [np.arange(len(present))]:
            left = np.cumsum(table[present[order]], axis=0)[:-1]
            total = table.sum(axis=0)
            gains = _impurity(total, criterion) - _impurity(left, criterion) - _impurity(total - left, criterion)
            place = int(np.argmax(gains))
            if gains[place] > best:
                goes_left = np.zeros(count, bool)
                goes_left[present[order[: place + 1]]] = True
                if splits == "thresholds":  # IDs that no row of the node has go with the numbers around them
                    goes_left[: present[order[place]]] = True
                best, found = gains[place], (factor, goes_left)
    return found


def _orders(table):
    """Orders of the categories by what classes they hold."""
    size = table.sum(axis=1, keepdims=True)
    shares = table / size
    centered = (shares - size[:, 0] @ shares / size.sum()) * np.sqrt(size)
    axes = np.linalg.svd(centered, full_matrices=False)[2][:2]
    return [np.argsort(shares @ axis, kind="stable") for axis in (*axes, *np.eye(table.shape[1]))]


def _impurity(counts, criterion):
    """Rows times entropy, in nats, or times Gini's index."""
    rows = counts.sum(axis=-1)
    if criterion == "gini":
        return rows - np.sum(counts**2, axis=-1) / rows
    return _log(rows) - np.sum(_log(counts), axis=-1)


def _log(counts):
    return counts * np.log(np.maximum(counts, 1))
