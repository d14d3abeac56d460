from inspect import unwrap

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.methods import identity
from interp_jax.networks.models._identity_layers import STARTS
from tests import reference
from tests.matrix_products import matrix_products

FEATURES, CLASSES, DEPTH = 5, 3, 6
INPUTS = np.random.default_rng(0).uniform(0, 1, (12, FEATURES)).astype(np.float32)
LABELS = np.arange(12) % 4 % CLASSES


def _network(key=None, **options):
    key = jax.random.key(0) if key is None else key
    return networks.IdentityPerceptron(key, FEATURES, CLASSES, **{"depth": DEPTH} | options)


def _disturbed(seed=0, **options):
    network, random = _network(**options), np.random.default_rng(seed)
    for variable in (network.kernel, network.bias):
        variable[...] = variable[...] + 0.2 * random.normal(size=variable.shape).astype(np.float32)
    return network


def _gradients(network):
    graph, parameters = nnx.split(network)

    def loss(parameters):
        scores = nnx.merge(graph, parameters)(INPUTS)
        return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(scores, LABELS))

    return nnx.merge(graph, jax.grad(loss)(parameters))


def test_layers_are_the_formula_unit_by_unit():
    for options in ({}, {"scale": 1.3}):
        network = _disturbed(**options)
        found = network.layers(INPUTS)
        for row in (0, 7):
            kernels, biases = np.asarray(network.kernel[...]), np.asarray(network.bias[...])
            wanted = reference.identity_layers(kernels, biases, INPUTS[row], FEATURES, **options)
            np.testing.assert_allclose(found[:, row], wanted, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(network(INPUTS), found[-1, :, FEATURES:], rtol=1e-5)


def test_an_identity_start_changes_nothing():
    layers = _network().layers(INPUTS)
    np.testing.assert_array_equal(layers[..., :FEATURES], np.broadcast_to(INPUTS, (DEPTH, *INPUTS.shape)))
    assert not np.any(layers[..., FEATURES:])


def test_relu_clips_what_is_negative_and_another_activation_does_not():
    inputs = INPUTS - 0.5
    clipped, squashed = _network().layers(inputs), _network(activation=nnx.tanh).layers(inputs)
    wanted = np.broadcast_to(np.maximum(inputs, 0), (DEPTH, *inputs.shape))
    np.testing.assert_array_equal(clipped[..., :FEATURES], wanted)
    assert np.all(np.sign(squashed[..., :FEATURES]) == np.sign(inputs))
    passed = _network(activation=lambda x: x).layers(inputs)
    np.testing.assert_array_equal(passed[..., :FEATURES], np.broadcast_to(inputs, (DEPTH, *inputs.shape)))


def test_nothing_reads_the_last_layers_features():
    gradient = _gradients(_disturbed())
    assert not np.any(gradient.kernel[...][-1, :, :FEATURES])
    assert not np.any(gradient.bias[...][-1, :FEATURES])
    assert np.all(np.abs(gradient.kernel[...][:-1, :, :FEATURES]).max(axis=(1, 2)) > 1e-4)


def test_every_layer_has_a_gradient_at_the_start():
    gradient = _gradients(_network())
    assert np.all(np.abs(gradient.kernel[...]).max(axis=(1, 2)) > 1e-3)
    assert np.all(np.abs(gradient.bias[...]).max(axis=1) > 1e-3)


def test_with_relu_on_the_classes_too_it_is_dead():
    """The classes begin at exactly 0, where ReLU's slope is 0: nothing is ever learned."""
    dead = _network(class_activation=nnx.relu)
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(nnx.state(_gradients(dead))))
    fitted = networks.fit(dead, INPUTS, LABELS, key=jax.random.key(1), minibatch_size=4, epochs=3)
    np.testing.assert_array_equal(fitted.network.kernel[...], dead.kernel[...])


def test_hard_tanh_caps_the_scores():
    network = _disturbed(activation=nnx.hard_tanh, class_activation=nnx.hard_tanh)
    assert np.abs(network(10 * INPUTS)).max() <= 1


@pytest.mark.parametrize("start", [start for start in STARTS if start != "identity"])
def test_random_starts_are_random_in_every_layer(start):
    network = networks.IdentityPerceptron(jax.random.key(0), 90, 10, depth=3, start=start)
    kernel = np.asarray(network.kernel[...])
    assert np.all(identity.distance_to_identity(kernel) > 1)
    assert np.abs(kernel[0] - kernel[1]).max() > 0.1
    expected = {"glorot": 1, "he": 2, "orthogonal": 1}[start]
    np.testing.assert_allclose(np.sum(kernel**2, axis=(1, 2)) / 100, expected, rtol=0.05)
    if start == "orthogonal":
        np.testing.assert_allclose(kernel[0] @ kernel[0].T, np.eye(100), atol=1e-5)


def test_an_initializer_of_ones_own():
    network = _network(start=jax.nn.initializers.ones)
    assert np.all(network.kernel[...] == 1)


@pytest.mark.slow
def test_it_learns_and_stays_near_the_identity():
    random = np.random.default_rng(1)
    labels = random.integers(0, CLASSES, 300)
    inputs = (np.eye(FEATURES)[labels] + 0.2 * random.uniform(size=(300, FEATURES))).astype(np.float32)
    keys = jax.random.split(jax.random.key(0), 2)
    stacked = jax.vmap(_network)(keys)
    options = {"minibatch_size": 20, "epochs": 8, "optimizer": optax.adam(3e-3)}
    fitted = networks.fit(stacked, inputs, labels, key=keys, **options)
    assert fitted.history.error[-1].max() < 0.05
    lanes = jax.vmap(lambda network: network.layers(inputs))(fitted.network)
    accuracy = jax.vmap(lambda layers: identity.layer_accuracy(layers[..., FEATURES:], labels))(lanes)
    assert np.all(accuracy[:, -1] > 0.95)
    assert np.all(np.diff(accuracy, axis=1) > -0.02)
    kernels = fitted.network.kernel[...]
    assert np.all(jax.vmap(identity.distance_to_identity)(kernels) < 0.5)
    alone = networks.fit(_network(keys[1]), inputs, labels, key=keys[1], **options)
    np.testing.assert_allclose(alone.network.kernel[...], kernels[1], atol=2e-3)


def test_the_pull_keeps_weights_nearer():
    found = []
    for strength in (0.0, 0.3):
        optimizer = optax.chain(networks.pull_to_identity(strength), optax.sgd(0.2))
        fitted = networks.fit(
            _network(), INPUTS, LABELS, key=jax.random.key(0), minibatch_size=4, epochs=10, optimizer=optimizer
        )
        found.append(identity.distance_to_identity(fitted.network.kernel[...]))
    assert np.all(found[1] < found[0])


@pytest.mark.parametrize("scale", [1.0, 0.8])
@pytest.mark.parametrize("shape", [(2, 3, 3), (2, 3, 3, 4, 4)])
def test_the_pull_is_the_gradient_of_the_penalty(shape, scale):
    weights = jax.random.normal(jax.random.key(0), shape)
    parameters = {"kernel": weights, "bias": jnp.ones((2, shape[-1]))}

    def penalty(kernel):
        return 0.7 * jnp.sum(identity.distance_to_identity(kernel, scale=scale) ** 2) * shape[-1] / scale**2

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    pull = networks.pull_to_identity(0.7, scale=scale)
    found, _ = pull.update(zeros, pull.init(parameters), parameters)
    np.testing.assert_allclose(found["kernel"], jax.grad(penalty)(weights), rtol=1e-4, atol=1e-5)
    assert not np.any(found["bias"])


def test_only_stacks_of_identity_networks_are_pulled():
    """A convolution over three places has a kernel of the same axes, [places, channels, channels]."""
    rngs, pull = nnx.Rngs(0), networks.pull_to_identity(1.0)
    convolution = nnx.state(nnx.Conv(4, 4, (3,), rngs=rngs), nnx.Param)
    inside = nnx.state(_disturbed(), nnx.Param)
    parameters = {"convolution": convolution, "inside": inside, "queries": {"kernel": jnp.ones((2, 4, 4))}}
    found, _ = pull.update(jax.tree.map(jnp.zeros_like, parameters), pull.init(parameters), parameters)
    np.testing.assert_allclose(found["inside"]["kernel"][...], 2 * (inside["kernel"][...] - np.eye(8)[None]), atol=1e-6)
    del found["inside"]["kernel"]
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(found))
    with pytest.raises(ValueError, match=r"^params: found bias \(4,\), kernel \(3, 4, 4\), wanted a kernel and bias"):
        pull.update(convolution, pull.init(convolution), convolution)


def test_kernels_without_a_middle_are_refused():
    parameters = {"kernel": jnp.ones((2, 2, 2, 4, 4)), "bias": jnp.ones((2, 4))}
    pull = networks.pull_to_identity(1.0)
    with pytest.raises(ValueError, match=r"^params: found kernels of shape \(2, 2, 2, 4, 4\), wanted odd sides"):
        pull.update(parameters, pull.init(parameters), parameters)


def test_the_pull_of_half_precision_weights_is_that_of_float32():
    weights = (np.eye(3)[None] + 0.01 * np.random.default_rng(0).normal(size=(2, 3, 3))).astype(jnp.bfloat16)
    pull = networks.pull_to_identity(np.float64(0.7), scale=0.9)
    found, wanted = (
        pull.update(zeros, optax.EmptyState(), parameters)[0]["kernel"]
        for parameters in (
            {"kernel": jnp.asarray(weights.astype(kind)), "bias": jnp.ones((2, 3), kind)}
            for kind in (jnp.bfloat16, jnp.float32)
        )
        for zeros in [jax.tree.map(jnp.zeros_like, parameters)]
    )
    assert found.dtype == jnp.bfloat16
    np.testing.assert_array_equal(found, wanted.astype(jnp.bfloat16))


@pytest.mark.parametrize("kind", [np.uint8, np.int64, bool, np.float16, np.float64])
def test_rows_of_any_type_are_taken_as_float32(kind):
    network, rows = _disturbed(), INPUTS > 0.5
    np.testing.assert_array_equal(network(rows.astype(kind)), network(rows.astype(np.float32)))
    large = np.full((1, FEATURES), 2**32)
    np.testing.assert_array_equal(network(large), network(large.astype(np.float32)))


def test_a_pull_wants_a_strength_and_parameters():
    for strength in (-1.0, float("nan"), "1"):
        with pytest.raises(ValueError, match="^strength: found"):
            unwrap(networks.pull_to_identity)(strength)
    with pytest.raises(ValueError, match="^scale: found 0"):
        networks.pull_to_identity(1.0, scale=0.0)
    with pytest.raises(ValueError, match="^params: found None"):
        networks.pull_to_identity(1.0).update(jnp.ones(2), optax.EmptyState())


def test_equal_networks_share_a_compilation(assert_compiles):
    scores = jax.jit(lambda network, x: network(x))
    frozen = [networks.freeze(_disturbed(seed)) for seed in range(2)]
    first = scores(frozen[0], INPUTS)
    with assert_compiles(0):
        second = scores(frozen[1], INPUTS)
    assert np.abs(first - second).max() > 1e-3
    np.testing.assert_allclose(first, _disturbed(0)(INPUTS), rtol=1e-5)


def test_products_have_full_precision():
    network = _network()
    (product,) = matrix_products(lambda x: network(x), INPUTS)
    assert set(product.params["precision"]) == {jax.lax.Precision.HIGHEST}


def _training_step(depth):
    """Loss and slopes as a function of the parameters and the rows, and the parameters."""
    graph, parameters = nnx.split(_network(depth=depth))

    def loss(parameters, inputs):
        scores = nnx.merge(graph, parameters)(inputs)
        return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(scores, LABELS))

    return jax.value_and_grad(loss), parameters


def test_a_thousand_layers_have_the_equations_of_ten():
    counts = []
    for depth in (10, 1_000):
        step, parameters = _training_step(depth)
        counts.append(str(jax.make_jaxpr(step)(parameters, INPUTS)).count("\n"))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": 0}, "features: found 0, wanted a whole number of at least 1"),
        ({"classes": 0}, "classes: found 0, wanted a whole number of at least 2"),
        ({"classes": 1}, "classes: found 1, wanted a whole number of at least 2"),
        ({"depth": 0}, "depth: found 0, wanted a whole number of at least 1"),
        ({"scale": 0.0}, "scale: found 0.0, wanted a finite number, above 0"),
        ({"scale": float("nan")}, "scale: found nan"),
        ({"key": 0}, "key: found 0"),
        ({"depth": 2.0}, "depth: found 2.0"),
        ({"start": "eye"}, "start: found 'eye', wanted one of 'identity', 'glorot', 'he', 'orthogonal'"),
    ],
)
def test_what_makes_no_network_is_named(options, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        unwrap(networks.IdentityPerceptron.__init__)(
            networks.IdentityPerceptron.__new__(networks.IdentityPerceptron),
            **{"key": jax.random.key(0), "features": FEATURES, "classes": CLASSES} | options,
        )


def test_rows_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"^x: found shape \[12, 4\], wanted \[rows, 5\]"):
        _network()(INPUTS[:, 1:])
    stacked = jax.vmap(_network)(jax.random.split(jax.random.key(0), 2))
    with pytest.raises(ValueError, match=r"^network: found weights of shape \(2, 6, 8, 8\), wanted one network"):
        stacked(INPUTS)
