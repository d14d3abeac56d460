"""Weights of rows, shares of classes, and explainers that see the layer."""

import jax
import numpy as np
import pytest

from interp_jax.methods import cnn_inte
from interp_jax.methods.cnn_inte._targets import as_targets

IDS, CLASSES = 4, 3
OPTIONS = {"factors": 2, "ids": 4, "depth": 2, "draws": 2}


def _problem(seed=0, rows=120):
    random = np.random.default_rng(seed)
    ids = random.integers(0, IDS, (rows, 3))
    labels = np.where(ids[:, 0] > 1, 0, (ids[:, 1] + random.integers(0, 2, rows)) % CLASSES)
    return ids, labels, random


def _trees(ids, labels, weights=None, **options):
    tree = cnn_inte.grow(ids, labels, count=IDS, classes=CLASSES, depth=3, weights=weights, **options)
    return tree, cnn_inte.refine(tree, ids, labels, weights=weights)


def _same(found, wanted):
    for one, other in zip(found, wanted, strict=True):
        for field in ("factor", "goes_left", "left", "right", "share"):
            np.testing.assert_allclose(getattr(one, field), getattr(other, field), atol=1e-12, err_msg=field)


@pytest.mark.parametrize("criterion", ["entropy", "gini"])
def test_a_weight_of_n_is_n_equal_rows_and_none_is_no_row(criterion):
    ids, labels, random = _problem()
    weights = random.integers(0, 4, len(ids))
    rows = np.repeat(np.arange(len(ids)), weights)
    _same(_trees(ids, labels, weights, criterion=criterion), _trees(ids[rows], labels[rows], criterion=criterion))


def test_shares_are_weighted_rows_of_each_class():
    ids, _, random = _problem(1)
    shares = random.dirichlet(np.ones(CLASSES), len(ids))
    every = np.repeat(np.arange(len(ids)), CLASSES)
    wanted = _trees(ids[every], np.tile(np.arange(CLASSES), len(ids)), shares.ravel())
    _same(_trees(ids, shares), wanted)


def test_shares_of_one_class_alone_are_labels():
    ids, labels, _ = _problem(2)
    found, wanted = _trees(ids, np.eye(5)[labels][:, :CLASSES]), _trees(ids, labels)
    _same(found, wanted)
    np.testing.assert_array_equal(found[0].rows, wanted[0].rows)


def test_a_prediction_that_has_no_mass_counts_nothing():
    targets = as_targets(np.array([[0, 0.75, 0.25], [0, 0, 1.0], [0, 1.0, 0]]))
    np.testing.assert_array_equal(targets.mass_of(np.array([0, 2, 1])), [0, 1, 1])
    np.testing.assert_array_equal(as_targets([1, 2, 1]).mass_of(np.array([0, 2, 1])), [0, 1, 1])


def test_a_class_without_mass_takes_no_part():
    ids, labels, _ = _problem(3)
    weights = (labels != 1).astype(float)
    there = labels != 1
    _same(_trees(ids, labels, weights), _trees(ids[there], labels[there]))


@pytest.mark.parametrize(
    ("labels", "weights", "message"),
    [
        (np.full((8, CLASSES), 0.5), None, "labels: found .* that do not sum to 1"),
        (np.full((8, CLASSES), [1.2, -0.2, 0]), None, "labels: found .* below 0"),
        (np.full((8, CLASSES), np.nan), None, "labels: found NaN"),
        (np.full((8, 2), 0.5), None, "labels: found .*wanted"),
        (np.zeros(8, int), -np.ones(8), "weights: found -1 to -1, wanted none below 0, some above"),
        (np.zeros(8, int), np.zeros(8), "weights: found 0 to 0, wanted"),
        (np.zeros(8, int), np.ones(7), "weights: found .*wanted"),
        (np.zeros(8, int), np.full(8, np.inf), "weights: found .*wanted"),
    ],
)
def test_what_no_tree_can_predict_is_named(labels, weights, message):
    ids = np.arange(16).reshape(8, 2) % IDS
    with pytest.raises(ValueError, match=f"^{message}"):
        cnn_inte.grow(ids, labels, count=IDS, classes=CLASSES, depth=1, weights=weights)


@pytest.fixture(scope="module")
def layer():
    """Activations in which a class is seen, and inputs in which it is not."""
    random = np.random.default_rng(0)
    labels = random.integers(0, CLASSES, 300)
    hidden = np.eye(CLASSES)[labels] + 0.1 * random.normal(size=(300, CLASSES))
    return random.normal(size=(300, 2)), np.c_[hidden, 0.1 * random.normal(size=(300, 2))].astype(np.float32), labels


def test_an_explainer_sees_in_the_layer_what_inputs_do_not_show(layer, tmp_path):
    inputs, hidden, labels = layer
    options = OPTIONS | {"key": jax.random.key(0)}
    both = cnn_inte.fit(inputs[:200], hidden[:200], labels[:200], trees=5, **options)
    seeing = cnn_inte.fit(None, hidden[:200], labels[:200], forests=False, **options)
    assert both.fidelity(inputs[200:], labels[200:]) < 0.6
    assert seeing.fidelity(None, labels[200:], hidden=hidden[200:]) > 0.9
    for explainer in (both, seeing):
        np.testing.assert_array_equal(
            explainer.predict(hidden=hidden), explainer.tree.predict(explainer.hidden_ids(hidden))
        )
    explanation = seeing.explain(hidden=hidden[250])
    assert explanation.prediction == seeing.predict(hidden=hidden[250:251])[0]
    assert explanation.weight == 1
    np.testing.assert_array_equal(explanation.ids, seeing.hidden_ids(hidden[250:251])[0])
    seeing.save(tmp_path / "seeing.npz")
    again = cnn_inte.load(tmp_path / "seeing.npz")
    assert again.forests is None
    assert "no forests" in repr(again)
    np.testing.assert_array_equal(again.predict(hidden=hidden), seeing.predict(hidden=hidden))


def test_what_an_explainer_without_forests_lacks_is_named(layer):
    inputs, hidden, labels = layer
    options = OPTIONS | {"key": jax.random.key(0)}
    seeing = cnn_inte.fit(inputs, hidden, labels, forests=False, **options)
    with pytest.raises(ValueError, match=r"^hidden: found None, wanted activations"):
        seeing.predict(inputs)
    with pytest.raises(ValueError, match=r"^inputs: found None, wanted"):
        cnn_inte.fit(None, hidden, labels, **options)
    with pytest.raises(ValueError, match=r"^labels: found"):
        cnn_inte.fit(None, hidden, np.ones((300, 1)), forests=False, **options)
    with pytest.raises(ValueError, match=r"^weights: found"):
        cnn_inte.fit(None, hidden, labels, forests=False, weights=np.ones(3), **options)


def test_shares_and_weights_reach_the_tree_of_a_fit(layer):
    _, hidden, labels = layer
    options = OPTIONS | {"key": jax.random.key(0), "forests": False}
    by_labels, by_shares = (
        cnn_inte.fit(None, hidden, each, **options) for each in (labels, np.eye(CLASSES)[labels].astype(np.float32))
    )
    np.testing.assert_array_equal(by_labels.predict(hidden=hidden), by_shares.predict(hidden=hidden))
    np.testing.assert_allclose(by_labels.scores, by_shares.scores)
    alone = cnn_inte.fit(None, hidden, labels, weights=(labels == 1) + 0.01, **options)
    assert alone.tree.share[0, 1] > 0.9 > by_labels.tree.share[0, 1]


def test_masses_that_cancel_by_rounding_do_not_end_a_tree():
    ids, labels = np.array([0, 0, 1, 1, 2])[:, None], np.array([0, 0, 1, 1, 0])
    options = {"count": 3, "classes": 2, "depth": 2, "weights": [1, 1, 1, 1, 1e-17]}
    for criterion in ("entropy", "gini"):
        assert cnn_inte.grow(ids, labels, splits="thresholds", criterion=criterion, **options).leaves == 2


def test_a_part_of_the_rows_without_weight_is_named(layer):
    _, hidden, labels = layer
    alone = np.arange(300) == 7  # whichever part this row is in, the other has no weight
    with pytest.raises(ValueError, match=r"^weights: found 0 for all (validation|other) rows, wanted some above"):
        cnn_inte.fit(None, hidden, labels, key=jax.random.key(0), weights=alone, forests=False, **OPTIONS)


def test_a_class_without_reference_rows_is_not_ruled_out(layer):
    _, hidden, labels = layer
    shares = np.c_[0.9 * np.eye(CLASSES)[labels], np.full(300, 0.1)].astype(np.float32)  # a fourth class, never first
    explainer = cnn_inte.fit(None, hidden, shares, key=jax.random.key(0), forests=False, **OPTIONS)
    explanation = explainer.explain(hidden=hidden[0])
    of = {each.label: each for each in explanation.hypotheses}
    assert of[CLASSES].ruled_out is None
    assert any(each.ruled_out is not None for each in of.values())
