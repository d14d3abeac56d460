"""The first of the nearest centers, by one pass over few and two passes over many."""

import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.kernels.kmeans._nearest_centers import _ONE_PASS, _first_least

SCORES = np.random.default_rng(0)


@pytest.mark.parametrize("k", [1, 3, _ONE_PASS, _ONE_PASS + 1, 70])
@pytest.mark.parametrize("values", [2, 1000])
def test_the_first_of_equal_scores_is_taken(k, values):
    scored = SCORES.integers(-values, values, (3, k, 50)).astype(np.float32)
    scored[0, :, 0] = np.inf
    labels, least = _first_least(jnp.asarray(scored))
    np.testing.assert_array_equal(labels, scored.argmin(axis=1))
    np.testing.assert_array_equal(least, scored.min(axis=1))
    assert labels.dtype == jnp.int32


@pytest.mark.parametrize("k", [3, 70])
def test_without_a_number_the_label_is_still_that_of_a_center(k):
    labels, _ = _first_least(jnp.full((1, k, 4), jnp.nan))
    assert jnp.all((labels >= 0) & (labels < k))
