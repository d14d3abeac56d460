from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import core_units
from interp_jax.methods.core_units import inputs
from tests.methods.core_units.planted import CLASSES, UNITS, dense, in_numpy, planted

ROWS = 12
MASKS = (np.arange(2**UNITS)[:, None] >> np.arange(UNITS) & 1).astype(bool)
KEY = jax.random.key(0)


@cache
def _selected(seed, batch_size=4):
    tail, hidden, predictions = dense(seed)
    return core_units.select_for_inputs(
        tail, hidden[:ROWS], predictions[:ROWS], key=KEY, batch_size=batch_size, steps=40
    )


def _holds(tail, row, target, masks):
    return in_numpy(tail)(np.asarray(row) * masks).argmax(axis=1) == target


def test_every_inputs_class_is_kept_by_nearly_the_fewest_units():
    for seed in (0, 1, 2, 5, 7):
        excess = []
        tail, hidden, predictions = dense(seed)
        found = _selected(seed)
        np.testing.assert_array_equal(found.units, np.asarray(found.mask).sum(axis=1))
        assert np.all(np.asarray(found.holds))
        assert np.all(np.asarray(found.units) <= np.asarray(found.gates_units))
        for row, target, mask in zip(hidden[:ROWS], predictions, np.asarray(found.mask), strict=False):
            assert _holds(tail, row, target, mask[None])[0]
            least = MASKS.sum(axis=1)[_holds(tail, row, target, MASKS)].min()
            assert mask.sum() >= least
            excess.append(mask.sum() - least)
        assert np.count_nonzero(excess) <= 1


def test_gates_that_keep_the_class_are_taken_before_smaller_ones_that_do_not():
    tail, hidden, predictions = dense(0)
    # The last cost closes all gates.
    costs = (*core_units.ALPHAS[:-1], 100.0)
    found = core_units.select_for_inputs(
        tail, hidden[:ROWS], predictions[:ROWS], key=KEY, alphas=costs, batch_size=4, steps=40
    )
    # For two inputs no cost keeps the class.
    assert np.sum(np.asarray(found.gates_units) < UNITS) == ROWS - 2


def test_equal_inputs_start_from_gates_of_their_own():
    tail, hidden, predictions = dense(0)
    rows = np.zeros(ROWS, int)
    found = core_units.select_for_inputs(tail, hidden[rows], predictions[rows], key=KEY, batch_size=4, steps=40)
    assert len(np.unique(found.gates, axis=0)) == ROWS


def test_the_unit_goes_that_leaves_the_class_furthest_ahead():
    weights = jnp.array([3.0, 1.0, 2.0])

    def ahead(mask):
        return weights @ mask >= 3, weights @ mask

    assert inputs._dropped(ahead, jnp.ones(3, bool)).tolist() == [True, False, False]
    assert inputs._added(ahead, jnp.zeros(3, bool)).tolist() == [True, False, False]


@pytest.mark.slow
def test_inputs_do_not_depend_on_the_batch_size():
    found, in_fives = _selected(0), _selected(0, batch_size=5)
    np.testing.assert_array_equal(in_fives.mask, found.mask)
    np.testing.assert_allclose(in_fives.gates, found.gates, atol=1e-4)


def test_inputs_do_not_depend_on_other_inputs(assert_compiles):
    found = _selected(0)
    tail, hidden, predictions = dense(0)
    order = np.r_[:6, 20:26]
    hidden, predictions = hidden[order], predictions[order]
    with assert_compiles(0):
        mixed = core_units.select_for_inputs(tail, hidden, predictions, key=KEY, steps=40)
    np.testing.assert_array_equal(np.asarray(mixed.mask)[:6], np.asarray(found.mask)[:6])


@pytest.mark.slow
def test_masks_of_elements_are_vectors():
    tail, hidden, predictions = dense(0)
    images = hidden[:ROWS].reshape(ROWS, 3, 3)
    found = core_units.select_for_inputs(tail, images, predictions[:ROWS], key=KEY, mask_shape=(3, 3), steps=40)
    np.testing.assert_array_equal(found.mask, _selected(0).mask)


def test_labels_that_are_not_predicted_are_not_held():
    tail, hidden, predictions, useful = planted()
    # A class that no scores are given for is never the one predicted.
    labels = np.where(np.arange(ROWS) < 2, CLASSES, predictions[:ROWS])
    found = core_units.select_for_inputs(tail, 1e30 * hidden[:ROWS], labels, key=KEY, steps=40)
    np.testing.assert_array_equal(found.holds, np.arange(ROWS) >= 2)
    assert np.all(np.asarray(found.mask)[:2])
    assert not np.any(np.asarray(found.mask)[2:, ~useful])
    assert np.isfinite(found.gates).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alphas": ()}, r"alphas: found shape \[0\], wanted \[alphas\]"),
        ({"alphas": (-1.0,)}, "alphas: found"),
        ({"steps": 0}, "steps: found 0"),
        ({"batch_size": 0}, "batch_size: found 0"),
        ({"predictions": np.zeros(3, int)}, r"predictions: found shape \[3\]"),
        ({"predictions": np.zeros(ROWS)}, "predictions: found float64"),
        ({"hidden": np.zeros((0, UNITS)), "predictions": np.zeros(0, int)}, r"hidden: found shape \[0, 9\]"),
        ({"tail": lambda h: h[:, 0]}, "tail: found float32 scores of shape"),
        ({"mask_shape": (2,)}, "mask_shape: found shape"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    tail, hidden, predictions = dense(0)
    given = {"tail": tail, "hidden": hidden[:ROWS], "predictions": predictions[:ROWS], "key": KEY} | changes
    with pytest.raises(ValueError, match=f"^({message})"):
        core_units.select_for_inputs(**given)
