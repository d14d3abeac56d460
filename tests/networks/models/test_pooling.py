"""Pooling is Flax's, and so are its gradients where no two values of a window are equal."""

from inspect import unwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax.networks.models.pooling import max_pool

CASES = [((2, 2), (2, 2), "VALID"), ((3, 3), (2, 2), "SAME"), ((2, 3), (1, 2), "VALID")]


@pytest.mark.parametrize(("window", "strides", "padding"), CASES)
@pytest.mark.parametrize("shape", [(2, 6, 6, 3), (1, 7, 5, 2)])
def test_values_and_gradients_are_those_of_flax(window, strides, padding, shape):
    x = jax.random.normal(jax.random.key(0), shape)
    wanted = nnx.max_pool(x, window, strides, padding)
    np.testing.assert_array_equal(max_pool(x, window, strides, padding), wanted)
    weights = jax.random.normal(jax.random.key(1), wanted.shape)
    ours, theirs = (
        jax.grad(lambda x, pool=pool: jnp.sum(weights * pool(x, window, strides, padding)))(x)
        for pool in (max_pool, nnx.max_pool)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_gradients_of_equal_values_add_up_to_that_of_the_window():
    gradient = jax.grad(lambda x: max_pool(x).sum())(jnp.zeros((1, 2, 2, 1)))
    assert float(gradient.sum()) == 1


@pytest.mark.parametrize("kind", [np.uint8, np.int64, bool, list])
def test_whole_numbers_are_pooled_as_float32(kind):
    x = np.arange(18).reshape(1, 3, 3, 2) % 2 if kind is bool else np.arange(18).reshape(1, 3, 3, 2)
    wanted = max_pool(x.astype(np.float32), (3, 3), (2, 2), "SAME")
    given = x.tolist() if kind is list else x.astype(kind)
    np.testing.assert_array_equal(unwrap(max_pool)(given, (3, 3), (2, 2), "SAME"), wanted)


def test_half_precision_keeps_its_type():
    assert max_pool(jnp.ones((1, 2, 2, 1), jnp.bfloat16)).dtype == jnp.bfloat16


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (jnp.ones((2, 2)), {}, r"x: found shape \[2, 2\], wanted \[rows, height, width, channels\]"),
        (jnp.ones((1, 4, 4, 1)), {"padding": "FULL"}, "padding: found 'FULL'"),
        (jnp.ones((1, 4, 4, 1)), {"window_shape": (2.0, 2)}, "window_shape: found 2.0, wanted a whole number"),
        (jnp.ones((1, 4, 4, 1)), {"window_shape": 2}, "window_shape: found 2, wanted a sequence"),
        (jnp.ones((1, 4, 4, 1)), {"strides": (0, 1)}, "strides: found 0"),
        (jnp.ones((1, 4, 4, 1)) * 1j, {}, "x: found complex64"),
        (jnp.ones((1, 1, 4, 1)), {}, r"x: found images \[1, 4\], wanted at least a window, \[2, 2\]"),
    ],
)
def test_what_cannot_be_pooled_is_refused(x, options, message):
    with pytest.raises(ValueError, match=message):
        unwrap(max_pool)(x, **options)
