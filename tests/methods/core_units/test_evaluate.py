from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from interp_jax import networks
from interp_jax.methods.core_units import ClassData, class_data
from interp_jax.methods.core_units._evaluate import MaskEvaluator
from interp_jax.methods.core_units._tails import SubsetGatedTail, accept
from tests import reference
from tests.methods.core_units.planted import UNITS, dense, in_numpy

TAIL, HIDDEN, PREDICTIONS = dense(3)
DATA = class_data(PREDICTIONS, 1, key=jax.random.key(0))
MASKS = np.random.default_rng(0).random((37, UNITS)) < 0.7


def _evaluator(data=DATA, target=1, tail=TAIL, hidden=HIDDEN, **options):
    network, hidden, predictions = accept(tail, hidden, PREDICTIONS)
    return MaskEvaluator(network, hidden, predictions, data, target, **options)


@pytest.mark.parametrize("cached", [False, True])
def test_rates_are_the_transcriptions_however_many_masks_are_evaluated_together(cached):
    evaluator = _evaluator(cached=cached)
    found, rows = evaluator(MASKS), DATA.rows
    wanted = [reference.holding_rate(in_numpy(TAIL), HIDDEN[rows], PREDICTIONS[rows], 1, mask) for mask in MASKS]
    np.testing.assert_allclose(found.rates, wanted, atol=1e-12)
    for part in (slice(0, 1), slice(3, 20), slice(36, 37)):
        again = evaluator(MASKS[part])
        np.testing.assert_array_equal(again.rates, found.rates[part])
        np.testing.assert_allclose(again.costs, found.costs[part], rtol=1e-6)
    assert [evaluator.rate(mask) for mask in MASKS[:3]] == found.rates[:3].tolist()


def test_tails_that_leave_closed_units_out_are_evaluated_alike():
    norm = partial(networks.local_response_norm, radius=1, alpha=0.5)
    tail = networks.freeze(networks.Chain(norm=norm, dense=nnx.Linear(UNITS, 3, rngs=nnx.Rngs(0))))
    masks = np.concatenate([MASKS, np.zeros((1, UNITS), bool), np.ones((1, UNITS), bool)])
    whole, subset = (_evaluator(tail=one) for one in (tail, networks.narrow(tail, (UNITS,))))
    assert isinstance(subset.network, SubsetGatedTail)
    found, wanted = subset(masks), whole(masks)
    np.testing.assert_array_equal(found.rates, wanted.rates)
    np.testing.assert_allclose(found.costs, wanted.costs, rtol=1e-5)
    near = np.repeat(masks[:1], 7, axis=0)
    near[1, 0], near[2, :2], near[3, 1:3], near[4, -1] = ~near[1, 0], ~near[2, :2], ~near[3, 1:3], ~near[4, -1]
    found, wanted = subset(near), whole(near)
    np.testing.assert_array_equal(found.rates, wanted.rates)
    np.testing.assert_allclose(found.costs, wanted.costs, rtol=1e-5)
    for mask in (masks[0], masks[-2], masks[-1]):
        np.testing.assert_array_equal(subset.margins(mask)[0], whole.margins(mask)[0])


def test_costs_are_wrong_decisions_and_a_little_of_their_margins():
    evaluator = _evaluator()
    held, margins = evaluator.margins(MASKS[0])
    scores = np.asarray(TAIL(HIDDEN[DATA.rows] * MASKS[0][None]), np.float64)
    ahead = (scores[:, 1] - np.delete(scores, 1, axis=1).max(axis=1)) / scores.std(axis=1)
    positive = np.arange(len(DATA.rows)) < len(DATA.positives)
    np.testing.assert_allclose(margins, np.where(positive, ahead, -ahead), atol=1e-4)
    np.testing.assert_array_equal(held, (scores.argmax(axis=1) == 1) == positive)
    weights = np.where(positive, 0.5 / len(DATA.positives), 0.5 / len(DATA.negatives))
    nearness = np.log1p(np.exp(-10 * np.where(positive, ahead, -ahead)))
    np.testing.assert_allclose(evaluator(MASKS[:1]).costs, [weights @ (~held + 0.01 * nearness)], rtol=1e-4)


def test_padding_changes_nothing():
    one, many = ClassData(DATA.positives[:1], DATA.negatives[:2]), ClassData(DATA.positives, DATA.negatives)
    for data in (one, many):
        rates = _evaluator(data)(MASKS[:5]).rates
        rows = data.rows
        wanted = [
            reference.holding_rate(in_numpy(TAIL), HIDDEN[rows], PREDICTIONS[rows], 1, mask) for mask in MASKS[:5]
        ]
        np.testing.assert_allclose(rates, wanted, atol=1e-12)


def test_some_of_the_rows_are_evaluated_like_all():
    evaluator = _evaluator()
    chosen = np.arange(1, len(DATA.rows), 2)
    near, wrong = evaluator.subset(chosen, alone=True), ~evaluator.margins(MASKS[0])[0]
    positive = chosen < len(DATA.positives)
    wanted = 1 - (wrong[chosen][positive].mean() + wrong[chosen][~positive].mean()) / 2
    np.testing.assert_allclose(near.rate(MASKS[0]), wanted)
    # Weighed as among all rows, the parts add up.
    near, rest = evaluator.subset(chosen), evaluator.subset(np.arange(0, len(DATA.rows), 2))
    both = near(MASKS).rates + rest(MASKS).rates - 1
    np.testing.assert_allclose(both, evaluator(MASKS).rates, atol=1e-12)


def test_rows_are_looked_at_until_too_many_are_wrong():
    held, margins = _evaluator().margins(MASKS[0])
    order = np.argsort(margins)
    for most in (0.0, 0.1, 1.0):
        found, seen = _evaluator().margins(MASKS[0], order, most)
        looked_at = ~np.isnan(seen)
        np.testing.assert_allclose(seen[looked_at], margins[looked_at], atol=1e-6)
        assert not np.any(np.diff(looked_at[order].astype(int)) > 0), "the first of the order and no others"
        if _evaluator().loss(~held) > most:
            assert found is None
            assert _evaluator().loss(~held & looked_at) > most
        else:
            np.testing.assert_array_equal(found, held)


def test_a_mask_seen_before_is_held_to_the_limit_too():
    evaluator = _evaluator()
    held, margins = evaluator.margins(MASKS[0])
    lost = evaluator.loss(~held)
    assert lost > 0
    for most, wanted in ((lost - 1e-3, None), (lost, held)):
        found, seen = evaluator.margins(MASKS[0], most=most)
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(seen, margins)


def test_all_classes_at_once_and_positives_alone():
    everything = class_data(PREDICTIONS, None, key=jax.random.key(0))
    decided = np.asarray(TAIL(HIDDEN * MASKS[0][None])).argmax(axis=1)
    np.testing.assert_allclose(_evaluator(everything, None).rate(MASKS[0]), np.mean(decided == PREDICTIONS))
    positives = class_data(PREDICTIONS, 1, key=jax.random.key(0), negatives=False)
    np.testing.assert_allclose(_evaluator(positives).rate(MASKS[0]), np.mean(decided[PREDICTIONS == 1] == 1))


def test_nothing_is_compiled_for_another_class_another_number_of_rows_or_masks(assert_compiles):
    _evaluator()(MASKS)
    _evaluator().rate(MASKS[0])
    with assert_compiles(0):
        for target in (0, 2):
            evaluator = _evaluator(class_data(PREDICTIONS, target, key=jax.random.key(0)), target)
            evaluator(MASKS[:5])
            evaluator.rate(MASKS[1])


@pytest.mark.parametrize("scale", [0.0, 1e30, 5e37])
def test_values_without_bound_give_numbers(scale):
    """Scores that overflow are decided somehow, and are no reason to stop."""
    evaluator = _evaluator(hidden=jnp.asarray(HIDDEN) * scale)
    found = evaluator(MASKS[:4])
    assert np.isfinite(found.rates).all()
    assert not np.isnan(found.costs).any()
    assert not np.isnan(evaluator.margins(MASKS[0])[1]).any()
