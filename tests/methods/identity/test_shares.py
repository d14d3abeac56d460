import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import identity
from tests import reference
from tests.matrix_products import matrix_products

FEATURES, CLASSES, DEPTH, ROWS = 4, 3, 6, 5
WIDTH = FEATURES + CLASSES
TARGET = np.array([0, 1, 2, 0, 1])


def _layer(parameters, hidden):
    kernel, bias = parameters
    sums = jnp.matmul(hidden, kernel, precision="highest") + bias[None]
    return jnp.where(jnp.arange(WIDTH)[None] < FEATURES, jax.nn.relu(sums), sums)


def _sigmoid_layer(parameters, hidden):
    kernel, bias = parameters
    return jax.nn.sigmoid(jnp.matmul(hidden, kernel, precision="highest") + bias[None])


def _network(seed=0, distance=0.1):
    random = np.random.default_rng(seed)
    kernels = np.eye(WIDTH) + distance * random.normal(size=(DEPTH, WIDTH, WIDTH))
    biases = distance * random.normal(size=(DEPTH, WIDTH))
    inputs = random.uniform(0, 1, (ROWS, FEATURES))
    layers = [reference.identity_layers(kernels, biases, x, FEATURES) for x in inputs]
    arrays = kernels, biases, inputs, np.stack(layers, axis=1)
    return tuple(array.astype(np.float32) for array in arrays)


IDENTITY = np.eye(WIDTH, dtype=np.float32), np.zeros(WIDTH, np.float32)


def _shares(network, nodes=8, layer=_layer, target=TARGET):
    kernels, biases, inputs, _ = network
    start = jnp.pad(inputs, ((0, 0), (0, CLASSES)))
    return identity.path_shares(layer, (kernels, biases), IDENTITY, start, target, classes=CLASSES, nodes=nodes)


def test_writes_are_the_formula_and_add_up_to_the_scores():
    kernels, biases, inputs, layers = _network()
    found = identity.class_writes(inputs, layers, kernels, biases)
    for row in range(ROWS):
        wanted = reference.class_writes(kernels, biases, inputs[row], layers[:, row], FEATURES)
        np.testing.assert_allclose(found[:, row], wanted, atol=1e-5)
    scores = layers[-1, :, FEATURES:]
    np.testing.assert_allclose(found.sum(axis=0), scores, atol=1e-5)
    assert np.all(identity.completeness_error(found, scores) < 1e-4)
    differences = np.diff(layers[:, :, FEATURES:], axis=0, prepend=0)
    assert np.abs(found - differences).max() > 0.01, "they are no differences of the layers' scores"


def test_writes_do_not_add_up_where_the_classes_are_not_linear():
    kernels, biases, inputs, layers = _network()
    capped = np.clip(layers, -0.2, 0.2)
    found = identity.class_writes(inputs, capped, kernels, biases)
    assert np.mean(identity.completeness_error(found, capped[-1, :, FEATURES:])) > 0.05


def test_writes_with_a_scale():
    kernels, biases, inputs, _ = _network()
    layers = np.stack([reference.identity_layers(kernels, biases, x, FEATURES, 1.1) for x in inputs], axis=1)
    found = identity.class_writes(inputs, layers.astype(np.float32), kernels, biases, scale=1.1)
    np.testing.assert_allclose(found.sum(axis=0), layers[-1, :, FEATURES:], rtol=1e-4, atol=1e-4)


def test_a_planted_writer_is_found():
    """Only layer 3 reads the features into the classes; later layers double what they find."""
    kernels = np.broadcast_to(np.eye(WIDTH), (DEPTH, WIDTH, WIDTH)).copy()
    kernels[3, 0, FEATURES] = 1.0
    kernels[4, FEATURES, FEATURES] = 2.0
    biases, inputs = np.zeros((DEPTH, WIDTH)), np.ones((1, FEATURES))
    layers = reference.identity_layers(kernels, biases, inputs[0], FEATURES)[:, None]
    found = identity.class_writes(*(np.float32(array) for array in (inputs, layers, kernels, biases)))
    assert found[:, 0, 0].tolist() == [0, 0, 0, 2, 0, 0]
    shares = _shares((np.float32(kernels), np.float32(biases), np.float32(inputs), None), target=np.array([0]))
    # score(t) = t (1 + t): what doubles is due to the layer that doubles for its part of the way.
    np.testing.assert_allclose(shares.shares[:, 0], [0, 0, 0, 1.5, 0.5, 0], atol=1e-6)


def test_shares_add_up_to_what_the_identity_does_not_give():
    network = _network()
    found = _shares(network)
    np.testing.assert_allclose(
        found.score, np.take_along_axis(network[3][-1, :, FEATURES:], TARGET[:, None], 1)[:, 0], atol=1e-5
    )
    assert not np.any(found.rest)
    assert np.mean(found.error) < 0.05
    np.testing.assert_allclose(
        found.error, identity.completeness_error(found.shares, found.score), rtol=1e-4, atol=1e-6
    )
    assert np.mean(_shares(network, nodes=64).error) < np.mean(_shares(network, nodes=1).error)


def test_shares_of_a_smooth_network_are_exact_and_start_from_what_the_identity_gives():
    found = _shares(_network(distance=0.5), nodes=12, layer=_sigmoid_layer)
    assert np.all(found.error < 1e-3)
    assert np.all(found.rest > 0.1)
    np.testing.assert_allclose(found.shares.sum(axis=0), found.score - found.rest, atol=1e-4)


def test_shares_are_the_slopes_of_every_layers_own_part():
    """Numerically: the score's slope when one layer alone goes on from where all are."""
    kernels, biases, inputs, _ = _network()
    start = jnp.pad(inputs, ((0, 0), (0, CLASSES)))
    places, weights = np.polynomial.legendre.leggauss(3)
    wanted = np.zeros((DEPTH, ROWS))

    def score(parts):
        hidden = start
        for part, kernel, bias in zip(parts, kernels, biases, strict=True):
            hidden = _layer((IDENTITY[0] + part * (kernel - IDENTITY[0]), part * bias), hidden)
        return np.take_along_axis(np.asarray(hidden[:, FEATURES:], np.float64), TARGET[:, None], 1)[:, 0]

    for t, weight in zip((places + 1) / 2, weights / 2, strict=True):
        for layer in range(DEPTH):
            step = 1e-2 * np.eye(DEPTH)[layer]
            wanted[layer] += weight * (score(t + step) - score(t - step)) / 2e-2
    np.testing.assert_allclose(_shares(_network(), nodes=3).shares, wanted, atol=3e-3)


def test_a_network_that_is_the_identity_has_no_shares():
    kernels, biases, inputs, _ = _network(distance=0.0)
    found = _shares((kernels, biases, inputs, None))
    assert not np.any(found.shares)
    assert not np.any(found.error)


def test_eager_traced_and_lanes_are_the_same(assert_compiles):
    network, other = _network(), _network(1)
    wanted = _shares(network)
    with assert_compiles(0):
        _shares(other)
    lanes = jax.vmap(lambda *arrays: _shares((*arrays, None)).shares)(
        *(np.stack([one, two]) for one, two in zip(network[:3], other[:3], strict=True))
    )
    np.testing.assert_allclose(lanes[0], wanted.shares, atol=1e-5)
    writes = jax.jit(identity.class_writes)(network[2], network[3], *network[:2])
    np.testing.assert_allclose(writes, identity.class_writes(network[2], network[3], *network[:2]), atol=1e-6)


def test_products_of_writes_have_full_precision():
    kernels, biases, inputs, layers = _network()
    for product in matrix_products(identity.class_writes, inputs, layers, kernels, biases):
        assert set(product.params["precision"]) == {jax.lax.Precision.HIGHEST}, product


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nodes": 0}, "nodes: found 0"),
        ({"classes": 0}, "classes: found 0"),
        ({"classes": 9}, r"hidden: found shape \[5, 7\], wanted .* a width of 9"),
        ({"target": 3}, "target: found 3, wanted a whole number from 0 to 2"),
        ({"target": np.zeros(4, int)}, r"target: found shape \[4\]"),
        ({"target": 0.5}, "target: found 0.5"),
        ({"identity": IDENTITY[:1]}, "parameters: found shapes"),
        ({"hidden": np.zeros((0, 7), np.float32)}, r"hidden: found shape \[0, 7\]"),
        (
            {"hidden": np.zeros((5, 6), np.float32)},
            r"hidden: found float32 \[5, 6\], wanted a shape that the layer takes",
        ),
    ],
)
def test_bad_arguments_of_shares_are_named(change, message):
    kernels, biases, inputs, _ = _network()
    hidden = np.pad(inputs, ((0, 0), (0, CLASSES)))
    arguments = {"identity": IDENTITY, "hidden": hidden, "target": 0, "classes": CLASSES} | change
    with pytest.raises(ValueError, match=f"^{message}"):
        identity.path_shares(_layer, (kernels, biases), **arguments)


def test_a_layer_that_does_not_keep_the_shape_is_named():
    with pytest.raises(
        ValueError, match=r"^hidden: found float32 \[5, 7\], wanted a shape that the layer keeps.*\(5, 3\)"
    ):
        identity.path_shares(
            lambda kernel, x: x @ kernel, np.ones((2, 7, 3)), np.ones((7, 3)), np.ones((5, 7)), 0, classes=2
        )


def test_weights_of_float64_close_to_the_identity_have_shares():
    inputs, far = np.ones((2, FEATURES), np.float32), np.zeros((2, WIDTH, WIDTH))
    far[:, 0, FEATURES] = 1e-3
    parameters = np.eye(WIDTH)[None] + far, np.zeros((2, WIDTH))
    start = np.pad(inputs, ((0, 0), (0, CLASSES)))
    found = identity.path_shares(_layer, parameters, IDENTITY, start, 0, classes=CLASSES)
    np.testing.assert_allclose(found.shares, 1e-3, rtol=1e-4)
    slight = np.eye(3)[None] * (1 + 1e-9)  # float32 has no digits for it
    found = identity.path_shares(lambda kernel, x: x @ kernel, slight, np.eye(3), np.ones((1, 3)), 1, classes=2)
    np.testing.assert_allclose(found.shares, 1e-9, rtol=1e-4)
    np.testing.assert_allclose(found.rest, 1)


@pytest.mark.parametrize("kind", [int, jnp.bfloat16])
def test_whole_numbers_and_half_precision_are_read_in_full(kind):
    kernels, biases, inputs, _ = _network()
    whole = np.round(4 * inputs)
    found, wanted = (_shares((kernels, biases, rows, None)) for rows in (jnp.asarray(whole, kind), np.float32(whole)))
    assert found.shares.dtype == jnp.float32
    np.testing.assert_allclose(found.shares, wanted.shares, rtol=1e-5, atol=1e-6)


def test_weights_that_do_not_fit_the_layers_are_named():
    kernels, biases, inputs, layers = _network()
    with pytest.raises(ValueError, match=r"^kernels: found shape \[5, 7, 7\], wanted \[6, 7, 7\]"):
        identity.class_writes(inputs, layers, kernels[1:], biases)
    with pytest.raises(ValueError, match=r"^biases: found shape \[6, 6\], wanted \[6, 7\]"):
        identity.class_writes(inputs, layers, kernels, biases[:, 1:])
