"""Problems whose answer is known: a ReLU network of which some units are needed and others read by nothing."""

from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

ROWS, UNITS, CLASSES = 300, 9, 3
# What tests train gates with: the same for all, so that they share compilations.
TRAINING = {"steps": 200, "minibatch_size": 64}


class Planted(NamedTuple):
    """A tail, its hidden rows and predictions, and which units it reads: two a class, none of them spare."""

    tail: jax.tree_util.Partial
    hidden: jax.Array
    predictions: np.ndarray
    useful: np.ndarray


def two_layers(weights, hidden):
    """ReLU units and scores without biases: whatever multiplies the input multiplies the scores."""
    first, second = weights
    inner = jax.nn.relu(jnp.matmul(hidden.reshape(len(hidden), -1), first, precision="highest"))
    return jnp.matmul(inner, second, precision="highest")


def in_numpy(tail):
    """The same tail for the slow transcriptions, which call it one row at a time."""
    first, second = (np.asarray(weights) for weights in tail.args[0])
    return lambda hidden: np.maximum(hidden.reshape(len(hidden), -1) @ first, 0) @ second


@cache
def planted(seed: int = 0, gap: float = 2.0) -> Planted:
    """Every class's score is the sum of two units, which its rows have ``gap`` above the noise of all others."""
    draw = np.random.default_rng(seed)
    place = draw.permutation(UNITS)
    owner = np.where(place < 2 * CLASSES, place // 2, -1)
    label = draw.integers(0, CLASSES, ROWS)
    hidden = np.maximum(draw.normal(size=(ROWS, UNITS)), 0) + gap * (label[:, None] == owner)
    mixing = 0.05 * draw.normal(size=(UNITS, 4)) * (owner >= 0)[:, None]
    first = np.concatenate([owner[:, None] == np.arange(CLASSES), mixing], axis=1)
    second = np.concatenate([np.eye(CLASSES), 0.05 * draw.normal(size=(4, CLASSES))])
    tail = jax.tree_util.Partial(two_layers, (jnp.asarray(first, jnp.float32), jnp.asarray(second, jnp.float32)))
    hidden = jnp.asarray(hidden, jnp.float32)
    return Planted(tail, hidden, np.asarray(tail(hidden)).argmax(axis=1), owner >= 0)


@cache
def dense(seed: int, units: int = UNITS, rows: int = ROWS):
    """A network with random weights, rows and predictions: nothing is planted, every unit does something."""
    draw = np.random.default_rng(seed)
    hidden = jnp.asarray(np.maximum(draw.normal(0.3, 1, (rows, units)), 0), jnp.float32)
    first = draw.normal(size=(units, 7)) * np.exp(0.7 * draw.normal(size=(units, 1)))
    weights = jnp.asarray(first, jnp.float32), jnp.asarray(draw.normal(size=(7, CLASSES)), jnp.float32)
    tail = jax.tree_util.Partial(two_layers, weights)
    return tail, hidden, np.asarray(tail(hidden)).argmax(axis=1)
