import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods._centered import centered


@pytest.mark.parametrize("axis", [0, 1])
def test_equal_values_are_exactly_zero_and_others_less_their_mean(axis):
    constant = np.full((37, 11), 0.1, np.float32) * np.arange(1, 12, dtype=np.float32)[None]
    constant = constant if axis == 0 else constant[:11, :1] + np.zeros((1, 7), np.float32)
    varied = np.random.default_rng(0).normal(size=(9, 5)).astype(np.float32) + 100
    for transformed in (centered, jax.jit(centered, static_argnums=1)):
        assert not np.any(transformed(jnp.asarray(constant), axis))
        wanted = varied.astype(float) - varied.astype(float).mean(axis=axis, keepdims=True)
        np.testing.assert_allclose(transformed(jnp.asarray(varied), axis), wanted, atol=1e-5)
