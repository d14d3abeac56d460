"""Sets selected from resampled rows or other starts, and the shares of units, on networks whose answer is known."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from interp_jax.methods import core_units
from interp_jax.methods.core_units import resampling
from interp_jax.methods.core_units.decisions import ClassData
from interp_jax.methods.core_units.selection import Selection
from tests.methods.core_units.planted import ROWS, TRAINING, UNITS

KEY = jax.random.key(0)
QUICK: dict[str, Any] = TRAINING | {"holding": 0.95, "starts": 2, "swaps": 2, "alphas": (0.005, 0.02)}


@pytest.fixture
def selections(monkeypatch):
    """Every call of ``select``, which returns sets in turn instead of searching."""
    calls = []
    sets = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]], bool)

    def select(tail, hidden, predictions, target, *, key, **options):
        calls.append((np.asarray(hidden), np.asarray(predictions), key, options))
        mask = sets[(len(calls) - 1) % 4]
        data = core_units.class_data(predictions, target, key=KEY)
        lanes = np.zeros(1), np.zeros((1, 1))
        units = int(mask.sum())
        return Selection(mask, mask, units, 0.9, True, mask, units, 0.9, 1.0, *lanes, data, target, 0.9)

    monkeypatch.setattr(resampling, "select", select)
    return calls


# The number of each row stands in its first unit.
HIDDEN = np.stack([np.arange(40.0), *np.random.default_rng(0).normal(size=(3, 40))], axis=1).astype(np.float32)
LABELS = np.array([0] * 10 + [1] * 30)


def _tail(hidden):
    return jnp.stack([10.0 - hidden[:, 0], hidden[:, 0] - 9.0], axis=1)


def test_frequencies_and_kinds_are_those_of_the_sets(selections):
    found = core_units.resampled(_tail, HIDDEN, LABELS, 0, key=KEY, resamples=4, core_share=0.75)
    np.testing.assert_array_equal(found.frequency, [1.0, 0.5, 0.25, 0.0])
    np.testing.assert_array_equal(found.core, [True, False, False, False])
    np.testing.assert_array_equal(found.interchangeable, [False, True, True, False])
    np.testing.assert_array_equal(found.never, [False, False, False, True])
    np.testing.assert_array_equal(found.units, [2, 2, 2, 1])
    assert "sets of 1 to 2 units for class 0 from 4 resamples of rows" in str(found)
    assert "core (in at least 75% of the sets): 1 of 4 units; interchangeable (in some): 2; in none: 1" in str(found)
    again = core_units.resampled(_tail, HIDDEN, LABELS, 0, key=KEY, resamples=4, core_share=0.5)
    np.testing.assert_array_equal(again.core, [True, True, False, False])


def test_rows_are_drawn_with_replacement_within_each_group_and_all_else_stays(selections):
    found = core_units.resampled(_tail, HIDDEN, LABELS, 0, key=KEY, resamples=4)
    drawn = [hidden[:, 0].astype(int) for hidden, _, _, _ in selections]
    for rows, (_, predictions, _, _) in zip(drawn, selections, strict=True):
        assert np.sum(predictions == 0) == np.sum(predictions == 1) == 10
        np.testing.assert_array_equal(predictions, LABELS[rows])
        assert len(np.unique(rows)) < 20
    assert len({tuple(rows) for rows in drawn}) == 4
    # Each time from the same 20 rows.
    assert len(np.unique(np.concatenate(drawn))) <= 20
    assert len({tuple(jax.random.key_data(key).tolist()) for *_, key, _ in selections}) == 1
    # The first unit alone decides, so that what is left out holds wholly, and the rate is one of rows left out.
    np.testing.assert_allclose(found.held_out_rates, 1.0)


def test_rows_left_out_are_asked_about_with_what_stands_in_for_closed_units(selections, monkeypatch):
    """The unit that decides is closed in no set; another, closed in all, decides alone if it is not zero."""

    def tail(hidden):
        return _tail(hidden) + jnp.array([[0.0, 1e3]]) * hidden[:, 3:]

    hidden = np.concatenate([HIDDEN[:, :3], np.zeros((40, 1), np.float32)], axis=1)
    chosen = resampling.select

    def select(*given, ablation, **options):
        constants = core_units.Replacement(jnp.asarray(ablation, jnp.float32))
        return chosen(*given, **options)._replace(replacement=constants)

    monkeypatch.setattr(resampling, "select", select)
    rates = {}
    for value in (0.0, 1.0):
        found = core_units.resampled(
            tail, hidden, LABELS, 0, key=KEY, resamples=2, ablation=np.array([0, 0, 0, value], np.float32)
        )
        rates[value] = found.held_out_rates
    np.testing.assert_allclose(rates[0.0], 1.0)
    np.testing.assert_allclose(rates[1.0], 0.5)


def test_starts_vary_the_key_alone(selections):
    found = core_units.resampled(_tail, HIDDEN, LABELS, 0, key=KEY, resamples=4, vary="starts", steps=3)
    first = selections[0][0]
    assert len(np.unique(first[:, 0])) == len(first) == 20
    for hidden, _, _, options in selections:
        np.testing.assert_array_equal(hidden, first)
        assert options == {"steps": 3}
    assert len({tuple(jax.random.key_data(key).tolist()) for *_, key, _ in selections}) == 4
    assert np.isnan(found.held_out_rates).all()
    assert "from 4 starts" in str(found)
    assert "left out" not in str(found)


def test_rows_left_out_are_those_not_drawn_and_of_both_groups():
    data = ClassData(np.array([1, 4, 6]), np.array([2, 3]))
    left = resampling._without(data, ClassData(np.array([1, 1, 6]), np.array([2, 3])))
    assert [side.tolist() for side in left] == [[4], []]
    draws = [resampling._drawn(data, jax.random.key(seed)) for seed in range(30)]
    assert {tuple(draw.negatives.tolist()) for draw in draws} == {(2, 2), (2, 3), (3, 3)}
    assert set(np.concatenate([draw.positives for draw in draws]).tolist()) == {1, 4, 6}


@pytest.mark.slow
def test_units_that_a_class_needs_are_core_and_what_no_score_reads_is_never_selected(assert_compiles):
    """Two units alone decide: one row in five would be decided otherwise without the weaker of them."""
    hidden = jax.random.normal(KEY, (ROWS, UNITS))

    def tail(h):
        total = h[:, 2] + 0.7 * h[:, 5] + 1e-3 * h[:, 7]
        return jnp.stack([total, -total], axis=1)

    network = tail, hidden, np.asarray(tail(hidden)).argmax(axis=1)
    found = core_units.resampled(*network, 1, key=KEY, resamples=6, **QUICK)
    assert found.masks.shape == (6, UNITS)
    np.testing.assert_array_equal(np.flatnonzero(found.core), [2, 5])
    assert found.never[[0, 1, 3, 4, 6, 8]].all()
    assert (found.holding_rates >= 0.95).all()
    assert (found.held_out_rates > 0.9).all()
    doubled = 2 * hidden
    with assert_compiles(0):
        core_units.resampled(tail, doubled, network[2], 1, key=KEY, resamples=2, **QUICK)


@pytest.mark.slow
def test_copies_are_interchangeable_and_masks_may_go_by_layer():
    """Copies of a unit with noise of their own: which is best depends on the rows."""
    noise = 0.3 * jax.random.normal(jax.random.key(1), (ROWS, 4))
    hidden = jax.random.normal(KEY, (ROWS, 1)) + noise

    def tail(hidden, masks):
        total = (hidden * masks["copies"][None]).sum(axis=1)
        return jnp.stack([total, -total], axis=1)

    predictions = np.asarray(tail(hidden, {"copies": jnp.ones(4)})).argmax(axis=1)
    options = QUICK | {"mask_shape": {"copies": (4,)}, "resamples": 8}
    found = core_units.resampled(tail, hidden, predictions, 0, key=KEY, **options)
    assert found.masks["copies"].shape == (8, 4)
    assert found.interchangeable["copies"].sum() >= 2
    np.testing.assert_allclose(found.frequency["copies"].sum(), found.units.mean())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"confidence": 0.9}, "confidence: found one, wanted none"),
        ({"calibration": (HIDDEN, LABELS)}, "calibration: found one, wanted none"),
        ({"vary": "seeds"}, "vary: found 'seeds', wanted one of 'rows', 'starts'"),
        ({"core_share": 0.0}, "core_share: found 0.0"),
        ({"resamples": 0}, "resamples: found 0"),
        ({"target": 5}, "target: found no row of 40 predicted as 5"),
        ({"predictions": LABELS[1:]}, "predictions: found 39 rows, wanted 40 as in hidden"),
        ({"hidden": HIDDEN[:, 0]}, r"hidden: found shape \[40\]"),
    ],
)
def test_bad_arguments_are_named(changes, message):
    given = {"tail": _tail, "hidden": HIDDEN, "predictions": LABELS, "target": 0, "key": KEY} | changes
    with pytest.raises(ValueError, match=f"^{message}"):
        core_units.resampled(**given)
