"""Loss sensitivities against gradients written out in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import networks
from interp_jax.methods.sensitivity import loss_sensitivity

DRAW = np.random.default_rng(0)
FIRST, LAST = DRAW.normal(size=(4, 6)), DRAW.normal(size=(6, 3))
INPUTS = DRAW.normal(size=(9, 4)).astype(np.float32)
LABELS = np.arange(9) % 3


def _network(x, size=1.0):
    return jax.nn.relu(x @ jnp.asarray(FIRST, jnp.float32)) @ jnp.asarray(size * LAST, jnp.float32)


def _slow(size=1.0, labels=LABELS):
    """Row by row in float64: the softmax minus the label, back through both layers."""
    norms = []
    for row, label in zip(INPUTS.astype(np.float64), labels, strict=True):
        before = row @ FIRST
        scores = np.maximum(before, 0) @ (size * LAST)
        others = np.delete(scores - scores[label], label)
        error = np.exp(scores - np.logaddexp.reduce(scores))
        error[label] = -np.exp(np.logaddexp.reduce(others) - np.logaddexp.reduce([0, *others]))
        norms.append(np.abs(((size * LAST @ error) * (before > 0)) @ FIRST.T).sum())
    return np.array(norms)


@pytest.mark.parametrize("batch_size", [1, 4, 9, 100])
def test_it_is_the_norm_of_the_gradient_for_any_batch_size(batch_size):
    found = loss_sensitivity(_network, INPUTS, LABELS, batch_size=batch_size)
    np.testing.assert_allclose(found, _slow(), rtol=1e-5)


def test_gradients_of_rows_that_are_fitted_well_keep_their_digits():
    labels = np.asarray(_network(INPUTS)).argmax(axis=1)
    found, wanted = loss_sensitivity(lambda x: _network(x, 8.0), INPUTS, labels), _slow(8.0, labels)
    assert 0 < wanted[wanted > 0].min() < 1e-9
    np.testing.assert_allclose(found, wanted, rtol=1e-3)


def test_jit_and_lanes_give_the_same():
    stacked = jax.vmap(lambda key: networks.perceptron(key, (4, 5, 3)))(jax.random.split(jax.random.key(0), 2))
    lanes = jax.jit(jax.vmap(loss_sensitivity, in_axes=(0, None, None)))(stacked, INPUTS, LABELS)
    for lane in range(2):
        single = jax.tree.map(lambda leaf, lane=lane: leaf[lane], stacked)
        np.testing.assert_allclose(lanes[lane], loss_sensitivity(single, INPUTS, LABELS), rtol=1e-5)


def test_probabilities_have_the_sensitivity_of_their_logits():
    found = loss_sensitivity(lambda x: jax.nn.softmax(_network(x)), INPUTS, LABELS, scores="probabilities")
    np.testing.assert_allclose(found, _slow(), rtol=1e-4)


def test_traced_labels_that_are_no_classes_and_rows_with_nan_have_none():
    labels = jnp.asarray(LABELS).at[2].set(3).at[4].set(-1)
    inputs = jnp.asarray(INPUTS).at[6, 0].set(jnp.nan)
    found = jax.jit(lambda x, y: loss_sensitivity(_network, x, y))(inputs, labels)
    assert np.flatnonzero(np.isnan(found)).tolist() == [2, 4, 6]


def test_images_of_bytes_and_half_precision_are_taken():
    inputs = (INPUTS > 0).astype(np.uint8)
    wanted = loss_sensitivity(_network, inputs.astype(np.float32), LABELS)
    np.testing.assert_allclose(loss_sensitivity(_network, inputs, LABELS), wanted, rtol=1e-6)
    np.testing.assert_allclose(loss_sensitivity(_network, jnp.asarray(inputs, jnp.bfloat16), LABELS), wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": LABELS[:3]}, "labels: found shape"),
        ({"labels": LABELS + 1}, "labels: found 1 to 3"),
        ({"labels": LABELS / 2}, "labels: found float64"),
        ({"inputs": INPUTS.astype(int)}, "inputs: found"),
        ({"inputs": INPUTS[:0]}, "inputs: found"),
        ({"batch_size": 0}, "batch_size: found 0"),
        ({"network": lambda x: x[:, :1]}, "at least 2 classes"),
        ({"scores": "odds"}, "scores: found 'odds'"),
    ],
)
def test_what_it_cannot_take_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        loss_sensitivity(**{"network": _network, "inputs": INPUTS, "labels": LABELS} | changes)
