import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import ablation, core_units
from interp_jax.methods.core_units import sufficiency
from tests.methods.core_units.planted import CLASSES, ROWS, TRAINING, UNITS, in_numpy, planted, two_layers

TAIL, HIDDEN, PREDICTIONS, USEFUL = planted(gap=1.0)
KEY = jax.random.key(2)
CORE = USEFUL & (np.arange(UNITS) != 4)
OPTIONS = {"key": jax.random.key(0), **TRAINING}


def _held(hidden, target):
    """The holding rate of a tail that sees another hidden layer."""
    decided = in_numpy(TAIL)(np.asarray(hidden)).argmax(axis=1) == target
    return (decided[target == PREDICTIONS].mean() + (~decided[target != PREDICTIONS]).mean()) / 2


@pytest.mark.parametrize("batch_size", [500, pytest.param(64, marks=pytest.mark.slow)])
def test_removed_units_are_replaced_in_three_ways(batch_size):
    found = core_units.necessity(TAIL, HIDDEN, PREDICTIONS, 1, CORE, key=KEY, batch_size=batch_size)
    network = (lambda x: x, lambda hidden: hidden)
    source = ablation.ablate_resample(network, HIDDEN, [CORE], key=KEY).source
    values = {"zero": jnp.zeros(UNITS), "mean": jnp.asarray(HIDDEN).mean(axis=0), "resample": HIDDEN[source]}
    for side, removed in (("kept", ~CORE), ("removed", CORE)):
        for way, value in values.items():
            hidden = ablation.replace_units(network, HIDDEN, [value], [removed])
            np.testing.assert_allclose(getattr(found, f"{side}_{way}"), _held(hidden, 1), atol=1e-6)


def test_channels_are_replaced_at_all_places():
    images = HIDDEN.reshape(-1, 3, 3)
    mask = np.array([True, False, True])
    found = core_units.necessity(TAIL, images, PREDICTIONS, 1, mask, key=KEY)
    by_mean = jnp.where(jnp.broadcast_to(mask, images.shape), images.mean(axis=(0, 1), keepdims=True), images)
    np.testing.assert_allclose(found.removed_mean, _held(by_mean.reshape(-1, UNITS), 1), atol=1e-6)


def test_everything_kept_is_whole_and_the_two_sides_are_each_others():
    whole = core_units.necessity(TAIL, HIDDEN, PREDICTIONS, 0, np.ones(UNITS, bool), key=KEY)
    assert {float(rate) for rate in whole[:3]} == {1.0}
    one, other = (core_units.necessity(TAIL, HIDDEN, PREDICTIONS, 0, mask, key=KEY) for mask in (CORE, ~CORE))
    np.testing.assert_array_equal(one[:3], other[3:])
    np.testing.assert_array_equal(one[3:], other[:3])


@pytest.mark.parametrize("mask", [np.full(UNITS, 0.5), np.ones(UNITS - 1, bool), np.ones((3, 3), bool)])
def test_masks_that_are_no_units_are_refused(mask):
    with pytest.raises(ValueError, match="^mask: found"):
        core_units.necessity(TAIL, HIDDEN, PREDICTIONS, 0, mask, key=KEY)


def _copies():
    """Three noisy copies of three units that decide together; the tail's other units do nothing."""
    draw = np.random.default_rng(0)
    hidden = np.concatenate(3 * [draw.random((ROWS, CLASSES))], axis=1)
    hidden = jnp.asarray(hidden + 0.02 * draw.random(hidden.shape), jnp.float32)
    first, second = np.zeros((UNITS, 7)), np.zeros((7, CLASSES))
    first[:, :CLASSES], second[:CLASSES] = np.tile(np.eye(CLASSES), (3, 1)), np.eye(CLASSES)
    tail = jax.tree_util.Partial(two_layers, (jnp.asarray(first, jnp.float32), jnp.asarray(second, jnp.float32)))
    return tail, hidden, np.asarray(tail(hidden)).argmax(axis=1)


def test_sets_have_no_unit_in_common_and_each_suffices():
    tail, hidden, predictions = _copies()
    found = core_units.disjoint_sets(tail, hidden, predictions, 1, holding=0.97, **OPTIONS)
    assert len(found) == 3
    masks = np.stack([each.mask for each in found])
    assert masks.sum(axis=0).max() == 1
    for each in found:
        rows = each.rows.rows
        rate = core_units.holding_rate(tail, hidden[rows], predictions[rows], 1, each.mask)
        np.testing.assert_allclose(rate, each.holding_rate, atol=1e-6)
        assert each.holding_rate >= 0.97
    assert len(core_units.disjoint_sets(tail, hidden, predictions, 1, holding=0.97, most=2, **OPTIONS)) == 2


def test_units_that_are_gone_are_in_no_set():
    """Unpolished gates may stay open on units that say nothing."""
    tail, hidden, predictions = _copies()
    found = core_units.disjoint_sets(tail, hidden, predictions, 1, holding=0.9, polish=False, **OPTIONS)
    assert found
    assert np.stack([each.mask for each in found]).sum(axis=0).max() == 1
    assert [each.units for each in found] == [each.mask.sum() for each in found]


def test_a_set_has_no_unit_of_an_earlier_one_and_a_key_of_its_own(monkeypatch):
    """A search may keep units that are gone, because they change nothing."""
    keys = []

    def select(*others, key):
        keys.append(key)
        nothing = dict.fromkeys(core_units.Selection._fields)
        return core_units.Selection(**nothing | {"mask": np.arange(UNITS) < len(keys), "reached": True})

    monkeypatch.setattr(sufficiency, "select", select)
    found = core_units.disjoint_sets(TAIL, HIDDEN, PREDICTIONS, 0, key=KEY)
    np.testing.assert_array_equal([each.mask for each in found], np.eye(UNITS, dtype=bool))
    assert len({tuple(np.asarray(jax.random.key_data(key))) for key in keys}) == UNITS


def test_no_set_is_found_where_none_suffices_or_none_is_needed():
    others = (PREDICTIONS + 1) % CLASSES
    assert core_units.disjoint_sets(TAIL, HIDDEN, others, 0, **OPTIONS) == []
    assert core_units.disjoint_sets(TAIL, HIDDEN, PREDICTIONS, 0, holding=0.5, **OPTIONS) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"most": 0}, "most: found 0"),
        ({"mask_shape": (UNITS,)}, "mask_shape: found one, wanted none"),
        ({"target": 9}, "target: found 9"),
        ({"hidden": HIDDEN[:0], "predictions": PREDICTIONS[:0]}, "hidden: found shape"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    given = {"tail": TAIL, "hidden": HIDDEN, "predictions": PREDICTIONS, "target": 0, "key": KEY} | changes
    with pytest.raises(ValueError, match=f"^{message}"):
        core_units.disjoint_sets(**given)
