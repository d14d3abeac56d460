"""All smallest sets of small layers, against every subset evaluated by NumPy, one row at a time."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax import networks
from interp_jax.methods import core_units
from interp_jax.methods.core_units import _evaluate
from tests import reference
from tests.methods.core_units.planted import CLASSES, UNITS, dense, in_numpy

TAIL, HIDDEN, PREDICTIONS = dense(3)
NETWORK = TAIL, HIDDEN[:150], PREDICTIONS[:150]


def _every_rate(tail, hidden, predictions, target, weight=None):
    """Every subset, and its rate."""
    masks = np.array(list(product([False, True], repeat=hidden.shape[1])))
    numbers = np.asarray(hidden), predictions, target
    return masks, np.array([reference.holding_rate(tail, *numbers, mask, weight) for mask in masks])


def _together(masks):
    return {mask.tobytes() for mask in masks}


@pytest.mark.parametrize(
    ("holding", "options"),
    [(0.9, {}), (0.8, {"classifier": "center", "weight": 6.0}), (1.0, {}), (0.0, {})],
)
def test_the_sets_are_all_of_the_smallest_size_that_holds(holding, options):
    tail, hidden, predictions = dense(1, units=6, rows=30)
    target = int(np.bincount(predictions).argmax())
    masks, rates = _every_rate(in_numpy(tail), hidden, predictions, target, options.get("weight"))
    found = core_units.exhaustive_search(tail, hidden, predictions, target, holding=holding, **options)
    enough = rates >= holding - 1e-9
    least = masks[enough].sum(axis=1).min()
    wanted = enough & (masks.sum(axis=1) == least)
    assert found.units == least
    assert _together(found.masks) == _together(masks[wanted])
    np.testing.assert_allclose(found.holding_rates, np.sort(rates[wanted])[::-1], atol=1e-9)
    assert found.tried == np.sum(masks.sum(axis=1) <= least)


def test_rates_are_those_of_holding_rates():
    data = core_units.class_data(NETWORK[2], 1, key=jax.random.key(0))
    found = core_units.exhaustive_search(*NETWORK, 1, holding=0.9, data=data)
    rates = core_units.holding_rates(*NETWORK, 1, found.masks, data=data)
    np.testing.assert_allclose(found.holding_rates, rates, atol=1e-12)


def test_a_unit_with_copies_gives_a_set_for_each_and_one_that_is_needed_gives_one():
    hidden = jax.random.normal(jax.random.key(0), (150, 1)) * jnp.ones((1, 5))

    def copies(h):
        return jnp.stack([h.sum(axis=1), -h.sum(axis=1)], axis=1)

    predictions = np.asarray(copies(hidden)).argmax(axis=1)
    found = core_units.exhaustive_search(copies, hidden, predictions, 0)
    assert found.units == 1
    np.testing.assert_array_equal(np.sort(found.masks.argmax(axis=1)), np.arange(5))
    assert "5 sets of this size do (6 sets tried)" in str(found)
    found = core_units.exhaustive_search(copies, hidden, 1 - predictions, 0)
    assert found.units is None
    assert found.masks.shape == (0, 5)
    assert len(found.holding_rates) == 0
    assert found.tried == 32
    assert "not even all units together" in str(found)


def test_all_classes_at_once_one_row_and_masks_by_layer():
    found = core_units.exhaustive_search(*NETWORK, None, holding=0.9)
    rates = core_units.holding_rates(*NETWORK, None, found.masks)
    assert (rates >= 0.9).all()
    one = core_units.exhaustive_search(TAIL, HIDDEN[:1], PREDICTIONS[:1], int(PREDICTIONS[0]))
    assert one.units in (0, 1)

    def by_layer(hidden, masks):
        return TAIL(hidden * jnp.concatenate([masks["first"], masks["rest"]])[None])

    shapes = {"rest": (UNITS - 4,), "first": (4,)}
    by_name = core_units.exhaustive_search(by_layer, *NETWORK[1:], None, holding=0.9, mask_shape=shapes)
    together = np.concatenate([by_name.masks["first"], by_name.masks["rest"]], axis=1)
    assert _together(together) == _together(found.masks)
    square = core_units.exhaustive_search(
        TAIL, NETWORK[1].reshape(-1, 3, 3), NETWORK[2], None, holding=0.9, mask_shape=(3, 3)
    )
    assert _together(square.masks.reshape(-1, UNITS)) == _together(found.masks)


def test_a_tail_that_lifts_its_rows_gives_the_same_sets():
    tail = networks.freeze(networks.perceptron(jax.random.key(0), (4, UNITS, CLASSES))).after("relu1")
    predictions = np.asarray(tail(HIDDEN)).argmax(axis=1)
    target = int(np.bincount(predictions).argmax())
    wanted = core_units.exhaustive_search(tail, HIDDEN, predictions, target, holding=0.95)
    found = core_units.exhaustive_search(networks.lift(tail, (UNITS,)), HIDDEN, predictions, target, holding=0.95)
    assert _together(found.masks) == _together(wanted.masks)


def test_batches_of_rows_and_blocks_of_masks_change_nothing_and_share_a_compilation(monkeypatch, assert_compiles):
    wanted = core_units.exhaustive_search(*NETWORK, 1, holding=0.9)
    with assert_compiles(0):
        core_units.exhaustive_search(*NETWORK, 1, holding=0.8)
        core_units.exhaustive_search(*NETWORK, 0, holding=0.9)
    monkeypatch.setattr(_evaluate, "ROWS_AT_ONCE", 11)
    monkeypatch.setattr(_evaluate, "_MANY_MASKS", 12)
    found = core_units.exhaustive_search(*NETWORK, 1, holding=0.9)
    np.testing.assert_array_equal(found.masks, wanted.masks)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": np.zeros((3, 17), np.float32)}, r"hidden: found a layer of 17 units, which has 2\^17 sets, wanted"),
        ({"holding": 1.5}, "holding: found 1.5"),
        ({"holding": float("nan")}, "holding: found nan"),
        ({"target": 7}, "target: found 7"),
        ({"classifier": "best"}, "classifier: found 'best'"),
        ({"weight": 0.0}, "weight: found 0.0"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    given = {"tail": lambda h: h[:, :3], "hidden": HIDDEN[:3], "predictions": PREDICTIONS[:3], "target": 1} | changes
    with pytest.raises(ValueError, match=f"^{message}"):
        core_units.exhaustive_search(**given)
