import contextlib
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.networks.models import lnn
from tests import reference
from tests.matrix_products import matrix_products

SIZES = (5, 4, 6, 3)
DRAW = np.random.default_rng(0)
INPUTS = DRAW.uniform(-1, 1, (7, 5)).astype(np.float32)
TARGETS = DRAW.uniform(0.01, 0.99, (7, 3)).astype(np.float32)
NETWORK = lnn.init(jax.random.key(0), SIZES)


def _assert_equal(found, wanted, **tolerance):
    assert jax.tree.structure(found) == jax.tree.structure(wanted)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, **tolerance)


def _parity(steps, sizes=(2, 8, 1), **options):
    inputs = jnp.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    targets = jnp.array([[0.01], [0.99], [0.99], [0.01]])
    return lnn.train(lnn.init(jax.random.key(0), sizes), inputs, targets, steps=steps, **options), inputs, targets


def test_outputs_of_every_layer_are_the_papers():
    layers = lnn.forward(NETWORK, INPUTS)
    for row, x in enumerate(INPUTS):
        wanted = reference.lnn_outputs([np.asarray(w) for w in NETWORK.weights], NETWORK.biases, x)[1:]
        for layer, expected in zip(layers, wanted, strict=True):
            np.testing.assert_allclose(layer[row], expected, atol=1e-6)


@pytest.mark.parametrize(("penalty", "saturation"), [(0.0, 1e-3), (1e-3, 0.0), (0.05, 0.1)])
def test_training_is_the_papers_update_one_row_at_a_time(penalty, saturation):
    trained = lnn.train(
        NETWORK, INPUTS, TARGETS, steps=20, penalty=penalty, saturation=saturation, learning_rate=0.5
    ).network
    shown = [t % len(INPUTS) for t in range(20)]
    wanted = reference.lnn_train(*NETWORK, INPUTS, TARGETS, shown, penalty, 0.5, saturation)
    _assert_equal(tuple(trained), tuple(map(tuple, wanted)), atol=2e-6)


def test_a_key_draws_rows_at_random_and_all_of_them():
    one_hot = jnp.eye(7)
    network = lnn.init(jax.random.key(0), (7, 2, 3))
    trained = lnn.train(network, one_hot, TARGETS, steps=200, key=jax.random.key(1), penalty=0.0).network
    moved = jnp.any(trained.weights[0] != network.weights[0], axis=1)
    assert moved.all()  # with one input a row, a row that never came up leaves its weights alone
    again = lnn.train(network, one_hot, TARGETS, steps=200, key=jax.random.key(1), penalty=0.0).network
    _assert_equal(again, trained, rtol=0)
    other = lnn.train(network, one_hot, TARGETS, steps=200, key=jax.random.key(2), penalty=0.0).network
    assert not np.allclose(other.weights[0], trained.weights[0])


def test_without_saturation_and_penalty_a_step_follows_the_gradient_of_the_objective():
    x, y = INPUTS[:1], TARGETS[:1]
    step = lnn.train(NETWORK, x, y, steps=1, penalty=0.0, saturation=0.0, learning_rate=1.0).network
    gradient = jax.grad(lnn.objective)(NETWORK, x, y, penalty=0.0)
    _assert_equal(step, jax.tree.map(lambda value, slope: value - slope, NETWORK, gradient), atol=1e-6)


def test_the_objective_is_the_papers():
    wanted = 0.5 * np.sum((np.asarray(NETWORK(INPUTS), np.float64) - TARGETS) ** 2)
    wanted += 0.25 * sum(np.abs(np.asarray(weights)).sum() for weights in NETWORK.weights)
    np.testing.assert_allclose(lnn.objective(NETWORK, INPUTS, TARGETS, penalty=0.25), wanted, rtol=1e-6)


def test_training_lowers_the_error_and_the_penalty_makes_weights_vanish():
    trained, inputs, targets = _parity(8_000)
    assert trained.error.shape == (100,)
    assert trained.error[-1] < 0.01 < trained.error[0]
    np.testing.assert_allclose(trained.network(inputs), targets, atol=0.1)
    small = [
        float(np.mean(np.abs(_parity(4_000, penalty=penalty)[0].network.weights[0]) < 0.01))
        for penalty in (0.0, 3e-3, 1.0)
    ]
    assert small[0] < small[1]
    assert _parity(4_000, penalty=1.0)[0].error[-1] > 0.1  # too much of it and nothing is learned


@pytest.mark.parametrize("steps", [1, 7, 100, 230])
def test_the_error_curve_ends_with_the_last_step(steps):
    still = lnn.train(NETWORK, INPUTS, TARGETS, steps=steps, learning_rate=0.0).error
    assert still.shape == (min(steps, 100),)
    of_rows = np.sum((np.asarray(NETWORK(INPUTS)) - TARGETS) ** 2, axis=1)
    stretch = max(1, steps // 100)
    last = np.mean([of_rows[t % len(INPUTS)] for t in range(steps - stretch, steps)])
    np.testing.assert_allclose(still[-1], last, rtol=1e-5)


def test_a_population_is_its_networks_one_by_one():
    keys = jax.random.split(jax.random.key(3), 3)
    penalties = jnp.array([0.0, 1e-3, 1e-2])

    def one(key, penalty):
        return lnn.train(lnn.init(key, SIZES), INPUTS, TARGETS, steps=50, key=key, penalty=penalty)

    together = jax.jit(jax.vmap(one))(keys, penalties)
    for lane in range(3):
        alone = one(keys[lane], penalties[lane])
        _assert_equal(jax.tree.map(lambda leaf, lane=lane: leaf[lane], together), alone, atol=1e-5)


def test_a_second_call_compiles_nothing(assert_compiles):
    train = jax.jit(lnn.train, static_argnames="steps")
    jax.block_until_ready(train(NETWORK, INPUTS, TARGETS, steps=30, penalty=1e-5))
    other = lnn.init(jax.random.key(9), SIZES)
    with assert_compiles(0):
        jax.block_until_ready(train(other, INPUTS, TARGETS, steps=30, penalty=1e-3))


def test_segments_one_after_the_other_are_the_network():
    value = jnp.asarray(INPUTS)
    for segment, layer in zip(NETWORK.segments(), lnn.forward(NETWORK, INPUTS), strict=True):
        value = segment(value)
        np.testing.assert_array_equal(value, layer)
    np.testing.assert_array_equal(NETWORK(INPUTS), value)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, bool, np.float16, np.float64])
def test_rows_of_any_type_train_as_float32_rows_do(kind):
    rows, targets = (INPUTS > 0).astype(kind), (TARGETS > 0.5).astype(kind)
    found = lnn.train(NETWORK, rows, targets, steps=400).network
    wanted = lnn.train(NETWORK, rows.astype(np.float32), targets.astype(np.float32), steps=400).network
    _assert_equal(found, wanted, rtol=0)


def test_errors_of_half_precision_networks_are_those_of_float32():
    half = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), NETWORK)
    raised = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), half)
    options = {"steps": 400, "learning_rate": 0.0}
    found, wanted = (lnn.train(network, INPUTS, TARGETS, **options) for network in (half, raised))
    assert found.network.weights[0].dtype == jnp.bfloat16
    np.testing.assert_allclose(found.error, wanted.error, rtol=1e-6)
    np.testing.assert_allclose(
        lnn.objective(half, INPUTS, TARGETS, penalty=1.0),
        lnn.objective(raised, INPUTS, TARGETS, penalty=1.0),
        rtol=1e-6,
    )


def test_large_whole_numbers_do_not_wrap():
    rows = np.array([[2**32, 0, 0, 0, -(2**40)]])
    np.testing.assert_array_equal(NETWORK(rows), NETWORK(rows.astype(np.float32)))
    with _unchecked():
        np.testing.assert_array_equal(NETWORK(rows.tolist()), NETWORK(rows.astype(np.float32)))


def test_a_second_training_outside_jit_compiles_nothing(assert_compiles):
    jax.block_until_ready(lnn.train(NETWORK, INPUTS, TARGETS, steps=30))
    with assert_compiles(0):
        jax.block_until_ready(lnn.train(NETWORK, INPUTS, TARGETS, steps=30, penalty=1e-3))


def test_a_weight_of_zero_is_not_shrunk():
    network = lnn.LNN((jnp.zeros((5, 3)),), (jnp.zeros(3),))
    trained = lnn.train(network, jnp.zeros((1, 5)), jnp.zeros((1, 3)), steps=1, penalty=0.5).network
    np.testing.assert_array_equal(trained.weights[0], 0)


def test_a_stack_wants_vmap():
    stacked = jax.vmap(lambda key: lnn.init(key, SIZES))(jax.random.split(jax.random.key(0), 5))
    with pytest.raises(ValueError, match="network: found weights of shape .*, wanted one network; jax.vmap"):
        lnn.forward(stacked, INPUTS)


def test_variances_can_be_lanes():
    networks = jax.vmap(lambda variance: lnn.init(jax.random.key(0), SIZES, variance=variance))(jnp.array([1.0, 4.0]))
    np.testing.assert_allclose(networks.weights[0][1], 2 * networks.weights[0][0], rtol=1e-6)


def test_starting_weights_have_the_given_variance():
    network = lnn.init(jax.random.key(0), (300, 300, 2))
    np.testing.assert_allclose(np.var(network.weights[0]), 0.5, rtol=0.02)
    np.testing.assert_allclose(np.var(network.biases[0]), 0.5, rtol=0.25)
    np.testing.assert_allclose(
        np.std(lnn.init(jax.random.key(0), (300, 300), variance=0.25).weights[0]), 0.5, rtol=0.02
    )


def test_products_have_full_precision():
    found = list(matrix_products(lambda x: lnn.train(NETWORK, x, TARGETS, steps=2).network, jnp.asarray(INPUTS)))
    assert found
    for product in found:
        assert set(product.params["precision"]) == {jax.lax.Precision.HIGHEST}, product


@contextlib.contextmanager
def _unchecked():
    """The functions as users have them, without the checks of types that tests add."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("init", "forward", "train", "objective"):
            patch.setattr(lnn, name, inspect.unwrap(getattr(lnn, name)))
        yield


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lnn.init(jax.random.key(0), (3,)), r"sizes: found \(3,\), wanted at least two"),
        (lambda: lnn.init(jax.random.key(0), (3, 0)), "sizes: found 0, wanted a whole number of at least 1"),
        (lambda: lnn.init(jax.random.key(0), variance=0.0), "variance: found 0.0, wanted a finite number, above 0"),
        (lambda: lnn.forward(NETWORK, INPUTS[:, :4]), r"inputs: found shape \[7, 4\], wanted \[…, 5\]"),
        (lambda: lnn.train(NETWORK, INPUTS, TARGETS, steps=0), "steps: found 0, wanted a whole number of at least 1"),
        (
            lambda: lnn.train(NETWORK, INPUTS[:0], TARGETS[:0], steps=1),
            r"inputs: found shape \[0, 5\]",
        ),
        (
            lambda: lnn.train(NETWORK, INPUTS, TARGETS[:, :2], steps=1),
            r"targets: found shape \[7, 2\], wanted \[7, 3\]",
        ),
        (lambda: lnn.train(NETWORK, INPUTS, TARGETS, steps=2.0), "steps: found 2.0"),
        (lambda: lnn.train(NETWORK, INPUTS, TARGETS, steps=2, key=0), "key: found 0"),
        (lambda: lnn.train(NETWORK, INPUTS, TARGETS, steps=2, penalty=np.nan), "penalty: found nan"),
        (lambda: lnn.train(NETWORK, INPUTS, TARGETS, steps=2, learning_rate=np.nan), "learning_rate: found nan"),
        (lambda: lnn.train(NETWORK, INPUTS, TARGETS, steps=2, saturation=-1.0), "saturation: found -1.0"),
        (lambda: lnn.objective(NETWORK, INPUTS, TARGETS[:4]), r"targets: found shape \[4, 3\], wanted \[7, 3\]"),
    ],
)
def test_refusals_name_the_argument(call, message):
    with pytest.raises(ValueError, match=f"^{message}"), _unchecked():
        call()


def test_what_is_no_lnn_is_refused():
    for call in (lambda: lnn.forward(3, INPUTS), lambda: lnn.train(NETWORK.weights, INPUTS, TARGETS, steps=1)):
        with pytest.raises(TypeError, match="^network: found"), _unchecked():
            call()
