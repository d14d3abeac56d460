import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from interp_jax import data, networks
from interp_jax.networks.freezing import inference_view
from tests.matrix_products import matrix_products


def test_feature_maps_and_scores_have_the_papers_shapes():
    shapes = jax.eval_shape(
        lambda key: inference_view(networks.image_cnn(key)).activations(jnp.zeros((2, 28, 28, 1))), jax.random.key(0)
    )
    assert shapes["max1"].shape == (2, 14, 14, 32)
    assert shapes["max2"].shape == (2, 7, 7, 64)
    assert shapes["relu3"].shape == (2, 1024)
    assert shapes["dense2"].shape == (2, 10)


def test_starting_values_are_the_papers():
    net = networks.image_cnn(jax.random.key(0), (8, 8, 1))
    np.testing.assert_allclose(net.conv2.bias[...], 0.1)
    # A normal distribution of deviation 0.1, cut off at two deviations, which narrows it.
    np.testing.assert_allclose(np.std(net.dense1.kernel[...]), 0.1 * 0.8796, rtol=0.02)
    assert np.abs(net.dense1.kernel[...]).max() <= 0.2


@pytest.mark.slow
def test_networks_of_one_shape_share_a_compilation_and_stack(assert_compiles):
    def one(key):
        return networks.image_cnn(key, (8, 8, 1), hidden=16)

    images = jnp.ones((3, 8, 8, 1))
    first, second, stacked = (
        one(jax.random.key(0)),
        one(jax.random.key(1)),
        jax.vmap(one)(jax.random.split(jax.random.key(2), 2)),
    )
    scores = jax.jit(lambda net, x: networks.freeze(net)(x))
    jax.block_until_ready(scores(first, images))
    with assert_compiles(0):
        jax.block_until_ready(scores(second, images))
    assert jax.vmap(networks.freeze(stacked).__class__.__call__, (0, None))(networks.freeze(stacked), images).shape == (
        2,
        3,
        10,
    )


@pytest.mark.parametrize("network", [networks.image_cnn, networks.cifar_cnn])
def test_gradients_are_fast_in_loops(network):
    # XLA's CPU code is slow there for convolutions whose axes are in another order.
    net = jax.eval_shape(lambda key: inference_view(network(key)), jax.random.key(0))
    images = jnp.zeros((2, 28, 28, 1) if network is networks.image_cnn else (2, 24, 24, 3))
    usual = jax.lax.conv_dimension_numbers((1,) * 4, (1,) * 4, ("NHWC", "HWIO", "NHWC"))
    found = matrix_products(jax.grad(lambda net, images: jnp.sum(net(images))), net, images)
    orders = [equation.params["dimension_numbers"] for equation in found if "window_strides" in equation.params]
    assert len(orders) == 5, "two convolutions, the gradients of two kernels, and of one's inputs"
    assert set(orders) == {usual}


@pytest.mark.slow
def test_it_learns_digits():
    train = data.load("digits")
    net = networks.image_cnn(jax.random.key(0), (8, 8, 1), channels=(8, 16), taps=3, hidden=32)
    rows = train.inputs[:600], train.labels[:600]
    fitted = networks.fit(net, *rows, key=jax.random.key(1), optimizer=optax.adam(1e-2), minibatch_size=50, epochs=15)
    right = np.argmax(fitted.network(train.inputs[600:]), axis=1) == train.labels[600:]
    assert right.mean() > 0.85


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": (28, 28)}, "shape: found 2 numbers, wanted 3"),
        ({"shape": (3, 28, 1)}, "wanted sides that can be halved 2 times"),
        ({"channels": ()}, "channels: found no convolutions"),
        ({"taps": 0}, "taps: found 0, wanted a whole number of at least 1"),
        ({"hidden": 0}, "hidden: found 0, wanted a whole number of at least 1"),
        ({"classes": 0}, "classes: found 0, wanted a whole number of at least 1"),
        ({"dropout": 1.0}, "dropout: found 1.0, wanted a finite number, at least 0 and below 1"),
    ],
)
def test_refusals_name_the_argument(options, message):
    with pytest.raises(ValueError, match=message):
        networks.image_cnn(jax.random.key(0), **options)
