"""Random forests that predict a row's IDs from its input, as arrays: nothing of scikit-learn is stored."""

import warnings
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from sklearn.ensemble import RandomForestClassifier

from interp_jax._checks import Given, as_count
from interp_jax._readable import readable
from interp_jax.methods.cnn_inte._rows import flat_rows, power_of_two


@readable()
class Forests(NamedTuple):
    """One random forest per factor, as arrays of one size; leaves lead to themselves.

    Attributes:
        feature, threshold: a row goes left if this feature is at most the threshold.
        left, right: the children's numbers.
        share: of each ID among the training rows of a node.
        depth: the maximum splits from a root to a leaf.
    """

    feature: Int[np.ndarray, "factors trees nodes"]
    threshold: Float[np.ndarray, "factors trees nodes"]
    left: Int[np.ndarray, "factors trees nodes"]
    right: Int[np.ndarray, "factors trees nodes"]
    share: Float[np.ndarray, "factors trees nodes ids"]
    depth: Int[np.ndarray, ""]

    def _finding(self) -> str:
        factors, trees, _ = self.feature.shape
        return f"{factors} forests of {trees} trees, at most {int(self.depth)} splits deep"

    def predict(
        self, inputs: Given[Array | np.ndarray, "rows *features"], batch_size: int = 1024
    ) -> Int[np.ndarray, "rows factors"]:
        """The most likely ID of each row in each factor [rows, factors]. Host-level."""
        return self.votes(inputs, batch_size).argmax(axis=2)

    def votes(
        self, inputs: Given[Array | np.ndarray, "rows *features"], batch_size: int = 1024
    ) -> Float[np.ndarray, "rows factors ids"]:
        """The probability of each ID [rows, factors, ids], the mean over a forest's trees.

        Host-level. Compiled for batches of 1, 2, 4 … rows. Memory: the result, one number per tree and row of a batch,
        and its IDs.
        """
        rows = flat_rows("inputs", inputs, width=int(self.feature.max()) + 1, exact=False).astype(np.float32)
        size = min(as_count("batch_size", batch_size), power_of_two(len(rows)))
        parts, arrays = [], tuple(map(jnp.asarray, self))
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            padded = np.pad(part, ((0, size - len(part)), (0, 0)))
            parts.append(np.asarray(_predict(arrays, padded))[: len(part)])
        return np.concatenate(parts)


class Trained(NamedTuple):
    """The forests, and the most likely ID of each training row by the trees grown without it."""

    forests: Forests
    held_out_ids: Int[np.ndarray, "rows factors"]


def train(inputs, ids, *, count: int, trees: int, max_leaf_nodes: int, key, n_jobs: int | None = None) -> Trained:
    """A forest per factor, grown by scikit-learn.

    Host-level. The held-out ID of a row that all trees were grown with is its own.

    Args:
        inputs: [rows, features].
        ids: [rows, factors], 0 … count − 1.
        count: IDs of a factor.
        trees: trees of a forest.
        max_leaf_nodes: maximum leaves of a tree.
        key: a JAX random key.
        n_jobs: trees grown at a time, as in scikit-learn.
    """
    seeds = np.asarray(jax.random.randint(key, (ids.shape[1],), 0, np.iinfo(np.int32).max))
    grown, depth, held_out_ids = [], 0, ids.copy()
    for number, (seed, mine) in enumerate(zip(seeds, ids.T, strict=True)):
        options = {"random_state": int(seed), "n_jobs": n_jobs, "oob_score": True}
        forest = RandomForestClassifier(trees, max_leaf_nodes=max_leaf_nodes, **options)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Some inputs do not have OOB scores")
            forest.fit(inputs, mine)
        votes = forest.oob_decision_function_
        voted = np.nan_to_num(votes).sum(axis=1) > 0
        held_out_ids[voted, number] = forest.classes_[votes[voted].argmax(axis=1)]
        depth = max(depth, *(tree.tree_.max_depth for tree in forest.estimators_))
        grown.append([_as_arrays(tree.tree_, forest.classes_, count) for tree in forest.estimators_])
    # Forests of about one size share a compiled prediction.
    nodes = power_of_two(max(len(tree[0]) for forest in grown for tree in forest))
    parts = (np.array([[_padded(tree[part], nodes) for tree in forest] for forest in grown]) for part in range(5))
    return Trained(Forests(*parts, depth=np.array(depth)), held_out_ids)


def _as_arrays(tree, ids, count):
    """Feature, threshold, children and shares of a tree's nodes; a leaf's children are itself."""
    itself, leaf = np.arange(tree.node_count), tree.children_left < 0
    share = np.zeros((tree.node_count, count), np.float32)
    share[:, ids.astype(int)] = tree.value[:, 0] / tree.value[:, 0].sum(axis=1, keepdims=True)
    # Features are compared in float32: a threshold is rounded down, so that none of them changes its side.
    threshold = tree.threshold.astype(np.float32)
    threshold = np.where(threshold > tree.threshold, np.nextafter(threshold, np.float32(-np.inf)), threshold)
    children = (np.where(leaf, itself, side).astype(np.int32) for side in (tree.children_left, tree.children_right))
    return np.where(leaf, 0, tree.feature).astype(np.int32), threshold, *children, share


def _padded(values, nodes):
    return np.pad(values, [(0, nodes - len(values))] + [(0, 0)] * (values.ndim - 1))


@jax.jit
def _predict(forests, x):
    *arrays, depth = forests

    def of_tree(feature, threshold, left, right, share):
        def down(_, node):
            value = jnp.take_along_axis(x, feature[node][:, None], axis=1)[:, 0]
            return jnp.where(value <= threshold[node], left[node], right[node])

        return share[jax.lax.fori_loop(0, depth, down, jnp.zeros(len(x), jnp.int32))]

    def of_forest(forest):
        return jnp.mean(jax.vmap(of_tree)(*forest), axis=0)

    return jnp.moveaxis(jax.lax.map(of_forest, tuple(arrays)), 0, 1)
