from itertools import permutations

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cophenet
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score

from interp_jax.kernels import ward
from interp_jax.methods import hierarchy
from tests import reference

RANDOM = np.random.default_rng(0)


def _tree(vectors):
    """A tree of vectors as they are, without alignment and its compilation."""
    vectors = np.asarray(vectors)
    return hierarchy.Hierarchy(ward.linkage(vectors), vectors, np.ones(len(vectors)), np.zeros(1), True)


def _cosines(first, second):
    return np.array([[reference.cosine(v, w) for w in second] for v in first])


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1), st.booleans())
def test_matching_is_the_best_of_all_assignments(units, others, seed, tied):
    random = np.random.default_rng(seed)
    draw = (
        (lambda rows: random.integers(-1, 2, size=(rows, 2))) if tied else (lambda rows: random.normal(size=(rows, 3)))
    )
    first, second = draw(units), draw(others)
    found = hierarchy.match_units(first, second)
    pairs = min(units, others)
    assert len(found.first) == len(found.second) == len(set(found.first)) == len(set(found.second)) == pairs
    cosines = _cosines(first, second)
    if units > others:
        cosines = cosines.T
    means = [cosines[np.arange(pairs), choice].mean() for choice in permutations(range(max(units, others)), pairs)]
    np.testing.assert_allclose(found.similarity, max(np.max(means), -np.min(means)), atol=1e-12)
    np.testing.assert_allclose(
        abs(_cosines(first, second)[found.first, found.second].mean()), found.similarity, atol=1e-12
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_shuffled_reversed_and_stretched_units_are_found(sign):
    vectors, order = RANDOM.normal(size=(30, 8)), RANDOM.permutation(30)
    lengths = RANDOM.uniform(0.1, 10, size=(30, 1))
    found = hierarchy.match_units(jnp.asarray(vectors), sign * (lengths * vectors)[order])
    np.testing.assert_array_equal(order[found.second], found.first)
    np.testing.assert_allclose(found.similarity, 1)


def test_units_without_partners_are_left_out():
    vectors, kept = RANDOM.normal(size=(12, 6)), np.array([7, 2, 9, 4])
    for first, second in ((vectors, vectors[kept]), (vectors[kept], vectors)):
        found = hierarchy.match_units(first, second)
        few, many = (found.second, found.first) if len(first) == 12 else (found.first, found.second)
        np.testing.assert_array_equal(kept[few], many)
        assert sorted(few) == [0, 1, 2, 3]
        np.testing.assert_allclose(found.similarity, 1)


def test_dead_units_match_nothing():
    vectors = RANDOM.normal(size=(4, 3))
    vectors[2] = 0
    np.testing.assert_allclose(hierarchy.match_units(vectors, vectors).similarity, 0.75)
    assert hierarchy.match_units(np.zeros((2, 3)), vectors).similarity == 0


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (np.ones(3), np.ones((2, 3)), r"first: found shape \[3\], wanted \[units, features\]"),
        (np.ones(()), np.ones((2, 3)), r"first: found shape \[\], wanted"),
        (np.ones((0, 3)), np.ones((2, 3)), r"first: found shape \[0, 3\], wanted"),
        (np.ones((2, 3)), np.ones((2, 3, 1)), r"second: found shape \[2, 3, 1\], wanted"),
        (np.ones((2, 3)), np.ones((2, 4)), "second: found 4 features, wanted 3"),
        (np.full((2, 3), np.nan), np.ones((2, 3)), "first: found NaN or infinity"),
        (np.ones((2, 3)), np.full((2, 3), np.inf), "second: found NaN or infinity"),
    ],
)
def test_vectors_that_cannot_be_matched_are_refused(first, second, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        hierarchy.match_units(first, second)


def test_the_same_units_under_other_numbers_and_signs_agree():
    vectors = RANDOM.normal(size=(14, 6)).astype(np.float32)
    trees = [hierarchy.build(version) for version in (vectors, vectors[::-1], -vectors[RANDOM.permutation(14)])]
    found = hierarchy.tree_agreement(trees, [2, 5, 14])
    for values, shape in zip(found, [(3, 3), (3, 3), (3,), (3,)], strict=True):
        assert values.shape == shape
        np.testing.assert_allclose(values, 1, rtol=1e-6)


def test_agreement_of_trees_agrees_with_the_transcription():
    # A network of eight units, one of ten that resemble them in part, and one of nine that resemble nothing.
    base = RANDOM.normal(size=(10, 5))
    noisy = base[:8] + 0.3 * RANDOM.normal(size=(8, 5))
    trees = [_tree(noisy), _tree(base), _tree(RANDOM.normal(size=(9, 5)))]
    found = hierarchy.tree_agreement(trees, [2, 4])
    for pair, (a, b) in enumerate([(0, 1), (0, 2), (1, 2)]):
        one, other = trees[a], trees[b]
        matching = hierarchy.match_units(one.vectors, other.vectors)
        assert found.similarity[pair] == matching.similarity
        for column, c in enumerate((2, 4)):
            wanted = adjusted_rand_score(one.cut(c)[matching.first], other.cut(c)[matching.second])
            assert found.adjusted_rand[pair, column] == wanted
            cosines = _cosines(one.roles(c), other.roles(c))
            means = [cosines[np.arange(c), choice].mean() for choice in permutations(range(c))]
            np.testing.assert_allclose(found.roles[pair, column], max(np.max(means), -np.min(means)))
        heights = [reference.cophenetic_heights(tree.linkage) for tree in (one, other)]
        pairs = [(i, j) for i in range(len(matching.first)) for j in range(i)]
        joined = [
            [[height[own[i], own[j]]] for i, j in pairs]
            for height, own in zip(heights, (matching.first, matching.second), strict=True)
        ]
        np.testing.assert_allclose(found.cophenetic[pair], reference.pearson(*joined)[0, 0])
        np.testing.assert_allclose(heights[0], squareform(cophenet(one.linkage)))


def test_related_networks_agree_more_than_unrelated_ones():
    base = np.repeat(2 * RANDOM.normal(size=(4, 6)), 5, axis=0)
    related = [_tree(base + 0.2 * RANDOM.normal(size=(20, 6))) for _ in range(2)]
    unrelated = [_tree(RANDOM.normal(size=(20, 6))) for _ in range(2)]
    high, low = hierarchy.tree_agreement(related, [4]), hierarchy.tree_agreement(unrelated, [4])
    np.testing.assert_array_equal(high.adjusted_rand, 1)
    for better, worse in zip(high, low, strict=True):
        assert (better > 0.9).all()
        assert (worse < 0.9).all()


def test_random_partitions_agree_by_chance_alone():
    # Ten networks whose units lie in partitions that have nothing to do with the vectors they are matched by.
    names = np.eye(30)
    matching = hierarchy.match_units(names, names)
    np.testing.assert_array_equal(matching.first, matching.second)
    cuts = [_tree(RANDOM.normal(size=(30, 4))).cut(5) for _ in range(10)]
    found = [hierarchy.partition_agreement(cuts[a], cuts[b], matching) for a in range(10) for b in range(a)]
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(45) < 0.1


def test_trees_of_equal_heights_have_no_cophenetic_correlation():
    equal, other = _tree(0.1 * np.eye(3)[:2]), _tree(RANDOM.normal(size=(6, 3)))
    assert hierarchy.tree_agreement([equal, other], []).cophenetic.tolist() == [0]
    duplicates = _tree(np.ones((5, 3)))
    found = hierarchy.tree_agreement([duplicates, other], [1, 3])
    assert found.cophenetic.tolist() == [0]
    assert found.adjusted_rand[0, 0] == 1


def test_partitions_are_compared_over_the_matched_units():
    matching = hierarchy.Matching(np.array([0, 2, 3, 4]), np.array([5, 1, 0, 2]), 1.0)
    first, second = np.array([0, 9, 0, 1, 1]), np.array([7, 4, 7, 3, 3, 4])
    assert hierarchy.partition_agreement(first, second, matching) == 1
    assert hierarchy.partition_agreement(first, np.array([7, 4, 4, 3, 3, 7]), matching) < 0


@pytest.mark.parametrize(
    ("trees", "resolutions", "message"),
    [
        (1, [2], "hierarchies: found 1, wanted at least two"),
        (0, [2], "hierarchies: found 0, wanted at least two"),
        (2, [2, 6], "c: found 6, wanted a whole number from 1 to 5"),
    ],
)
def test_too_few_trees_and_resolutions_they_have_not_are_refused(trees, resolutions, message):
    given_trees = [_tree(RANDOM.normal(size=(units, 2))) for units in (7, 5)][:trees]
    with pytest.raises(ValueError, match=f"^{message}"):
        hierarchy.tree_agreement(given_trees, resolutions)


def test_huge_and_tiny_vectors_are_matched():
    vectors = RANDOM.normal(size=(5, 4))
    order = [3, 1, 4, 0, 2]
    for scale in (1e-200, 1e200):
        found = hierarchy.match_units(vectors, scale * vectors[order])
        np.testing.assert_array_equal(np.array(order)[found.second], found.first)
        np.testing.assert_allclose(found.similarity, 1)


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ([0, 1], "first: found 2 labels, wanted one a unit of the matching: 3"),
        ([0.0, 1.0, 2.0], "first: found float64"),
        ([0, 2**40, 1], "first: found 0 to 1099511627776"),
    ],
)
def test_labels_that_do_not_fit_the_matching_are_refused(first, message):
    matching = hierarchy.match_units(np.eye(3), np.eye(3))
    with pytest.raises(ValueError, match=f"^{message}"):
        hierarchy.partition_agreement(np.array(first), np.array([0, 1, 2]), matching)
