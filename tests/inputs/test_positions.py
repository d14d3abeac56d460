"""Hidden layers with positions: pooled alike by every method that takes rows of units."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import cnn_inte, deviation, hierarchy
from interp_jax.methods._pooling import pooled

ROWS, TIMES, UNITS = 60, 4, 3
RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.normal(size=(ROWS, TIMES, 2)).astype(np.float32)
WEIGHTS = RANDOM.normal(size=(2, UNITS)).astype(np.float32)
LABELS = (INPUTS[:, :, 0].max(axis=1) > 1).astype(np.int32)


def head(x):
    return jnp.tanh(jnp.matmul(x, WEIGHTS))


def tail(hidden):
    return hidden.mean(axis=1)[:, :2]


HIDDEN = np.asarray(head(INPUTS))
BY_HAND = {
    "mean": lambda hidden: hidden.mean(axis=tuple(range(1, hidden.ndim - 1))),
    "max": lambda hidden: hidden.max(axis=tuple(range(1, hidden.ndim - 1))),
    None: lambda hidden: hidden.reshape(len(hidden), -1),
}


@pytest.mark.parametrize("pool", BY_HAND)
@pytest.mark.parametrize("shape", [(5, UNITS), (5, TIMES, UNITS), (1, 2, 3, UNITS)])
def test_pooling_is_that_of_numpy_on_the_host_traced_and_in_half_precision(pool, shape):
    hidden = RANDOM.normal(size=shape)
    wanted = BY_HAND[pool](hidden) if len(shape) > 2 else hidden
    found = pooled("hidden", hidden, pool)
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    for values in (hidden, jnp.asarray(hidden)):
        of_jax = jax.jit(lambda hidden: pooled("hidden", hidden, pool))(values)
        np.testing.assert_allclose(of_jax, wanted, rtol=1e-5, atol=1e-6)
    half = pooled("hidden", jnp.asarray(hidden, jnp.bfloat16), pool)
    assert half.dtype == jnp.float32
    np.testing.assert_allclose(half, wanted, rtol=2e-2, atol=2e-2)


def test_whole_numbers_do_not_wrap_around():
    hidden = np.full((2, 3, 1), 200, np.uint8)
    for values in (hidden, jnp.asarray(hidden)):
        np.testing.assert_array_equal(pooled("hidden", values, "mean"), [[200.0], [200.0]])


@pytest.mark.parametrize(
    "pool", [pytest.param("mean", marks=pytest.mark.slow), "max", pytest.param(None, marks=pytest.mark.slow)]
)
def test_feature_vectors_of_pooled_layers_are_those_of_layers_pooled_by_hand(pool):
    outputs = np.asarray(tail(HIDDEN))
    found = hierarchy.feature_vectors(INPUTS, HIDDEN, outputs, pool=pool)
    wanted = hierarchy.feature_vectors(INPUTS, BY_HAND[pool](HIDDEN), outputs)
    np.testing.assert_allclose(found.vectors, wanted.vectors, atol=1e-5)
    batched = hierarchy.network_vectors((head, tail), INPUTS, pool=pool, batch_size=25)
    np.testing.assert_allclose(batched.vectors, wanted.vectors, atol=1e-5)
    if pool != "max":
        return
    clusters, weights = np.eye(found.vectors.shape[0], dtype=bool)[:2], np.ones((2, ROWS), np.float32)
    support = [
        hierarchy.tree_support(INPUTS, layer, outputs, clusters, weights=weights, **options)
        for layer, options in ((HIDDEN, {"pool": pool}), (BY_HAND[pool](HIDDEN), {}))
    ]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), *support)


@pytest.mark.slow
def test_float64_far_from_zero_keeps_its_digits_when_pooled():
    far = HIDDEN.astype(np.float64) + 1e9 * np.arange(1, UNITS + 1)
    for pool in ("mean", "max"):
        found, wanted = (
            hierarchy.feature_vectors(INPUTS, layer, LABELS[:, None], pool=pool) for layer in (far, HIDDEN)
        )
        np.testing.assert_allclose(found.vectors, wanted.vectors, atol=1e-4)


@pytest.mark.parametrize("pool", ["mean", "max"])
def test_deviations_of_pooled_layers(pool):
    found = deviation.profile([HIDDEN], LABELS, pool=pool)
    wanted = deviation.profile([BY_HAND[pool](HIDDEN)], LABELS)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), found, wanted)
    assert not np.allclose(found.inner, deviation.profile([HIDDEN], LABELS).inner)


@pytest.mark.slow
@pytest.mark.parametrize("pool", ["mean", "max"])
def test_an_explainer_pools_what_it_is_fitted_to_and_what_it_is_asked_about(pool, tmp_path):
    options = {"ids": 3, "factors": 2, "depth": 2, "draws": 1, "trees": 2, "key": jax.random.key(0)}
    found = cnn_inte.fit(INPUTS, HIDDEN, LABELS, pool=pool, **options)
    wanted = cnn_inte.fit(INPUTS, BY_HAND[pool](HIDDEN), LABELS, **options)
    np.testing.assert_array_equal(found.predict(INPUTS), wanted.predict(INPUTS))
    found.save(tmp_path / "explainer.npz")
    loaded = cnn_inte.load(tmp_path / "explainer.npz")
    assert loaded.pool == pool
    for explainer in (found, loaded):
        np.testing.assert_array_equal(explainer.hidden_ids(HIDDEN), wanted.hidden_ids(BY_HAND[pool](HIDDEN)))


@pytest.mark.parametrize("pool", ["median", ""])
def test_other_ways_of_pooling_are_refused(pool):
    for call in (
        lambda: hierarchy.feature_vectors(INPUTS, HIDDEN, LABELS[:, None], pool=pool),
        lambda: hierarchy.network_vectors((head, tail), INPUTS, pool=pool),
        lambda: deviation.profile([HIDDEN], LABELS, pool=pool),
        lambda: cnn_inte.fit(INPUTS, HIDDEN, LABELS, key=jax.random.key(0), pool=pool),
    ):
        with pytest.raises(ValueError, match="^pool: found .*, wanted one of 'mean', 'max', or None"):
            call()
