"""How much of an input comes to every leaf, when forests are not sure of its IDs."""

import numpy as np
from jaxtyping import Bool, Float, Int

from interp_jax.methods.cnn_inte.tree import LEAF, Tree

VOTES = ("soft", "hard")


def boxes(tree: Tree, factors: int) -> Bool[np.ndarray, "nodes factors ids"]:
    """The IDs of every factor that lead to each node."""
    allowed = np.ones((len(tree.factor), factors, tree.goes_left.shape[1]), bool)
    for node in np.flatnonzero(tree.factor != LEAF):
        for child, goes in ((tree.left[node], tree.goes_left[node]), (tree.right[node], ~tree.goes_left[node])):
            allowed[child] = allowed[node]
            allowed[child, tree.factor[node]] &= goes
    return allowed


def leaf_weights(tree: Tree, votes: Float[np.ndarray, "rows factors ids"]) -> Float[np.ndarray, "rows nodes"]:
    """The probability of every leaf, 0 at other nodes, were the factors' IDs independent given the input.

        P(leaf) = Π_factors Σ_{IDs of the factor that lead to the leaf} votes

    Host-level. Each row adds up to 1. With votes for one ID a factor it is 1 at the leaf of `Tree.apply`.
    """
    leaves = np.flatnonzero(tree.factor == LEAF)
    allowed = boxes(tree, votes.shape[1])[leaves]
    weights = np.zeros((len(votes), len(tree.factor)), np.float32)
    found = np.ones((len(votes), len(leaves)), np.float32)
    for factor in range(votes.shape[1]):
        found *= votes[:, factor] @ allowed[:, factor].T.astype(np.float32)
    weights[:, leaves] = found
    return weights


def parents(tree: Tree) -> Int[np.ndarray, " nodes"]:
    """Every node's parent, LEAF for the root."""
    found = np.full(len(tree.factor), LEAF)
    for node in np.flatnonzero(tree.factor != LEAF):
        found[[tree.left[node], tree.right[node]]] = node
    return found


def path_to(tree: Tree, leaf: int | np.integer) -> list[int]:
    """The nodes from the root to a leaf."""
    above, nodes = parents(tree), [int(leaf)]
    while nodes[-1] != 0:
        nodes.append(int(above[nodes[-1]]))
    return nodes[::-1]
