"""Problems small enough to try every set: a layer, what follows it, a class, and the rate to hold."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.study import lane
from interp_jax import data, networks

KINDS = ("random weights", "planted units", "trained on digits")
UNITS, HOLDING = (8, 12, 16), (0.9, 0.95, 0.99, 0.995)
CLASSES, INNER = 4, 8


class Problem(NamedTuple):
    """What `core_units.select` takes, by name of the kind."""

    kind: int
    tail: Any
    hidden: Any
    predictions: np.ndarray
    target: int
    holding: float


def make(study, number: int) -> Problem:
    """The problem of this number: kinds, numbers of units, classes and rates take turns."""
    kind, turn = number % len(KINDS), number // len(KINDS)
    units = UNITS[turn % len(UNITS)]
    if kind == 2:
        tail, hidden, seed = _trained(study, units, turn // len(UNITS))
    else:
        seed = turn
        draw = np.random.default_rng([study.config.seed, number])
        tail, hidden = (_random, _planted)[kind](draw, units, study.config.rows)
    predictions = np.asarray(tail(hidden)).argmax(axis=1)
    classes = np.unique(predictions)
    return Problem(kind, tail, hidden, predictions, int(classes[seed % len(classes)]), HOLDING[turn % len(HOLDING)])


def _two_layers(weights, hidden):
    inner = jax.nn.relu(jnp.matmul(hidden, weights[0], precision="highest"))
    return jnp.matmul(inner, weights[1], precision="highest")


def _tail(first, second):
    weights = jnp.asarray(first, jnp.float32), jnp.asarray(second, jnp.float32)
    return jax.tree_util.Partial(_two_layers, weights)


def _random(draw, units, rows):
    """Every unit does something, some more than others."""
    hidden = np.maximum(draw.normal(0.3, 1, (rows, units)), 0)
    first = draw.normal(size=(units, INNER)) * np.exp(0.7 * draw.normal(size=(units, 1)))
    return _tail(first, draw.normal(size=(INNER, CLASSES))), jnp.asarray(hidden, jnp.float32)


def _planted(draw, units, rows):
    """Each class has units of its own, of different strength, a fifth of the units has none; all leak a little."""
    owner = draw.permutation(np.arange(units) % (CLASSES + 1))
    label = draw.integers(0, CLASSES, rows)
    strength = draw.uniform(0.5, 2.5, units)
    hidden = np.maximum(draw.normal(size=(rows, units)), 0) + strength * (label[:, None] == owner)
    own = (owner[:, None] == np.arange(CLASSES)) * draw.uniform(0.5, 1.5, (units, 1))
    first = np.concatenate([own, 0.1 * draw.normal(size=(units, INNER - CLASSES))], axis=1)
    second = np.concatenate([np.eye(CLASSES), 0.2 * draw.normal(size=(INNER - CLASSES, CLASSES))])
    return _tail(first, second), jnp.asarray(hidden, jnp.float32)


def _trained(study, units, turn):
    """A network with one hidden layer, every tenth problem another one, and its classes in turn."""
    digits = data.load("digits", split="train")
    inputs = jnp.asarray(digits.inputs.reshape(len(digits.labels), -1))
    count = -(-study.config.problems // (len(KINDS) * len(UNITS) * 10))
    fit = study.fitted(
        f"digits, {units} units",
        lambda key: networks.perceptron(key, (inputs.shape[1], units, 10)),
        (inputs, digits.labels),
        seeds=count,
        epochs=study.config.epochs,
        minibatch_size=50,
    )
    network = networks.inference_view(lane(fit.network, turn // 10 % count))
    hidden = network.until("relu1")(inputs[: study.config.rows])
    return network.after("relu1"), hidden, turn
