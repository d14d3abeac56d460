"""Outputs that are no classes: regressions and several labels a row."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import ascent, attribution, cnn_inte, core_units, deviation, hierarchy

RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.normal(size=(50, 4)).astype(np.float32)
FIRST, LAST = (RANDOM.normal(size=shape).astype(np.float32) for shape in ((4, 6), (6, 1)))


def head(x):
    return jnp.tanh(jnp.matmul(x, FIRST))


def tail(hidden):
    return jnp.matmul(hidden, LAST)


def regression(x):
    return tail(head(x))


@pytest.mark.slow
def test_feature_vectors_correlate_units_with_quantities_as_they_are():
    found = hierarchy.network_vectors((head, tail), INPUTS).vectors
    hidden, outputs = np.asarray(head(INPUTS)), np.asarray(regression(INPUTS))
    wanted = [[np.corrcoef(unit, value)[0, 1] for value in np.hstack([INPUTS, outputs]).T] for unit in hidden.T]
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_ascent_on_an_output_itself():
    found = ascent.maximize(regression, INPUTS[:3], 0, objective="value", rate=0.1, steps=20, threshold=np.inf)
    before = np.asarray(regression(INPUTS[:3]))[:, 0]
    assert (np.asarray(found.activation) > before).all()


@pytest.mark.parametrize("objective", ["probability", "log_probability", "logit"])
def test_objectives_of_a_softmax_are_refused_for_one_output(objective):
    wanted = f"^objective: found '{objective}' for a network of one output, wanted \"value\""
    with pytest.raises(ValueError, match=wanted):
        ascent.maximize(regression, INPUTS[:3], 0, objective=objective)


def test_deletion_curves_of_an_output():
    importance = RANDOM.random(INPUTS.shape).astype(np.float32)
    found = attribution.removal_curves(regression, INPUTS, importance, 0, measure="score", steps=4)
    for step in range(5):
        changed, alone = INPUTS.copy(), np.zeros_like(INPUTS)
        for row, order in enumerate(np.argsort(-importance, axis=1)):
            changed[row, order[:step]] = 0
            alone[row, order[:step]] = INPUTS[row, order[:step]]
        np.testing.assert_allclose(found.deletion[:, step], regression(changed)[:, 0], atol=1e-5)
        np.testing.assert_allclose(found.insertion[:, step], regression(alone)[:, 0], atol=1e-5)
    with pytest.raises(ValueError, match="^network: found outputs of shape .* wanted scores of at least 2 classes"):
        attribution.removal_curves(regression, INPUTS, importance, 0)
    with pytest.raises(ValueError, match="^measure: found 'margin', wanted one of 'probability', 'score'"):
        attribution.removal_curves(regression, INPUTS, importance, 0, measure="margin")


def test_attributions_of_an_output_add_up_to_it():
    maps = attribution.integrated_gradients(regression, INPUTS, 0, nodes=50)
    np.testing.assert_allclose(maps.sum(1), regression(INPUTS)[:, 0], atol=1e-4)


@pytest.mark.slow
def test_one_of_several_labels_is_asked_about_by_its_side_of_a_threshold():
    weights = np.zeros((8, 3), np.float32)
    weights[[0, 1, 2, 3], [0, 0, 1, 2]] = 2, -2, 1, 1
    hidden = np.maximum(RANDOM.normal(size=(300, 8)), 0).astype(np.float32)

    def above(hidden):
        label = jnp.matmul(hidden, weights)[:, 0]
        return jnp.stack([jnp.full(len(hidden), 0.1), label], axis=1)

    predictions = np.argmax(above(hidden), axis=1)
    core = core_units.select(above, hidden, predictions, 1, key=jax.random.key(0), steps=2)
    assert np.flatnonzero(core.mask).tolist() == [0, 1]
    assert core.holding_rate == 1


def test_quantities_are_refused_where_classes_are_compared():
    quantities = np.asarray(regression(INPUTS))[:, 0]
    hidden = np.asarray(head(INPUTS))
    with pytest.raises(ValueError, match="^labels: found float32"):
        deviation.profile([hidden], quantities)
    with pytest.raises(ValueError, match="^labels: found float32"):
        cnn_inte.fit(INPUTS, hidden, quantities, key=jax.random.key(0))
    with pytest.raises(ValueError, match="^predictions: found float32"):
        core_units.select(lambda h: h[:, :2], hidden, quantities, 0, key=jax.random.key(0))
    classes = np.digitize(quantities, np.quantile(quantities, [0.25, 0.5, 0.75]))
    assert deviation.profile([hidden], classes).counts.tolist() == [13, 12, 12, 13]
