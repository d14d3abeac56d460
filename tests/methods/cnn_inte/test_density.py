import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import cnn_inte
from interp_jax.methods.cnn_inte._density import density_centers
from interp_jax.methods.cnn_inte.factors import assign, find_factors


def _blobs(places, rows, seed=0):
    random = np.random.default_rng(seed)
    return np.concatenate([place + 0.1 * random.normal(size=(rows, len(place))) for place in np.array(places, float)])


def test_as_many_clusters_are_found_as_there_are():
    places = [[0, 0], [5, 0], [0, 7]]
    rows = np.random.default_rng(1).permutation(_blobs(places, 100))
    found = density_centers(rows, 6)
    assert found.shape == (6, 2)
    distances = np.linalg.norm(found[:, None] - np.array(places)[None], axis=2)
    assert set(distances.argmin(axis=1)) == {0, 1, 2}
    assert distances.min(axis=1).max() < 0.1
    np.testing.assert_array_equal(found[3:], found[[0, 0, 0]])
    assert len(np.unique(density_centers(rows, 2), axis=0)) == 2


def test_the_largest_clusters_come_first():
    places, sizes = [[0, 0], [5, 0], [0, 7]], (40, 90, 60)
    rows = np.concatenate([_blobs([place], size) for place, size in zip(places, sizes, strict=True)])
    found = density_centers(np.random.default_rng(1).permutation(rows), 3)
    np.testing.assert_allclose(found, np.array(places)[[1, 2, 0]], atol=0.1)


@pytest.mark.parametrize("rows", [3, 25])
def test_rows_too_few_for_two_clusters_are_one(rows):
    rows = np.random.default_rng(0).normal(size=(rows, 3))
    np.testing.assert_allclose(density_centers(rows, 4), np.tile(rows.mean(axis=0), (4, 1)), atol=1e-6)


def test_factors_have_as_many_ids_as_each_has_clusters():
    hidden = np.stack([_blobs([[0], [4]], 150)[:, 0], 10 + _blobs([[0], [4], [8]], 100)[:, 0]], axis=1)
    hidden = jnp.asarray(np.random.default_rng(0).permuted(hidden, axis=0), jnp.float32)
    found = find_factors(hidden, factors=2, ids=5, key=jax.random.key(0), clustering="hdbscan")
    ids = assign(found, hidden, "coordinates")
    counts = {int(found.of_unit[unit]): count for unit, count in ((0, 2), (1, 3))}
    assert [len(np.unique(column)) for column in ids.T] == [counts[0], counts[1]]


@pytest.mark.slow
def test_an_explainer_on_density_clusters_follows_its_network():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 600)
    inputs = (np.array([[0, 0], [3, 0], [0, 3]])[labels] + 0.3 * random.normal(size=(600, 2))).astype(np.float32)
    hidden = np.concatenate([inputs, -inputs], axis=1)
    options = {"factors": 2, "ids": 6, "depth": 3, "draws": 1, "finalists": 1, "trees": 5}
    explainer = cnn_inte.fit(inputs[:400], hidden[:400], labels[:400], key=jax.random.key(0), **options)
    assert explainer.fidelity(inputs[400:], labels[400:]) > 0.95
    dense = cnn_inte.fit(
        inputs[:400], hidden[:400], labels[:400], key=jax.random.key(0), clustering="hdbscan", **options
    )
    assert dense.fidelity(inputs[400:], labels[400:]) > 0.95
