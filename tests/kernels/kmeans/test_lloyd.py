import dataclasses
import itertools
from inspect import unwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import datasets
from sklearn.cluster import KMeans

from interp_jax.kernels.kmeans import _lloyd as module
from interp_jax.kernels.kmeans import kmeans
from interp_jax.kernels.kmeans._plus_plus import seeds
from interp_jax.kernels.kmeans._row_batches import RowBatches

KEY = jax.random.key(0)


def _unmoved(x, weights, most):
    """Batches of rows that are neither centered nor scaled."""
    x = jnp.asarray(x, jnp.float32)
    rows, nothing = RowBatches.of(x, jnp.asarray(weights, jnp.float32), most), jnp.zeros(x.shape[1])
    squares = jnp.sum(x**2, axis=1)[None]
    return dataclasses.replace(
        rows, x=x[None], squares=squares, first=nothing, mean=nothing, unit=jnp.ones(()), placed=True
    )


def _blobs(rows, features, clusters, seed=0, spread=0.1):
    random = np.random.default_rng(seed)
    centers, labels = random.normal(size=(clusters, features)), random.integers(0, clusters, rows)
    return (centers[labels] + spread * random.normal(size=(rows, features))).astype(np.float32), labels


def _check(x, found, weights=None, rest=True):
    """What holds for any result: nearest centers, the inertia, and centers that are means of their rows."""
    x, centers, labels = np.asarray(x, np.float64), np.asarray(found.centers, np.float64), np.asarray(found.labels)
    weights = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
    size = np.abs(x - x.mean(axis=0)).max() ** 2
    squares = ((x[:, None] - centers[None]) ** 2).sum(axis=2)
    mine = squares[np.arange(len(x)), labels]
    np.testing.assert_array_less(mine, squares.min(axis=1) + 1e-5 * size * x.shape[1] + 1e-30)
    np.testing.assert_allclose(found.inertia, weights @ mine, rtol=1e-4, atol=1e-9 * weights.sum() * size)
    assert float(found.inertia) == float(found.inertias.min())
    if rest and found.converged:
        for label in np.unique(labels[weights > 0]):
            of_label = (labels == label) & (weights > 0)
            mean = np.average(x[of_label], axis=0, weights=weights[of_label])
            np.testing.assert_allclose(centers[label], mean, atol=1e-5 * np.sqrt(size) + 1e-6 * np.abs(x).max())


def _best_partition(x, k, weights=None):
    """The least inertia of all ways to put the rows into k clusters."""
    weights = np.ones(len(x)) if weights is None else weights
    least = np.inf
    for labels in itertools.product(range(k), repeat=len(x) - 1):
        labels, total = np.array((0, *labels)), 0.0
        for label in set(labels):
            rows, mass = x[labels == label], weights[labels == label]
            if mass.sum():
                total += mass @ ((rows - np.average(rows, axis=0, weights=mass)) ** 2).sum(axis=1)
        least = min(least, total)
    return least


@pytest.mark.parametrize("k", [pytest.param(2, marks=pytest.mark.slow), 3])
def test_finds_the_best_of_all_partitions(k):
    for seed in range(4):
        x = np.random.default_rng(seed).normal(size=(7, 2)).astype(np.float32)
        found = kmeans(x, k, key=KEY, restarts=30, tolerance=0.0)
        _check(x, found)
        np.testing.assert_allclose(found.inertia, _best_partition(x.astype(np.float64), k), rtol=1e-5)


def test_weights_count_as_so_many_rows():
    x, _ = _blobs(8, 2, 3, spread=1.0)
    weights = np.array([1, 3, 2, 1, 0, 1, 5, 1])
    found = kmeans(x, 3, key=KEY, restarts=30, weights=weights, tolerance=0.0)
    _check(x, found, weights)
    _check(np.repeat(x, weights, axis=0), found._replace(labels=np.repeat(found.labels, weights)))
    np.testing.assert_allclose(found.inertia, _best_partition(x.astype(np.float64), 3, weights), rtol=1e-5)


DATA = {
    "digits": (lambda: datasets.load_digits().data, 10),
    "iris": (lambda: datasets.load_iris().data, 3),
    "wine": (lambda: datasets.load_wine().data, 3),
    "breast cancer": (lambda: datasets.load_breast_cancer().data, 8),
    "blobs": (lambda: _blobs(2000, 16, 20, spread=0.4)[0], 20),
}


@pytest.mark.parametrize(
    "name", [name if name in ("digits", "iris") else pytest.param(name, marks=pytest.mark.slow) for name in DATA]
)
def test_inertia_is_that_of_scikit_learn_at_equal_numbers_of_starts(name):
    load, k = DATA[name]
    x = load().astype(np.float32)
    ours = [float(kmeans(x, k, key=jax.random.key(seed), restarts=10).inertia) for seed in range(5)]
    theirs = [KMeans(k, n_init=10, random_state=seed).fit(x).inertia_ for seed in range(5)]
    assert np.mean(ours) <= 1.005 * np.mean(theirs)


def test_seeds_are_the_best_of_two_drawn_by_weight_and_squared_distance():
    """Frequencies of first and second seeds in 20,000 starts, against their exact probabilities."""
    x, weights = np.array([0.0, 1.0, 3.0, 7.0, 8.5]), np.array([4.0, 1.0, 2.0, 1.0, 3.0])
    squares, wanted = (x[:, None] - x[None]) ** 2, np.zeros((5, 5))
    for first in range(5):
        chance = weights * squares[first] / (weights @ squares[first])
        left = np.minimum(squares[first], squares) @ weights
        for second in range(5):
            no_better = chance[left >= left[second]].sum()
            wanted[first, second] = weights[first] / 11 * (no_better**2 - (no_better - chance[second]) ** 2)
    rows = _unmoved(x[:, None], weights, 5)
    drawn = jax.jit(seeds, static_argnums=2)(rows, jax.random.split(KEY, 20_000), 2)[..., 0]
    found = np.zeros((5, 5))
    np.add.at(found, tuple(np.searchsorted(x, np.asarray(drawn.T))), 1 / 20_000)
    np.testing.assert_allclose(found, wanted, atol=0.01)


# The tests below share few shapes, because each is compiled.
def test_planted_clusters_are_found():
    x, labels = _blobs(200, 3, 4, seed=1)
    found = kmeans(x, 4, key=KEY)
    _check(x, found)
    assert found.converged
    assert len(set(zip(labels.tolist(), found.labels.tolist(), strict=True))) == 4


def test_one_cluster_is_the_mean_and_as_many_as_rows_are_the_rows():
    x, _ = _blobs(8, 2, 2, spread=1.0)
    one = kmeans(x, 1, key=KEY, restarts=3)
    np.testing.assert_allclose(one.centers[0], x.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(one.inertia, ((x - x.mean(axis=0)) ** 2).sum(), rtol=1e-5)
    every = kmeans(x, 8, key=KEY, restarts=3)
    assert float(every.inertia) < 1e-9
    assert sorted(every.labels.tolist()) == list(range(8))


@pytest.mark.parametrize("k", [1, 4, 8])
def test_identical_rows_have_no_inertia(k):
    found = kmeans(np.full((8, 2), 7.5, np.float32), k, key=KEY, restarts=3)
    assert float(found.inertia) == 0
    assert found.converged
    np.testing.assert_array_equal(found.centers, 7.5)
    np.testing.assert_array_equal(found.labels, 0)


def test_fewer_different_rows_than_clusters():
    x = np.tile(np.repeat(np.array([[0.0], [1.0], [5.0]], np.float32), (3, 3, 2), axis=0), 2)
    found = kmeans(x, 4, key=KEY, restarts=3)
    assert float(found.inertia) == 0
    assert set(found.centers.ravel().tolist()) == {0.0, 1.0, 5.0}


@pytest.mark.parametrize("much", [None, 0])
def test_an_empty_cluster_is_given_the_row_furthest_from_its_center(monkeypatch, much):
    x = np.array([[0.0], [1.0], [2.0], [9.0]], np.float32)
    if much is not None:
        monkeypatch.setattr(module, "_MUCH", much)

    @jax.jit
    def fill(x, centers):
        rows = _unmoved(x, jnp.ones(4), 4)
        return module._means(rows, centers)[0][0], module._inertias(rows, module._lloyd(rows, centers, 50, 0.0)[0])[0]

    means, inertia = fill(x, jnp.array([[[1.0], [100.0], [200.0]]]))
    means = means.ravel().tolist()
    assert means == [3.0, 9.0, 0.0] or means == [3.0, 9.0, 2.0], means
    assert float(inertia) == 0.5


def test_means_follow_from_the_rows_that_changed_if_these_are_few(monkeypatch):
    x, _ = _blobs(400, 3, 5, spread=1.0)
    random = np.random.default_rng(0)
    rows = _unmoved(x, random.random(400), 150)
    centers = jnp.asarray(np.stack([x[:5], x[5:10]]))
    direct = jax.jit(module._means)
    none = module._Clusters.none(centers, rows.count)
    _, before = jax.jit(lambda: module._means_by_changes(rows, centers, none, lambda means: True))()
    monkeypatch.setattr(module, "_means", lambda rows, *_: (centers * jnp.nan, *before[1:]))
    by_changes = jax.jit(lambda moved, flag: module._means_by_changes(rows, moved, before, lambda means: flag))
    noise = random.normal(size=centers.shape).astype(np.float32)
    one_loses_all = centers.at[0, 0].set(100.0)
    for moved, goes_on, afresh in (
        (centers, True, False),
        (centers + 0.01 * noise, True, False),
        (centers + 0.01 * noise, False, True),
        (centers + noise, True, True),
        (one_loses_all, True, True),
    ):
        means, clusters = by_changes(moved, goes_on)
        changed = int(jnp.any(clusters.labels != before.labels, axis=0).sum())
        assert (changed > 0) == (moved is not centers)
        assert (changed > 112) == (moved is not one_loses_all and goes_on and afresh)
        if afresh:
            assert jnp.all(jnp.isnan(means))
        else:
            for found, wanted in zip((means, *clusters[1:]), direct(rows, moved), strict=True):
                np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("batch_size", [600, pytest.param(250, marks=pytest.mark.slow)])
def test_the_rest_is_that_of_scikit_learn_from_the_same_centers(monkeypatch, batch_size):
    monkeypatch.setattr(module, "_MUCH", 0)
    x, _ = _blobs(600, 3, 7, spread=1.0)
    weights = np.random.default_rng(1).random(600).astype(np.float32)
    starts = np.stack([x[7 * lane : 7 * (lane + 1)] for lane in range(5)])
    rows = _unmoved(x, weights, batch_size)
    for start, found in zip(starts, jax.jit(module._lloyd)(rows, jnp.asarray(starts), 300, 0.0)[0], strict=True):
        wanted = KMeans(7, init=start, n_init=1, tol=0).fit(x, sample_weight=weights).cluster_centers_
        np.testing.assert_allclose(found, wanted, atol=1e-5)


@given(arrays(np.float32, (8, 2), elements=st.sampled_from([-2.0, 0.0, 0.5, 3.0])), st.sampled_from([1, 4, 8]))
@example(np.pad(np.float32([[3]]), [(0, 7), (0, 1)]), 4)
@settings(max_examples=60, deadline=None)
def test_ties_duplicates_and_constant_columns(x, k):
    found = kmeans(x, k, key=KEY, restarts=3, tolerance=0.0)
    _check(x, found)
    assert found.converged
    assert (float(found.inertia) < 1e-9) == (k >= len(np.unique(x, axis=0)))


@pytest.mark.parametrize("scale", [1e-25, 1e-3, 1e15])
def test_scale_does_not_matter(scale):
    x, _ = _blobs(200, 3, 4)
    plain, scaled = kmeans(x, 4, key=KEY), kmeans(x * np.float32(scale), 4, key=KEY)
    np.testing.assert_array_equal(plain.labels, scaled.labels)
    np.testing.assert_allclose(scaled.centers, plain.centers * scale, rtol=1e-4)


def test_an_offset_does_not_matter():
    x, _ = _blobs(200, 3, 4)
    found, plain = kmeans(x + 1000, 4, key=KEY), kmeans(x, 4, key=KEY)
    np.testing.assert_array_equal(found.labels, plain.labels)
    np.testing.assert_allclose(found.inertia, plain.inertia, rtol=1e-2)


@pytest.mark.slow
def test_batches_and_other_starts_do_not_change_a_start():
    x, _ = _blobs(101, 4, 7, spread=1.0)
    whole = kmeans(x, 7, key=KEY, restarts=6)
    for batch_size in (7, 50):
        found = kmeans(x, 7, key=KEY, restarts=6, batch_size=batch_size)
        np.testing.assert_allclose(found.inertias, whole.inertias, rtol=1e-5)
        np.testing.assert_array_equal(found.labels, whole.labels)
    np.testing.assert_allclose(kmeans(x, 7, key=KEY, restarts=2).inertias, whole.inertias[:2], rtol=1e-5)


@pytest.mark.parametrize("batch_size", [None, 100])
@pytest.mark.slow
def test_leaving_out_lanes_at_rest_changes_nothing(monkeypatch, batch_size):
    x = np.random.default_rng(0).random((300, 3)).astype(np.float32)
    module._kmeans.clear_cache()
    whole = kmeans(x, 9, key=KEY, restarts=8)
    monkeypatch.setattr(module, "_MUCH", 0)
    module._kmeans.clear_cache()
    left_out = kmeans(x, 9, key=KEY, restarts=8, batch_size=batch_size)
    np.testing.assert_allclose(left_out.inertias, whole.inertias, rtol=1e-5)
    np.testing.assert_array_equal(left_out.labels, whole.labels)
    assert int(left_out.steps) == int(whole.steps)
    assert len(set(whole.inertias.tolist())) > 1
    module._kmeans.clear_cache()


def test_few_iterations_are_not_called_converged():
    x = np.random.default_rng(0).random((400, 2)).astype(np.float32)
    found = kmeans(x, 12, key=KEY, restarts=1, iterations=1)
    assert (int(found.steps), bool(found.converged)) == (1, False)
    _check(x, found, rest=False)
    assert float(kmeans(x, 12, key=KEY, restarts=1).inertia) < float(found.inertia)


def test_the_tolerance_is_a_share_of_the_mean_variance_of_the_features_of_weighted_rows():
    x = np.random.default_rng(0).random((400, 2)).astype(np.float32)
    steps = [int(kmeans(x, 12, key=KEY, restarts=1, tolerance=share * 1e-3).steps) for share in (0.25, 1, 4)]
    assert steps == [7, 6, 5]
    # A quarter of the mean variance, and the same moves.
    padded, weights = np.pad(x, [(0, 0), (0, 6)]), np.full(400, 16.0)
    assert int(kmeans(padded, 12, key=KEY, restarts=1, tolerance=4e-3, weights=weights).steps) == 6


def test_the_steps_are_those_of_the_best_start():
    x, _ = _blobs(200, 3, 4, seed=2, spread=0.5)
    found = kmeans(x, 4, key=KEY)
    # The first start is alone at rest after 9 iterations.
    assert (int(np.argmin(found.inertias)), int(found.steps)) == (3, 12)


def test_rest_in_the_very_last_iteration_is_converged():
    found = kmeans(np.ones((400, 2)), 12, key=KEY, restarts=1, iterations=1)
    assert (int(found.steps), bool(found.converged)) == (1, True)
    x, _ = _blobs(400, 2, 12, spread=0.02)
    wanted = kmeans(x, 12, key=KEY, restarts=1)
    assert int(wanted.steps) == 2
    for iterations, converged in ((2, True), (1, False)):
        found = kmeans(x, 12, key=KEY, restarts=1, iterations=iterations)
        assert bool(found.converged) == converged


def test_memory_is_that_of_a_batch(assert_temp_bytes):
    x = jnp.zeros((20_000, 16))
    rows = 4 * x.size
    per_start = 4 * len(x) * 10

    def few(x):
        return kmeans(x, 50, key=KEY, restarts=10, batch_size=500)

    assert_temp_bytes(3 * rows + 6 * per_start + 4 * 500 * 10 * 50 * 4, few, x)


def test_not_finite_under_jit_is_not_finite_in_the_inertia():
    x = jnp.ones((6, 2)).at[2, 1].set(jnp.nan)
    found = jax.jit(lambda x: kmeans(x, 2, key=KEY))(x)
    assert np.isnan(found.inertia)
    assert not found.converged


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k: found 0, wanted a whole number from 1 to 4"),
        ({"k": 5}, "k: found 5, wanted a whole number from 1 to 4"),
        ({"x": np.zeros((0, 2))}, r"x: found shape \[0, 2\], wanted \[rows, features\]"),
        ({"x": np.zeros(4)}, r"x: found shape \[4\]"),
        ({"x": np.array([[1.0], [np.nan]])}, "x: found NaN or infinity"),
        ({"x": np.array([["a"], ["b"]])}, r"x: found <U1 \[2, 1\], wanted real numbers"),
        ({"weights": np.ones(3)}, r"weights: found shape \[3\], wanted \[4\]"),
        ({"weights": np.array([1, 1, -1, 1])}, "weights: found numbers below zero or not finite"),
        ({"weights": np.zeros(4)}, "weights: found no number above zero"),
        ({"restarts": 0}, "restarts: found 0, wanted a whole number of at least 1"),
        ({"iterations": 0}, "iterations: found 0, wanted a whole number of at least 1"),
        ({"batch_size": 0}, "batch_size: found 0, wanted a whole number of at least 1"),
        ({"tolerance": -1.0}, "tolerance: found -1.0, wanted a finite number, at least 0"),
    ],
)
def test_bad_input_is_named(options, message):
    options = {"x": np.arange(8.0).reshape(4, 2), "k": 2, "key": KEY} | options
    with pytest.raises(ValueError, match=message):
        kmeans(options.pop("x"), options.pop("k"), **options)


@pytest.mark.parametrize("offset", [1e9, -3e12, 1_700_000_000_000_000_000])
def test_an_offset_of_numpy_numbers_of_64_bits_costs_no_digits(offset):
    found = kmeans(np.array([[0], [1], [9], [11]]) + offset, 2, key=KEY)
    assert float(found.inertia) == 2.5
    assert found.labels[0] == found.labels[1] != found.labels[2] == found.labels[3]
    np.testing.assert_allclose(found.centers, offset, rtol=2e-8)
    near = kmeans(np.array([[0.1], [1], [9], [11]]) + 1000, 2, key=KEY)
    np.testing.assert_allclose(sorted(near.centers.ravel().tolist()), [1000.55, 1010])


def test_whole_numbers_are_not_wrapped():
    x = np.array([[0], [10], [4 * 10**9], [4 * 10**9 + 4096]])
    for kind in (np.int64, np.uint64):
        found = kmeans(x.astype(kind), 2, key=KEY)
        np.testing.assert_allclose(np.sort(found.centers.ravel()), [5, 4 * 10**9 + 2048], atol=256)
        np.testing.assert_allclose(found.inertia, 50 + 2 * 2048**2, rtol=1e-5)


@given(seed=st.integers(0, 99), far=st.sampled_from([1e4, 1e5]))
@settings(max_examples=10, deadline=None)
def test_narrow_clusters_far_from_the_mean_are_those_of_differences(seed, far):
    x = np.random.default_rng(seed).normal(size=(7, 2)).astype(np.float32)
    x[6] = far
    for k in (2, 3):
        found = kmeans(x, k, key=KEY, restarts=30, tolerance=0.0)
        np.testing.assert_allclose(found.inertia, _best_partition(x.astype(np.float64), k), rtol=0.01)
        squares = ((x[:, None].astype(np.float64) - np.asarray(found.centers)[None]) ** 2).sum(axis=2)
        assert np.all(squares[np.arange(7), found.labels] <= squares.min(axis=1) + 0.05)


def test_differences_in_one_lane_leave_the_other_as_it_is():
    plain, _ = _blobs(8, 2, 3)
    far = plain.copy()
    far[7] = 1e4
    lanes = jax.jit(jax.vmap(lambda x: kmeans(x, 3, key=KEY)))(np.stack([plain, far]))
    for lane, x in enumerate((plain, far)):
        np.testing.assert_allclose(lanes.inertia[lane], kmeans(x, 3, key=KEY).inertia, rtol=1e-4)
    np.testing.assert_allclose(lanes.inertia[1], _best_partition(far.astype(np.float64), 3), rtol=0.02)


def test_both_sorts_of_keys_start_alike():
    x, _ = _blobs(8, 2, 3)
    new, old = (kmeans(x, 3, key=key(5), restarts=2) for key in (jax.random.key, jax.random.PRNGKey))
    jax.tree.map(np.testing.assert_array_equal, new, old)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 2.0}, "k: found 2.0, wanted a whole number from 1 to 4"),
        ({"restarts": "3"}, "restarts: found '3'"),
        ({"key": 0}, "key: found 0, wanted a JAX random key"),
        ({"key": None}, "key: found None"),
        ({"tolerance": float("nan")}, "tolerance: found nan, wanted a finite number"),
        ({"x": np.ones((4, 2), complex)}, r"x: found complex128 \[4, 2\], wanted real numbers"),
        ({"x": np.full((4, 2), 1e300)}, "x: found numbers beyond float32"),
        ({"weights": [[1.0], [2.0, 3.0]]}, "weights: found .*, wanted an array of real numbers"),
    ],
)
def test_what_users_without_type_checks_give_is_named(options, message):
    options = {"x": np.arange(8.0).reshape(4, 2), "k": 2, "key": KEY} | options
    with pytest.raises(ValueError, match=f"^{message}"):
        unwrap(kmeans)(options.pop("x"), options.pop("k"), **options)
