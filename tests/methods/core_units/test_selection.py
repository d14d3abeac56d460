import inspect
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import networks
from interp_jax.methods import core_units
from interp_jax.methods.core_units import selection
from interp_jax.methods.core_units._evaluate import MaskEvaluator
from interp_jax.methods.core_units._search import smallest_set
from interp_jax.methods.core_units._tails import accept
from tests import reference
from tests.methods.core_units.planted import CLASSES, ROWS, TRAINING, UNITS, dense, in_numpy, planted

TAIL, HIDDEN, PREDICTIONS, USEFUL = planted(gap=1.0)
OPTIONS = {"key": jax.random.key(0), **TRAINING}
ALL_MASKS = (np.arange(2**UNITS)[:, None] >> np.arange(UNITS) & 1).astype(bool)


@cache
def _selected(target=0, seed=0, **changes):
    options = OPTIONS | {"key": jax.random.key(seed)} | changes
    return core_units.select(TAIL, HIDDEN, PREDICTIONS, target, **options)


def _rate(found, target, mask):
    """The holding rate on the rows that a selection was evaluated on."""
    rows = found.rows.rows
    return float(core_units.holding_rate(TAIL, HIDDEN[rows], PREDICTIONS[rows], target, mask))


@pytest.mark.parametrize("target", [0, 1, 2, None])
def test_planted_units_are_found_exactly(target):
    found = _selected(target, holding=1.0)
    np.testing.assert_array_equal(found.mask, USEFUL)
    assert (found.units, found.holding_rate, found.reached) == (USEFUL.sum(), 1.0, True)


@pytest.mark.parametrize("holding", [0.0, 0.6, 0.9, 0.97, 0.995])
def test_a_selection_is_what_it_says(holding):
    for target in (0, 2):
        found = _selected(target, holding=holding)
        assert found.units == found.mask.sum()
        assert found.mask.dtype == bool
        np.testing.assert_allclose(_rate(found, target, found.mask), found.holding_rate, atol=1e-6)
        np.testing.assert_allclose(_rate(found, target, found.gates_mask), found.gates_holding_rate, atol=1e-6)
        assert found.reached
        assert found.holding_rate >= holding - 1e-9
        assert found.gates_units == found.gates_mask.sum()
        if found.gates_holding_rate >= holding:
            assert found.units <= found.gates_units
        # Where no unit can go: each that is dropped costs too much.
        for unit in np.flatnonzero(found.mask):
            assert _rate(found, target, found.mask & (np.arange(UNITS) != unit)) < holding


def test_unpolished_selections_are_the_gates_own():
    for kind in ("hard_concrete", "relaxed"):
        found = _selected(kind=kind, polish=kind == "relaxed")
        np.testing.assert_array_equal(found.mask, found.gates_mask)
        np.testing.assert_array_equal(found.mask, found.gates >= 0.5)
        assert found.holding_rate == found.gates_holding_rate


def test_a_selection_has_the_gates_and_the_weight_of_its_lane_and_the_objectives_of_all(monkeypatch):
    kept, train_all = [], selection.train_all

    def train_and_keep(*given, **options):
        kept.append(train_all(*given, **options))
        return kept[0]

    monkeypatch.setattr(selection, "train_all", train_and_keep)
    costs = (100.0, 1e-3, 2e-3, 4e-3, 8e-3)  # the first closes all gates
    found = core_units.select(TAIL, HIDDEN, PREDICTIONS, 0, polish=False, alphas=costs, **OPTIONS)
    (lanes,) = kept
    (own,) = np.flatnonzero((lanes.gates[0] == found.gates).all(axis=1))
    assert own > 0
    assert found.weight == lanes.weight[0, own]
    np.testing.assert_array_equal(found.trace, lanes.trace[0])
    np.testing.assert_array_equal(found.objective, lanes.trace[0, -1])


def test_the_key_decides_and_nothing_is_compiled_anew(assert_compiles):
    first = _selected()
    with assert_compiles(0):
        again = core_units.select(TAIL, HIDDEN, PREDICTIONS, 0, **OPTIONS)
        other = core_units.select(TAIL, HIDDEN, PREDICTIONS, 0, **OPTIONS | {"key": jax.random.key(3)})
        core_units.select(TAIL, HIDDEN, PREDICTIONS, 1, **OPTIONS)
    jax.tree.map(np.testing.assert_array_equal, again, first)
    assert np.any(other.rows.negatives[:5] != first.rows.negatives[:5])


def _true_minimum(network, target, holding, rows):
    evaluator = MaskEvaluator(*accept(*network), rows, target)
    return ALL_MASKS.sum(axis=1)[evaluator(ALL_MASKS).rates >= holding - 1e-9].min()


@pytest.mark.parametrize(("problems", "share"), [(6, 0.8), pytest.param(60, 0.95, marks=pytest.mark.slow, id="many")])
def test_sets_are_as_small_as_any_in_nearly_all_small_problems(problems, share):
    exact = []
    for seed in range(problems):
        network = dense(seed)
        target = int(np.bincount(network[2]).argmax())
        for holding in (0.8, 0.9, 0.97):
            found = core_units.select(*network, target, holding=holding, **OPTIONS)
            least = _true_minimum(network, target, holding, found.rows)
            assert least <= found.units <= least + 1
            assert found.reached
            exact.append(found.units == least)
    assert np.mean(exact) >= share


@pytest.mark.slow
def test_elements_are_selected_like_units():
    images = HIDDEN.reshape(ROWS, 3, 3)
    elements = core_units.select(TAIL, images, PREDICTIONS, 0, mask_shape=(3, 3), holding=1.0, **OPTIONS)
    np.testing.assert_array_equal(elements.mask, USEFUL.reshape(3, 3))
    assert elements.gates.shape == (3, 3)


def test_units_of_several_layers_are_selected_together():
    first, second = TAIL.args[0]

    def by_layer(hidden, masks):
        inner = jnp.matmul(hidden * masks["units"][None], first, precision="highest")
        return jnp.matmul(jax.nn.relu(inner) * masks["inner"][None], second, precision="highest")

    shapes = {"units": (UNITS,), "inner": (7,)}
    found = core_units.select(by_layer, HIDDEN, PREDICTIONS, 0, mask_shape=shapes, holding=0.97, **OPTIONS)
    assert set(found.mask) == set(found.gates) == set(found.gates_mask) == set(shapes)
    assert found.units == sum(mask.sum() for mask in found.mask.values())
    assert not found.mask["units"][~USEFUL].any()
    assert found.mask["inner"][:CLASSES].all()
    rows = found.rows.rows
    rate = core_units.holding_rate(by_layer, HIDDEN[rows], PREDICTIONS[rows], 0, found.mask)
    np.testing.assert_allclose(rate, found.holding_rate, atol=1e-6)


@pytest.mark.slow
def test_lifted_tails_give_the_same_selection():
    net = networks.freeze(networks.perceptron(jax.random.key(4), (4, UNITS, CLASSES)))
    tail = net.after("relu1")
    predictions = np.asarray(tail(HIDDEN)).argmax(axis=1)
    target = int(np.bincount(predictions).argmax())
    plain, lifted = (
        core_units.select(given, HIDDEN, predictions, target, holding=0.95, **OPTIONS)
        for given in (tail, networks.lift(tail, (UNITS,)))
    )
    np.testing.assert_array_equal(lifted.mask, plain.mask)
    np.testing.assert_allclose(lifted.gates, plain.gates, atol=1e-3)
    assert lifted.holding_rate == plain.holding_rate


def test_few_rows_to_search_on_cost_no_truth():
    for rows in (1, 20):
        found = _selected(holding=0.9, search_rows=rows)
        assert found.reached
        np.testing.assert_allclose(_rate(found, 0, found.mask), found.holding_rate, atol=1e-6)


def test_predictions_of_another_network_are_not_reached():
    """All units together do not hold them, so there is nothing to be found."""
    others = (PREDICTIONS + np.arange(ROWS) % 2) % CLASSES
    found = core_units.select(TAIL, HIDDEN, others, 0, **OPTIONS)
    assert not found.reached
    rows = found.rows.rows
    decided = in_numpy(TAIL)(np.asarray(HIDDEN)[rows] * found.mask).argmax(axis=1) == 0
    yes = np.arange(len(rows)) < len(found.rows.positives)
    np.testing.assert_allclose(found.holding_rate, (decided[yes].mean() + (~decided[~yes]).mean()) / 2)


@pytest.mark.parametrize("target", range(CLASSES))
def test_a_class_that_is_predicted_for_all_rows_needs_no_negatives(target):
    rows = np.resize(np.flatnonzero(target == PREDICTIONS), ROWS)
    found = core_units.select(TAIL, HIDDEN[rows], PREDICTIONS[rows], target, holding=1.0, **OPTIONS)
    assert found.holding_rate == 1
    assert not len(found.rows.negatives)
    # The first of equal scores wins: without any unit all rows are of class 0.
    assert found.units == (0 if target == 0 else 1)


def test_values_without_bound_are_searched():
    hidden = 1e30 * HIDDEN
    found = core_units.select(TAIL, hidden, PREDICTIONS, 0, holding=1.0, **OPTIONS)
    np.testing.assert_array_equal(found.mask, USEFUL)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"holding": 1.1}, "holding: found 1.1"),
        ({"holding": float("nan")}, "holding: found nan"),
        ({"target": 5}, "target: found 5, wanted a whole number from 0 to 2"),
        ({"predictions": np.where(PREDICTIONS == 0, 1, PREDICTIONS)}, "target: found no row of 300 predicted as 0"),
        ({"classifier": "loss"}, "classifier: found 'loss', wanted one of 'argmax', 'center'"),
        ({"search_rows": 0}, "search_rows: found 0"),
        ({"swaps": -1}, "swaps: found -1"),
        ({"alphas": ()}, r"alphas: found shape \[0\], wanted \[alphas\]"),
        ({"kind": "soft"}, "kind: found 'soft'"),
        ({"tail": lambda h: h @ jnp.ones((4, 2))}, r"tail: found one that fails on hidden units of shape \[9\]"),
        ({"hidden": HIDDEN.at[3, 2].set(jnp.inf)}, "hidden: found NaN or infinity"),
        ({"predictions": PREDICTIONS[1:]}, r"predictions: found shape \[299\]"),
        ({"predictions": PREDICTIONS * 1.0}, "predictions: found float64"),
        ({"mask_shape": (4,)}, "mask_shape: found shape"),
        ({"classifier": "center-based"}, "classifier: found 'center-based', wanted one of 'argmax', 'center'"),
        ({"target": True}, "target: found True"),
        ({"key": 0}, "key: found 0, wanted a JAX random key"),
        ({"key": None}, "key: found None, wanted a JAX random key"),
        ({"steps": 2.0}, "steps: found 2.0, wanted a whole number"),
        ({"minibatch_size": float("nan")}, "minibatch_size: found nan"),
        ({"starts": "3"}, "starts: found '3'"),
        ({"penalty": float("nan")}, "penalty: found nan"),
        ({"alphas": ("a",)}, "alphas: found"),
        ({"alphas": (1e300,)}, "alphas: found"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    given = {"tail": TAIL, "hidden": HIDDEN, "predictions": PREDICTIONS, "target": 0, **OPTIONS} | changes
    with pytest.raises(ValueError, match=f"^{message}"):
        inspect.unwrap(core_units.select)(**given)


def test_the_old_word_for_rows_of_a_step_and_what_is_no_optimizer_are_refused():
    given = {"key": jax.random.key(0)}
    for function in (core_units.select, core_units.sweep, core_units.disjoint_sets):
        with pytest.raises(TypeError, match="^batch_size: found an argument of this name, wanted minibatch_size"):
            function(TAIL, HIDDEN, PREDICTIONS, [0], batch_size=64, **given)
    with pytest.raises(TypeError, match="^optimizer: found 'adam', wanted one of optax"):
        core_units.select(TAIL, HIDDEN, PREDICTIONS, 0, optimizer="adam", **given)


def test_keys_of_both_sorts_and_numbers_of_every_type_give_the_same_selection():
    first = _selected()
    options = OPTIONS | {"key": jax.random.PRNGKey(0), "steps": np.int64(TRAINING["steps"])}
    hidden, predictions = np.asarray(HIDDEN, np.float64), PREDICTIONS.astype(np.uint64)
    again = inspect.unwrap(core_units.select)(TAIL, hidden, predictions, np.int8(0), **options)
    jax.tree.map(np.testing.assert_array_equal, again, first)


def test_the_center_based_classifier_is_asked_with_its_trained_weight():
    tail, hidden, predictions = dense(3)
    found = {
        classifier: core_units.select(tail, hidden, predictions, 1, holding=0.95, classifier=classifier, **OPTIONS)
        for classifier in ("argmax", "center")
    }
    center = found["center"]
    assert center.reached
    assert center.units <= found["argmax"].units
    rows = center.rows.rows
    rate = reference.holding_rate(
        in_numpy(tail), hidden[rows], predictions[rows], 1, center.mask, center_weight=center.weight
    )
    np.testing.assert_allclose(center.holding_rate, rate, atol=1e-9)
    strict = core_units.holding_rate(tail, hidden[rows], predictions[rows], 1, center.mask)
    assert abs(float(strict) - rate) > 1e-3, "the problem must tell the classifiers apart"


def test_all_units_together_may_hold_less_than_some():
    tail = jax.tree_util.Partial(_linear, jnp.array([[1.0, 0.0], [0.0, 1.0], [2.0, -2.0]]))
    hidden = jax.random.uniform(jax.random.key(8), (40, 3))
    predictions = np.asarray(hidden[:, :2]).argmax(axis=1)
    data = core_units.class_data(predictions, 0, key=jax.random.key(0))
    evaluator = MaskEvaluator(*accept(tail, hidden, predictions, None), data, 0)
    assert evaluator.rate(np.ones(3, bool)) < 1
    starts = [np.array([True, True, False]), np.array([False, False, True])]
    found = smallest_set(evaluator, starts, 1.0, rows=20, swaps=3)
    np.testing.assert_array_equal(found, starts[0])
    # Where neither the first start nor all units hold enough, there is nothing to go on from.
    np.testing.assert_array_equal(smallest_set(evaluator, starts[1:], 1.0, rows=20, swaps=3), starts[1])


def _linear(weights, hidden):
    return jnp.matmul(hidden, weights, precision="highest")
