import itertools

import numpy as np
import pytest

from interp_jax.methods.cnn_inte import grow, leaf_weights
from interp_jax.methods.cnn_inte.leaves import boxes, path_to
from interp_jax.methods.cnn_inte.tree import LEAF


@pytest.fixture(scope="module")
def tree():
    random = np.random.default_rng(0)
    ids = random.integers(0, 3, (400, 3))
    return grow(ids, (ids[:, 0] * 2 + ids[:, 1]) % 4, count=3, classes=4, depth=4)


@pytest.fixture(scope="module")
def votes():
    drawn = np.random.default_rng(1).exponential(size=(5, 3, 3))
    return (drawn / drawn.sum(axis=2, keepdims=True)).astype(np.float32)


def test_weights_are_the_sum_over_all_ids_of_independent_factors(tree, votes):
    wanted = np.zeros((5, len(tree.factor)))
    for ids in itertools.product(range(3), repeat=3):
        leaf = tree.apply(np.array([ids]))[0]
        wanted[:, leaf] += np.prod([votes[:, factor, own] for factor, own in enumerate(ids)], axis=0)
    found = leaf_weights(tree, votes)
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def test_votes_for_one_id_go_to_its_leaf(tree):
    ids = np.random.default_rng(2).integers(0, 3, (50, 3))
    found = leaf_weights(tree, np.eye(3, dtype=np.float32)[ids])
    np.testing.assert_array_equal(found.argmax(axis=1), tree.apply(ids))
    np.testing.assert_array_equal(found.max(axis=1), 1)


def test_boxes_part_all_ids_and_paths_lead_to_their_leaves(tree):
    leaves = np.flatnonzero(tree.factor == LEAF)
    allowed = boxes(tree, 3)[leaves]
    for ids in itertools.product(range(3), repeat=3):
        inside = np.all(allowed[:, np.arange(3), list(ids)], axis=1)
        assert np.sum(inside) == 1
        leaf = leaves[np.flatnonzero(inside)[0]]
        assert path_to(tree, leaf) == tree.path(np.array(ids))
