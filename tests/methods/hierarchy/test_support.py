import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import linkage as scipy_linkage
from scipy.cluster.hierarchy import to_tree

from interp_jax.kernels import alignment, ward
from interp_jax.methods import hierarchy
from tests import reference
from tests.matrix_products import matrix_products

RANDOM = np.random.default_rng(0)
ROWS, UNITS, RESAMPLES = 40, 6, 16
INPUTS = RANDOM.normal(size=(ROWS, 3)).astype(np.float32)
# Units 0 and 1 follow the first input and 2 and 3 the second, of either sign; 4 leans to the first.
HIDDEN = RANDOM.normal(size=(ROWS, UNITS)).astype(np.float32)
HIDDEN[:, :4] = 0.1 * HIDDEN[:, :4] + INPUTS[:, [0, 0, 1, 1]] * [1, -1, -1, 1]
HIDDEN[:, 4] += INPUTS[:, 0]
OUTPUTS = np.tanh(INPUTS[:, :2])
SETS = [{0, 1}, {2, 3}, {0, 2}, {0, 1, 4}, {1, 4, 5}]
CLUSTERS = np.array([[unit in members for unit in range(UNITS)] for members in SETS])

# Jitted, because one program compiles faster than its operations one by one.
_jitted_tree_support = jax.jit(hierarchy.tree_support, static_argnames="batch_size")
_bootstrap_weights = jax.jit(hierarchy.bootstrap_weights, static_argnums=(1, 2))
_tree_clusters = jax.jit(hierarchy.tree_clusters)
_partition_support = jax.jit(hierarchy.partition_support)

WEIGHTS = np.asarray(_bootstrap_weights(jax.random.key(0), ROWS, RESAMPLES))


def _tree_support(hidden, weights, clusters=CLUSTERS, batch_size=8):
    return _jitted_tree_support(INPUTS, hidden, OUTPUTS, clusters, weights=weights, batch_size=batch_size)


def test_support_agrees_with_the_transcription():
    trees, align_signs = [], jax.jit(alignment.align_signs)
    for weights in WEIGHTS:
        rows = np.repeat(np.arange(ROWS), weights)
        vectors = reference.pearson(HIDDEN[rows], np.concatenate([INPUTS, OUTPUTS], axis=1)[rows])
        aligned = np.asarray(align_signs(vectors).vectors, np.float64)
        trees.append(reference.tree_sets(scipy_linkage(aligned, "ward")))
    jaccard, recovered = reference.jaccard_support(SETS, trees)
    found = _tree_support(HIDDEN, WEIGHTS)
    np.testing.assert_allclose(found.jaccard, jaccard, rtol=1e-5)
    np.testing.assert_allclose(found.recovered, recovered, rtol=1e-5)
    assert len(set(np.round(jaccard, 3))) > 3, "clusters of different support"


def test_planted_clusters_are_supported_and_others_are_not():
    jaccard, recovered = (np.asarray(part) for part in _tree_support(HIDDEN, WEIGHTS))
    np.testing.assert_array_equal(jaccard[:2], 1)
    np.testing.assert_array_equal(recovered[:2], 1)
    assert (jaccard[[2, 4]] < 0.7).all()
    assert (recovered[[2, 4]] < 0.5).all()
    assert 0.7 < jaccard[3] < 1


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_the_batch_size_changes_nothing(batch_size):
    found, wanted = _tree_support(HIDDEN, WEIGHTS, batch_size=batch_size), _tree_support(HIDDEN, WEIGHTS)
    for part, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(part, other, rtol=1e-6)


def test_no_resampling_finds_the_tree_itself():
    vectors = jax.jit(hierarchy.feature_vectors)(INPUTS, HIDDEN, OUTPUTS)
    own = hierarchy.build(vectors)
    every = reference.tree_sets(own.linkage)[UNITS : UNITS + 5]
    clusters = np.array([[unit in members for unit in range(UNITS)] for members in every])
    found = _tree_support(HIDDEN, np.ones((RESAMPLES, ROWS), np.int32), clusters)
    np.testing.assert_array_equal(found.jaccard, 1)
    np.testing.assert_array_equal(found.recovered, 1)


def test_nan_in_a_row_that_counts_makes_the_support_nan():
    hidden = HIDDEN.copy()
    hidden[5, 4] = np.nan
    found = _tree_support(hidden, WEIGHTS)
    assert (WEIGHTS[:, 5] > 0).any()
    assert np.isnan(found.jaccard).all()
    assert np.isnan(found.recovered).all()
    weights = WEIGHTS.copy()
    weights[:, 5] = 0
    assert np.isfinite(_tree_support(hidden, weights).jaccard).all()


def test_units_that_a_resample_leaves_dead_have_a_finite_support():
    found = _tree_support(HIDDEN, np.where(np.arange(ROWS) == 3, ROWS, 0) * np.ones((RESAMPLES, 1), int))
    for part in found:
        assert ((np.asarray(part) >= 0) & (np.asarray(part) <= 1)).all()


@pytest.mark.parametrize(
    ("clusters", "weights", "batch_size", "message"),
    [
        (CLUSTERS[:, :5], WEIGHTS, 8, r"clusters: found shape \[5, 5\], wanted \[clusters, 6\]"),
        (CLUSTERS[0], WEIGHTS, 8, r"clusters: found shape \[6\]"),
        (0.5 * CLUSTERS, WEIGHTS, 8, "clusters: found numbers other than 0 and 1"),
        (CLUSTERS, WEIGHTS[:, :7], 8, r"weights: found shape \[16, 7\], wanted \[resamples, 40\]"),
        (CLUSTERS, WEIGHTS[0], 8, r"weights: found shape \[40\]"),
        (CLUSTERS, -1.0 * WEIGHTS, 8, "weights: found negative numbers"),
        (CLUSTERS, np.nan * WEIGHTS, 8, "weights: found NaN or infinity"),
        (CLUSTERS, WEIGHTS, 0, "batch_size: found 0"),
    ],
)
def test_what_does_not_fit_is_refused(clusters, weights, batch_size, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        hierarchy.tree_support(INPUTS, HIDDEN, OUTPUTS, clusters, weights=weights, batch_size=batch_size)


def test_weights_are_counts_of_rows_drawn():
    assert WEIGHTS.shape == (RESAMPLES, ROWS)
    assert WEIGHTS.min() == 0
    np.testing.assert_array_equal(WEIGHTS.sum(axis=1), ROWS)
    many = np.concatenate([_bootstrap_weights(jax.random.key(seed), ROWS, RESAMPLES) for seed in range(60)])
    # A row is left out with probability (1 − 1/n)ⁿ and drawn once on average; four standard errors.
    np.testing.assert_allclose((many == 0).mean(axis=0), (1 - 1 / ROWS) ** ROWS, atol=4 * 0.48 / np.sqrt(len(many)))
    np.testing.assert_allclose(many.mean(axis=0), 1, atol=4 / np.sqrt(len(many)))


def test_a_resample_does_not_depend_on_how_many_there_are():
    few = _bootstrap_weights(jax.random.key(0), ROWS, 3)
    np.testing.assert_array_equal(few, WEIGHTS[:3])
    assert len(np.unique(WEIGHTS, axis=0)) == RESAMPLES
    assert (_bootstrap_weights(jax.random.key(1), ROWS, 3) != few).any()


@pytest.mark.parametrize("vectors", [RANDOM.normal(size=(9, 2)), RANDOM.integers(0, 2, size=(9, 2)), np.ones((2, 1))])
def test_clusters_of_a_tree_are_scipys_leaves(vectors):
    linkage = ward.linkage(vectors)
    found = np.asarray(_tree_clusters(linkage))
    _, nodes = to_tree(linkage, rd=True)
    assert found.shape == (len(nodes), len(vectors))
    for members, node in zip(found, nodes, strict=True):
        np.testing.assert_array_equal(np.flatnonzero(members), sorted(node.pre_order()))
    np.testing.assert_array_equal(_tree_clusters(linkage.astype(np.float32)), found)


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_support_of_partitions_agrees_with_the_transcription(seed):
    random = np.random.default_rng(seed)
    clusters, partitions = random.random((3, 6)) < 0.5, random.integers(0, 6, size=(4, 6))
    clusters[:, 0] |= ~clusters.any(axis=1)
    sets = [set(np.flatnonzero(members).tolist()) for members in clusters]
    candidates = [
        [set(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())] for labels in partitions
    ]
    found = _partition_support(clusters, partitions)
    for part, wanted in zip(found, reference.jaccard_support(sets, candidates), strict=True):
        np.testing.assert_allclose(part, wanted, rtol=1e-6)


def test_no_units_are_no_cluster():
    nothing = np.zeros((3, 6), bool)
    for part in _partition_support(nothing, np.zeros((4, 6), int)):
        np.testing.assert_array_equal(part, 0)


def test_matrix_products_have_full_precision():
    def of_rows(hidden):
        return hierarchy.tree_support(INPUTS, hidden, OUTPUTS, CLUSTERS, weights=WEIGHTS)

    products = list(matrix_products(of_rows, HIDDEN))
    assert len(products) >= 3
    for product in products:
        assert set(product.params["precision"]) == {jax.lax.Precision.HIGHEST}, product


def test_clusters_of_a_tree_without_its_dead_units_are_supported_as_without_them():
    hidden = np.insert(HIDDEN, 2, 0.3, axis=1)
    tree = hierarchy.build(hierarchy.feature_vectors(INPUTS, hidden, OUTPUTS))
    assert tree.dead_units.tolist() == [2]
    clusters = tree.cut(3)[None, :] == np.arange(3)[:, None]
    found = _tree_support(hidden[:, tree.units], WEIGHTS[:, :ROWS], clusters)
    assert found.jaccard.shape == (3,)
    np.testing.assert_array_equal(found.jaccard, _tree_support(HIDDEN, WEIGHTS, clusters).jaccard)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: hierarchy.tree_clusters(np.array([[0.0, 3.0, 1.0, 2.0], [1.0, 2.0, 2.0, 3.0]])),
            "linkage: found merges",
        ),
        (lambda: hierarchy.tree_clusters(np.zeros((3, 3))), r"linkage: found shape \[3, 3\]"),
        (lambda: hierarchy.partition_support(CLUSTERS, np.full((2, UNITS), UNITS)), "partitions: found 6 to 6"),
        (lambda: hierarchy.partition_support(CLUSTERS, np.zeros((2, 5), int)), r"clusters: found shape \[5, 6\]"),
        (lambda: hierarchy.bootstrap_weights(jax.random.key(0), 0, 3), "rows: found 0"),
        (lambda: hierarchy.bootstrap_weights(0, 3, 3), "key: found 0"),
    ],
)
def test_other_arguments_are_named_too(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
