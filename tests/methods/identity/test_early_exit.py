import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp_jax.methods import identity
from tests import reference

LAYERS, ROWS, CLASSES = 6, 8, 3
_settled, _stopped = jax.jit(identity.prediction_depth), jax.jit(identity.stop_when_confident)


def _likelihood(seed, sharpness=2.0):
    scores = sharpness * np.random.default_rng(seed).normal(size=(LAYERS, ROWS, CLASSES))
    return np.asarray(jax.nn.softmax(scores.astype(np.float32)))


@given(st.integers(0, 9999))
@settings(max_examples=40, deadline=None)
def test_the_first_layer_prediction_depth(seed):
    random = np.random.default_rng(seed)
    # Few different layers, so that long runs of right ones occur.
    likelihood = _likelihood(seed)[np.sort(random.integers(0, LAYERS, LAYERS))]
    labels = random.integers(0, CLASSES, ROWS)
    found = _settled(likelihood, labels)
    assert found.tolist() == [reference.prediction_depth(likelihood[:, row], labels[row]) for row in range(ROWS)]


@given(st.integers(0, 9999), st.floats(0.34, 0.99))
@settings(max_examples=30, deadline=None)
def test_stopping_is_the_definition(seed, threshold):
    likelihood, labels = _likelihood(seed), np.arange(ROWS) % CLASSES
    found = _stopped(likelihood, labels, np.float32([threshold]))
    layers, right, same = [], [], []
    for row in range(ROWS):
        sure = [layer for layer in range(LAYERS) if likelihood[layer, row].max() >= np.float32(threshold)]
        layers.append((sure or [LAYERS - 1])[0])
        predicted = likelihood[layers[-1], row].argmax()
        right.append(predicted == labels[row])
        same.append(predicted == likelihood[-1, row].argmax())
    assert found.layer[0].tolist() == [layer + 1 for layer in layers]
    np.testing.assert_allclose(found.accuracy[0], np.mean(right), rtol=1e-6)
    np.testing.assert_allclose(found.agreement[0], np.mean(same), rtol=1e-6)
    np.testing.assert_allclose(found.cost[0], np.mean(np.array(layers) + 1) / LAYERS, rtol=1e-6)


def test_higher_thresholds_cost_more_and_none_is_the_last_layer():
    likelihood, labels = _likelihood(3), np.arange(ROWS) % CLASSES
    found = _stopped(likelihood, labels, np.float32([0.0, 0.4, 0.6, 0.8, 0.95, 2.0]))
    assert np.all(np.diff(found.cost) >= 0)
    np.testing.assert_allclose(found.cost[0], 1 / LAYERS, rtol=1e-6)
    assert found.layer[-1].tolist() == [LAYERS] * ROWS
    assert float(found.agreement[-1]) == 1
    assert float(found.accuracy[-1]) == np.mean(likelihood[-1].argmax(axis=1) == labels)


def test_a_row_stops_where_it_reaches_the_threshold_exactly():
    likelihood = np.float32([[[0.75, 0.25], [0.5, 0.5]], [[0.25, 0.75], [0.0, 1.0]]])
    found = identity.stop_when_confident(likelihood, np.array([0, 0]), np.float32([0.5, 0.75, 1.0]))
    assert found.layer.tolist() == [[1, 1], [1, 2], [2, 2]]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_wrong_everywhere(value):
    likelihood = np.tile(np.float32([0.9, 0.1, 0.0]), (3, 4, 1))
    labels = np.zeros(4, int)
    likelihood[0, 1, 0] = likelihood[1, 2, 2] = likelihood[2, 3, 0] = value
    assert identity.layer_accuracy(likelihood, labels).tolist() == [0.75, 0.75, 0.75]
    assert _settled(likelihood, labels).tolist() == [1, 2, 3, 4]
    found = _stopped(likelihood, labels, np.float32([0.8, 2.0]))
    assert found.layer.tolist() == [[1, 2, 1, 1], [3, 3, 3, 3]]
    assert found.accuracy.tolist() == [1, 0.75]
    assert found.agreement.tolist() == [0.75, 0.75]


def test_no_label_is_right_that_is_no_class():
    assert _settled(_likelihood(0), np.full(ROWS, -1)).tolist() == [LAYERS + 1] * ROWS


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p, y: identity.prediction_depth(p[0], y), r"likelihood: found shape \[8, 3\]"),
        (lambda p, y: identity.prediction_depth(p, y[1:]), r"labels: found shape \[7\], wanted .*\[8\]"),
        (
            lambda p, y: identity.stop_when_confident(p, y, np.float32(0.5)[...]),
            r"thresholds: found shape \[\], wanted \[thresholds\]",
        ),
        (lambda p, y: identity.stop_when_confident(p, y, np.zeros(0)), r"thresholds: found shape \[0\]"),
        (lambda p, y: identity.stop_when_confident(np.log(p), y, np.ones(1)), "likelihood: found rows that do not sum"),
        (lambda p, y: identity.stop_when_confident(p, y, np.array([np.nan])), "thresholds: found NaN"),
        (lambda p, y: identity.prediction_depth(p, y + 2.0**32), "labels: found float64"),
        (lambda p, y: identity.prediction_depth(p, y + 2**32), "labels: found 4294967296 to"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call(_likelihood(0), np.arange(ROWS) % CLASSES)
