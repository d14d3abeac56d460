import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.tree import DecisionTreeClassifier

from interp_jax.methods.cnn_inte import grow
from interp_jax.methods.cnn_inte.tree import LEAF, ORDERS, _orders

OPTIONS = {"count": 4, "classes": 3, "depth": 3}


def _impurity(labels, criterion):
    shares = np.bincount(labels, minlength=3) / max(len(labels), 1)
    return 1 - np.sum(shares**2) if criterion == "gini" else -sum(share * np.log(share) for share in shares if share)


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
def test_thresholds_gain_as_much_as_scikit_learns_tree(criterion):
    random = np.random.default_rng(0)
    ids, labels = random.integers(0, 6, (400, 5)), random.integers(0, 3, 400)
    labels = np.where(ids[:, 2] > 2, 0, np.where(ids[:, 4] <= 1, 1, labels))
    ours = grow(ids, labels, count=6, classes=3, depth=3, splits="thresholds", criterion=criterion)
    theirs = DecisionTreeClassifier(max_depth=3, criterion=criterion, random_state=0).fit(ids, labels)
    np.testing.assert_array_equal(ours.predict(ids), theirs.predict(ids))
    assert ours.leaves == theirs.get_n_leaves()


@given(
    arrays(np.int64, (12, 2), elements=st.integers(0, 3)),
    arrays(np.int64, 12, elements=st.integers(0, 2)),
    st.sampled_from(["gini", "entropy"]),
)
@settings(max_examples=40, deadline=None)
def test_what_holds_for_every_tree(ids, labels, criterion):
    for splits in ("subsets", "thresholds"):
        tree = grow(ids, labels, splits=splits, criterion=criterion, **OPTIONS)
        leaves = tree.apply(ids)
        assert set(leaves) <= set(np.flatnonzero(tree.factor == LEAF))
        for leaf in np.unique(leaves):
            shares = np.bincount(labels[leaves == leaf], minlength=3) / np.sum(leaves == leaf)
            np.testing.assert_allclose(tree.share[leaf], shares)
            assert tree.rows[leaf] == np.sum(leaves == leaf)
        for row in range(3):
            path = tree.path(ids[row])
            assert path[0] == 0
            assert path[-1] == leaves[row]
            assert len(path) <= 4
        if splits == "thresholds":
            for goes_left in tree.goes_left[tree.factor != LEAF]:
                assert np.all(np.diff(goes_left.astype(int)) <= 0), "the IDs up to a number"


def test_two_classes_get_the_best_of_all_subsets():
    """For two classes the order by share of a class holds the best split of all, at Gini and at entropy alike."""
    random = np.random.default_rng(1)
    ids, labels = random.integers(0, 6, (200, 1)), random.integers(0, 2, 200)
    labels[ids[:, 0] == 4] = 0
    for criterion in ("gini", "entropy"):
        tree = grow(ids, labels, count=6, classes=2, depth=1, criterion=criterion)
        found = tree.goes_left[0, ids[:, 0]]

        def left_over(left, criterion=criterion):
            return sum(side.mean() * _impurity(labels[side], criterion) for side in (left, ~left))

        best = min(
            left_over(np.isin(ids[:, 0], subset))
            for size in range(1, 6)
            for subset in itertools.combinations(range(6), size)
        )
        np.testing.assert_allclose(left_over(found), best)


def test_numbering_the_ids_otherwise_changes_nothing_for_subsets():
    random = np.random.default_rng(2)
    ids = random.integers(0, 5, (300, 3))
    labels = (ids[:, 0] * 7 + ids[:, 1] * 3) % 5 % 3
    other = np.stack([random.permutation(5)[column] for column in ids.T], axis=1)
    first, second = (grow(each, labels, count=5, classes=3, depth=3) for each in (ids, other))
    np.testing.assert_array_equal(first.predict(ids), second.predict(other))


def test_of_factors_that_split_alike_the_first_is_taken():
    ids = np.repeat([[0, 0], [1, 1]], 5, axis=0)
    assert grow(ids, ids[:, 0], count=2, classes=2, depth=1).factor[0] == 0


def test_ids_are_ordered_by_the_main_axes_of_their_weighted_shares_by_each_class_and_as_numbered():
    table = np.random.default_rng(0).integers(0, 30, (6, 5))
    table[:, [1, 4]] = 0  # two classes are absent
    size = table.sum(axis=1)
    shares = table / size[:, None]
    apart = shares - size @ shares / size.sum()
    _, axes = np.linalg.eigh(apart.T @ (size[:, None] * apart))
    first, second, *others = (order.tolist() for order in _orders(table))
    for order, axis in ((first, axes[:, -1]), (second, axes[:, -2])):
        assert np.argsort(shares @ axis).tolist() in (order, order[::-1])
    assert others == [np.argsort(shares[:, label], kind="stable").tolist() for label in (0, 1, 2, 3)]
    assert others[1] == list(range(6))


def test_of_many_classes_the_most_frequent_order_the_ids():
    table = np.random.default_rng(0).integers(1, 30, (6, 3 * ORDERS))
    shares = table / table.sum(axis=1, keepdims=True)
    frequent = np.sort(np.argsort(-table.sum(axis=0), kind="stable")[:ORDERS])
    wanted = [np.argsort(shares[:, label], kind="stable").tolist() for label in frequent]
    assert _orders(table)[2:].tolist() == wanted


def test_entropy_halves_where_gini_is_indifferent():
    """Eight equally frequent classes and a factor that parts them in halves: three levels suffice."""
    classes = np.repeat(np.arange(8), 30)
    ids = np.stack([classes, np.roll(classes, 1)], axis=1)
    assert np.mean(grow(ids, classes, count=8, classes=8, depth=3).predict(ids) == classes) == 1


def test_a_node_of_one_class_and_identical_rows_are_not_split():
    ids = np.zeros((6, 2), int)
    assert grow(ids, np.array([0, 1, 0, 1, 2, 0]), **OPTIONS).leaves == 1
    assert grow(np.arange(6)[:, None] % 4, np.ones(6, int), **OPTIONS).leaves == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ids": np.ones((4, 2))}, r"ids: found float64 \[4, 2\], wanted whole numbers"),
        ({"ids": np.array([[0], [1], [2], [4]])}, "ids: found 0 to 4, wanted whole numbers from 0 to 3"),
        ({"ids": np.zeros(4, int)}, r"ids: found int64 \[4\]"),
        ({"labels": np.array([0, 1, 2, 3])}, "labels: found 0 to 3, wanted whole numbers from 0 to 2"),
        ({"labels": np.array([0, 1, 2])}, r"labels: found shape \[3\], wanted whole numbers \[4\]"),
        ({"labels": np.array([0, 1, 2, 2**32])}, "labels: found 0 to 4294967296"),
        ({"depth": 0}, "depth: found 0"),
        ({"splits": "any"}, "splits: found 'any'"),
    ],
)
def test_bad_arguments_are_named(changed, message):
    arguments = {"ids": np.arange(4)[:, None], "labels": np.arange(4) % 3} | OPTIONS | changed
    ids, labels = arguments.pop("ids"), arguments.pop("labels")
    with pytest.raises(ValueError, match=f"^{message}"):
        grow(ids, labels, **arguments)
    tree = grow(np.arange(4)[:, None], np.arange(4) % 3, **OPTIONS)
    with pytest.raises(ValueError, match="^ids: found 0 to 9, wanted whole numbers from 0 to 3"):
        tree.predict(np.array([[0], [9]]))
