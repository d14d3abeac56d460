"""Kernels hold under strict dtype promotion as well (optax's adam does not, so other folders go without)."""

import jax
import pytest


@pytest.fixture(autouse=True)
def strict_promotion():
    """No implicit mixing of dtypes."""
    with jax.numpy_dtype_promotion("strict"):
        yield
