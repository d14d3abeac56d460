"""Refining a grown tree: every split chosen anew for what its subtrees make of the rows."""

import numpy as np
from jaxtyping import Int

from interp_jax.methods.cnn_inte.tree import LEAF, Tree


def refine(
    tree: Tree, ids: Int[np.ndarray, "rows factors"], labels: Int[np.ndarray, " rows"], *, rounds: int = 10
) -> Tree:
    """The tree with its splits chosen again, from the lowest up, until no more rows are named rightly.

    A split only matters for rows that one of its subtrees names rightly and the other does not. For each factor the
    best set of IDs is known exactly: those with more rows that the left subtree is right about than the right one; of
    all factors the one with most rows named rightly is taken. No round names fewer training rows rightly.

    Host-level. Splits are sets of IDs, whatever the tree was grown with; its shape stays. A leaf that no row comes to
    any more keeps its shares.

    Args:
        tree: as `grow` makes it.
        ids: categories of every row in every factor.
        labels: the class of every row.
        rounds: the most, each through all splits.

    Example:
        >>> import numpy as np
        >>> from interp_jax.methods.cnn_inte import grow
        >>> ids = np.random.default_rng(1).integers(0, 4, (500, 4))
        >>> labels = (ids[:, 0] > 1) ^ (ids[:, 1] > 1)  # no single split tells anything of it
        >>> tree = grow(ids, labels.astype(int), count=4, classes=2, depth=2)
        >>> refined = refine(tree, ids, labels.astype(int))
        >>> bool(np.mean(refined.predict(ids) == labels) > np.mean(tree.predict(ids) == labels))
        True

    Source: Carreira-Perpiñán & Tavallali, Alternating optimization of decision trees, NeurIPS 2018, for sets.
    """
    factor, goes_left, share = tree.factor.copy(), tree.goes_left.copy(), tree.share.copy()
    refined = Tree(factor, goes_left, tree.left, tree.right, share, tree.rows.copy())
    best, right = refined, -1
    for _ in range(rounds + 1):
        reached = _reached(refined, ids)
        for node, rows in enumerate(reached):
            refined.rows[node] = len(rows)
            if len(rows):
                share[node] = np.bincount(labels[rows], minlength=share.shape[1]) / len(rows)
        now = int(np.sum(refined.predict(ids) == labels))
        if now <= right:
            break
        best, right = Tree(*(np.copy(part) for part in refined)), now
        # Children have higher numbers than their parents, and a split does not change which rows come to it.
        for node in reversed(np.flatnonzero(factor != LEAF)):
            if len(rows := reached[node]):
                _choose(refined, node, ids[rows], labels[rows])
    return best


def _choose(tree, node, ids, labels):
    """Sets a node's factor and IDs in place."""
    called = tree.share.argmax(axis=1)
    sides = (called[tree.apply(ids, start=int(side[node]))] == labels for side in (tree.left, tree.right))
    gain = np.subtract(*(side.astype(int) for side in sides))
    count = tree.goes_left.shape[1]
    sums = np.stack([np.bincount(column, weights=gain, minlength=count) for column in ids.T])
    totals, mine = np.maximum(sums, 0).sum(axis=1), tree.factor[node]
    best = int(np.argmax(totals))
    if totals[best] > totals[mine]:
        tree.factor[node], tree.goes_left[node] = best, sums[best] > 0
    else:
        tree.goes_left[node] = np.where(sums[mine] != 0, sums[mine] > 0, tree.goes_left[node])


def _reached(tree, ids):
    """The rows that come to every node."""
    rows = [np.empty(0, int)] * len(tree.factor)
    rows[0] = np.arange(len(ids))
    for node in np.flatnonzero(tree.factor != LEAF):
        left = tree.goes_left[node, ids[rows[node], tree.factor[node]]]
        rows[tree.left[node]], rows[tree.right[node]] = rows[node][left], rows[node][~left]
    return rows
