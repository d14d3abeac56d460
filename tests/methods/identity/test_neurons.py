"""Neuron shares against their definition in NumPy, against layers' shares, and against putting weights back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import spearmanr

from interp_jax import networks
from interp_jax.methods import identity

FEATURES, CLASSES, DEPTH, ROWS = 4, 3, 5, 6
WIDTH = FEATURES + CLASSES
EYE = np.eye(WIDTH, dtype=np.float32), np.zeros(WIDTH, np.float32)


def _smooth(parameters, hidden):
    """tanh on the features, linear class units; half the sum, as a scale."""
    kernel, bias = parameters
    sums = 0.5 * jnp.matmul(hidden, kernel, precision="highest") + bias[None]
    return jnp.where(jnp.arange(WIDTH)[None] < FEATURES, jnp.tanh(sums), sums)


def _weights(seed=0, distance=0.3):
    random = np.random.default_rng(seed)
    kernels = 2 * np.eye(WIDTH) + distance * random.normal(size=(DEPTH, WIDTH, WIDTH))
    biases = distance * random.normal(size=(DEPTH, WIDTH))
    hidden = np.pad(random.uniform(0, 1, (ROWS, FEATURES)), ((0, 0), (0, CLASSES)))
    return tuple(each.astype(np.float32) for each in (kernels, biases, hidden))


START = 2 * EYE[0], EYE[1]


def _by_hand(kernels, biases, x, nodes):
    """One row's shares [layers, width, classes] and biases' [layers, classes], each Jacobian written out in float64."""
    kernels, biases, x = (np.asarray(each, np.float64) for each in (kernels, biases, x))
    start = START[0].astype(np.float64)
    shares, of_biases = np.zeros((DEPTH, WIDTH, CLASSES)), np.zeros((DEPTH, CLASSES))
    for place, weight in zip(*np.polynomial.legendre.leggauss(nodes), strict=True):
        t, before, slopes, h = (place + 1) / 2, [], [], x
        for kernel, bias in zip(kernels, biases, strict=True):
            before.append(h)
            sums = 0.5 * h @ (start + t * (kernel - start)) + t * bias
            slope = np.ones(WIDTH)
            slope[:FEATURES] = 1 - np.tanh(sums[:FEATURES]) ** 2
            slopes.append(slope)
            h = np.where(np.arange(WIDTH) < FEATURES, np.tanh(sums), sums)
        after = np.eye(WIDTH)[:, FEATURES:]  # of the scores by the last layer
        for number in reversed(range(DEPTH)):
            by_sums = slopes[number][:, None] * after
            change = 0.5 * before[number][:, None] * (kernels[number] - start)
            shares[number] += weight / 2 * change @ by_sums
            of_biases[number] += weight / 2 * biases[number] @ by_sums
            after = 0.5 * (start + t * (kernels[number] - start)) @ by_sums
    return shares, of_biases


def test_shares_are_the_sum_of_their_definition():
    kernels, biases, hidden = _weights()
    found = identity.neuron_shares(_smooth, (kernels, biases), START, hidden, classes=CLASSES, nodes=4)
    for row in range(ROWS):
        shares, of_biases = _by_hand(kernels, biases, hidden[row], 4)
        np.testing.assert_allclose(found.shares[:, row], shares, atol=2e-5)
        np.testing.assert_allclose(found.biases[:, row], of_biases, atol=2e-5)


def test_they_sum_to_the_shares_of_layers_and_to_the_score():
    kernels, biases, hidden = _weights()
    arguments = _smooth, (kernels, biases), START, hidden
    found = identity.neuron_shares(*arguments, classes=CLASSES)
    for target in range(CLASSES):
        of_layers = identity.path_shares(*arguments, target, classes=CLASSES)
        summed = found.shares[..., target].sum(axis=2) + found.biases[..., target]
        np.testing.assert_allclose(summed, of_layers.shares, atol=1e-5)
        np.testing.assert_allclose(found.score[:, target], of_layers.score, atol=1e-6)
    assert found.error < 1e-4
    assert identity.neuron_shares(*arguments, classes=CLASSES, nodes=1).error > found.error


def test_a_target_gives_its_shares_alone():
    kernels, biases, hidden = _weights()
    arguments, target = (_smooth, (kernels, biases), START, hidden), np.arange(ROWS) % CLASSES
    every = identity.neuron_shares(*arguments, classes=CLASSES)
    of_target = identity.neuron_shares(*arguments, classes=CLASSES, target=target)
    rows = np.arange(ROWS)
    np.testing.assert_allclose(of_target.shares, every.shares[:, rows, :, target].swapaxes(0, 1), atol=1e-6)
    np.testing.assert_allclose(of_target.biases, every.biases[:, rows, target], atol=1e-6)
    np.testing.assert_allclose(of_target.score, every.score[rows, target], atol=1e-6)
    one = identity.neuron_shares(*arguments, classes=CLASSES, target=1)
    np.testing.assert_allclose(one.shares, every.shares[..., 1], atol=1e-6)
    assert "one class a row" in repr(one)
    assert "3 classes" in repr(every)
    with pytest.raises(ValueError, match="^target: found"):
        identity.neuron_shares(*arguments, classes=CLASSES, target=CLASSES)


def test_a_planted_neuron_is_found():
    """Only neuron 2 of the second layer's input speaks, for class 1."""
    kernels = np.broadcast_to(EYE[0], (DEPTH, WIDTH, WIDTH)).copy()
    kernels[1, 2, FEATURES + 1] = 3.0
    hidden = np.pad(np.ones((1, FEATURES), np.float32), ((0, 0), (0, CLASSES)))
    network = networks.IdentityPerceptron(jax.random.key(0), FEATURES, CLASSES, depth=DEPTH)
    layer = network.stack().layer
    found = identity.neuron_shares(layer, (kernels, np.zeros((DEPTH, WIDTH))), EYE, hidden, classes=CLASSES)
    wanted = np.zeros((DEPTH, 1, WIDTH, CLASSES))
    wanted[1, 0, 2, 1] = 3
    np.testing.assert_allclose(found.shares, wanted, atol=1e-6)
    assert np.abs(found.biases).max() == 0


def test_weights_put_back_change_the_score_in_the_order_of_the_shares():
    network = networks.IdentityPerceptron(jax.random.key(0), FEATURES, CLASSES, depth=DEPTH, scale=0.9)
    stack = network.stack()
    random = np.random.default_rng(0)
    kernels = stack.parameters[0] + 0.05 * random.normal(size=stack.parameters[0].shape).astype(np.float32)
    start = network.pad(random.uniform(0.2, 1, (1, FEATURES)).astype(np.float32))
    found = identity.neuron_shares(stack.layer, (kernels, stack.parameters[1]), stack.identity, start, classes=CLASSES)
    before, lost = stack._replace(parameters=(kernels, stack.parameters[1])).last(start), []
    for number in range(DEPTH):
        for neuron in range(WIDTH):
            changed = kernels.at[number, neuron].set(stack.identity[0][neuron])
            lost.append(before - stack._replace(parameters=(changed, stack.parameters[1])).last(start))
    lost = np.array(lost)[:, 0, FEATURES:]
    order = spearmanr(found.shares[:, 0].reshape(-1, CLASSES).ravel(), lost.ravel()).statistic
    assert order > 0.9


def test_eager_jit_and_lanes_agree_and_a_second_call_compiles_nothing(assert_compiles):
    kernels, biases, hidden = _weights()

    def read(scale, hidden):
        return identity.neuron_shares(_smooth, (scale * kernels, biases), START, hidden, classes=CLASSES, nodes=2)

    one = read(jnp.float32(1), hidden)
    lanes = jax.vmap(read, in_axes=(0, None))(jnp.array([0.5, 1.0], jnp.float32), hidden)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y[1], atol=1e-5), one, lanes)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=1e-5), one, jax.jit(read)(jnp.float32(1), hidden))
    with assert_compiles(0):
        identity.neuron_shares(_smooth, (kernels, biases), START, hidden, classes=CLASSES, nodes=2)


def test_rows_do_not_depend_on_each_other():
    kernels, biases, hidden = _weights()
    whole = identity.neuron_shares(_smooth, (kernels, biases), START, hidden, classes=CLASSES)
    alone = identity.neuron_shares(_smooth, (kernels, biases), START, hidden[2:3], classes=CLASSES)
    np.testing.assert_allclose(whole.shares[:, 2], alone.shares[:, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": np.ones((2, 3, WIDTH), np.float32)}, "(identity|hidden): found"),
        ({"parameters": (np.ones((DEPTH, WIDTH, WIDTH)),), "identity": (EYE[0],)}, "(identity|hidden): found"),
        ({"classes": 0}, "classes: found"),
        ({"classes": WIDTH + 1}, "hidden: found"),
        ({"nodes": 0}, "nodes: found"),
        ({"parameters": EYE}, "parameters: found"),
    ],
)
def test_bad_input_is_named(changes, message):
    kernels, biases, hidden = _weights()
    arguments = {"parameters": (kernels, biases), "identity": START, "hidden": hidden, "classes": CLASSES} | changes
    with pytest.raises(ValueError, match=f"^{message}"):
        identity.neuron_shares(_smooth, **arguments)
