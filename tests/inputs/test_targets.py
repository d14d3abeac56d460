"""Training on any targets that a loss takes; how long it lasts by default, and what it shows."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from interp_jax import networks

RANDOM = np.random.default_rng(0)
ROWS, FEATURES = 24, 3
INPUTS = RANDOM.normal(size=(ROWS, FEATURES)).astype(np.float32)
KEY = jax.random.key(0)
CLASSES = optax.softmax_cross_entropy_with_integer_labels
STEP = optax.sgd(0.1)


def _linear(outputs):
    return networks.Chain(dense=nnx.Linear(FEATURES, outputs, use_bias=False, rngs=nnx.Rngs(0)))


def _descended(weights, slope, epochs):
    """Full-batch gradient descent in NumPy."""
    for _ in range(epochs):
        weights = weights - 0.1 * slope(weights)
    return weights


def _weights(network):
    return np.asarray(network.dense.kernel[...])


FULL = {"key": KEY, "minibatch_size": ROWS, "optimizer": STEP}


def test_quantities_with_the_squared_loss():
    targets, network = RANDOM.normal(size=(ROWS, 2)).astype(np.float32), _linear(2)
    fitted = networks.fit(network, INPUTS, targets, loss=optax.l2_loss, epochs=7, **FULL)
    slope = lambda w: INPUTS.T @ (INPUTS @ w - targets) / targets.size  # noqa: E731
    np.testing.assert_allclose(_weights(fitted.network), _descended(_weights(network), slope, 7), rtol=1e-4, atol=1e-6)
    last = 0.5 * np.mean((INPUTS @ _descended(_weights(network), slope, 6) - targets) ** 2)
    np.testing.assert_allclose(fitted.history.loss[-1], last, rtol=1e-4)
    assert np.isnan(fitted.history.error).all()
    assert "error" not in repr(fitted).splitlines()[0]


def test_several_labels_a_row_with_the_sigmoid_loss_and_a_validation_set():
    labels, network = RANDOM.integers(0, 2, (ROWS, 4)), _linear(4)
    loss = optax.sigmoid_binary_cross_entropy
    options = {"loss": loss, "epochs": 3, "validation": (INPUTS, labels.astype(bool)), **FULL}
    fitted = networks.fit(network, INPUTS, labels, **options)
    slope = lambda w: INPUTS.T @ (1 / (1 + np.exp(-INPUTS @ w)) - labels) / labels.size  # noqa: E731
    weights = _descended(_weights(network), slope, 3)
    np.testing.assert_allclose(_weights(fitted.network), weights, rtol=1e-4, atol=1e-6)
    probability = 1 / (1 + np.exp(-INPUTS @ weights))
    wanted = -np.mean(np.where(labels, np.log(probability), np.log(1 - probability)))
    np.testing.assert_allclose(fitted.history.validation_loss[-1], wanted, rtol=1e-4)


def _likelihood(scores, targets):
    """Of a normal distribution whose mean and logarithmic deviation the network gives."""
    return (scores[:, 0] - targets) ** 2 / jnp.exp(2 * scores[:, 1]) + 2 * scores[:, 1]


@pytest.mark.slow
def test_a_loss_may_take_one_quantity_a_row_and_stacks_of_networks():
    targets, keys = INPUTS[:, 0] + 1, jax.random.split(KEY, 2)
    stacked = nnx.vmap(lambda key: networks.Chain(dense=nnx.Linear(FEATURES, 2, rngs=nnx.Rngs(key))))(keys)
    fitted = networks.fit(stacked, INPUTS, targets, key=keys, loss=_likelihood, minibatch_size=8, epochs=10)
    assert (fitted.history.loss[-1] < fitted.history.loss[0]).all()


@pytest.mark.slow
def test_targets_of_drawn_rows():
    def draw(key):
        inputs = jax.random.normal(key, (16, FEATURES))
        return inputs, 2 * inputs[:, :1]

    options = {"key": KEY, "optimizer": STEP, "loss": optax.l2_loss}
    fitted = networks.fit_fresh(_linear(1), draw, steps=100, steps_per_call=50, **options)
    np.testing.assert_allclose(_weights(fitted.network), [[2], [0], [0]], atol=0.05)


def _call(**changes):
    options = {"targets": INPUTS[:, :1], "outputs": 1, "loss": optax.l2_loss} | changes
    targets, outputs = options.pop("targets"), options.pop("outputs")
    return networks.fit(_linear(outputs), INPUTS, targets, key=KEY, minibatch_size=8, epochs=1, **options)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"loss": CLASSES}, r"labels: found float32 \[24, 1\], wanted whole numbers, or a loss .*loss=optax.l2_loss"),
        ({"targets": INPUTS[:, 0]}, r"loss: found .*, wanted \[2\] numbers .*; labels\[:, None\] for a loss"),
        ({"targets": np.full((ROWS, 1), np.nan)}, "labels: found NaN"),
        ({"targets": INPUTS[:5, :1]}, r"labels: found shape \[5, 1\], wanted \[24, …\]"),
        ({"validation": (INPUTS, INPUTS)}, r"validation labels: found shape \[24, 3\], wanted \[24, 1\]"),
    ],
)
def test_targets_that_do_not_fit_are_refused_by_name(changes, wanted):
    with pytest.raises(ValueError, match=f"^{wanted}"):
        _call(**changes)


def test_training_ends_by_default():
    options = {"key": KEY, "loss": optax.l2_loss, "minibatch_size": ROWS}
    targets, still = INPUTS[:, :1], optax.sgd(0.0)
    without = networks.fit(_linear(1), INPUTS, targets, optimizer=still, **options)
    assert len(without.history.loss) == 50
    stopped = networks.fit(_linear(1), INPUTS, targets, optimizer=still, validation=(INPUTS, targets), **options)
    assert (stopped.best_epoch, len(stopped.history.loss)) == (1, 21)
    given = networks.fit(
        _linear(1), INPUTS, targets, optimizer=still, validation=(INPUTS, targets), epochs=30, **options
    )
    assert len(given.history.loss) == 30


def test_progress_is_shown_where_it_is_asked_for(capsys):
    _call()
    assert capsys.readouterr().err == ""
    _call(progress=True, validation=(INPUTS, INPUTS[:, :1]))
    line = capsys.readouterr().err
    assert line.startswith("epoch 1 of at most 1: training loss ")
    assert "validation loss" in line
