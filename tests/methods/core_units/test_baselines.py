import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import core_units
from interp_jax.methods.core_units import ClassData
from tests import reference
from tests.methods.core_units.planted import UNITS, dense, in_numpy, planted

TAIL, HIDDEN, PREDICTIONS = dense(3)
TARGET = 2
DATA = ClassData(*(side[:25] for side in core_units.class_data(PREDICTIONS, TARGET, key=jax.random.key(0))))
ROWS = DATA.rows
RANDOM = np.random.default_rng(0)


def _rate(mask):
    return reference.holding_rate(in_numpy(TAIL), HIDDEN[ROWS], PREDICTIONS[ROWS], TARGET, mask)


def _cost(mask):
    """One minus the rate, and a hundredth of how near decisions are to being wrong."""
    scores = in_numpy(TAIL)(np.asarray(HIDDEN[ROWS], np.float64) * mask)
    soft = 0.0
    for row, (values, positive) in enumerate(zip(scores, ROWS[:, None] == DATA.positives, strict=True)):
        ahead = values[TARGET] - max(np.delete(values, TARGET))
        margin = (ahead if positive.any() else -ahead) / values.std() if values.std() else 0.0
        group = DATA.positives if row < len(DATA.positives) else DATA.negatives
        soft += np.logaddexp(0, -10 * margin) / (2 * len(group))
    return 1 - _rate(mask) + 0.01 * soft


def test_greedy_orders_are_those_of_a_plain_loop():
    mask, wanted = np.zeros(UNITS, bool), []
    while not mask.all():
        wanted.append(min(np.flatnonzero(~mask), key=lambda unit: _cost(mask | (np.arange(UNITS) == unit))))
        mask[wanted[-1]] = True
    found = core_units.greedy(TAIL, HIDDEN, PREDICTIONS, TARGET, data=DATA, direction="forward")
    np.testing.assert_array_equal(found, wanted)
    dropped = []
    while mask.any():
        dropped.append(min(np.flatnonzero(mask), key=lambda unit: _cost(mask & (np.arange(UNITS) != unit))))
        mask[dropped[-1]] = False
    found = core_units.greedy(TAIL, HIDDEN, PREDICTIONS, TARGET, data=DATA, direction="backward")
    np.testing.assert_array_equal(found, dropped[::-1])


def test_units_that_nothing_reads_are_dropped_first():
    tail, hidden, predictions, useful = planted(gap=1.0)
    data = core_units.class_data(predictions, 1, key=jax.random.key(0))
    order = core_units.greedy(tail, hidden, predictions, 1, data=data, direction="backward")
    assert useful[order[: useful.sum()]].all()
    rates = core_units.nested_holding(tail, hidden, predictions, 1, order, data=data)
    assert core_units.fewest(rates, 1.0) == useful.sum()


def test_nested_rates_are_those_of_a_plain_loop():
    order = RANDOM.permutation(UNITS)
    found = core_units.nested_holding(TAIL, HIDDEN, PREDICTIONS, TARGET, order, data=DATA)
    wanted = [_rate(np.isin(np.arange(UNITS), order[:size])) for size in range(UNITS + 1)]
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    images = core_units.nested_holding(
        TAIL, HIDDEN.reshape(-1, 3, 3), PREDICTIONS, TARGET, jnp.asarray(order), data=DATA, mask_shape=(3, 3)
    )
    np.testing.assert_array_equal(images, found)


def test_the_fewest_units_are_the_first_that_reach_the_rate():
    assert core_units.fewest(np.array([0.5, 0.99, 0.97, 1.0]), 0.98) == 1
    assert core_units.fewest(np.array([0.5, 0.7]), 0.98) == -1
    # A rate is a sum of fractions.
    assert core_units.fewest(np.array([0.1 + 0.2]), 0.3) == 0
    assert core_units.fewest(np.array([0.3]), 0.1 + 0.2) == 0


def test_magnitudes_are_plain_means_and_norms():
    hidden = RANDOM.normal(size=(5, 2, 3, 4)).astype(np.float32)
    wanted = [np.mean([abs(value) for value in hidden[..., unit].ravel()]) for unit in range(4)]
    np.testing.assert_allclose(core_units.activation_magnitude(hidden), wanted, rtol=1e-5)
    convolution = RANDOM.normal(size=(3, 3, 4, 6)).astype(np.float32)
    wanted = [np.sqrt((convolution[:, :, unit] ** 2).sum()) for unit in range(4)]
    np.testing.assert_allclose(core_units.outgoing_magnitude(convolution, 4), wanted, rtol=1e-5)
    # After flattening, the unit changes fastest.
    flattened = RANDOM.normal(size=(2, 3, 4, 6)).astype(np.float32)
    wanted = [np.sqrt((flattened[:, :, unit] ** 2).sum()) for unit in range(4)]
    np.testing.assert_allclose(core_units.outgoing_magnitude(flattened.reshape(24, 6), 4), wanted, rtol=1e-5)


def test_norms_of_weights_of_every_size_neither_overflow_nor_vanish():
    kernel = np.array([[3.0, 4.0], [0.0, 0.0], [5.0, 12.0]], np.float32)
    for scale in (1e-30, 1.0, 1e30):
        found = core_units.outgoing_magnitude(np.float32(scale) * kernel, 3)
        np.testing.assert_allclose(found, scale * np.array([5.0, 0.0, 13.0]), rtol=1e-6)
    np.testing.assert_array_equal(core_units.activation_magnitude(np.full((3, 1), -128, np.int8)), [128])


def test_gradient_times_activation_is_the_mean_slope_of_a_closing_gate():
    hidden, tail = np.asarray(HIDDEN[:4], np.float64), in_numpy(TAIL)

    def log_probability(row, gates):
        scores = tail((row * gates)[None])[0]
        return scores[TARGET] - np.log(np.exp(scores - scores.max()).sum()) - scores.max()

    step = 1e-6 * np.eye(UNITS)
    slopes = [
        [(log_probability(row, 1 + each) - log_probability(row, 1 - each)) / 2e-6 for each in step] for row in hidden
    ]
    for batch_size in (3, 100):
        found = core_units.gradient_times_activation(TAIL, HIDDEN[:4], TARGET, batch_size=batch_size)
        np.testing.assert_allclose(found, np.abs(slopes).mean(axis=0), atol=1e-3)
    images = HIDDEN[:4].reshape(4, 3, 3)
    found = core_units.gradient_times_activation(TAIL, images, TARGET, mask_shape=(3,))
    wanted = np.abs(np.reshape(slopes, (4, 3, 3)).sum(axis=1)).mean(axis=0)
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def _greedy(**changes):
    given = {"tail": TAIL, "hidden": HIDDEN, "predictions": PREDICTIONS, "data": DATA, "target": TARGET} | changes
    return core_units.greedy(**{"direction": "forward"} | given)


def _nested(order):
    return core_units.nested_holding(TAIL, HIDDEN, PREDICTIONS, TARGET, order, data=DATA)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: _greedy(direction="up"), "direction: found 'up', wanted one of 'forward', 'backward'"),
        (lambda: _greedy(data=ClassData(np.arange(0), np.arange(0))), "data: found no rows"),
        (
            lambda: _greedy(data=ClassData(np.array([300]), np.arange(0))),
            "data.positives: found 300 to 300, wanted whole numbers from 0 to 299",
        ),
        (lambda: _greedy(target=4), "target: found 4"),
        (lambda: _greedy(target=1), "data: found rows of another class than target 1"),
        (lambda: core_units.fewest(np.array([0.5, np.nan]), 0.5), "rates: found NaN or infinity"),
        (lambda: core_units.fewest(np.array([0.5]), float("nan")), "holding: found nan"),
        (lambda: _greedy(predictions=PREDICTIONS + 9), "predictions: found"),
        (lambda: _greedy(mask_shape=(2,)), "mask_shape: found shape"),
        (lambda: _nested(np.arange(UNITS - 1)), "order: found"),
        (lambda: _nested(np.zeros(UNITS, int)), "order: found"),
        (lambda: core_units.activation_magnitude(np.ones(3)), r"hidden: found shape \[3\]"),
        (lambda: core_units.activation_magnitude(np.ones((0, 3))), r"hidden: found shape \[0, 3\]"),
        (lambda: core_units.outgoing_magnitude(np.ones((7, 2)), 3), r"kernel: found float32 \[7, 2\]"),
        (lambda: core_units.outgoing_magnitude(np.ones((7, 2)), 0), "units: found 0"),
        (lambda: core_units.gradient_times_activation(TAIL, HIDDEN[:0], 0), r"hidden: found shape \[0, 9\]"),
        (lambda: core_units.gradient_times_activation(TAIL, HIDDEN, 3), "target: found 3"),
        (lambda: core_units.gradient_times_activation(TAIL, HIDDEN, 0, batch_size=0), "batch_size: found 0"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
