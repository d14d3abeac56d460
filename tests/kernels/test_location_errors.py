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
