"""Random forests that tell a row's IDs from its input, as arrays: nothing of scikit-learn is kept."""

import warnings
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from sklearn.ensemble import RandomForestClassifier


class Forests(NamedTuple):
    """One forest a factor, padded to one size: at each node a feature and a threshold; leaves lead to themselves."""

    feature: Int[np.ndarray, "factors trees nodes"]
    threshold: Float[np.ndarray, "factors trees nodes"]
    left: Int[np.ndarray, "factors trees nodes"]
    right: Int[np.ndarray, "factors trees nodes"]
    share: Float[np.ndarray, "factors trees nodes ids"]
    depth: Int[np.ndarray, ""]

    def predict(self, inputs: Float[Array | np.ndarray, "rows features"], batch_size: int = 1024):
        """The most likely ID [rows, factors] of every row in every factor. Host-level."""
        return self.votes(inputs, batch_size).argmax(axis=2)

    def votes(self, inputs: Float[Array | np.ndarray, "rows features"], batch_size: int = 1024):
        """The probability of every ID [rows, factors, ids], the mean of a forest's trees.

        Host-level. Memory: the result, one number a tree and row of a batch, and its ids.
        """
        inputs, found = np.asarray(inputs, np.float32), []
        for start in range(0, len(inputs), batch_size):
            part = inputs[start : start + batch_size]
            # One shape for all batches, so that there is one compilation.
            padded = np.pad(part, ((0, min(batch_size, len(inputs)) - len(part)), (0, 0)))
            found.append(np.asarray(_predict(self[:5], padded, int(self.depth)))[: len(part)])
        return np.concatenate(found)


class Trained(NamedTuple):
    """The forests, and for every training row the ID that the trees which have not seen it find most likely."""

    forests: Forests
    unseen_ids: Int[np.ndarray, "rows factors"]


def train(inputs, ids, *, count: int, trees: int, leaves: int, key, jobs: int | None = None) -> Trained:
    """A forest for every factor, as scikit-learn grows them.

    Host-level. A row that all trees have seen keeps its own ID among the unseen ones.

    Args:
        inputs: [rows, features].
        ids: [rows, factors], 0 … count − 1.
        count: IDs of a factor.
        trees: trees of a forest.
        leaves: most leaves of a tree.
        key: a JAX random key.
        jobs: trees grown at a time, as scikit-learn has it.
    """
    seeds = np.asarray(jax.random.randint(key, (ids.shape[1],), 0, np.iinfo(np.int32).max))
    grown, depth, unseen_ids = [], 0, ids.copy()
    for number, (seed, mine) in enumerate(zip(seeds, ids.T, strict=True)):
        options = {"random_state": int(seed), "n_jobs": jobs, "oob_score": True}
        forest = RandomForestClassifier(trees, max_leaf_nodes=leaves, **options)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Some inputs do not have OOB scores")
            forest.fit(inputs, mine)
        votes = forest.oob_decision_function_
        told = np.nan_to_num(votes).sum(axis=1) > 0
        unseen_ids[told, number] = forest.classes_[votes[told].argmax(axis=1)]
        depth = max(depth, *(tree.tree_.max_depth for tree in forest.estimators_))
        grown.append([_as_arrays(tree.tree_, forest.classes_, count) for tree in forest.estimators_])
    nodes = max(len(tree[0]) for forest in grown for tree in forest)
    parts = (np.array([[_padded(tree[part], nodes) for tree in forest] for forest in grown]) for part in range(5))
    return Trained(Forests(*parts, np.array(depth)), unseen_ids)


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


@partial(jax.jit, static_argnames="depth")
def _predict(forests, x, depth):
    def of_tree(feature, threshold, left, right, share):
        def down(_, node):
            value = jnp.take_along_axis(x, feature[node][:, None], axis=1)[:, 0]
            return jnp.where(value <= threshold[node], left[node], right[node])

        return share[jax.lax.fori_loop(0, depth, down, jnp.zeros(len(x), jnp.int32))]

    def of_forest(forest):
        return jnp.mean(jax.vmap(of_tree)(*forest), axis=0)

    return jnp.moveaxis(jax.lax.map(of_forest, tuple(map(jnp.asarray, forests))), 0, 1)
