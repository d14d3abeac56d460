"""The probability of each leaf for an input whose IDs are uncertain."""

import numpy as np
from jaxtyping import Array, Bool, Float

from interp_jax._checks import Given, as_count, as_numpy, check_finite, check_shape
from interp_jax.methods.cnn_inte.tree import LEAF, Tree, check_tree

VOTES = ("soft", "hard")


def boxes(tree: Tree, factors: int) -> Bool[np.ndarray, "nodes factors ids"]:
    """Whether an ID of a factor leads to a node, [nodes, factors, ids]: True for factors that no split above uses.

    Host-level. Memory: one byte per node, factor and ID.

    Args:
        tree: a `Tree`.
        factors: number of factors, at least those of the tree.

    Raises:
        TypeError: not a `Tree`.
        ValueError: fewer factors than the tree splits on.

    Example:
        >>> from interp_jax.methods.cnn_inte import grow
        >>> tree = grow(np.array([[0], [1]]), np.array([0, 1]), count=2, classes=2, depth=1)
        >>> boxes(tree, 1)[:, 0].tolist()
        [[True, True], [True, False], [False, True]]
    """
    check_tree(tree)
    factors = as_count("factors", factors, least=max(1, int(tree.factor.max()) + 1))
    allowed = np.ones((len(tree.factor), factors, tree.goes_left.shape[1]), bool)
    for node in np.flatnonzero(tree.factor != LEAF):
        for child, goes in ((tree.left[node], tree.goes_left[node]), (tree.right[node], ~tree.goes_left[node])):
            allowed[child] = allowed[node]
            allowed[child, tree.factor[node]] &= goes
    return allowed


def leaf_weights(tree: Tree, votes: Given[Array | np.ndarray, "rows factors ids"]) -> Float[np.ndarray, "rows nodes"]:
    """The probability of each leaf, [rows, nodes], 0 at other nodes, as if factors were independent given the input.

        P(leaf) = Π_factors Σ_{IDs of the factor that lead to the leaf} votes

    Host-level; each row of the result sums to 1. With all votes for one ID per factor it is 1 at the leaf of
    `Tree.apply`. Memory: rows × nodes, and rows × leaves.

    Args:
        tree: a `Tree`.
        votes: [rows, factors, ids] the probability of each ID, summing to 1 in each factor.

    Raises:
        TypeError: not a `Tree`.
        ValueError: votes of the wrong shape, or that are not probabilities.

    Example:
        >>> from interp_jax.methods.cnn_inte import grow
        >>> tree = grow(np.array([[0], [1]]), np.array([0, 1]), count=2, classes=2, depth=1)
        >>> leaf_weights(tree, np.array([[[0.25, 0.75]]])).tolist()
        [[0.0, 0.25, 0.75]]
    """
    check_tree(tree)
    votes = as_numpy("votes", votes)
    check_shape("votes", votes, ["rows", "factors", tree.goes_left.shape[1]])
    check_finite("votes", votes)
    if votes.min() < 0 or not np.allclose(votes.sum(axis=2, dtype=np.float64), 1, atol=1e-3):
        raise ValueError("votes: found numbers that do not sum to 1, wanted the probability of every ID of a factor")
    leaves = np.flatnonzero(tree.factor == LEAF)
    allowed = boxes(tree, votes.shape[1])[leaves]
    weights, at_leaves = (
        np.zeros((len(votes), len(tree.factor)), np.float32),
        np.ones((len(votes), len(leaves)), np.float32),
    )
    for factor in range(votes.shape[1]):
        at_leaves *= votes[:, factor].astype(np.float32) @ allowed[:, factor].T.astype(np.float32)
    weights[:, leaves] = at_leaves
    return weights


def path_to(tree: Tree, leaf: int | np.integer) -> list[int]:
    """The nodes from the root to a leaf."""
    parents = np.full(len(tree.factor), LEAF)
    for node in np.flatnonzero(tree.factor != LEAF):
        parents[[tree.left[node], tree.right[node]]] = node
    nodes = [int(leaf)]
    while nodes[-1] != 0:
        nodes.append(int(parents[nodes[-1]]))
    return nodes[::-1]
