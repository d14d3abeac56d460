"""A shallow decision tree on categories, whose splits are sets of categories."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Float, Int

from interp_jax._checks import Given, as_count, as_numpy, check_choice, describe
from interp_jax._readable import readable
from interp_jax.methods.cnn_inte._targets import as_targets

SPLITS = ("subsets", "thresholds")
CRITERIA = ("entropy", "gini")
LEAF = -1
# Classes of a node by whose shares categories are ordered: of more classes those with most rows.
ORDERS = 32


@readable()
class Tree(NamedTuple):
    """A decision tree on the IDs of factors. Nodes are numbered from the root, children after their parents.

    Attributes:
        factor: the factor that a node splits on; LEAF (−1) if it does not.
        goes_left: the factor's IDs that go to the left child.
        left, right: the children's numbers; LEAF if there are none.
        share: the share of each class among the training rows of a node.
        rows: the number of training rows of a node.
    """

    factor: Int[np.ndarray, " nodes"]
    goes_left: Bool[np.ndarray, "nodes ids"]
    left: Int[np.ndarray, " nodes"]
    right: Int[np.ndarray, " nodes"]
    share: Float[np.ndarray, "nodes classes"]
    rows: Int[np.ndarray, " nodes"]

    def _finding(self) -> str | None:
        if np.ndim(self.factor) != 1 or not len(self.factor):
            return None
        root = ", without a split" if self.factor[0] == LEAF else f"; the first split is on f{self.factor[0]}"
        counts = (self.leaves, "leaf", "leaves"), (self.rows[0], "training row", "training rows")
        leaves, rows, classes = (
            f"{count} {one if count == 1 else many}"
            for count, one, many in (*counts, (np.sum(self.share[0] > 0), "class", "classes"))
        )
        return f"{leaves} from {rows} of {classes}{root}"

    @property
    def leaves(self) -> int:
        """The number of leaves."""
        return int(np.sum(self.factor == LEAF))

    def path(self, ids: Given[Array | np.ndarray, "factors"]) -> list[int]:
        """The nodes from the root to the leaf of one row of IDs [factors]. Host-level."""
        ids, nodes = self._checked(as_numpy("ids", ids)[None])[0], [0]
        while (factor := self.factor[nodes[-1]]) != LEAF:
            side = self.left if self.goes_left[nodes[-1], ids[factor]] else self.right
            nodes.append(int(side[nodes[-1]]))
        return nodes

    def apply(self, ids: Given[Array | np.ndarray, "rows factors"]) -> Int[np.ndarray, " rows"]:
        """The leaf of each row of IDs [rows, factors]. Host-level."""
        return descend(self, self._checked(ids))

    def predict(self, ids: Given[Array | np.ndarray, "rows factors"]) -> Int[np.ndarray, " rows"]:
        """The most frequent class of each row's leaf, ties to the first. Host-level."""
        return self.share.argmax(axis=1)[self.apply(ids)]

    def _checked(self, ids):
        return as_ids(ids, count=self.goes_left.shape[1], factors=int(self.factor.max()) + 1)


def as_ids(ids, *, count: int, factors: int = 1) -> Int[np.ndarray, "rows factors"]:
    """IDs of rows in at least ``factors`` factors, each 0 … count − 1.

    Raises:
        ValueError: anything else.
    """
    ids = as_numpy("ids", ids)
    if ids.ndim != 2 or not len(ids) or ids.shape[1] < max(factors, 1) or ids.dtype.kind not in "iu":
        raise ValueError(f"ids: found {describe(ids)}, wanted whole numbers [rows, at least {max(factors, 1)} factors]")
    if ids.min() < 0 or ids.max() >= count:
        raise ValueError(f"ids: found {ids.min()} to {ids.max()}, wanted whole numbers from 0 to {count - 1}")
    return ids.astype(np.int64, copy=False)


def check_tree(tree) -> None:
    """Refuses anything but a `Tree`."""
    if not isinstance(tree, Tree):
        raise TypeError(f"tree: found {type(tree).__name__}, wanted a Tree, as grow returns")


def descend(tree: Tree, ids: Int[np.ndarray, "rows factors"], start: int = 0) -> Int[np.ndarray, " rows"]:
    """The leaf that each row reaches from a node."""
    nodes = np.full(len(ids), start)
    while np.any(inner := tree.factor[nodes] != LEAF):
        at = nodes[inner]
        left = tree.goes_left[at, ids[inner, tree.factor[at]]]
        nodes[inner] = np.where(left, tree.left[at], tree.right[at])
    return nodes


def grow(
    ids: Given[Array | np.ndarray, "rows factors"],
    labels: Given[Array | np.ndarray, "rows"] | Given[Array | np.ndarray, "rows classes"],
    *,
    count: int,
    classes: int,
    depth: int,
    splits: str = "subsets",
    criterion: str = "entropy",
    weights: Given[Array | np.ndarray, "rows"] | None = None,
) -> Tree:
    """A `Tree` on categories, each split the one that decreases its node's impurity most.

        entropy = −Σ_c p_c log p_c,    gini = 1 − Σ_c p_c²,    p_c the share of class c in a node

    A split sends a set of IDs to the left: with "thresholds" the IDs up to a number, as in a numeric tree; with
    "subsets" the first IDs of an order: along either of the first two principal components of the IDs' class shares, or
    by the share of each class, of more than 32 the most frequent in the node. Entropy prefers splits into halves, which
    leave more for the levels below; to Gini's index, splitting off one of ten equally frequent classes is as good as
    five.

    Host-level. Classes without a row cost no time. Memory: some 150 × ids × present classes numbers, and
    classes numbers per node; given shares, up to four times rows × classes numbers.

    Args:
        ids: [rows, factors] the categories 0 … count − 1 of each row in each factor.
        labels: [rows] the class of each row, 0 … classes − 1, or [rows, classes] its share of each class, such as a
            network's probabilities.
        count: number of categories of a factor.
        classes: number of classes.
        depth: maximum splits from the root to a leaf.
        splits: "subsets" or "thresholds".
        criterion: "entropy" or "gini".
        weights: [rows] how much each row counts, not negative; alike by default.

    Returns:
        A `Tree`.

    Raises:
        ValueError: IDs or labels that are not integers in their range or have different rows, shares that do not sum to
            1, negative weights, counts below one, or an unknown name.

    Example:
        >>> ids = np.array([[0, 0], [1, 0], [2, 1], [3, 1]])
        >>> tree = grow(ids, np.array([0, 1, 1, 0]), count=4, classes=2, depth=1)
        >>> tree.goes_left[0].tolist(), tree.predict(ids).tolist()
        ([True, False, False, True], [0, 1, 1, 0])

    Source: Breiman et al., Classification and regression trees, 1984, chapter 4; Coppersmith, Hong & Hosking, Data
    Mining and Knowledge Discovery 3 (1999) for the order by principal component.
    """
    count, classes, depth = as_count("count", count), as_count("classes", classes), as_count("depth", depth)
    check_choice("splits", splits, SPLITS)
    check_choice("criterion", criterion, CRITERIA)
    ids = as_ids(ids, count=count)
    # Nothing below is as large as the square of the number of classes, and absent classes take no part.
    targets = as_targets(labels, weights, rows=len(ids), classes=classes)
    nodes: list[tuple] = []

    def add(rows, levels):
        here = targets.at(rows)
        masses, number = here.total(), len(nodes)
        nodes.append(())
        split = None
        if levels and np.count_nonzero(masses) > 1:
            split = _best_split(ids[rows], here, count, splits, criterion)
        if split is None:
            nodes[number] = (LEAF, np.zeros(count, bool), LEAF, LEAF, masses, len(rows))
        else:
            factor, goes_left = split
            left = goes_left[ids[rows, factor]]
            sides = add(rows[left], levels - 1), add(rows[~left], levels - 1)
            nodes[number] = (factor, goes_left, *sides, masses, len(rows))
        return number

    add(np.arange(len(ids)), depth)
    factor, goes_left, left, right, masses, rows = map(np.array, zip(*nodes, strict=True))
    share = np.zeros((len(nodes), classes))
    share[:, targets.present] = masses / masses.sum(axis=1, keepdims=True)
    return Tree(factor, goes_left, left, right, share, rows)


def _best_split(ids, targets, count, splits, criterion):
    """The factor and the left-going IDs of the split that gains most; None if none gains."""
    masses = targets.total()
    best, split = 1e-9 * masses.sum(), None
    # Of many classes most are absent in deep nodes.
    chosen = masses > 0 if len(masses) > ORDERS else slice(None)
    for factor in range(ids.shape[1]):
        table = targets.table(ids[:, factor], count)[:, chosen]
        present = np.flatnonzero(table.sum(axis=1))
        if len(present) < 2:
            continue
        orders = _orders(table[present]) if splits == "subsets" else np.arange(len(present))[None]
        total = table.sum(axis=0)
        left = np.cumsum(table[present[orders]], axis=1)[:, :-1]
        gains = _impurity(total, criterion) - _impurity(left, criterion) - _impurity(total - left, criterion)
        order, place = np.unravel_index(np.argmax(gains), gains.shape)
        if gains[order, place] > best:
            goes_left = np.zeros(count, bool)
            goes_left[present[orders[order, : place + 1]]] = True
            if splits == "thresholds":  # IDs that no row of the node has go with the numbers around them
                goes_left[: present[orders[order, place]]] = True
            best, split = gains[order, place], (factor, goes_left)
    return split


def _orders(table):
    """Orders of the categories by their class shares, of more than 32 classes those of the most frequent.

    The orders by absent classes' shares are all the same.
    """
    size = table.sum(axis=1, keepdims=True)
    shares = table / size
    centered = (shares - size[:, 0] @ shares / size.sum()) * np.sqrt(size)
    axes = np.linalg.svd(centered, full_matrices=False)[2][:2]
    columns = np.delete(shares, np.flatnonzero(~table.any(axis=0))[1:], axis=1)
    if columns.shape[1] > ORDERS:
        largest = np.argsort(-table.sum(axis=0), kind="stable")[:ORDERS]
        columns = shares[:, np.sort(largest)]
    along = np.stack([shares @ axis for axis in axes])
    return np.argsort(np.concatenate([along, columns.T]), axis=1, kind="stable")


def _impurity(counts, criterion):
    """Rows times entropy, in nats, or times Gini's index."""
    rows = counts.sum(axis=-1)
    if criterion == "gini":
        return rows - np.sum(counts**2, axis=-1) / np.where(rows > 0, rows, 1)
    return _log(rows) - np.sum(_log(counts), axis=-1)


def _log(counts):
    return counts * np.log(np.where(counts > 0, counts, 1))
