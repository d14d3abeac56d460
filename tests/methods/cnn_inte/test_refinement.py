import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from interp_jax.methods.cnn_inte import grow, refine
from interp_jax.methods.cnn_inte.tree import LEAF


def _right(tree, ids, labels):
    return int(np.sum(tree.predict(ids) == labels))


@given(
    arrays(np.int64, (25, 3), elements=st.integers(0, 3)),
    arrays(np.int64, 25, elements=st.integers(0, 2)),
    st.integers(0, 4),
)
@settings(max_examples=40, deadline=None)
def test_no_round_decreases_the_training_accuracy(ids, labels, rounds):
    tree = grow(ids, labels, count=4, classes=3, depth=3)
    found = [refine(tree, ids, labels, rounds=each) for each in (0, rounds, rounds + 1)]
    counts = [_right(each, ids, labels) for each in found]
    assert counts == sorted(counts)
    assert counts[0] == _right(tree, ids, labels)
    for each in found:
        np.testing.assert_array_equal(each.left, tree.left)
        np.testing.assert_allclose(each.share.sum(axis=1), 1)
        np.testing.assert_array_equal(each.rows, [np.sum(_comes_to(each, ids, node)) for node in range(len(tree.rows))])


def _comes_to(tree, ids, node):
    return np.array([node in tree.path(row) for row in ids])


def test_a_split_is_the_best_of_all_sets_given_its_leaves():
    """Of the lowest splits at rest: no other set of any factor classifies more of the node's rows correctly."""
    random = np.random.default_rng(0)
    ids, labels = random.integers(0, 4, (300, 3)), random.integers(0, 3, 300)
    tree = refine(grow(ids, labels, count=4, classes=3, depth=2), ids, labels, rounds=100)
    predicted = tree.share.argmax(axis=1)
    lowest = [
        node
        for node in np.flatnonzero(tree.factor != LEAF)
        if tree.factor[tree.left[node]] == tree.factor[tree.right[node]] == LEAF
    ]
    assert lowest
    for node in lowest:
        rows = _comes_to(tree, ids, node)
        left, right = (predicted[side[node]] == labels[rows] for side in (tree.left, tree.right))
        found = np.sum(np.where(tree.goes_left[node, ids[rows, tree.factor[node]]], left, right))
        for factor in range(3):
            for subset in range(16):
                goes_left = (subset >> np.arange(4) & 1).astype(bool)
                assert np.sum(np.where(goes_left[ids[rows, factor]], left, right)) <= found


def test_parity_which_greedy_splits_cannot_see_is_found():
    found = []
    for seed in range(8):
        ids = np.random.default_rng(seed).integers(0, 4, (500, 4))
        labels = ((ids[:, 0] > 1) ^ (ids[:, 1] > 1)).astype(int)
        tree = grow(ids, labels, count=4, classes=2, depth=2)
        found.append([_right(each, ids, labels) / 500 for each in (tree, refine(tree, ids, labels))])
    grown, refined = np.mean(found, axis=0)
    assert refined > grown + 0.1


def test_a_gain_of_one_row_is_taken_and_a_factor_that_gains_no_more_is_not():
    ids, labels = np.array([[0, 0], [0, 0], [1, 1], [1, 1], [2, 2]]), np.array([0, 0, 1, 1, 1])
    tree = grow(ids, labels, count=3, classes=2, depth=1)
    second = tree._replace(factor=np.where(tree.factor == LEAF, LEAF, 1))
    assert second.goes_left[0].tolist() == [True, False, False]
    labels[-1] = 0
    refined = refine(second, ids, labels, rounds=1)
    assert refined.factor[0] == 1
    assert refined.goes_left[0].tolist() == [True, False, True]
    assert (_right(second, ids, labels), _right(refined, ids, labels)) == (4, 5)
