from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.cluster.hierarchy import cut_tree, fcluster
from scipy.cluster.hierarchy import linkage as scipy_linkage
from sklearn.metrics import adjusted_rand_score

from interp_jax import networks
from interp_jax.kernels import alignment, ward
from interp_jax.methods import ablation, hierarchy
from tests import reference
from tests.matrix_products import matrix_products

RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.normal(size=(23, 4)).astype(np.float32)
LNN = networks.lnn.init(jax.random.key(0), (4, 5, 3, 2))
POINTS = RANDOM.normal(size=(12, 5)).astype(np.float32)
# Whole numbers from a small range, so that there are ties, duplicates and sets of equal vectors.
VECTORS = st.tuples(st.integers(2, 9), st.integers(1, 3)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(-2, 2).map(float))
)

# Jitted, because one program compiles faster than its operations one by one.
_feature_vectors = jax.jit(hierarchy.feature_vectors)


def _tree(vectors):
    """A tree of vectors as they are, without alignment and its compilation."""
    vectors = np.asarray(vectors)
    return hierarchy.Hierarchy(ward.linkage(vectors), vectors, np.ones(len(vectors)), np.zeros(1), True)


def _flat(layers):
    return np.concatenate([np.asarray(layer, np.float64) for layer in layers], axis=1)


@settings(deadline=None)
@given(VECTORS)
def test_cuts_are_nested_runs_of_the_order(vectors):
    tree = _tree(vectors)
    units = len(vectors)
    np.testing.assert_array_equal(np.sort(tree.order), np.arange(units))
    cuts = [tree.cut(c) for c in range(1, units + 1)]
    for c, labels in enumerate(cuts, 1):
        assert set(labels.tolist()) == set(range(c))
        assert (np.diff(labels[tree.order]) >= 0).all(), "numbers rise from left to right"
    for coarse, fine in pairwise(cuts):
        assert len(set(zip(coarse.tolist(), fine.tolist(), strict=True))) == fine.max() + 1, "no cluster is in two"
        (split,) = {label for label in coarse if len(set(fine[coarse == label])) == 2}
        assert np.sum(fine == split) >= np.sum(fine == split + 1), "the larger part comes first"


@settings(deadline=None)
@given(VECTORS)
def test_errors_and_roles_are_those_of_the_cuts(vectors):
    tree = _tree(vectors)
    units = len(vectors)
    assert tree.ess.shape == (units,)
    assert tree.ess[-1] == 0
    assert (np.diff(tree.ess) <= 0).all()
    for c in range(1, units + 1):
        labels = tree.cut(c)
        np.testing.assert_allclose(tree.ess[c - 1], reference.ward_ess(vectors, labels), atol=1e-9)
        means = [vectors[labels == label].mean(axis=0) for label in range(c)]
        np.testing.assert_allclose(tree.roles(c), means, atol=1e-12)


def test_of_branches_of_one_size_that_with_the_first_unit_comes_first():
    assert _tree([[0.0], [10.0], [10.1], [0.1]]).order.tolist() == [0, 3, 1, 2]


def test_partitions_are_scipys():
    vectors = RANDOM.normal(size=(40, 3))
    tree, wanted = _tree(vectors), scipy_linkage(vectors, "ward")
    for c in range(1, 41):
        for labels in (cut_tree(wanted, c)[:, 0], fcluster(wanted, c, "maxclust")):
            assert adjusted_rand_score(tree.cut(c), labels) == 1
        np.testing.assert_allclose(tree.ess[c - 1], reference.ward_ess(vectors, tree.cut(c)), atol=1e-9)


@pytest.mark.parametrize("c", [-1, 0, 13, 2.5, 2.0, None])
def test_a_cut_that_the_tree_has_not_is_refused(c):
    tree = _tree(POINTS)
    for cut in (tree.cut, tree.roles):
        with pytest.raises(ValueError, match=f"^c: found {c}, wanted a whole number from 1 to 12"):
            cut(c)


@pytest.mark.parametrize("key", [None, jax.random.key(1)])
def test_trees_are_built_of_aligned_vectors(key):
    tree = hierarchy.build(POINTS, key=key)
    assert set(np.abs(tree.signs)) == {1}
    assert np.sum(tree.signs < 0) <= 6
    np.testing.assert_array_equal(tree.vectors, tree.signs[:, None] * POINTS)
    np.testing.assert_array_equal(tree.linkage, ward.linkage(tree.vectors))
    assert tree.linkage.dtype == np.float64
    assert (np.diff(tree.similarity) >= 0).all()
    np.testing.assert_allclose(tree.similarity[0], reference.sum_of_cosines(POINTS), rtol=1e-5)
    np.testing.assert_allclose(tree.similarity[-1], reference.sum_of_cosines(tree.vectors), rtol=1e-5)
    assert tree.similarity[-1] > tree.similarity[0]


def test_trees_say_whether_alignment_converged(monkeypatch):
    assert hierarchy.build(POINTS).converged is True
    align_signs = alignment.align_signs
    monkeypatch.setattr(alignment, "align_signs", lambda vectors, key: align_signs(vectors, iterations=1))
    assert hierarchy.build(POINTS).converged is False


def test_trees_are_equal_to_themselves_alone():
    tree = _tree(POINTS)
    assert tree == tree
    assert tree != _tree(POINTS)
    assert len({tree, _tree(POINTS)}) == 2


def test_a_key_means_algorithm_1():
    key = jax.random.key(5)
    tree = hierarchy.build(POINTS, key=key)
    assert tree.similarity.shape == (5001,)
    draws = np.asarray(jax.random.randint(key, (5000,), 0, 12))
    last = int(np.flatnonzero(np.diff(tree.similarity))[-1]) + 1
    assert last < 200
    wanted, trace = reference.align_signs(POINTS, draws[:200])
    np.testing.assert_allclose(tree.similarity[:201], trace, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(tree.vectors * np.sign(tree.vectors[0, 0] * wanted[0, 0]), wanted, atol=1e-6)


def test_without_a_key_all_is_the_same_every_time(assert_compiles):
    first = hierarchy.build(POINTS)
    with assert_compiles(0):
        second = hierarchy.build(POINTS)
    for name in ("linkage", "vectors", "signs", "similarity", "order", "ess"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_feature_vectors_and_bare_arrays_of_either_library_are_taken():
    none = jnp.zeros(2, bool)
    found = hierarchy.FeatureVectors(jnp.asarray(POINTS), none, none, jnp.zeros(12, bool))
    wanted = hierarchy.build(POINTS)
    for vectors in (found, jnp.asarray(POINTS), POINTS.astype(np.float64)):
        tree = hierarchy.build(vectors)
        np.testing.assert_array_equal(tree.signs, wanted.signs)
        np.testing.assert_array_equal(tree.linkage, wanted.linkage)


def test_reversed_copies_of_units_lie_together():
    # Twelve units: random signs of three directions, each four times with some noise.
    directions = np.repeat(np.eye(3, 5) + 0.3, 4, axis=0) + 0.02 * RANDOM.normal(size=(12, 5))
    signs = np.where(RANDOM.permutation(12) < 5, -1.0, 1.0)
    tree, unaligned = hierarchy.build(signs[:, None] * directions), _tree(signs[:, None] * directions)
    np.testing.assert_array_equal(tree.signs, signs)
    np.testing.assert_allclose(tree.vectors, directions)
    assert tree.linkage[-1, 2] < 0.6 * unaligned.linkage[-1, 2]
    assert tree.ess[0] < 0.6 * unaligned.ess[0]
    assert adjusted_rand_score(tree.cut(3), np.repeat(range(3), 4)) == 1


def test_most_units_keep_their_sign():
    vectors = np.abs(POINTS)
    vectors[:5] *= -1
    tree = hierarchy.build(vectors)
    np.testing.assert_array_equal(tree.signs, np.repeat([-1, 1], [5, 7]))
    np.testing.assert_array_equal(hierarchy.build(-vectors).signs, tree.signs)


def test_where_most_were_reversed_all_are_reversed_back():
    vectors = np.random.default_rng(1).normal(size=(3, 12, 5))[2].astype(np.float32)
    aligned = alignment.align_signs(vectors)
    assert np.sum(np.asarray(aligned.signs) < 0) > 6
    tree = hierarchy.build(vectors)
    np.testing.assert_array_equal(tree.signs, -np.asarray(aligned.signs))
    np.testing.assert_allclose(tree.similarity[-1], aligned.similarity[-1], rtol=1e-6)


def test_where_exactly_half_were_reversed_they_stay_so():
    vectors = np.array([[-1, 0.1], [1, 0.2]], np.float32)
    assert alignment.align_signs(vectors).signs.tolist() == [-1, 1]
    assert hierarchy.build(vectors).signs.tolist() == [-1, 1]


@pytest.mark.parametrize("scale", [1e-60, 1e60])
def test_trees_scale_with_their_vectors(scale):
    tree, scaled = hierarchy.build(POINTS.astype(np.float64)), hierarchy.build(scale * POINTS.astype(np.float64))
    np.testing.assert_array_equal(scaled.signs, tree.signs)
    np.testing.assert_array_equal(scaled.order, tree.order)
    np.testing.assert_allclose(scaled.linkage[:, 2], scale * tree.linkage[:, 2])


def test_vectors_that_are_all_equal_make_a_tree():
    tree = hierarchy.build(np.ones((12, 5), np.float32))
    np.testing.assert_array_equal(tree.signs, 1)
    np.testing.assert_array_equal(tree.ess, 0)
    assert [tree.cut(c).max() for c in (1, 4, 12)] == [0, 3, 11]


@pytest.mark.parametrize("flagged", [False, True])
def test_dead_units_are_left_out_of_the_tree_and_named(flagged):
    vectors = np.insert(POINTS, [3, 9], 0, axis=0)
    dead = np.isin(np.arange(14), [3, 10])
    none = np.zeros(2, bool)
    tree = hierarchy.build(
        hierarchy.FeatureVectors(*map(jnp.asarray, (vectors, none, none, dead))) if flagged else vectors
    )
    alone = hierarchy.build(POINTS)
    assert tree.dead_units.tolist() == [3, 10]
    np.testing.assert_array_equal(tree.units, np.flatnonzero(~dead))
    for name in ("linkage", "vectors", "signs", "order", "ess"):
        np.testing.assert_array_equal(getattr(tree, name), getattr(alone, name))
    np.testing.assert_array_equal(tree.cut(4), alone.cut(4))
    np.testing.assert_array_equal(tree.expand(tree.cut(4), -1), np.insert(alone.cut(4), [3, 9], -1))
    np.testing.assert_array_equal(tree.expand(tree.vectors, 0), np.insert(alone.vectors, [3, 9], 0, axis=0))
    assert "12 units by 5 features" in repr(tree)
    assert "2 dead units left out" in repr(tree)
    assert alone.dead_units.size == 0
    with pytest.raises(ValueError, match="^values: found shape"):
        tree.expand(np.zeros(14), 0)


def test_a_network_with_one_live_unit_has_no_tree():
    vectors = np.eye(5, 3)[[0, 4, 4]]
    with pytest.raises(
        ValueError, match="^vectors: found 3 units, 2 of them dead .*, wanted at least two that are not"
    ):
        hierarchy.build(vectors)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, bool])
def test_trees_of_other_types_are_those_of_their_values(dtype):
    vectors = np.random.default_rng(3).integers(0, 2, size=(7, 9)).astype(dtype)
    tree, wanted = hierarchy.build(vectors), hierarchy.build(vectors.astype(np.float64))
    np.testing.assert_allclose(tree.linkage, wanted.linkage, rtol=1e-6)


@pytest.mark.parametrize("key", [0, "a", np.ones(3)])
def test_what_is_no_key_is_refused(key):
    with pytest.raises(ValueError, match="^key: found"):
        hierarchy.build(POINTS, key=key)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (POINTS[:1], "found 1 units, 0 of them dead .*, wanted at least two"),
        (POINTS[0], r"found shape \[5\]"),
        (np.where(np.arange(12)[:, None] == 3, np.nan, POINTS), "found NaN or infinity in those of unit 3, wanted"),
        (np.where(np.arange(12)[:, None] > 3, np.inf, POINTS), "found .* of units 4, 5, 6, 7, 8, …, wanted"),
    ],
)
def test_vectors_without_a_tree_are_refused(vectors, message):
    with pytest.raises(ValueError, match=f"^vectors: {message}"):
        hierarchy.build(vectors)


def test_feature_vectors_are_the_correlations():
    hidden, outputs = jax.jit(ablation.intact_layers)(LNN.segments(), INPUTS)
    found = _feature_vectors(INPUTS, hidden, outputs)
    units, both = _flat(hidden), _flat([INPUTS, outputs])
    np.testing.assert_allclose(found.vectors, reference.pearson(units, both), atol=1e-5)
    np.testing.assert_allclose(found.vectors, np.corrcoef(units.T, both.T)[:8, 8:], atol=1e-5)
    assert not any(flags.any() for flags in found[1:])
    assert [flags.shape for flags in found[1:]] == [(4,), (2,), (8,)]
    # One layer alone is its part of the pool.
    of_last = _feature_vectors(INPUTS, hidden[1], outputs).vectors
    np.testing.assert_allclose(of_last, found.vectors[5:], atol=1e-6)


def test_places_are_averaged_and_inputs_flattened():
    images = RANDOM.normal(size=(9, 2, 3)).astype(np.float32)
    maps, dense = RANDOM.normal(size=(9, 2, 4, 3)), RANDOM.normal(size=(9, 2))
    outputs = RANDOM.normal(size=(9, 1)).astype(np.float32)
    found = _feature_vectors(images, (maps, dense), outputs)
    units, both = _flat([maps.mean(axis=(1, 2)), dense]), _flat([images.reshape(9, 6), outputs])
    np.testing.assert_allclose(found.vectors, reference.pearson(units, both), atol=1e-5)
    assert found.constant_inputs.shape == (6,)


def test_half_precision_is_averaged_and_correlated_in_float32():
    # The places differ by a step of float16 at 1,000; their mean varies within it.
    places = (1000 + 0.5 * RANDOM.integers(0, 3, size=(30, 16, 2))).astype(np.float16)
    inputs, outputs = (RANDOM.normal(size=(30, width)).astype(np.float16) for width in (3, 2))
    found = _feature_vectors(inputs, places, outputs)
    wanted = reference.pearson(places.astype(np.float64).mean(axis=1), _flat([inputs, outputs]))
    assert found.vectors.dtype == jnp.float32
    np.testing.assert_allclose(found.vectors, wanted, atol=1e-3)


def test_integers_are_correlated():
    inputs, hidden, outputs = (RANDOM.integers(0, 9, size=(20, width)) for width in (3, 2, 1))
    found = _feature_vectors(inputs.astype(np.uint8), hidden > 4, outputs)
    np.testing.assert_allclose(found.vectors, reference.pearson(hidden > 4, _flat([inputs, outputs])), atol=1e-5)


def test_what_never_changes_is_flagged_and_correlates_exactly_zero():
    inputs, outputs, hidden = INPUTS.copy(), INPUTS[:, :3].copy(), np.tanh(INPUTS)
    inputs[:, 2], outputs[:, 1], hidden[:, 3] = 0.1, -0.7, 0.3
    found = _feature_vectors(inputs, hidden, outputs)
    assert [flags.tolist() for flags in found[1:]] == [
        [False, False, True, False],
        [False, True, False],
        [False, False, False, True],
    ]
    vectors = np.asarray(found.vectors)
    assert (vectors[:, [2, 5]] == 0).all()
    assert (vectors[3] == 0).all()
    assert (np.abs(np.diag(vectors)[:2]) > 0.8).all()


@pytest.mark.parametrize(("rows", "value"), [(5, np.nan), (5, -np.inf), (slice(None), np.inf)])
def test_a_unit_with_nan_or_infinity_is_nan_and_no_other(rows, value):
    hidden = np.tanh(INPUTS)
    hidden[rows, 1] = value
    found = np.asarray(_feature_vectors(INPUTS, hidden, INPUTS[:, :1]).vectors)
    np.testing.assert_array_equal(np.isnan(found).any(axis=1), [False, True, False, False])
    assert np.isnan(found[1]).all()
    with pytest.raises(ValueError, match="^vectors: found NaN or infinity in those of unit 1, wanted"):
        hierarchy.build(found)


def test_nothing_to_correlate_is_zero():
    for rows in (0, 1):
        found = _feature_vectors(INPUTS[:rows], INPUTS[:rows], INPUTS[:rows, :2])
        np.testing.assert_array_equal(found.vectors, np.zeros((4, 6)))
        assert all(flags.all() for flags in found[1:])


@pytest.mark.parametrize(
    ("hidden", "outputs", "message"),
    [
        ([INPUTS, INPUTS[:20]], INPUTS[:22], r"hidden: found 23, \[23, 20\] and 22 rows in inputs, hidden and outputs"),
        ([INPUTS, INPUTS[:, 0]], INPUTS, r"hidden: found shape \[23\]"),
        ([], INPUTS, "hidden: found no layers, wanted at least one"),
        (INPUTS, INPUTS[:, 0], r"outputs: found shape \[23\], wanted \[any, outputs\]"),
    ],
)
def test_parts_that_do_not_fit_are_refused(hidden, outputs, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        _feature_vectors(INPUTS, hidden, outputs)


def test_inputs_without_rows_are_refused():
    with pytest.raises(ValueError, match=r"^inputs: found shape \[\], wanted \[any, …\]"):
        hierarchy.feature_vectors(np.array(1.0), INPUTS, INPUTS)


def test_matrix_products_have_full_precision():
    def correlate(x):
        return _feature_vectors(x, [x], x)

    products = list(matrix_products(correlate, INPUTS))
    assert products
    for product in products:
        assert set(product.params["precision"]) == {jax.lax.Precision.HIGHEST}, product


def _chain_segments():
    rngs = nnx.Rngs(0)
    chain = networks.Chain(dense1=nnx.Linear(4, 6, rngs=rngs), relu1=nnx.relu, dense2=nnx.Linear(6, 2, rngs=rngs))
    return networks.freeze(chain).until("relu1"), networks.freeze(chain).after("relu1")


@pytest.mark.parametrize(
    ("segments", "units", "batch_size"),
    [
        (LNN.segments(), 8, 7),
        (_chain_segments(), 6, 23),
        ((jnp.tanh, lambda hidden: hidden[:, :2] - hidden[:, 2:] ** 2), 4, 10_000),
    ],
)
def test_network_vectors_are_feature_vectors_of_any_batches(segments, units, batch_size):
    wanted = jax.jit(lambda x: hierarchy.feature_vectors(x, *ablation.intact_layers(segments, x)))(INPUTS)
    found = hierarchy.network_vectors(segments, INPUTS, batch_size=batch_size)
    assert wanted.vectors.shape == (units, 4 + 2)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_units_that_are_dead_over_all_batches_are_flagged():
    def first(x):
        return jnp.concatenate([jnp.where(x > 0, x, 0), jnp.full((len(x), 1), 0.3)], axis=1)

    inputs = np.abs(INPUTS[:22])
    inputs[:11, 1] = -1  # the unit lives in the second batch alone
    inputs[:, 3] = -1
    found = hierarchy.network_vectors((first, lambda hidden: hidden[:, :1]), inputs, batch_size=11)
    assert found.dead_units.tolist() == [False, False, False, True, True]
    assert found.constant_inputs.tolist() == [False, False, False, True]
    assert (np.asarray(found.vectors)[3:] == 0).all()


def test_a_second_network_of_equal_shape_compiles_nothing(assert_compiles):
    first, second = (networks.lnn.init(jax.random.key(seed), (4, 5, 3, 2)).segments() for seed in (1, 2))
    before = hierarchy.network_vectors(first, INPUTS, batch_size=7)
    with assert_compiles(0):
        after = hierarchy.network_vectors(second, INPUTS, batch_size=7)
    assert np.abs(before.vectors - after.vectors).max() > 0.1


def test_rows_may_lie_in_a_file(tmp_path):
    kept = np.lib.format.open_memmap(tmp_path / "rows.npy", "w+", np.float32, INPUTS.shape)
    kept[:] = INPUTS
    kept.flush()
    inputs = np.load(tmp_path / "rows.npy", mmap_mode="r")
    taken = []

    class Watched(np.ndarray):
        def __getitem__(self, item):
            part = super().__getitem__(item)
            taken.append(len(part))
            return np.asarray(part)

    assert isinstance(inputs, np.memmap)
    wanted = hierarchy.network_vectors(LNN.segments(), INPUTS, batch_size=7)
    for rows in (inputs, inputs.view(Watched)):
        found = hierarchy.network_vectors(LNN.segments(), rows, batch_size=7)
        np.testing.assert_array_equal(found.vectors, wanted.vectors)
    assert taken == [8, 1, 7, 7, 7, 2], "never more than a batch, but for the rows that the network is tried on"


def _with(value, row):
    inputs = INPUTS.copy()
    inputs[row, 1] = value
    return inputs


def _train_mode_segments():
    rngs = nnx.Rngs(0)
    chain = networks.Chain(
        dense1=nnx.Linear(4, 3, rngs=rngs), norm1=nnx.BatchNorm(3, rngs=rngs), dense2=nnx.Linear(3, 2, rngs=rngs)
    )
    return chain.until("norm1"), chain.after("norm1")


def _nan_units(x):
    return jnp.where(jnp.arange(4)[None] == 2, jnp.where(x > 1.5, jnp.nan, x), x)


@pytest.mark.parametrize(
    ("segments", "inputs", "batch_size", "message"),
    [
        (LNN.segments()[:1], INPUTS, 7, "segments: found 1, wanted at least two"),
        (LNN, INPUTS, 7, "segments: found a LNN with a tuple at place 0, wanted callables"),
        (LNN.segments(), np.array(1.0), 7, r"inputs: found shape \[\], wanted \[rows, …\]"),
        (LNN.segments(), INPUTS, 0, "batch_size: found 0"),
        (LNN.segments(), INPUTS[:0], 7, r"inputs: found shape \[0, 4\], wanted \[rows, …\]"),
        (LNN.segments(), _with(np.nan, 0), 7, "inputs: found NaN or infinity"),
        (LNN.segments(), _with(np.nan, 22), 7, "inputs: found NaN or infinity"),
        (LNN.segments(), _with(-np.inf, 22), 7, "inputs: found NaN or infinity"),
        ((_nan_units, lambda x: x[:, :1]), _with(0, 0) * 3, 23, "inputs: .* in the activations of unit 2, wanted none"),
        ((jnp.tanh, lambda x: x[:, 0]), INPUTS, 7, r"segments: found outputs of shape \[1\]"),
        (_train_mode_segments(), INPUTS, 7, r"network: .* networks\.freeze\(model\)"),
    ],
)
def test_networks_and_rows_without_an_answer_are_refused(segments, inputs, batch_size, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        hierarchy.network_vectors(segments, inputs, batch_size=batch_size)


def test_token_ids_are_refused_and_images_taken():
    rows = np.random.default_rng(4).integers(0, 256, size=(12, 4))
    segments = (lambda x: jnp.sin(jnp.asarray(x, jnp.float32)), lambda hidden: hidden[:, :2])
    for dtype in (np.int32, np.int64, np.uint16, np.int8):
        with pytest.raises(ValueError, match=r"^inputs: found u?int.*, wanted floats, uint8 or bool: embeddings or"):
            hierarchy.network_vectors(segments, rows.astype(dtype))
    found = hierarchy.network_vectors(segments, rows.astype(np.uint8))
    wanted = hierarchy.network_vectors(segments, rows.astype(np.float32))
    np.testing.assert_allclose(found.vectors, wanted.vectors, atol=1e-5)


def test_rows_far_from_zero_are_centered_before_they_are_cut():
    far = 1.7e9 + INPUTS.astype(np.float64)
    found = hierarchy.feature_vectors(far, [far[:, :2]], far[:, :1])
    wanted = reference.pearson(far[:, :2] - 1.7e9, np.concatenate([far, far[:, :1]], axis=1) - 1.7e9)
    np.testing.assert_allclose(found.vectors, wanted, atol=1e-5)
    assert not np.any(found.constant_inputs)
