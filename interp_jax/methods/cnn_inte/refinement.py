"""Refining a grown tree: each split is chosen again for the predictions of its subtrees."""

import numpy as np
from jaxtyping import Array

from interp_jax._checks import Given, as_count
from interp_jax.methods.cnn_inte._targets import as_targets
from interp_jax.methods.cnn_inte.tree import LEAF, Tree, as_ids, check_tree, descend


def refine(
    tree: Tree,
    ids: Given[Array | np.ndarray, "rows factors"],
    labels: Given[Array | np.ndarray, "rows"] | Given[Array | np.ndarray, "rows classes"],
    *,
    rounds: int = 10,
    weights: Given[Array | np.ndarray, "rows"] | None = None,
) -> Tree:
    """The tree with its splits chosen again, from the lowest up, until the training accuracy no longer increases.

    A split only matters for rows that exactly one of its subtrees classifies correctly. For each factor the best set of
    IDs is known exactly: those with more rows correct in the left subtree than in the right one. The factor with most
    correctly classified rows is taken. No round decreases the training accuracy.

    Host-level; each round takes depth × rows × factors steps. Splits become sets of IDs, however the tree was grown;
    its shape stays. A leaf that no row reaches keeps its shares.

    Args:
        tree: a `Tree`, as `grow` returns.
        ids: [rows, factors] the categories of each row in each factor.
        labels: [rows] the class of each row, or [rows, classes] its share of each class, which then takes the place
            of correct or not.
        rounds: maximum rounds, each through all splits; 0 only recounts the rows.
        weights: [rows] how much each row counts, not negative; alike by default.

    Returns:
        A new `Tree`; the given one is unchanged.

    Raises:
        TypeError: not a `Tree`.
        ValueError: IDs, labels or weights that do not fit the tree or each other, or rounds below 0.

    Example:
        >>> from interp_jax.methods.cnn_inte import grow
        >>> ids = np.random.default_rng(1).integers(0, 4, (500, 4))
        >>> labels = (ids[:, 0] > 1) ^ (ids[:, 1] > 1)  # no single split gains
        >>> tree = grow(ids, labels.astype(int), count=4, classes=2, depth=2)
        >>> refined = refine(tree, ids, labels.astype(int))
        >>> bool(np.mean(refined.predict(ids) == labels) > np.mean(tree.predict(ids) == labels))
        True

    Source: Carreira-Perpiñán & Tavallali, Alternating optimization of decision trees, NeurIPS 2018, for sets.
    """
    check_tree(tree)
    ids = as_ids(ids, count=tree.goes_left.shape[1], factors=int(tree.factor.max()) + 1)
    targets = as_targets(labels, weights, rows=len(ids), classes=tree.share.shape[1])
    factor, goes_left, share = tree.factor.copy(), tree.goes_left.copy(), tree.share.copy()
    refined = Tree(factor, goes_left, tree.left, tree.right, share, tree.rows.copy())
    best, most = refined, -1
    for _ in range(as_count("rounds", rounds, least=0) + 1):
        reached = _reached(refined, ids)
        for node, rows in enumerate(reached):
            refined.rows[node] = len(rows)
            if (masses := targets.at(rows).total()).any():
                share[node] = 0
                share[node, targets.present] = masses / masses.sum()
        correct = np.sum(targets.mass_of(share.argmax(axis=1)[descend(refined, ids)]))
        if correct <= most:
            break
        best, most = Tree(*(np.copy(part) for part in refined)), correct
        # Children have higher numbers than their parents, and a split does not change which rows come to it.
        for node in reversed(np.flatnonzero(factor != LEAF)):
            if len(rows := reached[node]):
                _choose(refined, node, ids[rows], targets.at(rows))
    return best


def _choose(tree, node, ids, targets):
    """Sets a node's factor and IDs in place."""
    predicted = tree.share.argmax(axis=1)
    sides = (targets.mass_of(predicted[descend(tree, ids, int(side[node]))]) for side in (tree.left, tree.right))
    gain = np.subtract(*sides)
    count = tree.goes_left.shape[1]
    sums = np.stack([np.bincount(column, weights=gain, minlength=count) for column in ids.T])
    totals, mine = np.maximum(sums, 0).sum(axis=1), tree.factor[node]
    best = int(np.argmax(totals))
    if totals[best] > totals[mine]:
        tree.factor[node], tree.goes_left[node] = best, sums[best] > 0
    else:
        tree.goes_left[node] = np.where(sums[mine] != 0, sums[mine] > 0, tree.goes_left[node])


def _reached(tree, ids):
    """The rows that reach each node."""
    rows = [np.empty(0, int)] * len(tree.factor)
    rows[0] = np.arange(len(ids))
    for node in np.flatnonzero(tree.factor != LEAF):
        left = tree.goes_left[node, ids[rows[node], tree.factor[node]]]
        rows[tree.left[node]], rows[tree.right[node]] = rows[node][left], rows[node][~left]
    return rows
