from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from interp_jax import networks
from interp_jax.methods import core_units
from interp_jax.methods.core_units import sweeping
from interp_jax.methods.core_units._tails import accept
from interp_jax.methods.core_units.gates import Minibatch, descend, make_recipe
from tests import reference
from tests.methods.core_units.planted import CLASSES, TRAINING, UNITS, dense, in_numpy, planted

TAIL, HIDDEN, PREDICTIONS, USEFUL = planted()
KEY = jax.random.key(1)
# An optimizer that looks at the norm of all that it is given.
CLIPPED = optax.chain(optax.clip_by_global_norm(0.01), optax.sgd(0.5))
SHORT = {"key": KEY, "alphas": (1e-3, 8e-3), "repeats": 2, "steps": 30, "minibatch_size": 32, "optimizer": CLIPPED}


@cache
def _swept():
    return core_units.sweep(TAIL, HIDDEN, PREDICTIONS, list(range(CLASSES)), **SHORT)


@cache
def _grid(target, kind, penalty=None):
    """[alphas] of every field."""
    options = {"key": KEY, "kind": kind, "penalty": penalty, "repeats": 1, **TRAINING}
    found = core_units.sweep(TAIL, HIDDEN, PREDICTIONS, [target], **options)
    return jax.tree.map(lambda leaf: leaf[0, ..., 0] if leaf.ndim == 3 else leaf[0], found)


@pytest.mark.parametrize("target", range(CLASSES))
def test_relaxed_gates_shrink_together_and_round_to_nothing(target):
    """The tail takes no notice of the scale of its input, so that every α closes all gates and no unit is selected."""
    found = _grid(target, "relaxed", 0.0)
    np.testing.assert_array_equal(found.units, np.zeros(len(core_units.ALPHAS)))
    np.testing.assert_array_equal(found.holding_rate, 0.5)
    assert found.gates.max() < 0.5


def test_relaxed_gates_that_are_pushed_apart_stay_on_the_side_where_they_start():
    starts = jax.random.fold_in(jax.random.split(jax.random.fold_in(KEY, 0), 3)[1], 0)
    is_open = 0.1 + 0.05 * np.asarray(jax.random.normal(starts, (UNITS,))) > 0
    assert is_open[~USEFUL].any()
    for target in range(CLASSES):
        masks = _grid(target, "relaxed", 1.0).masks[:, 0]
        np.testing.assert_array_equal(masks, np.tile(is_open, (len(core_units.ALPHAS), 1)))


def test_rows_that_are_lifted_once_or_a_batch_at_a_time_give_the_same(monkeypatch):
    tail = networks.freeze(networks.perceptron(jax.random.key(4), (4, UNITS, CLASSES))).after("relu1")
    predictions = np.asarray(tail(HIDDEN)).argmax(axis=1)
    targets, tail = np.unique(predictions)[:2].tolist(), networks.lift(tail, (UNITS,))
    once = core_units.sweep(tail, HIDDEN, predictions, targets, **SHORT)
    monkeypatch.setattr(sweeping, "_LIFTED_BYTES", 0)
    with_batches = core_units.sweep(tail, HIDDEN, predictions, targets, **SHORT)
    np.testing.assert_array_equal(once.masks, with_batches.masks)
    np.testing.assert_allclose(once.gates, with_batches.gates, atol=1e-5)
    np.testing.assert_allclose(once.trace, with_batches.trace, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(once.holding_rate, with_batches.holding_rate)


@pytest.mark.parametrize("target", range(CLASSES))
def test_default_gates_find_the_planted_units_at_every_cost(target):
    found = _grid(target, "hard_concrete")
    assert not found.masks[:, 0, ~USEFUL].any()
    assert found.holding_rate.min() > 0.94
    np.testing.assert_array_equal(found.masks[:2, 0], np.tile(USEFUL, (2, 1)))
    np.testing.assert_array_equal(found.holding_rate[:2], 1)


@pytest.mark.parametrize("sharpness", [10.0, 3.0])
def test_what_is_minimized_is_the_papers_objective_on_soft_gates(sharpness):
    network, hidden, predictions = accept(TAIL, HIDDEN, PREDICTIONS)
    yes = jnp.asarray(predictions == 1, jnp.float32)
    recipe = make_recipe("relaxed", 0.3, 1, len(yes), optax.sgd(0.0), sharpness)
    key = jax.random.key(7)
    found = jax.jit(
        lambda: descend(
            network, lambda _: Minibatch(hidden, 1, yes), jnp.array([0.02]), key[None], recipe, has_negatives=True
        )
    )()
    gates = np.asarray(found.gates[0])
    start = 0.1 + 0.05 * np.asarray(jax.random.normal(key, (UNITS,)))
    np.testing.assert_allclose(gates, reference.switch_gate(start, sharpness), atol=1e-5)
    scores = in_numpy(TAIL)(np.asarray(hidden) * gates)
    wanted = reference.gate_objective(scores, yes, 1, 2.0, gates, 0.02, 0.3)
    np.testing.assert_allclose(found.trace, [[wanted]], rtol=1e-4)


def test_another_sharpness_gives_other_gates_without_a_compilation(assert_compiles):
    options = SHORT | {"kind": "relaxed", "alphas": [0.01]}
    first = core_units.sweep(TAIL, HIDDEN, PREDICTIONS, [1], **options, sharpness=10.0)
    with assert_compiles(0):
        other = core_units.sweep(TAIL, HIDDEN, PREDICTIONS, [1], **options, sharpness=50.0)
    assert np.abs(first.gates - other.gates).max() > 0.01
    with pytest.raises(ValueError, match="sharpness: found 0"):
        core_units.sweep(TAIL, HIDDEN, PREDICTIONS, [1], **options, sharpness=0.0)


@pytest.mark.parametrize(("kind", "penalty"), [("hard_concrete", None), ("straight_through", None), ("relaxed", 1.0)])
def test_results_are_what_they_say(kind, penalty):
    rows = core_units.class_data(PREDICTIONS, 1, key=_rows_key(0)).rows
    found = _grid(1, kind, penalty)
    assert found.trace.shape == (TRAINING["steps"], len(core_units.ALPHAS), 1)
    for values in (found.gates, found.trace, found.weight, found.holding_rate):
        assert np.isfinite(values).all()
    np.testing.assert_array_equal(found.masks, found.gates >= 0.5)
    np.testing.assert_array_equal(found.units, found.masks[:, 0].sum(axis=-1))
    for mask, rate in zip(found.masks[:, 0], found.holding_rate, strict=True):
        np.testing.assert_allclose(_rate(HIDDEN[rows], PREDICTIONS[rows], 1, mask), rate, atol=1e-9)


def _rows_key(place):
    return jax.random.split(jax.random.fold_in(KEY, place), 3)[0]


def _rate(hidden, predictions, target, mask):
    return reference.holding_rate(in_numpy(TAIL), hidden, predictions, target, mask)


def test_each_target_has_rows_starts_and_minibatches_of_its_own():
    one, other = sweeping.make_problems(PREDICTIONS, [1, 1], key=KEY, negatives=True)
    np.testing.assert_array_equal(one.data.positives, other.data.positives)
    assert set(one.data.negatives) != set(other.data.negatives)
    assert one.starts != other.starts
    assert one.minibatches != other.minibatches


def test_repeats_start_apart_and_costs_from_the_same_gates():
    first = _swept().trace[:, 0]
    # What differs between two costs is the cost of the same open gates.
    is_open = (first[:, 1] - first[:, 0]) / 7e-3
    assert np.all((is_open > UNITS / 2) & (is_open < UNITS))
    assert np.all(first[:, :, 0] != first[:, :, 1])


@pytest.mark.slow
def test_lanes_do_not_depend_on_other_lanes_whatever_the_optimizer():
    whole = _swept()
    fewer = core_units.sweep(TAIL, HIDDEN, PREDICTIONS, [0], **SHORT | {"alphas": (1e-3,), "repeats": 1})
    np.testing.assert_allclose(fewer.gates[0, 0, 0], whole.gates[0, 0, 0], atol=1e-4)
    np.testing.assert_allclose(fewer.trace[0, :, 0, 0], whole.trace[0, :, 0, 0], atol=1e-4)
    assert np.abs(whole.gates[0, 0, 0] - whole.gates[0, 0, 1]).max() > 1e-3


def test_another_call_compiles_nothing_and_all_classes_are_one_program(assert_compiles):
    _swept()
    other = dense(0)
    with assert_compiles(0):
        core_units.sweep(TAIL, HIDDEN, PREDICTIONS, [2, 0, 1], **SHORT | {"key": jax.random.key(9)})
        # Another network, λ and costs of the same shapes.
        core_units.sweep(*other, [0, 1, 2], **SHORT | {"alphas": (1e-4, 0.1), "penalty": 0.5})
    shapes = SHORT | {"steps": 29}
    with assert_compiles(1):
        core_units.sweep(TAIL, HIDDEN, PREDICTIONS, [2, 0, 1], **shapes)


def test_a_network_with_a_dead_or_constant_layer_gives_numbers():
    for hidden in (np.zeros_like(HIDDEN), np.ones_like(HIDDEN), 1e30 * HIDDEN):
        predictions = np.asarray(TAIL(jnp.asarray(hidden))).argmax(axis=1)
        # Few negatives or none at all.
        targets = [predictions[0]] * CLASSES
        found = core_units.sweep(TAIL, hidden, predictions, targets, **SHORT)
        for values in (found.gates, found.trace, found.weight, found.holding_rate):
            assert np.isfinite(values).all()


def test_without_negatives_the_weight_stays():
    """Trained, it would go to 0, where every row is called a positive."""
    found = core_units.sweep(TAIL, HIDDEN, PREDICTIONS, [0, 1, 2], **SHORT, negatives=False)
    np.testing.assert_allclose(found.weight, 2, rtol=1e-6)
    assert np.all(np.abs(_swept().weight - 2) > 1e-3)
    everything = core_units.sweep(TAIL, HIDDEN, PREDICTIONS, [None, 0, None], **SHORT)
    np.testing.assert_allclose(everything.weight[[0, 2]], 2, rtol=1e-6)
    for mask, rate in zip(everything.masks[0].reshape(-1, UNITS), everything.holding_rate[0].ravel(), strict=True):
        decided = in_numpy(TAIL)(np.asarray(HIDDEN) * mask).argmax(axis=1)
        np.testing.assert_allclose(rate, np.mean(decided == PREDICTIONS), atol=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"targets": []}, "targets: found none"),
        ({"targets": [0, 7]}, "targets: found 7, wanted a whole number from 0 to 2"),
        ({"predictions": np.where(PREDICTIONS == 1, 0, PREDICTIONS), "targets": [1]}, "targets: found no row of 300"),
        ({"alphas": ()}, r"alphas: found shape \[0\], wanted \[alphas\]"),
        ({"alphas": (1e-3, -1.0)}, "alphas: found"),
        ({"alphas": (float("nan"),)}, "alphas: found"),
        ({"repeats": 0}, "repeats: found 0"),
        ({"steps": 0}, "steps: found 0"),
        ({"minibatch_size": 0}, "minibatch_size: found 0"),
        ({"kind": "soft"}, "kind: found 'soft', wanted one of"),
        ({"penalty": -1.0}, "penalty: found -1.0"),
        ({"mask_shape": (UNITS + 1,)}, r"mask_shape: found shape \[10\], wanted the last axes of hidden, \[9\]"),
        ({"mask_shape": ()}, r"mask_shape: found shape \[\]"),
        ({"mask_shape": {}}, "mask_shape: found no layers"),
        ({"mask_shape": {"a": (0,)}}, r"mask_shape\['a'\]: found 0, wanted a whole number"),
        ({"tail": lambda h: h @ jnp.ones((4, 2))}, r"tail: found one that fails on hidden units of shape \[9\]"),
        ({"hidden": HIDDEN.at[3, 2].set(jnp.nan)}, "hidden: found NaN or infinity"),
        ({"hidden": HIDDEN[:0], "predictions": PREDICTIONS[:0]}, r"hidden: found shape \[0, 9\]"),
        ({"predictions": PREDICTIONS[1:]}, r"predictions: found shape \[299\]"),
        ({"predictions": PREDICTIONS * 1.0}, "predictions: found float64"),
        ({"predictions": PREDICTIONS + 1}, "predictions: found 1 to 3, wanted whole numbers from 0 to 2"),
        ({"predictions": PREDICTIONS - 1}, "predictions: found -1 to 1, wanted whole numbers from 0 to 2"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    given = {"tail": TAIL, "hidden": HIDDEN, "predictions": PREDICTIONS, "targets": [0], "key": KEY} | changes
    with pytest.raises(ValueError, match=f"^{message}"):
        core_units.sweep(**given)
