import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.methods import identity
from tests.matrix_products import matrix_products

SHAPE, CLASSES, DEPTH, PATCH = (6, 4, 2), 3, 4, 2
IMAGES = np.random.default_rng(0).uniform(0, 1, (5, *SHAPE)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0, 1])


def _network(key=None, **options):
    key = jax.random.key(0) if key is None else key
    return networks.IdentityCNN(key, SHAPE, CLASSES, **{"depth": DEPTH, "patch": PATCH} | options)


def _disturbed():
    network, random = _network(), np.random.default_rng(1)
    for variable in (network.kernel, network.bias):
        variable[...] = variable[...] + 0.05 * random.normal(size=variable.shape).astype(np.float32)
    return network


def test_dirac_kernels_change_nothing_and_layers_come_in_the_pixels_order():
    layers = _network().layers(IMAGES)
    assert layers.shape == (DEPTH, 5, 6 * 4 * 2 + CLASSES)
    np.testing.assert_array_equal(layers[..., :-CLASSES], np.broadcast_to(IMAGES.reshape(5, -1), (DEPTH, 5, 48)))
    read = identity.contributions(IMAGES.reshape(5, -1), layers)
    assert not np.any(read.maps)
    assert not np.any(read.scores)


def test_relu_clips_what_is_negative_and_another_activation_does_not():
    images = IMAGES - 0.5
    for activation, wanted in ((nnx.relu, np.maximum(images, 0)), (lambda x: x, images)):
        layers = _network(activation=activation).layers(images)
        expected = np.broadcast_to(wanted.reshape(5, -1), (DEPTH, 5, 48))
        np.testing.assert_array_equal(layers[..., :-CLASSES], expected)


def test_layers_are_the_formula_place_by_place():
    network = _disturbed()
    kernels, biases = np.asarray(network.kernel[...], np.float64), np.asarray(network.bias[...], np.float64)
    hidden = np.zeros((3, 2, PATCH * PATCH * 2 + CLASSES))
    for i in range(3):
        for j in range(2):
            hidden[i, j, :8] = IMAGES[1, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].ravel()
    found = network.layers(IMAGES)
    for layer in range(DEPTH):
        padded, sums = np.pad(hidden, ((1, 1), (1, 1), (0, 0))), np.zeros_like(hidden)
        for i in range(3):
            for j in range(2):
                window = padded[i : i + 3, j : j + 3]
                sums[i, j] = np.einsum("abc,abcd->d", window, kernels[layer]) + biases[layer]
        hidden = np.concatenate([np.maximum(sums[..., :8], 0), sums[..., 8:]], axis=-1)
        np.testing.assert_allclose(found[layer, 1, -CLASSES:], hidden[..., 8:].mean(axis=(0, 1)), atol=1e-5)
        picture = np.zeros(SHAPE)
        for i in range(3):
            for j in range(2):
                picture[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = hidden[i, j, :8].reshape(2, 2, 2)
        np.testing.assert_allclose(found[layer, 1, :-CLASSES], picture.ravel(), atol=1e-5)
    np.testing.assert_allclose(network(IMAGES), found[-1, :, -CLASSES:], atol=1e-6)


@pytest.mark.slow
def test_every_layer_has_a_gradient_at_the_start_and_the_network_learns():
    graph, parameters = nnx.split(_network())

    def loss(parameters):
        scores = nnx.merge(graph, parameters)(IMAGES)
        return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(scores, LABELS))

    gradient = nnx.merge(graph, jax.grad(loss)(parameters)).kernel[...]
    assert np.all(np.abs(gradient).max(axis=(1, 2, 3, 4)) > 1e-3)
    fitted = networks.fit(
        _network(), IMAGES, LABELS, key=jax.random.key(0), minibatch_size=5, epochs=60, optimizer=optax.adam(1e-2)
    )
    assert fitted.history.error[-1] == 0


def test_shares_of_the_score_add_up():
    network = _disturbed()
    found = identity.path_shares(*network.stack(), network.pad(IMAGES), LABELS, classes=CLASSES, nodes=6)
    np.testing.assert_allclose(
        found.score, np.take_along_axis(network(IMAGES), LABELS[:, None], axis=1)[:, 0], atol=1e-5
    )
    assert np.mean(found.error) < 0.05
    assert not np.any(found.rest)


@pytest.mark.slow
def test_random_starts_and_stacks():
    keys = jax.random.split(jax.random.key(0), 2)
    stacked = jax.vmap(lambda key: _network(key, start="glorot"))(keys)
    kernels = stacked.kernel[...]
    assert np.abs(kernels[0] - kernels[1]).max() > 0.1
    assert np.all(jax.vmap(identity.distance_to_identity)(kernels) > 1)
    scores = jax.jit(jax.vmap(lambda network: network(IMAGES)))(stacked)
    alone = jax.tree.map(lambda leaf: leaf[1], stacked)
    np.testing.assert_allclose(scores[1], alone(IMAGES), rtol=1e-3, atol=1e-5)
    with pytest.raises(ValueError, match="^network: found kernels of shape"):
        stacked(IMAGES)


def test_products_have_full_precision():
    network = _network()
    products = list(matrix_products(lambda x: network(x), IMAGES))
    assert products
    for product in products:
        assert set(product.params["precision"]) == {jax.lax.Precision.HIGHEST}, product


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": (6, 4)}, "shape: found 2 numbers, wanted 3"),
        ({"patch": 4}, "patch: found 4, wanted a divisor of both sides, 6 and 4"),
        ({"taps": 2}, "taps: found 2, wanted an odd number"),
        ({"classes": 1}, "classes: found 1"),
        ({"depth": 0}, "depth: found 0"),
        ({"start": "eye"}, "start: found 'eye'"),
    ],
)
def test_what_makes_no_network_is_named(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        networks.IdentityCNN(jax.random.key(0), **{"shape": SHAPE, "classes": CLASSES} | options)


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"^x: found shape \[5, 6, 4, 1\], wanted \[rows, 6, 4, 2\]"):
        _network()(IMAGES[..., :1])
