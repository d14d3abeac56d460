import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax.kernels.location_errors import location_errors
from tests import reference

_errors = jax.jit(location_errors, static_argnames="best")


def _pairs(length):
    return st.lists(st.tuples(st.integers(21, 80), st.integers(21, 80)), min_size=length, max_size=length)


@given(
    pairs=st.sampled_from([1, 3, 40]).flatmap(_pairs),
    best=st.sampled_from([0.01, 0.5, 0.99, 1.0]),
)
@settings(max_examples=40, deadline=None)
def test_errors_are_the_thesis_definition(pairs, best):
    predicted, true = (np.array(values, np.int32) for values in zip(*pairs, strict=True))
    found = _errors(predicted, true, best=best)
    np.testing.assert_allclose(found, reference.location_errors(predicted, true, best), rtol=1e-5)
    assert found.l1 <= found.l2 * (1 + 1e-6)
    assert found.l1_best <= found.l1 * (1 + 1e-6)


@pytest.mark.parametrize(("rows", "best", "name"), [(0, 0.99, "predicted"), (3, 0.0, "best"), (3, 1.5, "best")])
def test_bad_arguments_are_named(rows, best, name):
    with pytest.raises(ValueError, match=f"^{name}: found"):
        location_errors(jnp.zeros(rows, jnp.int32), jnp.zeros(rows, jnp.int32), best=best)


def test_shapes_that_differ_are_refused_instead_of_broadcast():
    # The annotations of the tests would refuse first; a user has none.
    from inspect import unwrap

    with pytest.raises(ValueError, match=r"^true: found shape \[1\], wanted \[2\] as of predicted"):
        unwrap(location_errors)(jnp.zeros(2), jnp.zeros(1))


def test_positions_of_64_bits_are_subtracted_before_they_are_cut():
    true = np.arange(4) + 2**40
    found = location_errors(true + np.array([0, 1, 0, 3]), true, best=0.5)
    np.testing.assert_allclose(found, [1, 2.5**0.5, 0, 0], rtol=1e-6)


def test_squares_neither_overflow_nor_vanish():
    for unit in (2.0**-100, 2.0**100):
        found = location_errors(np.array([3.0, 0, 0, 1]) * unit, np.zeros(4), best=1.0)
        np.testing.assert_allclose(found, np.array([1, 2.5**0.5, 1, 2.5**0.5]) * unit, rtol=1e-6)


def test_nan_is_left_out_with_the_rows_that_err_most():
    found = location_errors(np.array([np.nan, 1, 1, 1]), np.zeros(4), best=0.75)
    assert np.isnan(found.l1)
    assert (float(found.l1_best), float(found.l2_best)) == (1, 1)
