"""The Gini coefficient against its definition, and its extremes."""

import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.kernels.inequality import gini


def _by_definition(values):
    values = np.asarray(values, np.float64)
    return np.abs(values[:, None] - values).sum() / (2 * len(values) * values.sum())


@pytest.mark.parametrize("rows", [1, 2, 7, 200])
def test_it_is_the_mean_difference_of_all_pairs(rows):
    values = np.random.default_rng(rows).exponential(size=rows) ** 3
    np.testing.assert_allclose(gini(values), _by_definition(values), atol=1e-6)
    np.testing.assert_allclose(gini(1e30 * values[::-1]), _by_definition(values), atol=1e-6)


def test_ties_and_whole_numbers_count_as_they_are():
    values = np.array([3, 0, 3, 1, 1, 0], np.uint8)
    np.testing.assert_allclose(gini(values), _by_definition(values), atol=1e-6)


def test_nothing_to_spread_is_spread_equally():
    assert float(gini(np.zeros(4))) == 0


def test_one_that_has_everything_is_the_most_unequal():
    assert float(gini(jnp.array([0.0, 0.0, 1e-37, 0.0]))) == 0.75


@pytest.mark.parametrize("wrong", [[-1.0, 2.0], [np.nan, 1.0], [[1.0]], [], "no"])
def test_what_is_no_amount_is_refused(wrong):
    with pytest.raises(ValueError, match="values: found"):
        gini(wrong)
