import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.kernels.dirac import dirac


@pytest.mark.parametrize("sides", [(3,), (4,), (3, 4)])
def test_a_convolution_with_it_gives_its_inputs(sides):
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, *(7 for _ in sides), 3)), jnp.float32)
    axes = "HW"[: len(sides)]
    layouts = f"N{axes}C", f"{axes}IO", f"N{axes}C"
    # The middle of an even side is the later of its two middle taps.
    padding = [(side // 2, (side - 1) // 2) for side in sides]
    strides = (1,) * len(sides)
    found = jax.lax.conv_general_dilated(x, dirac((*sides, 3, 3)), strides, padding, dimension_numbers=layouts)
    np.testing.assert_array_equal(found, x)


def test_more_outputs_than_inputs_are_zeros():
    np.testing.assert_array_equal(dirac((2, 3)), [[1, 0, 0], [0, 1, 0]])


def test_fewer_than_two_sizes_are_refused():
    with pytest.raises(ValueError, match=r"^shape: found \(3,\), wanted at least two sizes"):
        dirac((3,))
