import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from interp_jax.methods import core_units
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
    ways = {
        "zero": None,
        "mean": np.asarray(HIDDEN, np.float64).mean(axis=0),
        "resample": core_units.replacement(HIDDEN, "resample", key=KEY, draws=1),
    }
    for side, core in (("kept", CORE), ("removed", ~CORE)):
        for way, value in ways.items():
            wanted = _held(core_units.masked(HIDDEN, core, value), 1)
            np.testing.assert_allclose(getattr(found, f"{side}_{way}"), wanted, atol=1e-6)
    assert found.rows.tolist() == [(PREDICTIONS == 1).sum(), (PREDICTIONS != 1).sum()]
    shares = np.asarray(found.held) / np.asarray(found.rows)
    np.testing.assert_allclose(shares.mean(axis=-1).reshape(-1), found[:6], atol=1e-6)


def test_means_and_donors_are_of_other_rows_if_given_and_bounds_hold_then():
    new, old = slice(0, 200), slice(200, None)
    given = TAIL, HIDDEN[new], PREDICTIONS[new], 1, CORE
    found = core_units.necessity(*given, key=KEY, reference=HIDDEN[old])
    means = core_units.replacement(HIDDEN[old], "mean")
    rate = core_units.holding_rate(*given, ablation=means)
    np.testing.assert_allclose(found.kept_mean, rate, atol=1e-6)
    bounds = found.bounds(0.9)
    rows = tuple(np.asarray(found.rows).tolist())
    for side, ablation in np.ndindex(2, 3):
        held = np.asarray(found.held)[side, ablation]
        # Unequal groups: each has half of the level.
        low = [scipy.stats.beta.ppf(0.05, count, total - count + 1) for count, total in zip(held, rows, strict=True)]
        high = [scipy.stats.beta.isf(0.05, count + 1, total - count) for count, total in zip(held, rows, strict=True)]
        np.testing.assert_allclose(bounds[side, ablation, 0], np.nan_to_num(low).mean(), rtol=1e-6)
        wanted = [1.0 if total - count < 2 else each for each, count, total in zip(high, held, rows, strict=True)]
        np.testing.assert_allclose(bounds[side, ablation, 1], np.mean(wanted), rtol=1e-6)
    assert "95% bounds for new rows" in repr(found)
    alone = core_units.necessity(*given, key=KEY)
    assert "bounds" not in repr(alone)
    with pytest.raises(ValueError, match="^reference: found none, wanted other rows"):
        alone.bounds(0.9)
    with pytest.raises(ValueError, match="^confidence: found 1"):
        found.bounds(1.0)


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
    np.testing.assert_array_equal(one[:3], other[3:6])
    np.testing.assert_array_equal(one[3:6], other[:3])


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


@pytest.mark.slow
def test_units_of_earlier_sets_are_at_the_constants_that_stand_in_for_them():
    tail, hidden, predictions = _copies()
    found = core_units.disjoint_sets(tail, hidden, predictions, 1, holding=0.85, ablation="mean", **OPTIONS)
    assert len(found) >= 2
    masks = np.stack([each.mask for each in found])
    assert masks.sum(axis=0).max() == 1
    used, means = np.zeros(UNITS, bool), core_units.replacement(hidden, "mean")
    for each in found:
        left = core_units.masked(hidden, ~used, means)
        rate = core_units.holding_rates(tail, left, predictions, 1, each.mask[None], data=each.rows, ablation=means)[0]
        assert rate == pytest.approx(each.holding_rate, abs=0.01)
        used |= each.mask
    with pytest.raises(ValueError, match="^ablation: found"):
        core_units.disjoint_sets(tail, hidden, predictions, 1, ablation="resample", **OPTIONS)


def _either():
    """Two copies of what decides for class 1, each of which suffices, and two of what decides for class 0."""
    draw = np.random.default_rng(0)
    label, noise = draw.integers(0, 2, ROWS), draw.random((ROWS, UNITS))
    own = np.stack([label, label, 1 - label, 1 - label], axis=1) * (1 + noise[:, :4])
    first, second = np.zeros((UNITS, 7)), np.zeros((7, CLASSES))
    first[:2, 1], first[2:4, 0], second[0, 0], second[1, 1] = 1, 1, 1, 1
    tail = jax.tree_util.Partial(two_layers, (jnp.asarray(first, jnp.float32), jnp.asarray(second, jnp.float32)))
    hidden = jnp.asarray(np.concatenate([own, noise[:, 4:]], axis=1), jnp.float32)
    return tail, hidden, np.asarray(tail(hidden)).argmax(axis=1)


def test_a_needed_set_suffices_and_is_missed():
    tail, hidden, predictions = _either()
    plain = core_units.select(tail, hidden, predictions, 1, **OPTIONS)
    assert plain.units == 1
    assert plain.needed is None
    core = core_units.select(tail, hidden, predictions, 1, needed=True, **OPTIONS)
    assert np.flatnonzero(core.mask).tolist() == [0, 1]
    assert (core.needed, core.lost, core.reached) == (True, 0.75, True)
    masks = np.stack([core.mask, ~core.mask])
    rates = core_units.holding_rates(tail, hidden, predictions, 1, masks, data=core.rows)
    np.testing.assert_array_equal(rates, [core.holding_rate, core.removed_rate])
    assert rates[1] == 0.5
    assert "removed alone they leave 50.0%" in repr(core)


def test_where_no_set_is_missed_a_field_says_so():
    tail, hidden, predictions = _either()
    core = core_units.select(tail, hidden, predictions, 1, needed=0.1, **OPTIONS)
    assert (core.units, core.needed, core.reached, core.removed_rate) == (1, False, True, 1.0)
    assert "no set was found that suffices and is missed" in repr(core)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"needed": 2.0}, "needed: found 2.0"),
        ({"needed": True, "polish": False}, "needed: found without polishing"),
        ({"needed": True, "confidence": 0.9, "holding": 0.8}, "needed: found with a confidence"),
    ],
)
def test_what_is_not_looked_for_is_refused(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        core_units.select(TAIL, HIDDEN, PREDICTIONS, 0, **OPTIONS | changes)


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
