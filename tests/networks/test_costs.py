import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import networks


def _pairs(side, taps):
    """Places times taps of a convolution of one axis, without those on the padding."""
    return sum(0 <= place + tap - (taps - 1) // 2 < side for place in range(side) for tap in range(taps))


@pytest.fixture(scope="module")
def network():
    make = jax.jit(lambda key: networks.image_cnn(key, (16, 16, 1), channels=(4, 6), taps=3, hidden=20))
    return networks.freeze(make(jax.random.key(0)))


@pytest.fixture(scope="module")
def whole(network):
    return networks.cost(network, jnp.ones((8, 16, 16, 1)))


def test_counts_are_those_by_hand(network, whole):
    layers = 2 * (_pairs(16, 3) ** 2 * 4 + _pairs(8, 3) ** 2 * 4 * 6 + 96 * 20 + 20 * 10)
    assert layers < whole.flops < 1.2 * layers
    padded = 2 * (16**2 * 9 * 4 + 8**2 * 9 * 4 * 6 + 96 * 20 + 20 * 10)
    assert abs(whole.flops / padded - 1) < 0.2
    assert whole.parameters == (9 + 1) * 4 + (9 * 4 + 1) * 6 + (96 + 1) * 20 + (20 + 1) * 10
    assert 0 < whole.seconds < 1
    assert networks.cost(network, np.ones((1, 16, 16, 1))).flops == pytest.approx(whole.flops, rel=0.01)


def test_a_network_with_units_cut_out_costs_less(network):
    kept = np.array([True, False, True, False, False, False])
    small = networks.cost(networks.shrink(network, {"max2": kept}), jnp.ones((8, 16, 16, 1)))
    layers = 2 * (_pairs(16, 3) ** 2 * 4 + _pairs(8, 3) ** 2 * 4 * 2 + 32 * 20 + 20 * 10)
    assert layers < small.flops < 1.2 * layers
    assert small.parameters == (9 + 1) * 4 + (9 * 4 + 1) * 2 + (32 + 1) * 20 + (20 + 1) * 10


def test_no_rows_are_refused(network):
    with pytest.raises(ValueError, match=r"inputs: found shape \[0, 16, 16, 1\], wanted \[rows, …\]"):
        networks.cost(network, np.ones((0, 16, 16, 1)))


def test_a_plain_function_has_a_cost():
    weights = jnp.ones((8, 3))
    cost = networks.cost(lambda x: x @ weights, np.ones((4, 8)))
    assert (cost.parameters, cost.flops) == (0, 2 * 8 * 3)
    assert networks.cost(networks.freeze(jnp.matmul, b=weights), np.ones((4, 8))).parameters == 24


def test_rows_that_the_network_does_not_take_and_old_names_are_refused(network):
    with pytest.raises(ValueError, match=r"^inputs: found float32 \[2, 7\], wanted rows that the network takes"):
        networks.cost(network, np.ones((2, 7)))
    with pytest.raises(TypeError, match="^network: found 3, wanted something callable"):
        networks.cost(3, np.ones((2, 7)))
    with pytest.raises(TypeError, match="^net: found an argument of this name, wanted network"):
        networks.cost(net=network, inputs=np.ones((2, 7)))
