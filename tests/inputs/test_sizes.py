"""Networks in half precision, and of a thousand classes: the main methods at small sizes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import ascent, attribution, cnn_inte, core_units, deviation, hierarchy

RANDOM = np.random.default_rng(0)
ROWS, FEATURES, UNITS, MANY = 64, 6, 5, 1000
INPUTS = jnp.asarray(RANDOM.normal(size=(ROWS, FEATURES)), jnp.bfloat16)
HALF = tuple(jnp.asarray(RANDOM.normal(size=shape), jnp.bfloat16) for shape in ((FEATURES, UNITS), (UNITS, 3)))
WIDE = tuple(weights.astype(jnp.float32) for weights in HALF)
KEY = jax.random.key(0)


def _parts(weights):
    head = jax.tree_util.Partial(lambda w, x: jax.nn.relu(jnp.matmul(x.astype(w.dtype), w)), weights[0])
    tail = jax.tree_util.Partial(lambda w, hidden: jnp.matmul(hidden.astype(w.dtype), w), weights[1])
    return head, tail


def _network(weights):
    head, tail = _parts(weights)
    return jax.tree_util.Partial(lambda head, tail, x: tail(head(x)), head, tail)


TARGET = np.asarray(_network(WIDE)(INPUTS)).argmax(1)
_METHODS = {
    "gradient_times_input": lambda w: attribution.gradient_times_input(_network(w), INPUTS, TARGET),
    "integrated_gradients": lambda w: attribution.integrated_gradients(_network(w), INPUTS, TARGET, nodes=4),
    "removal_curves": lambda w: attribution.removal_curves(_network(w), INPUTS, jnp.abs(INPUTS), TARGET, steps=3)[1:],
    "maximize": lambda w: ascent.maximize(
        _network(w), INPUTS[:2], 0, objective="logit", rate=0.1, steps=3, threshold=np.inf
    ).inputs.astype(jnp.float32),
    "network_vectors": lambda w: hierarchy.network_vectors(_parts(w), INPUTS).vectors,
    "profile": lambda w: deviation.profile([_parts(w)[0](INPUTS)], TARGET, classes=3)[:3],
    "holding_rate": lambda w: core_units.holding_rate(
        _parts(w)[1], _parts(w)[0](INPUTS), TARGET, 1, np.arange(UNITS) > 0
    ),
}


QUICK = ("gradient_times_input", "holding_rate")


@pytest.mark.parametrize(
    "method", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in _METHODS]
)
def test_a_network_in_half_precision_has_the_results_of_the_same_weights_in_float32(method):
    found, wanted = (jax.tree.leaves(_METHODS[method](weights)) for weights in (HALF, WIDE))
    for half, wide in zip(found, wanted, strict=True):
        assert half.dtype == jnp.float32
        scale = float(jnp.abs(wide).max())
        # A rectifier may switch where an activation is about zero: a few numbers differ by more.
        assert float(jnp.mean(jnp.abs(half - wide) < 0.03 * scale)) > 0.9


@pytest.mark.slow
def test_core_units_and_rules_take_half_precision():
    head, tail = _parts(HALF)
    hidden = head(INPUTS)
    predictions = np.asarray(tail(hidden), np.float32).argmax(1)
    core = core_units.select(tail, hidden, predictions, int(predictions[0]), key=KEY, steps=3, starts=2)
    assert core.reached
    options = {"factors": 2, "ids": 3, "depth": 2, "draws": 1, "trees": 2}
    explainer = cnn_inte.fit(INPUTS, hidden, predictions, key=KEY, **options)
    assert explainer.fidelity(INPUTS, predictions) > 0.5


ROWS_OF_MANY = RANDOM.normal(size=(400, FEATURES)).astype(np.float32)
OF_MANY = tuple(RANDOM.normal(size=shape).astype(np.float32) for shape in ((FEATURES, UNITS), (UNITS, MANY)))
DECIDED = np.asarray(_network(OF_MANY)(ROWS_OF_MANY)).argmax(1)
FREQUENT = int(np.bincount(DECIDED).argmax())


@pytest.mark.slow
def test_gradients_and_curves_of_a_thousand_classes():
    network, classes = _network(OF_MANY), np.array([0, FREQUENT, MANY - 1])
    lanes = ascent.maximize(network, ROWS_OF_MANY[:3], classes, objective="log_probability", rate=0.01, steps=5)
    start = jax.nn.log_softmax(network(ROWS_OF_MANY[:3]))[np.arange(3), classes]
    assert (lanes.objective > start).all()
    maps = attribution.gradient_times_input(network, ROWS_OF_MANY, DECIDED)
    # Piecewise linear without biases: the gradient times the input is the score.
    np.testing.assert_allclose(maps.sum(1), np.asarray(network(ROWS_OF_MANY)).max(1), rtol=1e-3)
    curves = attribution.removal_curves(network, ROWS_OF_MANY, np.abs(maps), DECIDED, steps=2)
    np.testing.assert_allclose(curves.deletion[:, -1], 1 / MANY, rtol=1e-4)
    with pytest.raises(ValueError, match="^target: found 1000, wanted a whole number from 0 to 999"):
        attribution.gradient_times_input(network, ROWS_OF_MANY, MANY)


@pytest.mark.slow
def test_units_and_layers_of_a_thousand_classes():
    head, tail = _parts(OF_MANY)
    hidden = head(ROWS_OF_MANY)
    vectors = hierarchy.network_vectors((head, tail), ROWS_OF_MANY)
    assert vectors.vectors.shape == (UNITS, FEATURES + MANY)
    assert len(hierarchy.build(vectors).vectors) == UNITS
    core = core_units.select(tail, hidden, DECIDED, FREQUENT, key=KEY, steps=3, starts=2)
    assert core.reached
    profile = deviation.profile([hidden], DECIDED, classes=MANY)
    assert np.isfinite(profile.inner).all()
    assert profile.counts.sum() == len(DECIDED)


@pytest.mark.slow
def test_rules_of_many_classes_use_those_that_occur():
    hidden = np.asarray(_parts(OF_MANY)[0](ROWS_OF_MANY))
    options = {"factors": 2, "ids": 8, "depth": 5, "draws": 1, "trees": 2}
    explainer = cnn_inte.fit(ROWS_OF_MANY, hidden, DECIDED, key=KEY, **options)
    assert explainer.class_labels.tolist() == np.unique(DECIDED).tolist()
    found = explainer.explain(ROWS_OF_MANY[0])
    assert len(found.hypotheses) == explainer.classes - 1
