"""Sums, numbers and first rows of groups: few by a product, many row by row, with equal results."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import _row_groups
from interp_jax._row_groups import MANY, RowGroups


def _transcription(labels, groups, values):
    members = [np.flatnonzero(labels == group) for group in range(groups)]
    sums = np.stack([values[rows].astype(np.float64).sum(axis=0) for rows in members])
    return np.array([len(rows) for rows in members]), np.array([rows[0] if len(rows) else 0 for rows in members]), sums


def _all(labels, groups, values):
    of = RowGroups(labels, groups)
    return of.counts(), of.first(), of.sums(values)


@pytest.mark.parametrize("groups", [1, 3, MANY - 1, MANY, 300])
@pytest.mark.parametrize("rest", [(), (5,), (2, 3)])
def test_few_and_many_groups(groups, rest):
    draw = np.random.default_rng(groups)
    labels, values = draw.integers(-2, groups + 3, 500), draw.normal(size=(500, *rest)).astype(np.float32)
    found = jax.jit(_all, static_argnums=1)(jnp.asarray(labels), groups, jnp.asarray(values))
    for ours, wanted in zip(found, _transcription(labels, groups, values), strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-5)
    for ours, compiled in zip(_all(jnp.asarray(labels), groups, jnp.asarray(values)), found, strict=True):
        np.testing.assert_allclose(ours, compiled, rtol=1e-6, atol=1e-6)


def test_both_ways_agree_under_vmap(monkeypatch):
    draw = np.random.default_rng(0)
    labels, values = jnp.asarray(draw.integers(-1, MANY + 1, (4, 200))), jnp.asarray(draw.normal(size=(4, 200, 3)))
    by_rows = jax.vmap(lambda labels, values: _all(labels, MANY, values))(labels, values)
    monkeypatch.setattr(_row_groups, "MANY", 10 * MANY)
    by_pairs = jax.vmap(lambda labels, values: _all(labels, MANY, values))(labels, values)
    for ours, other in zip(by_rows, by_pairs, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("groups", [2, MANY])
def test_half_precision_is_added_up_in_float32(groups):
    values = jnp.ones((4_000, 1), jnp.bfloat16)
    sums = RowGroups(jnp.zeros(4_000, jnp.int32), groups).sums(values)
    assert sums.dtype == jnp.float32
    assert sums[0, 0] == 4_000


@pytest.mark.parametrize("groups", [MANY - 1, MANY])
def test_a_long_sum_keeps_its_digits(groups):
    values = (11 + np.random.default_rng(0).normal(size=(200_000, 1))).astype(np.float32)
    sums = RowGroups(jnp.zeros(len(values), jnp.int32), groups).sums(jnp.asarray(values))
    np.testing.assert_allclose(sums[0, 0], values.sum(dtype=np.float64), rtol=2e-6)


@pytest.mark.parametrize("groups", [MANY - 1, MANY])
@pytest.mark.parametrize("label", [0, -1])
def test_what_is_not_finite_spoils_its_column_in_all_groups(groups, label):
    values = jnp.ones((3, 2)).at[0, 0].set(jnp.nan)
    sums = RowGroups(jnp.array([label, 1, 1]), groups).sums(values)
    assert jnp.isnan(sums[:, 0]).all()
    assert jnp.isfinite(sums[:, 1]).all()


@pytest.mark.parametrize("groups", [2, MANY])
def test_rows_of_no_group_count_nowhere(groups):
    labels = jnp.full(3, groups)
    counts, first, sums = _all(labels, groups, jnp.ones((3, 2)))
    assert not counts.any()
    assert not first.any()
    assert not sums.any()


@pytest.mark.parametrize("groups", [2, MANY])
def test_derivatives_are_the_numbers_of_rows(groups):
    labels = jnp.array([0, 1, 1, groups])
    slopes = jax.grad(lambda values: jnp.sum(RowGroups(labels, groups).sums(values)[:2]))(jnp.ones(4))
    np.testing.assert_array_equal(slopes, [1, 1, 1, 0])
