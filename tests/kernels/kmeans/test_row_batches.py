"""Rows in batches: each row counts once, in its place, centered and scaled, whatever the batches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.kernels.kmeans import _row_batches as module
from interp_jax.kernels.kmeans import kmeans
from interp_jax.kernels.kmeans._row_batches import RowBatches

DRAW = np.random.default_rng(0)


@pytest.mark.parametrize("most", [1, 4, 7, 11, 23, 100])
@pytest.mark.parametrize("copied", [0, 2**24])
def test_every_row_counts_once_and_lies_in_its_place(monkeypatch, most, copied):
    monkeypatch.setattr(module, "_COPIED", copied)
    x = DRAW.normal(3, 5, (23, 3)).astype(np.float32)
    weights = DRAW.random(23).astype(np.float32)
    rows = RowBatches.of(jnp.asarray(x), jnp.asarray(weights), most)
    assert rows.placed == (copied > 0)
    assert rows.size <= most
    numbers = jnp.arange(23.0)[None]

    def look(carry, batch, number):
        total, sums = carry
        out = jnp.stack([batch.x[:, 0], batch.squares, rows.part(numbers, number)[0]])
        return (total + jnp.sum(batch.weights), sums + batch.weights @ batch.x), out

    (total, sums), out = rows.fold(look, (jnp.zeros(()), jnp.zeros(3)))
    mean = np.average(x.astype(float), axis=0, weights=weights)
    unit = float(rows.unit)
    assert np.log2(unit) % 1 == 0
    placed = (x - mean) / unit
    assert 1 / 8 <= np.abs(placed).max() <= 1
    np.testing.assert_allclose(total, weights.sum(), rtol=1e-6)
    np.testing.assert_allclose(sums, np.zeros(3), atol=1e-5)
    np.testing.assert_allclose(out[0], placed[:, 0], atol=1e-5)
    np.testing.assert_allclose(out[1], np.sum(placed**2, axis=1), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(out[2], np.arange(23))
    np.testing.assert_allclose(rows.at(jnp.array([4, 22])), placed[[4, 22]], atol=1e-5)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e18, 1e37])
def test_scales_neither_overflow_nor_vanish(scale):
    x = (scale * DRAW.normal(size=(20, 2))).astype(np.float32)
    rows = RowBatches.of(jnp.asarray(x), jnp.ones(20), 6)
    assert np.isfinite(rows.squares).all()
    assert 1 / 64 <= float(jnp.max(rows.squares)) <= 2


@pytest.mark.parametrize("k", [5, 60])
def test_clusters_do_not_depend_on_batches_or_on_a_copy(monkeypatch, k):
    x = DRAW.normal(size=(611, 4)).astype(np.float32)
    options = {"key": jax.random.key(0), "restarts": 2}
    one = kmeans(x, k, batch_size=611, **options)
    monkeypatch.setattr(module, "_COPIED", 0)
    jax.clear_caches()
    many = kmeans(x, k, batch_size=100, **options)
    jax.clear_caches()
    np.testing.assert_array_equal(many.labels, one.labels)
    np.testing.assert_allclose(many.centers, one.centers, atol=1e-5)
    np.testing.assert_allclose(many.inertias, one.inertias, rtol=1e-5)


def test_no_copy_of_many_rows(monkeypatch):
    monkeypatch.setattr(module, "_COPIED", 0)
    x = jnp.zeros((20_000, 64))
    program = jax.jit(lambda x: kmeans(x, 20, key=jax.random.key(0), restarts=1, batch_size=1000))
    assert program.lower(x).compile().memory_analysis().temp_size_in_bytes < x.nbytes
